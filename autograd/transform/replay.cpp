#include "autograd/transform/replay.hpp"

#include <atomic>

#include "autograd/tape/record.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

std::uint32_t new_segment() {
  static std::atomic<std::uint32_t> segments{0};
  return ++segments;
}

Tensor repeat(const Entry& entry, std::span<const Tensor> inputs) {
  detail::Recording recording(inputs.size());
  recording->emplace_copy(entry);
  for (const Tensor& input : inputs) recording->add_input(input);
  return recording.repeat(entry);
}

void Again::repeat(Entry& entry) {
  const Tensor recorded = Tensor::share(&entry);
  // Data is not recorded again, nor are random numbers inside vmap, because each example has drawn its own already.
  if (entry.input_count == 0 && (entry.evaluated || Tape::current().tracing)) return put(recorded, recorded);
  std::vector<Tensor> inputs;
  for (const Tensor& input : entry.input_span()) inputs.push_back(of(input));
  put(recorded, xgrad::repeat(entry, inputs));
}

void Again::repeat_inside(Entry& entry) {
  if (!entry.source) return repeat(entry);
  const Tensor recorded = Tensor::share(&entry);
  put(recorded, recorded);
}

const Tensor& Replay::output_again(const Tensor& recorded) {
  if (again_.contains(*recorded.entry())) return again_.of(recorded);
  Numbering numbers;
  const std::uint32_t segment = recorded.entry()->segment;
  const auto entries = reachable(
      {&recorded, 1}, numbers, [&](const Entry& entry) { return entry.segment == segment && !again_.contains(entry); });
  for (Entry* entry : entries)
    if (!again_.contains(*entry)) again_.repeat_inside(*entry);
  return again_.of(recorded);
}

std::span<const Tensor> Replay::inputs_again(const Entry& entry, std::vector<Tensor>& again) const {
  for (const Tensor& input : entry.input_span()) again.push_back(again_.of(input));
  return again;
}

}  // namespace xgrad
