#include "autograd/tape/record.hpp"

#include <cstdlib>
#include <set>

#include "autograd/core/fail.hpp"
#include "autograd/core/never_destroyed.hpp"
#include "autograd/core/no_memory.hpp"
#include "autograd/tape/history.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"

namespace xgrad {

constinit thread_local Tape detail::tape;

namespace {
bool eager_everywhere() {
  static const bool eager = [] {
    const char* value = std::getenv("XGRAD_EAGER");
    return value && *value && *value != '0';
  }();
  return eager;
}
}  // namespace

void Tape::begin() noexcept {
  static std::atomic<std::uint32_t> threads{0};
  detail::tape.thread = ++threads;
  detail::tape.crowded = eager_everywhere();
}

namespace {
std::set<std::string>& registry() {
  static NeverDestroyed<std::set<std::string>> ids;
  return *ids;
}
}  // namespace

std::vector<std::string> primitive_ids() { return {registry().begin(), registry().end()}; }
bool detail::register_primitive(const char* id) { return registry().insert(id), true; }

namespace detail {

void Recording::refuse_input(const Entry& entry, const Tensor& input, const Location& where) {
  check<GraphError>(input.defined(), where, entry.primitive->name(), ": an input is undefined");
  fail<ThreadError>(where, entry.primitive->name(), ": input ", describe(input),
                    " belongs to the tape of another thread; evaluate it there, and cut it with stop_gradient");
}

void Recording::refuse_derivative(const Entry& entry, const Location& where) {
  fail<GraphError>(where, entry.primitive->name(), ": a derivative is asked for, but it has no vjp");
}

void Recording::refuse_memory(const char* primitive, const Location& where) { no_memory(primitive, where); }

void Recording::make_room() { History::make_room(); }

void Recording::evaluate_now(const Tensor& recorded, const Location& where) {
  if (tape.tracing) return;
  if (tape.eager || eager_everywhere()) {
    tape.evaluate ? tape.evaluate(recorded, where) : evaluate(recorded, where);
    return;
  }
  History& history = History::current();
  if (!history.is_time(*recorded.entry())) return;
  tape.crowded = false;
  evaluate_held({}, {}, where);
  history.settled(*recorded.entry());
}

Tensor Recording::repeat(const Entry& original) {
  stamp(original.where);
  Entry& entry = *this->entry();
  entry.shape = original.shape;
  entry.dtype = original.dtype;
  for (const Tensor& input : entry.input_span()) entry.tracked = entry.tracked || input.tracked();
  entry.tracked = entry.tracked && tape.grad && original.tracked;
  if (entry.input_count > 0) list();
  return std::move(entry_);
}

Tensor Recording::stamped(const Location& where) {
  stamp(where);
  History::current().look_at_memory();
  return std::move(entry_);
}

}  // namespace detail

Tensor make_leaf(Shape shape, DType dtype, Buffer value, const Location& where) {
  detail::Recording recording(0);
  recording->emplace(Leaf{});
  recording->shape = std::move(shape);
  recording->dtype = dtype;
  recording->value = std::move(value);
  recording->evaluated.store(true, std::memory_order_release);
  return recording.stamped(where);
}

Tensor track(const Operand& x) {
  const Tensor input = x.tensor();
  check<DTypeError>(is_floating(input.dtype()), x.where(), "track: derivatives need a floating dtype, got ",
                    describe(input));
  const Tensor result = record(x.where(), Identity{}, input);
  result.entry()->tracked = result.entry()->source = true;
  return result;
}

}  // namespace xgrad
