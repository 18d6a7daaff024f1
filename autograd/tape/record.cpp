#include "autograd/tape/record.hpp"

#include <cstdlib>
#include <set>

#include "autograd/core/fail.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

namespace {

// An entry that is recorded when so many wait is evaluated, so that a loop that never reads a value stays small.
constexpr std::uint64_t most_unevaluated = 1 << 16;

constinit thread_local Tape tape;
std::atomic<std::uint32_t> threads{0};

bool eager_everywhere() {
  static const bool eager = [] {
    const char* value = std::getenv("XGRAD_EAGER");
    return value && *value && *value != '0';
  }();
  return eager;
}

void stamp(Entry& entry, const Location& where) {
  if (tape.thread == 0) tape.thread = ++threads;
  entry.owner = tape.thread;
  entry.sequence = ++tape.sequence;
  entry.segment = tape.segment;
  const CallScope* scope = CallScope::current();
  entry.call = scope ? scope->name() : nullptr;
  entry.where = scope ? scope->where() : where;
}

// The values of other threads may be read once they are computed; their histories may not be walked.
void check_input(const Entry& entry, const Tensor& input, const Location& where) {
  check<GraphError>(input.defined(), where, entry.primitive->name(), ": an input is undefined");
  const Entry& from = *input.entry();
  check<ThreadError>(
      from.owner == tape.thread || (from.evaluated.load(std::memory_order_acquire) && from.input_count == 0), where,
      entry.primitive->name(), ": input ", describe(input),
      " belongs to the tape of another thread; evaluate it there, and cut it with stop_gradient");
}

}  // namespace

Tape& Tape::current() noexcept { return tape; }

namespace {
std::set<std::string>& registry() {
  static std::set<std::string> ids;
  return ids;
}
}  // namespace

std::vector<std::string> primitive_ids() { return {registry().begin(), registry().end()}; }
bool detail::register_primitive(const char* id) { return registry().insert(id), true; }

namespace detail {

Recording::Recording(std::size_t input_count) : entry_(EntrySlab::take()) {
  try {
    entry_->reserve_inputs(input_count);
  } catch (...) {
    entry_->~Entry();
    EntrySlab::give(entry_);
    throw;
  }
}

Recording::~Recording() {
  if (entry_) Tensor::adopt(entry_);
}

Tensor Recording::finish(const Location& where) {
  Entry& entry = *entry_;
  stamp(entry, where);
  bool tracked = false;
  for (const Tensor& input : entry.input_span()) {
    check_input(entry, input, where);
    tracked = tracked || input.tracked();
  }
  Signature signature = entry.primitive->infer(entry.input_span(), where);
  entry.shape = std::move(signature.shape);
  entry.dtype = signature.dtype;
  entry.tracked = tracked && tape.grad && is_floating(entry.dtype);
  check<GraphError>(!entry.tracked || entry.primitive->differentiable(), where, entry.primitive->name(),
                    ": a derivative is asked for, but it has no vjp");
  Tensor result = take();
  if (tape.eager || ++tape.unevaluated > most_unevaluated || eager_everywhere())
    tape.evaluate ? tape.evaluate(result, where) : evaluate(result, where);
  return result;
}

Tensor Recording::repeat(const Entry& original) {
  stamp(*entry_, original.where);
  entry_->shape = original.shape;
  entry_->dtype = original.dtype;
  for (const Tensor& input : entry_->input_span()) entry_->tracked = entry_->tracked || input.tracked();
  entry_->tracked = entry_->tracked && tape.grad && original.tracked;
  return take();
}

}  // namespace detail

Tensor make_leaf(Shape shape, DType dtype, Buffer value, const Location& where) {
  detail::Recording recording(0);
  recording->emplace(Leaf{});
  recording->shape = std::move(shape);
  recording->dtype = dtype;
  recording->value = std::move(value);
  recording->evaluated.store(true, std::memory_order_release);
  stamp(*recording.operator->(), where);
  return recording.take();
}

Tensor track(const Operand& x) {
  const Tensor input = x.tensor();
  check<DTypeError>(is_floating(input.dtype()), x.where(), "track: derivatives need a floating dtype, got ",
                    describe(input));
  const Tensor result = record(x.where(), Identity{}, input);
  result.entry()->tracked = true;
  return result;
}

}  // namespace xgrad
