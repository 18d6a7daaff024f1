#include "autograd/transform/batch.hpp"

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "autograd/core/random.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/looped.hpp"
#include "autograd/transform/replay.hpp"

namespace xgrad {

namespace {

// An example: it has a shape and no value. It is not an operation, so it is not listed as a primitive.
class Example : public Primitive {
 public:
  static constexpr bool mergeable = false;
  explicit Example(std::shared_ptr<bool> value_asked) : value_asked_(std::move(value_asked)) {}
  const char* name() const override { return "vmap"; }
  Signature infer(std::span<const Tensor>, const Location& where) const override {
    fail<GraphError>(where, "an example cannot be recorded");
  }
  bool differentiable() const override { return true; }
  Tensor pullback(std::size_t, const Tensor&, std::span<const Tensor>, const Tensor&) const override { return {}; }
  void run(std::span<const View>, const View&, const Location& where) const override {
    *value_asked_ = true;
    fail<GraphError>(where,
                     "a value is asked of one example, but the function is recorded once for all of them: choose "
                     "with where() instead");
  }
  const Primitive* copy(void* place, std::size_t) const override { return new (place) Example(*this); }

 private:
  std::shared_ptr<bool> value_asked_;
};

}  // namespace

Batch::Trace::Trace(std::int64_t count) : draws(detail::examples_at_once) {
  detail::examples_at_once *= static_cast<std::uint64_t>(std::max<std::int64_t>(count, 1));
}
Batch::Trace::~Trace() { detail::examples_at_once = draws; }

Batch::Batch(std::int64_t count, const Location& where)
    : count_(count), where_(CallScope::blame(where)), begin_(Tape::current().sequence) {
  trace_.emplace(count);
}
Batch::~Batch() = default;

Tensor Batch::example(const Tensor& all) {
  detail::Recording recording(0);
  recording->emplace(Example(value_asked_));
  const Shape& shape = all.shape();
  recording->shape = Shape(shape.data() + 1, static_cast<std::size_t>(shape.ndim() - 1));
  recording->dtype = all.dtype();
  recording->tracked = all.tracked();
  const Tensor example = recording.stamped(where_);
  all_.emplace(example.entry(), all);
  examples_.push_back(example);
  return example;
}

std::uint32_t Batch::segment_again(std::uint32_t segment) {
  if (segment == 0) return 0;
  const auto [place, is_new] = segments_.emplace(segment, 0);
  if (is_new) place->second = new_segment();
  return place->second;
}

// Records an operation without a batching rule.
Tensor Batch::one_after_another(const Entry& entry, std::span<const Tensor> inputs,
                                std::span<const char> mapped) const {
  const Shape shape = entry.shape;
  std::vector<Tensor> results;
  for (std::int64_t i = 0; i < count_; ++i) {
    std::vector<Tensor> of_one;
    for (std::size_t k = 0; k < inputs.size(); ++k) of_one.push_back(mapped[k] ? select(inputs[k], 0, i) : inputs[k]);
    results.push_back(repeat(entry, of_one));
  }
  return results.empty() ? zeros(with_front(0, shape), entry.dtype) : stack(results);
}

void Batch::batch(const Entry& entry) {
  std::vector<Tensor> inputs;
  std::vector<char> mapped;
  // Pending entries without inputs are random numbers, which have a rule. Evaluated ones may have released their
  // inputs.
  bool any = entry.input_count == 0 && !entry.evaluated.load(std::memory_order_acquire);
  for (const Tensor& input : entry.input_span()) {
    const auto found = all_.find(input.entry());
    mapped.push_back(found != all_.end());
    inputs.push_back(mapped.back() ? found->second : input);
    any = any || mapped.back();
  }
  if (!any) return;
  const Tensor one = Tensor::share(const_cast<Entry*>(&entry));
  const detail::TapeScope<bool, &Tape::grad> tracking(Tape::current().grad && entry.tracked);
  const detail::TapeScope<std::uint32_t, &Tape::segment> segment(segment_again(entry.segment));
  Tensor result;
  {
    const CallScope scope(entry.call, entry.where, CallScope::recorded);
    result = entry.primitive->batched({count_, inputs, mapped, one});
  }
  if (!result.defined() && entry.input_count > 0) {
    const CallScope scope(detail::one_after_another, entry.where, CallScope::recorded);
    result = one_after_another(entry, inputs, mapped);
  }
  // A stand-in for several Tensors has no elements, and is not checked.
  if (result.defined() && one.numel() > 0)
    check<GraphError>(result.shape() == with_front(count_, one.shape()) && result.dtype() == one.dtype(), entry.where,
                      "vmap: the batching rule of ", entry.primitive->name(), " gives ", describe(result), ", not ",
                      count_, " times ", describe(one));
  if (result.defined()) all_.emplace(&entry, std::move(result));
}

std::vector<Tensor> Batch::for_all(std::span<const Tensor> of_one) {
  trace_.reset();
  const Undivided whole;
  std::vector<Entry*> entries;
  {
    Numbering numbers;
    entries = reachable(of_one, numbers, [&](const Entry& entry) {
      return numbers.is_own(&entry) && entry.sequence.load(std::memory_order_relaxed) > begin_ &&
             !all_.contains(&entry);
    });
  }
  for (const Entry* entry : entries) batch(*entry);
  std::vector<Tensor> results;
  for (const Tensor& one : of_one) {
    if (!one.defined()) {
      results.emplace_back();
      continue;
    }
    const auto found = all_.find(one.entry());
    results.push_back(found != all_.end() ? found->second
                                          : broadcast_to(Operand(one, where_), with_front(count_, one.shape())));
  }
  return results;
}

}  // namespace xgrad
