#include "parallel/collectives.hpp"

#include <cstring>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/traversal.hpp"
#include "parallel/error.hpp"
#include "parallel/transfers.hpp"

namespace xgrad::parallel {

using detail::Combine;
using detail::Slices;
using detail::Underway;

namespace {

std::size_t bytes_of(const Signature& s) { return static_cast<std::size_t>(s.shape.numel()) * item_size(s.dtype); }

// A collective, of one Tensor x. Its inputs are what came of it, whose memory it shares, and x; so nothing is exchanged
// where a value is computed again. Only where x is one example of a vmap, which has no value, x is its only input.
// Self gives `id`, vjp(g, x, y), result_of(x, where) and exchange(in, out).
template <class Self>
struct Collective : Operation<Self> {
  static constexpr bool mergeable = false;
  static constexpr bool along_first_axis = false;  // else each element is by itself
  Communicator ranks;
  std::int64_t number;  // the root, or a distance
  bool known = false;
  explicit Collective(Communicator communicator, std::int64_t number_given = 0)
      : ranks(std::move(communicator)), number(number_given) {}

  Signature infer(std::span<const Tensor> inputs, const Location& where) const override {
    return this->self().result_of(inputs.back(), where);
  }
  Signature result_of(const Tensor& x, const Location&) const { return {x.shape(), x.dtype()}; }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    return this->self().transposed(g, inputs.back(), y);
  }
  Lowering lower() const override { return {.kind = known ? Lowering::Kind::alias : Lowering::Kind::opaque}; }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    if (known) return;
    const auto memory = [](const View& view) {
      return Buffer::adopt(view.data, static_cast<std::size_t>(view.numel()) * item_size(view.dtype), nullptr);
    };
    this->self().exchange(call(inputs[0].shape, inputs[0].dtype, where), memory(inputs[0]), memory(y));
  }
  Tensor batched(const Examples& examples) const override {
    Self all(this->self());
    if constexpr (!Self::along_first_axis) return apply(std::move(all), spread(examples, 0));
    return moveaxis(apply(std::move(all), moveaxis(spread(examples, 0), 0, 1)), 1, 0);
  }

  std::string particulars() const { return ""; }
  detail::Call call(const Shape& shape, DType dtype, const Location& where) const {
    return {Self::id, shape, dtype, this->self().particulars(), where};
  }
};

// Whether it depends on an example of a vmap or on random numbers that each example will draw for itself.
bool has_no_value_yet(const Tensor& x) {
  if (!Tape::current().tracing || x.evaluated()) return false;
  Numbering numbers;
  const auto pending = reachable(std::span(&x, 1), numbers, [](const Entry& entry) { return !entry.evaluated; });
  return std::ranges::any_of(
      pending, [](const Entry* entry) { return entry->input_count == 0 && entry->kind != Lowering::Kind::constant; });
}

// Runs the body; where it fails the others are told, so that they do not wait.
template <class P, class Body>
void tell_errors(const P& primitive, const Location& where, Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    try {
      Underway(primitive.ranks.group(), {P::id, {}, float32, std::string("fails: ") + error.what(), where},
               std::vector<detail::Step>())
          .wait();
    } catch (const CommunicationError&) {
      // They know, and this rank has the error itself.
    }
    throw;
  }
}

template <class P>
Tensor apply(P primitive, const Operand& operand) {
  const CallScope scope(P::id, operand.where());
  const Location where = CallScope::blame(operand.where());
  Tensor x;
  Signature result;
  bool is_example = false;
  tell_errors(primitive, where, [&] {
    x = operand.tensor();
    is_example = has_no_value_yet(x);
    result = primitive.result_of(x, where);
    if (!is_example) evaluate(x, where);
  });
  if (is_example) return record(where, std::move(primitive), x);
  detail::Call call = primitive.call(x.shape(), x.dtype(), where);
  if (x.tracked() && Tape::current().grad) call.operation += ", with derivatives,";
  Buffer memory;
  try {
    memory = Buffer::allocate(bytes_of(result), P::id, where);
    primitive.exchange(call, x.entry()->value, memory);
  } catch (const LimitError& error) {
    detail::tell_others(primitive.ranks.group(), error.what());
    throw;
  }
  const Tensor y = make_leaf(result.shape, result.dtype, memory, where);
  primitive.known = true;
  const Tensor recorded = record(where, std::move(primitive), y, x);
  Entry& entry = *recorded.entry();
  entry.value = memory;
  entry.evaluated.store(true, std::memory_order_release);
  if (!entry.tracked) entry.cut();
  return recorded;
}

