// What a backward pass decides: which rules it asks, how often and in which order.

#include "autograd/transform/backward_pass.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "autograd/autograd.hpp"

namespace xgrad::backward_pass_test {
namespace {

// Notes which rules the next backward pass asks, as `mul 0` for input 0 of a product.
class Asked final : detail::Watcher {
 public:
  Asked() { detail::watcher = this; }
  ~Asked() { detail::watcher = nullptr; }
  Asked(const Asked&) = delete;
  Asked& operator=(const Asked&) = delete;

  std::vector<std::string> visited, rules;
  std::vector<std::uint64_t> numbers;

 private:
  // (Without what `track` and sums over all axes record for themselves.)
  static bool is_noted(const Entry& entry) {
    const std::string name = entry.primitive->name();
    return name != "identity" && name != "reshape";
  }
  void arrives(const Entry& entry, const Tensor&) override {
    if (!is_noted(entry)) return;
    visited.push_back(entry.primitive->name());
    numbers.push_back(entry.sequence.load());
  }
  void gives(const Entry& entry, std::size_t input, const Tensor&) override {
    if (!is_noted(entry)) return;
    rules.push_back(entry.primitive->name() + (" " + std::to_string(input)));
  }
};

using Names = std::vector<std::string>;
Tensor leaf() { return track(tensor({1.0, 2.0}, float64)); }

TEST_CASE("a backward pass visits each entry once, in the reverse order of the tape", "[backward]") {
  const Tensor x = leaf();
  const Tensor s = sin(x), e = exp(s), loss = sum(s * e);  // s is read twice
  Asked asked;
  const Tensor slope = grad(loss, x);
  CHECK(asked.visited == Names{"sum", "mul", "exp", "sin"});
  CHECK(asked.rules == Names{"sum 0", "mul 0", "mul 1", "exp 0", "sin 0"});
  CHECK(std::is_sorted(asked.numbers.rbegin(), asked.numbers.rend()));
  CHECK(slope.evaluated() == Tape::current().eager);
}

TEST_CASE("a backward pass leaves out what no output depends on and what depends on no input", "[backward]") {
  const Tensor x = leaf(), y = leaf();
  const Tensor unused = cos(x), other = tanh(y), loss = sum(sin(x) * other);
  Asked asked;
  grad(loss, x);
  CHECK(asked.visited == Names{"sum", "mul", "sin"});
  CHECK(asked.rules == Names{"sum 0", "mul 0", "sin 0"});  // nothing for tanh(y)
}

TEST_CASE("a backward pass ends at an inner entry that is asked about", "[backward]") {
  const Tensor x = leaf(), s = sin(x), loss = sum(exp(s));
  Asked asked;
  grad(loss, s);
  CHECK(asked.rules == Names{"sum 0", "exp 0"});  // not that of sin
}

TEST_CASE("a backward pass goes through entries that several outputs share once", "[backward]") {
  const Tensor x = leaf(), s = sin(x);
  const std::vector<Tensor> outputs{sum(exp(s)), sum(tanh(s))}, ones(2);
  Asked asked;
  differentiate(outputs, ones, std::vector<Tensor>{x});
  CHECK(asked.visited == Names{"sum", "tanh", "sum", "exp", "sin"});
}

TEST_CASE("a backward pass asks nothing where no cotangent arrives", "[backward]") {
  const Tensor x = leaf(), loss = sum(floor(sin(x)));  // the derivative of floor is zero
  Asked asked;
  CHECK(grad(loss, x).to_vector() == std::vector<double>{0, 0});
  CHECK(asked.visited == Names{"sum", "floor"});
}

TEST_CASE("a cotangent remembers where it is zero until it is read", "[backward]") {
  MaskedCotangent g{.value = tensor({1.0, 2.0}, float64), .mask = tensor({true, false}), .mask_is_stale = true};
  g.apply_mask();
  CHECK(g.value.to_vector() == std::vector<double>{1, 0});
  CHECK(g.mask.defined());
  g.add(tensor({5.0, 5.0}, float64));
  CHECK(g.value.to_vector() == std::vector<double>{6, 5});
  CHECK(!g.mask.defined());  // what was added may be non-zero anywhere
}

TEST_CASE("entries need their values no more after the last order, and do after others", "[backward]") {
  const Tensor x = leaf(), s = sin(x), loss = sum(s);
  grad(loss, std::vector<Tensor>{x}, {.create_graph = true});
  CHECK_FALSE(s.entry()->differentiated);
  grad(loss, std::vector<Tensor>{x});
  CHECK(s.entry()->differentiated);
}

}  // namespace
}  // namespace xgrad::backward_pass_test
