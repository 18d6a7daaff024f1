// Equations of einsum, axes, shapes, orders and indices, as users write them.

#include "autograd/autograd.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

Shape shape_of(Bytes& bytes, int most = 4) {
  std::vector<std::int64_t> sizes;
  for (int axes = bytes.below(5); axes > 0; --axes) sizes.push_back(bytes.below(most + 1));
  return Shape(sizes);
}

std::vector<std::int64_t> list_of(Bytes& bytes) {
  std::vector<std::int64_t> list;
  for (int count = bytes.below(6); count > 0; --count) list.push_back(bytes.whole());
  return list;
}

std::optional<std::int64_t> maybe(Bytes& bytes) {
  const int choice = bytes.below(3);
  return choice == 0 ? std::nullopt : std::optional(bytes.whole());
}

Index index_of(Bytes& bytes, const Tensor& list) {
  switch (bytes.below(6)) {
    case 0:
      return Index(bytes.whole());
    case 1: {
      const auto start = maybe(bytes), stop = maybe(bytes);
      return Index(slice(start, stop, bytes.whole()));
    }
    case 2:
      return Index(ellipsis);
    case 3:
      return Index(newaxis);
    case 4:
      return Index(list);
    default:
      return Index(all);
  }
}

Tensor indexed(Bytes& bytes, const Tensor& x) {
  const Tensor list = tensor({bytes.below(4), bytes.below(4)}, int64);
  const int count = bytes.below(5);
  std::vector<Index> is;
  for (int i = 0; i < count; ++i) is.push_back(index_of(bytes, list));
  switch (count) {
    case 0:
      return x;
    case 1:
      return x(is[0]);
    case 2:
      return x(is[0], is[1]);
    case 3:
      return x(is[0], is[1], is[2]);
    default:
      return x(is[0], is[1], is[2], is[3]);
  }
}

Tensor called(Bytes& bytes, const Tensor& x) {
  switch (bytes.below(12)) {
    case 0:
      return sum(x, Axes(list_of(bytes)));
    case 1:
      return permute(x, list_of(bytes));
    case 2:
      return reshape(x, Shape(list_of(bytes)));
    case 3: {
      const auto from = list_of(bytes);
      return moveaxis(x, Axes(from), Axes(list_of(bytes)));
    }
    case 4: {
      const auto shifts = list_of(bytes);
      return roll(x, shifts, Axes(list_of(bytes)));
    }
    case 5:
      return flip(x, Axes(list_of(bytes)));
    case 6: {
      const auto axis = bytes.whole();
      return diagonal(x, bytes.whole(), axis, bytes.whole());
    }
    case 7:
      return squeeze(x, Axes(list_of(bytes)));
    case 8: {
      const auto first = bytes.whole();
      return flatten(x, first, bytes.whole());
    }
    case 9: {
      const auto of_a = list_of(bytes);
      return tensordot(x, x, of_a, list_of(bytes));
    }
    case 10: {
      const auto sizes = list_of(bytes);
      return concat(split(x, sizes, bytes.whole()), 0);
    }
    default:
      return unsqueeze(x, bytes.whole());
  }
}

/// What was accepted has a value and a gradient of the right shape.
void check_value(const Tensor& y, const Tensor& x) {
  y.to_vector();
  require(grad(sum(y), x, {.allow_unused = true}).shape() == x.shape());
}

}  // namespace

void run(std::string_view input) {
  Bytes bytes(input);
  const int choice = bytes.below(3);
  const Tensor x = track(full(shape_of(bytes), 0.5));
  refused([&] {
    if (choice == 0) {
      std::vector<Tensor> operands{x};
      // All of them side by side have a million elements at most.
      const int more = bytes.below(4);
      for (int i = 0; i < more; ++i) operands.push_back(full(shape_of(bytes, more > 1 ? 2 : 4), 2.0));
      check_value(einsum(bytes.rest(), operands), x);
    } else {
      check_value(choice == 1 ? indexed(bytes, x) : called(bytes, x), x);
    }
  });
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  std::vector<std::string> all;
  // The choice, the axes and sizes of x, how many other operands, theirs, and the equation.
  all.push_back("\0\2\2\3\1\2\3\4ij,jk->ik"s);
  all.push_back("\0\2\3\3\0ii->i"s);
  all.push_back("\0\3\2\3\4\1\3\2\4\3...ij,...ji"s);
  all.push_back("\0\2\2\3\0 i j -> j i "s);
  for (int kind = 0; kind < 6; ++kind) all.push_back("\1\3\2\3\4\0\1\2"s + static_cast<char>(kind) + "\1\1\1\2\1"s);
  for (int call = 0; call < 12; ++call) all.push_back("\2\3\2\3\4"s + static_cast<char>(call) + "\2\0\1\2\1\2"s);
  return all;
}

}  // namespace xgrad::fuzz