Signature numeric(const char* id, const Tensor& x, const Location& where) {
  check<DTypeError>(x.dtype() != boolean, where, id, ": ", xgrad::describe(x), " is a mask, which has no sum; cast it");
  return {x.shape(), x.dtype()};
}

// ---- each of them

template <class Self, Combine how>
struct Everywhere : Collective<Self> {
  using Collective<Self>::Collective;
  Signature result_of(const Tensor& x, const Location& where) const { return numeric(Self::id, x, where); }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = this->ranks.group();
    const Slices slices = Slices::equal(call.shape->numel(), call.dtype, group->size, call.where);
    Underway(
        group, std::move(call),
        detail::then(detail::reduce_slices(group, slices, how, in, out), detail::gather_slices(group, slices, out)))
        .wait();
  }
};

struct AllReduce : Everywhere<AllReduce, Combine::sum> {
  static constexpr auto id = "all_reduce";
  using Everywhere::Everywhere;
  std::string particulars() const { return "sum"; }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const { return apply(AllReduce(ranks), g); }
};

struct AllReduceMax : Everywhere<AllReduceMax, Combine::max> {
  static constexpr auto id = "all_reduce_max";
  using Everywhere::Everywhere;
  // As of the max of one Tensor: a NaN equals nothing, and 0 / 0 makes its derivative NaN.
  Tensor transposed(const Tensor& g, const Tensor& x, const Tensor& y) const {
    const Tensor here = cast(x == y, x.dtype());
    return here * (apply(AllReduce(ranks), g) / apply(AllReduce(ranks), here));
  }
};

struct Broadcast;
struct ToRoot : Collective<ToRoot> {
  static constexpr auto id = "reduce";
  using Collective::Collective;
  std::string particulars() const { return text_of("sum on rank ", number); }
  Signature result_of(const Tensor& x, const Location& where) const { return numeric(id, x, where); }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = ranks.group();
    const int root = static_cast<int>(number);
    const Slices slices = Slices::equal(call.shape->numel(), call.dtype, group->size, call.where);
    Underway(group, std::move(call),
             detail::then(detail::reduce_slices(group, slices, Combine::sum, in, out),
                          detail::gather_slices_at(root, group, slices, out)))
        .wait();
    if (group->rank != root && out.bytes() > 0) std::memset(out.data(), 0, out.bytes());
  }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const;
};

struct Broadcast : Collective<Broadcast> {
  static constexpr auto id = "broadcast";
  using Collective::Collective;
  std::string particulars() const { return text_of("from rank ", number); }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = ranks.group();
    const std::size_t bytes = static_cast<std::size_t>(call.shape->numel()) * item_size(call.dtype);
    if (group->rank == number && bytes > 0) std::memcpy(out.data(), in.data(), bytes);
    Underway(group, std::move(call), detail::send_all_from(static_cast<int>(number), group, bytes, out)).wait();
  }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const { return apply(ToRoot(ranks, number), g); }
};
Tensor ToRoot::transposed(const Tensor& g, const Tensor&, const Tensor&) const {
  return apply(Broadcast(ranks, number), g);
}

