#include "autograd/transform/replay.hpp"

#include "autograd/engine/walk.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

const Tensor& Replay::output_again(const Tensor& recorded) {
  Entry* entry = recorded.entry();
  if (!again_.contains(entry)) record_again(*entry);
  return again_.at(entry);
}

std::span<const Tensor> Replay::inputs_again(const Entry& entry, std::vector<Tensor>& again) const {
  for (const Tensor& input : entry.input_span()) {
    const auto found = again_.find(input.entry());
    again.push_back(found == again_.end() ? input : found->second);
  }
  return again;
}

void Replay::record_again(Entry& last) {
  Numbering numbers;
  const Tensor root = Tensor::share(&last);
  const auto entries =
      reachable({&root, 1}, numbers, [&](const Entry& entry) { return entry.segment == last.segment; });
  for (Entry* entry : entries) {
    if (again_.contains(entry)) continue;
    if (entry->input_count == 0 && entry->evaluated) {  // data made inside the checkpoint
      again_[entry] = Tensor::share(entry);
      continue;
    }
    detail::Recording recording(entry->input_count);
    recording->emplace_copy(*entry);
    for (const Tensor& input : entry->input_span()) {
      const auto found = again_.find(input.entry());
      recording->add_input(found == again_.end() ? input : found->second);
    }
    again_[entry] = recording.repeat(*entry);
  }
}

}  // namespace xgrad
