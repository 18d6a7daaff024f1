#include "autograd/transform/replay.hpp"

#include "autograd/engine/walk.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

void Again::repeat(Entry& entry) {
  const Tensor recorded = Tensor::share(&entry);
  if (entry.input_count == 0 && entry.evaluated) return put(recorded, recorded);
  detail::Recording recording(entry.input_count);
  recording->emplace_copy(entry);
  for (const Tensor& input : entry.input_span()) recording->add_input(of(input));
  put(recorded, recording.repeat(entry));
}

const Tensor& Replay::output_again(const Tensor& recorded) {
  if (again_.contains(recorded)) return again_.of(recorded);
  Numbering numbers;
  const std::uint32_t segment = recorded.entry()->segment;
  const auto entries = reachable({&recorded, 1}, numbers, [=](const Entry& entry) { return entry.segment == segment; });
  for (Entry* entry : entries)
    if (!again_.contains(Tensor::share(entry))) again_.repeat(*entry);
  return again_.of(recorded);
}

std::span<const Tensor> Replay::inputs_again(const Entry& entry, std::vector<Tensor>& again) const {
  for (const Tensor& input : entry.input_span()) again.push_back(again_.of(input));
  return again;
}

}  // namespace xgrad