struct AllGather;
struct ReduceScatter : Collective<ReduceScatter> {
  static constexpr auto id = "reduce_scatter";
  static constexpr bool along_first_axis = true;
  using Collective::Collective;
  Signature result_of(const Tensor& x, const Location& where) const {
    Signature result = numeric(id, x, where);
    check<ShapeError>(x.ndim() > 0 && x.size(0) % ranks.size() == 0, where, id, ": the rows of ", xgrad::describe(x),
                      " are not the same number for each of ", ranks.size(), " ranks");
    result.shape[0] /= ranks.size();
    return result;
  }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = ranks.group();
    const Slices slices = Slices::equal(call.shape->numel(), call.dtype, group->size, call.where);
    const auto [offset, bytes] = slices.at(group->rank);
    const Buffer sums = Buffer::allocate(slices.bytes(), id, call.where);
    Underway(group, std::move(call), detail::reduce_slices(group, slices, Combine::sum, in, sums)).wait();
    if (bytes > 0) std::memcpy(out.data(), static_cast<const char*>(sums.data()) + offset, bytes);
  }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const;
};

struct AllGather : Collective<AllGather> {
  static constexpr auto id = "all_gather";
  static constexpr bool along_first_axis = true;
  using Collective::Collective;
  Signature result_of(const Tensor& x, const Location& where) const {
    check<ShapeError>(x.ndim() > 0, where, id, ": ", xgrad::describe(x), " has no rows");
    Signature result{x.shape(), x.dtype()};
    result.shape[0] *= ranks.size();
    return result;
  }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = ranks.group();
    const Slices slices = Slices::equal(call.shape->numel() * group->size, call.dtype, group->size, call.where);
    const auto [offset, bytes] = slices.at(group->rank);
    if (bytes > 0) std::memcpy(static_cast<char*>(out.data()) + offset, in.data(), bytes);
    Underway(group, std::move(call), detail::gather_slices(group, slices, out)).wait();
  }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const { return apply(ReduceScatter(ranks), g); }
};
Tensor ReduceScatter::transposed(const Tensor& g, const Tensor&, const Tensor&) const {
  return apply(AllGather(ranks), g);
}

struct SendReceive : Collective<SendReceive> {
  static constexpr auto id = "send_receive";
  using Collective::Collective;
  std::string particulars() const { return text_of("to rank + ", number); }
  void exchange(detail::Call call, const Buffer& in, const Buffer& out) const {
    const auto& group = ranks.group();
    const std::size_t bytes = static_cast<std::size_t>(call.shape->numel()) * item_size(call.dtype);
    Underway(group, std::move(call), detail::shift_round(number, group, bytes, in, out)).wait();
  }
  Tensor transposed(const Tensor& g, const Tensor&, const Tensor&) const {
    return apply(SendReceive(ranks, -number), g);
  }
};

template <class P>
Tensor apply_at(int root, P primitive, const Operand& x) {
  tell_errors(primitive, x.where(), [&] {
    check<ValueError>(root >= 0 && root < primitive.ranks.size(), x.where(), P::id, ": there is no rank ", root,
                      " among ", primitive.ranks.size());
  });
  return apply(std::move(primitive), x);
}

}  // namespace

Tensor all_reduce(const Operand& x, const Communicator& ranks, Reduce how) {
  if (how == Reduce::max) return apply(AllReduceMax(ranks), x);
  if (how == Reduce::sum) return apply(AllReduce(ranks), x);
  const CallScope scope("all_reduce", x.where());
  tell_errors(AllReduce(ranks), x.where(), [&] {
    check<DTypeError>(is_floating(x.tensor().dtype()), x.where(),
                      "all_reduce: the mean is of floating numbers, not of ", xgrad::describe(x.tensor()));
  });
  return apply(AllReduce(ranks), x) / static_cast<double>(ranks.size());
}
Tensor reduce(const Operand& x, const Communicator& ranks, int root) { return apply_at(root, ToRoot(ranks, root), x); }
Tensor broadcast(const Operand& x, const Communicator& ranks, int root) {
  return apply_at(root, Broadcast(ranks, root), x);
}
Tensor reduce_scatter(const Operand& x, const Communicator& ranks) { return apply(ReduceScatter(ranks), x); }
Tensor all_gather(const Operand& x, const Communicator& ranks) { return apply(AllGather(ranks), x); }
Tensor send_receive(const Operand& x, const Communicator& ranks, std::int64_t distance) {
  return apply(SendReceive(ranks, distance), x);
}

}  // namespace xgrad::parallel
