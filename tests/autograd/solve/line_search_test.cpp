#include "autograd/solve/line_search.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

namespace xgrad::detail::line_search_test {
namespace {

struct Function {
  const char* name;
  double (*value)(double);
  double (*slope)(double);
};

const std::vector<Function> functions{
    {"a parabola", [](double a) { return (a - 1) * (a - 1); }, [](double a) { return 2 * (a - 1); }},
    {"a far minimum", [](double a) { return (a - 300) * (a - 300) / 300; }, [](double a) { return (a - 300) / 150; }},
    {"a near one", [](double a) { return 1e6 * a * a - a; }, [](double a) { return 2e6 * a - 1; }},
    {"an end", [](double a) { return -std::log(0.3 - a) - 20 * a; }, [](double a) { return 1 / (0.3 - a) - 20; }},
    {"waves", [](double a) { return std::sin(9 * a) / 9 - 1.2 * a + a * a / 5; },
     [](double a) { return std::cos(9 * a) - 1.2 + 0.4 * a; }},
    {"a steep wall", [](double a) { return std::exp(40 * (a - 0.5)) - a; },
     [](double a) { return 40 * std::exp(40 * (a - 0.5)) - 1; }},
};

TEST_CASE("a step is found that satisfies the strong Wolfe conditions") {
  const WolfeConditions conditions;
  for (const Function& f : functions)
    for (const double first : {1e-4, 0.1, 1.0, 100.0})
      for (const double curvature : {0.1, 0.9}) {
        WolfeConditions wanted;
        wanted.curvature = curvature;
        int looked = 0;
        const auto at = [&](double a) {
          ++looked;
          return LinePoint{a, f.value(a), f.slope(a)};
        };
        const LinePoint start{0, f.value(0), f.slope(0)};
        REQUIRE(start.slope < 0);
        const LinePoint found = line_search(at, start, first, wanted);
        INFO(f.name << " from " << first << ": a step of " << found.step << " after " << looked << " points");
        CHECK(found.step > 0);
        CHECK(found.value <= start.value + conditions.decrease * found.step * start.slope);
        CHECK(std::abs(found.slope) <= -curvature * start.slope);
        CHECK(looked <= 40);
      }
}

TEST_CASE("where there is no such step, the lowest point is given, or none") {
  const LinePoint start{0, 0, -1};
  const auto falling = [](double a) { return LinePoint{a, -a, -1}; };
  CHECK(line_search(falling, start, 1, {}).step > 1e6);
  const auto wrong = [](double a) { return LinePoint{a, a, -1}; };
  CHECK(line_search(wrong, start, 1, {}).step == 0);
  const auto nothing = [](double a) { return LinePoint{a, std::nan(""), std::nan("")}; };
  CHECK(line_search(nothing, start, 1, {}).step == 0);
}

TEST_CASE("where values differ by less than their precision, slopes decide") {
  // The minimum is at 1e-9, where the value 1 + (a - 1e-9)^2 is 1 in double precision.
  const auto at = [](double a) { return LinePoint{a, 1 + (a - 1e-9) * (a - 1e-9), 2 * (a - 1e-9)}; };
  const LinePoint found = line_search(at, at(0), 1e-8, {.curvature = 0.1});
  CHECK(found.step == Approx(1e-9).epsilon(0.11));
}

}  // namespace
}  // namespace xgrad::detail::line_search_test
