// Would the tests notice a wrong derivative rule? Every rule is spoiled for every input in several ways, and the
// gradient check of the catalogue must fail each time.

#include "autograd/transform/mutation.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "autograd/check/check.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::mutation_test {
namespace {

enum class Kind { sign, scale, shrink, zero, dropped_element, reversed, no_unbroadcast };
constexpr const char* kind_names[] = {
    "sign", "factor 1 + 1e-6", "factor 1 - 1e-6", "zeroed", "dropped element", "reversed", "skipped un-broadcasting"};

// The mutant at work: mutations are plain functions.
struct Mutant {
  std::string primitive;
  std::size_t input = 0;
  Kind kind = Kind::sign;
  bool applied = false;  // whether it changed a cotangent
};
Mutant mutant;

Tensor without_last(const Tensor& x) {
  const Tensor flat = reshape(x, {-1});
  return reshape(pad(slice(flat, 0, 0, flat.numel() - 1), 0, 0, 1), x.shape());
}

Tensor mutate(const Entry& entry, std::size_t input, const Tensor& g) {
  if (entry.primitive->name() != mutant.primitive || input != mutant.input || g.numel() == 0) return g;
  const auto spoiled = [&]() -> Tensor {
    switch (mutant.kind) {
      case Kind::sign:
        return -g;
      case Kind::scale:
        return g * (1 + 1e-6);
      case Kind::shrink:
        return g * (1 - 1e-6);
      case Kind::zero:
        return zeros_like(g);
      case Kind::dropped_element:
        return without_last(g);
      case Kind::reversed:
        return g.numel() > 1 && g.ndim() > 0 ? flip(g) : g;
      default:
        return g;
    }
  }();
  mutant.applied = mutant.applied || spoiled.entry() != g.entry();
  return spoiled;
}

// What a broadcast_to without its sum would give: the first slice of the output's cotangent. The rule's cotangent has
// the sum already, so it is made from a cotangent of ones: the count of what was summed goes.
Tensor skip_unbroadcast(const Entry& entry, std::size_t, const Tensor& g) {
  if (std::strcmp(entry.primitive->name(), "broadcast_to") != 0 || g.numel() == 0) return g;
  mutant.applied = true;
  const std::int64_t repeats = entry.shape.numel() / g.numel();
  return g / repeats;
}

struct MutationScope {
  explicit MutationScope(detail::Mutation mutation) { detail::mutation = mutation; }
  ~MutationScope() { detail::mutation = nullptr; }
};

// Whether a case of the row notices.
bool caught(const Row& row) {
  const MutationScope scope(mutant.kind == Kind::no_unbroadcast ? skip_unbroadcast : mutate);
  for (const Case& sample : row.cases)
    if (check_gradient(sample.function, sample.make_inputs()).verdict == Verdict::fail) return true;
  return false;
}

// Mutants that compute the same as the rule, with the reason.
const std::set<std::string> equivalents{};

TEST_CASE("the catalogue catches every spoiled derivative rule") {
  int killed = 0;
  std::vector<std::string> survivors, untouched;
  for (const Row& row : rows()) {
    std::size_t inputs = 0;
    for (const Case& sample : row.cases) inputs = std::max(inputs, sample.inputs.size());
    bool touched = false;
    for (std::size_t k = 0; k < inputs; ++k)
      for (const Kind kind : {Kind::sign, Kind::scale, Kind::shrink, Kind::zero, Kind::dropped_element, Kind::reversed,
                              Kind::no_unbroadcast}) {
        if (kind == Kind::no_unbroadcast && row.primitive != "broadcast_to") continue;
        mutant = {row.primitive, k, kind, false};
        const bool noticed = caught(row);
        const std::string name =
            row.primitive + ", input " + std::to_string(k) + ": " + kind_names[static_cast<int>(kind)];
        touched = touched || mutant.applied;
        if (!mutant.applied || equivalents.count(name)) continue;
        if (noticed)
          ++killed;
        else
          survivors.push_back(name);
      }
    if (!touched) untouched.push_back(row.primitive);
  }
  for (const std::string& survivor : survivors) FAIL_CHECK("survived: " << survivor);
  CHECK(killed > 200);
  // No cotangent passes through these: there is no rule to spoil.
  const std::set<std::string> none{"sign",         "floor",
                                   "ceil",         "round",
                                   "trunc",        "logical_not",
                                   "equal",        "not_equal",
                                   "less",         "less_equal",
                                   "greater",      "greater_equal",
                                   "logical_and",  "logical_or",
                                   "logical_xor",  "one_hot",
                                   "argsort",      "argmax",
                                   "argmin",       "full",
                                   "leaf",         "uniform",
                                   "normal",       "randint",
                                   "bernoulli",    "categorical",
                                   "det_sign",     "scatter_argmax",
                                   "right_shift",  "left_shift",
                                   "bitwise_xor",  "bitwise_or",
                                   "bitwise_and",  "eigh",
                                   "svd",          "gamma_draw",
                                   "poisson_draw", "draw_without_replacement"};
  CHECK(std::set<std::string>(untouched.begin(), untouched.end()) == none);
}

TEST_CASE("swapping the cotangents of two inputs is noticed") {
  // add is symmetric: swapping changes nothing, so it is not here.
  static const Entry* last = nullptr;
  static Tensor first;
  for (const char* id : {"sub", "mul", "div", "pow", "maximum", "minimum", "atan2"}) {
    INFO(id);
    static std::string target;
    target = id;
    // Each input gets the negated cotangent of the other rule's shape: the first rule's result is handed to the second.
    const MutationScope scope([](const Entry& entry, std::size_t input, const Tensor& g) {
      if (entry.primitive->name() != target) return g;
      if (input == 0) {
        first = g;
        last = &entry;
        return g;
      }
      return last == &entry ? first : g;
    });
    bool noticed = false;
    for (const Case& sample : row(id).cases)
      noticed = noticed || check_gradient(sample.function, sample.make_inputs()).verdict == Verdict::fail;
    CHECK(noticed);
    first = Tensor();
  }
}

TEST_CASE("what is blamed is the spoiled primitive") {
  for (const Row& row : rows()) {
    for (std::size_t k = 0; k < row.cases[0].inputs.size(); ++k) {
      mutant = {row.primitive, k, Kind::scale, false};
      const MutationScope scope(mutate);
      for (const Case& sample : row.cases) {
        const auto report = check_gradient(sample.function, sample.make_inputs());
        if (report.verdict != Verdict::fail) continue;
        INFO(row.primitive << ": " << report.text());
        CHECK(report.primitive == row.primitive);
        CHECK(report.primitive_input == k);
      }
    }
  }
}

}  // namespace
}  // namespace xgrad::catalogue::mutation_test
