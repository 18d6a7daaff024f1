// Bytes as programs over Tensors: shapes, axes, operations, derivatives, assignments, and what is let go of. Each runs
// twice, lazily and with every entry evaluated at once: the numbers are the same, or an Error leaves.

#include <cstring>
#include <deque>

#include "autograd/autograd.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

using Unary = Tensor (*)(const Operand&);
using Binary = Tensor (*)(const Operand&, const Operand&);
constexpr Unary unary[] = {neg, exp,  log,  log1p, expm1,  sqrt, sin,   cos,   tan,     tanh,     atan, erf,
                           abs, sign, ceil, round, square, sinc, floor, isnan, inverse, cholesky, det,  logical_not};
constexpr Binary binary[] = {add,  sub,   mul,    div,   pow,       maximum,   minimum, atan2, hypot,        fmod,
                             less, equal, matmul, xlogy, logaddexp, remainder, dot,     outer, floor_divide, solve};

constexpr std::int64_t most_elements = 128;
constexpr std::size_t most_tensors = 6, most_steps = 24;

class Program {
 public:
  Program(std::string_view input) : bytes_(input) {}

  /// What can be read at the end; nothing where an Error left.
  std::vector<Tensor> values() {
    for (std::size_t step = 0; step < most_steps && !bytes_.empty(); ++step) push(next());
    return held_;
  }

 private:
  void push(const Tensor& x) {
    if (!x.defined() || x.numel() > most_elements) return;
    if (held_.size() == most_tensors) held_.erase(held_.begin());
    held_.push_back(x);
  }
  /// One of those that are held.
  const Tensor& any() {
    if (held_.empty()) push(leaf());
    return held_[static_cast<std::size_t>(bytes_.below(static_cast<int>(held_.size())))];
  }
  Tensor leaf() {
    std::vector<std::int64_t> sizes;
    for (int axes = bytes_.below(4); axes > 0; --axes) sizes.push_back(bytes_.below(6));
    constexpr DType dtypes[] = {float32, float64, float64, int64, boolean};
    const int kind = bytes_.below(5);
    const Shape shape(sizes);
    std::vector<double> numbers(static_cast<std::size_t>(shape.numel()));
    for (double& number : numbers) number = kind < 3 ? bytes_.byte() / 32. - 4 : bytes_.below(4);
    const Tensor x = cast(tensor(numbers, shape, float64), dtypes[kind]);
    if (kind >= 3 || bytes_.below(4) == 0) return x;
    if (bytes_.below(2)) return parameters_.emplace_back(x);
    return track(x);
  }
  /// One that makes nothing large: entries that are evaluated at once are computed before it is known how large.
  std::int64_t size() { return bytes_.below(6) - 1; }
  Tensor movement() {
    const Tensor& x = any();
    const std::int64_t a = bytes_.whole(), b = bytes_.whole(), c = bytes_.whole();
    switch (bytes_.below(14)) {
      case 0:
        return transpose(x, a, b);
      case 1:
        return slice(x, a, b, c, bytes_.whole());
      case 2:
        return pad(x, a, size(), size(), 1.5, bytes_.below(3));
      case 3:
        return concat({x, any()}, a);
      case 4:
        return reshape(x, {a, b});
      case 5:
        return broadcast_to(x, {size(), size(), size()});
      case 6:
        return flip(x, a);
      case 7:
        return unsqueeze(x, a);
      case 8:
        return gather(x, a, any());
      case 9:
        return take(x, any(), a);
      case 10:
        return scatter_add(x, a, any(), any());
      case 11:
        return select(x, a, b);
      case 12:
        return roll(x, b, a);
      default:
        return sort(x, a, b > 0).values;
    }
  }
  Tensor reduction() {
    const Tensor& x = any();
    const std::int64_t axis = bytes_.whole();
    const KeepDims keep{bytes_.below(2) == 1};
    switch (bytes_.below(11)) {
      case 0:
        return sum(x, axis, keep);
      case 1:
        return sum(x);
      case 2:
        return max(x, axis, keep);
      case 3:
        return prod(x, axis, keep);
      case 4:
        return mean(x, axis, keep);
      case 5:
        return var(x, axis, bytes_.below(3), keep);
      case 6:
        return logsumexp(x, axis, keep);
      case 7:
        return softmax(x, axis);
      case 8:
        return cumsum(x, axis, bytes_.below(2));
      case 9:
        return argmax(x, axis, keep);
      default:
        return norm(x, axis, keep);
    }
  }
  Tensor derivative() {
    const Tensor& loss = any();
    const Tensor& x = any();
    const bool again = bytes_.below(2), unused = bytes_.below(4) > 0;
    return grad(loss.numel() == 1 ? loss : sum(loss), x, {.create_graph = again, .allow_unused = unused});
  }
  Tensor next() {
    switch (bytes_.below(12)) {
      case 0:
        return leaf();
      case 1:
      case 2:
        return unary[static_cast<std::size_t>(bytes_.below(std::size(unary)))](any());
      case 3:
      case 4: {
        const Tensor& a = any();
        return binary[static_cast<std::size_t>(bytes_.below(std::size(binary)))](a, any());
      }
      case 5:
        return movement();
      case 6:
        return reduction();
      case 7:
        return derivative();
      case 8: {
        const Tensor &condition = any(), &a = any();
        return where(condition, a, any());
      }
      case 9:
        return cast(any(), bytes_.below(2) ? float64 : bytes_.below(2) ? float32 : int64);
      case 10:
        if (!held_.empty()) held_.erase(held_.begin() + bytes_.below(static_cast<int>(held_.size())));
        return {};
      default:
        return change();
    }
  }
  /// Evaluates, assigns or accumulates.
  Tensor change() {
    const int kind = bytes_.below(3);
    if (kind == 0) evaluate(any());
    if (kind == 1 && !parameters_.empty()) parameters_.front().assign(any());
    if (kind == 2) backward(sum(any()));
    return kind == 2 && !parameters_.empty() ? parameters_.front().gradient() : Tensor();
  }

  Bytes bytes_;
  std::vector<Tensor> held_;
  /// A deque: one that is referred to stays where it is while another is added.
  std::deque<Parameter> parameters_;
};

/// The numbers of all that is held at the end.
std::vector<std::vector<double>> numbers(std::string_view input) {
  std::vector<std::vector<double>> all;
  for (const Tensor& x : Program(input).values()) all.push_back(x.to_vector());
  return all;
}

bool same(double a, double b) { return a == b || (a != a && b != b); }

}  // namespace

void run(std::string_view input) {
  std::vector<std::vector<double>> lazily, eagerly;
  const bool late = refused([&] { lazily = numbers(input); });
  const bool early = refused([&] {
    const EagerScope eager;
    eagerly = numbers(input);
  });
  if (late || early) return;
  require(lazily.size() == eagerly.size());
  for (std::size_t i = 0; i < lazily.size(); ++i)
    require(std::equal(lazily[i].begin(), lazily[i].end(), eagerly[i].begin(), eagerly[i].end(), same));
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (int seed = 0; seed < 24; ++seed) {
    std::string program;
    for (unsigned i = 0, state = static_cast<unsigned>(seed); i < 120; ++i)
      program += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    all.push_back(program);
  }
  return all;
}

}  // namespace xgrad::fuzz
