#include "autograd/transform/taken.hpp"

#include <algorithm>

#include "autograd/core/thread_object.hpp"
#include "autograd/tape/entry.hpp"

namespace xgrad {

Tensor locked(const Tape::Place& place) {
  if (!place.entry) return {};
  Tensor tensor = Tensor::try_share(place.entry);
  if (tensor.defined() && place.entry->sequence.load(std::memory_order_relaxed) != place.sequence) return {};
  return tensor;
}

// Entries of other threads may be destroyed at any time, and their places taken again.
Tape::Place place_of(const Tensor& tensor) {
  Entry* const entry = tensor.entry();
  if (!entry || entry->owner != Tape::current().thread) return {nullptr, 0};
  return {entry, entry->sequence.load(std::memory_order_relaxed)};
}

TakenDerivatives& TakenDerivatives::current() {
  static constinit thread_local ThreadObject<TakenDerivatives> derivatives;
  return *derivatives;
}

// The oldest derivative is forgotten and its lists are used again, so that nothing is allocated after a while.
void TakenDerivatives::add(std::uint64_t begin, std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                           std::span<const Tensor> inputs, std::span<const Tensor> results, const Location& where) {
  if (taken_.size() < remembered && next_ == taken_.size()) taken_.emplace_back();
  TakenDerivative& taken = taken_[next_ % remembered];
  const auto places = [](std::vector<Tape::Place>& list, std::span<const Tensor> tensors) {
    list.clear();
    for (const Tensor& tensor : tensors) list.push_back(place_of(tensor));
  };
  places(taken.outputs, outputs);
  places(taken.cotangents, cotangents);
  places(taken.inputs, inputs);
  taken.given.clear();
  for (const Tensor& cotangent : cotangents) taken.given.push_back(cotangent.defined());
  taken.results.clear();
  for (const Tensor& result : results) taken.results.push_back(place_of(result).sequence);
  taken.begin = begin;
  taken.end = Tape::current().sequence;
  taken.where = CallScope::blame(where);
  taken.graph = Tape::current().grad;
  ++next_;
}

const TakenDerivative* TakenDerivatives::of(const Entry& entry) const {
  if (entry.owner != Tape::current().thread) return nullptr;
  const TakenDerivative* found = nullptr;
  visit([&](const TakenDerivative& taken) { return taken.recorded(entry.sequence) && (found = &taken); });
  return found;
}

bool TakenDerivatives::remember(const Entry& entry) const {
  return next_ < remembered || entry.sequence > taken_[next_ % remembered].begin;
}

void TakenDerivatives::add_sum(const Tensor& part, const Tensor& sum) {
  const std::uint64_t from = place_of(part).sequence, to = place_of(sum).sequence;
  if (from == to) return;
  if (sums_.size() < remembered_sums) sums_.emplace_back();
  sums_[next_sum_++ % remembered_sums] = {from, to};
}

std::unordered_set<std::uint64_t> TakenDerivatives::results() const {
  std::unordered_set<std::uint64_t> numbers;
  for (const TakenDerivative& taken : taken_)
    for (const std::uint64_t number : taken.results)
      if (taken.recorded(number)) numbers.insert(number);
  for (const Sum& noted : sums_) numbers.insert(noted.sum);
  return numbers;
}

// Sums are noted in the order of their numbers, so one pass from the last to the first meets all parts.
std::vector<std::uint64_t> TakenDerivatives::parts(std::uint64_t sum) const {
  std::vector<std::uint64_t> numbers{sum};
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const Sum& noted = sums_[(next_sum_ - 1 - i) % remembered_sums];
    if (std::ranges::find(numbers, noted.sum) != numbers.end()) numbers.push_back(noted.part);
  }
  return numbers;
}

}  // namespace xgrad
