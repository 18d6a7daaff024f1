#include "autograd/inspect/values.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/engine/run/executor.hpp"

namespace xgrad {

namespace {

Buffer computed(const Entry& entry, std::span<const Buffer> inputs) {
  if (entry.kind == Lowering::Kind::alias) return inputs[0];
  std::vector<View> views;
  views.reserve(inputs.size());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Entry& input = *entry.input(i).entry();
    views.push_back({inputs[i].data(), input.shape, input.dtype});
  }
  Buffer value = memory_for(entry);
  run_kernel(entry, *entry.primitive, views, {value.data(), entry.shape, entry.dtype});
  return value;
}

bool has_value(const Entry& entry) { return entry.evaluated.load(std::memory_order_acquire); }

}  // namespace

Values::Values(std::span<const Tensor> roots) {
  Numbering numbers;
  entries_ = reachable(roots, numbers, [](const Entry&) { return true; });
  for (const Tensor& root : roots) roots_.push_back(numbers.find(root.entry()));
  begins_.reserve(entries_.size());
  for (const Entry* entry : entries_) {
    check<ThreadError>(numbers.is_own(entry) || has_value(*entry), entry->where, entry->primitive->name(),
                       ": was recorded by another thread and has no value yet; evaluate it there");
    begins_.push_back(sources_.size());
    for (const Tensor& input : entry->input_span()) sources_.push_back(numbers.find(input.entry()));
  }
}

void Values::compute(const See& see) const {
  std::vector<std::uint32_t> readers(entries_.size());
  for (const std::uint32_t source : sources_) ++readers[source];
  std::vector<Buffer> values(entries_.size()), read;
  for (std::size_t place = 0; place < entries_.size(); ++place) {
    const Entry& entry = *entries_[place];
    read.clear();
    for (const std::uint32_t source : inputs(place)) read.push_back(values[source]);
    values[place] = has_value(entry) ? entry.value : computed(entry, read);
    see(place, values[place], read);
    if (readers[place] == 0) values[place] = Buffer();
    for (const std::uint32_t source : inputs(place))
      if (--readers[source] == 0) values[source] = Buffer();
  }
}

}  // namespace xgrad
