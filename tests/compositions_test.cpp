// The suites that every row of the compositions runs: values, derivatives, shapes, errors.

#include "tests/compositions.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "autograd/check/check.hpp"
#include "tests/apart.hpp"
#include "tests/gradient_checks.hpp"

namespace xgrad::catalogue::compositions_test {
namespace {

template <class See>
void each(See&& see) {
  for (const Group& group : groups())
    for (const Composition& row : group.rows) {
      INFO(row.call);
      see(row);
    }
}
template <class See>
void each_case(See&& see) {
  each([&](const Composition& row) {
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      INFO("case " << i);
      see(row, row.cases[i]);
    }
  });
}

// The farthest that an element is off, in units of the dtype beside max(1, |y|).
double epsilons(const Tensor& got, const Array& expected) {
  const double unit = got.dtype() == float32 ? 0x1p-23 : 0x1p-52;
  const auto values = got.to_vector();
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto right = static_cast<double>(expected.elements[i]);
    worst = std::max(worst, apart(values[i], right) / unit / std::max(1.0, std::abs(right)));
  }
  return worst;
}

std::vector<Array> arrays_of(const Xs& inputs) {
  std::vector<Array> arrays;
  for (const Tensor& input : inputs) arrays.push_back(array_of(input));
  return arrays;
}

bool any_floating(const Xs& inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return is_floating(x.dtype()); });
}

void check_value(const Composition& row, const Case& sample, const Xs& inputs) {
  const Array expected = sample.reference(arrays_of(inputs));
  const Tensor y = sample.function(inputs);
  REQUIRE(y.shape() == expected.shape);
  if (!row.drawn.empty()) return;
  INFO("got " << y);
  CHECK(epsilons(y, expected) <= (is_floating(y.dtype()) ? row.epsilons : 0));
}

TEST_CASE("values of compositions equal plain loops in long double, in float64 and in float32") {
  each_case([](const Composition& row, const Case& sample) {
    for (int variant = 0; variant < 4; ++variant) {
      const Xs inputs = sample.make_inputs(variant);
      check_value(row, sample, inputs);
      if (any_floating(inputs)) check_value(row, sample, to_float32(inputs));
    }
  });
}

TEST_CASE("the distributions of draws are compared in the test that is named") {
  each([](const Composition& row) {
    CHECK((row.orders > 0 || !row.drawn.empty()));
    if (row.drawn.empty()) return;
    std::ifstream file(std::filesystem::path(XGRAD_SOURCE_DIR) / row.drawn);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    CHECK(text.find(row.name() + "(") != std::string::npos);
  });
}

TEST_CASE("float32 stays float32 in compositions") {
  each_case([](const Composition&, const Case& sample) {
    const Xs inputs = sample.make_inputs();
    const DType dtype = sample.function(inputs).dtype();
    if (any_floating(inputs) && dtype == float64) CHECK(sample.function(to_float32(inputs)).dtype() == float32);
  });
}

TEST_CASE("derivatives of compositions agree with numeric ones, to the second order") {
  each_case([](const Composition& row, const Case& sample) {
    const Xs inputs = sample.make_inputs();
    Xs tracked;
    for (const Tensor& x : inputs) tracked.push_back(is_floating(x.dtype()) ? track(x) : x);
    const Tensor y = sample.function(tracked);
    if (!row.constant.empty() || !is_floating(y.dtype()) || !any_floating(inputs)) {
      CHECK_FALSE(y.tracked());
      return;
    }
    if (row.orders == 0) return;
    const auto report = check_gradient(sample.function, inputs, to_order(row.orders));
    INFO(report.text());
    CHECK(report.verdict == Verdict::pass);
  });
}

double product(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// <g, J v> = <Jᵀ g, v>
void check_transposes(const Case& sample) {
  const Xs inputs = sample.make_inputs();
  Xs floating, directions;
  for (const Tensor& x : inputs)
    if (is_floating(x.dtype())) {
      floating.push_back(x);
      directions.push_back(numbers_like(x, 7 + floating.size()));
    }
  const auto f = [&](const Xs& xs) {
    Xs all = inputs;
    for (std::size_t i = 0, next = 0; i < all.size(); ++i)
      if (is_floating(all[i].dtype())) all[i] = xs[next++];
    return sample.function(all);
  };
  const auto [value, tangent] = jvp(f, floating, directions);
  const auto [same, pullback] = vjp(f, floating);
  const Tensor g = numbers_like(value, 3);
  const Xs cotangents = pullback(g);
  double left = product(g, tangent), right = 0, size = 1 + std::abs(left);
  for (std::size_t i = 0; i < floating.size(); ++i) {
    REQUIRE(cotangents[i].shape() == floating[i].shape());
    right += product(cotangents[i], directions[i]);
    size += sum(abs(cotangents[i])).item();
  }
  const double units = value.dtype() == float32 ? 0x1p-18 : 1e-13;
  CHECK(apart(left, right) <= units * size);
}

bool differentiates(const Case& sample) {
  const Xs inputs = sample.make_inputs();
  return any_floating(inputs) && is_floating(sample.function(inputs).dtype());
}

TEST_CASE("jvp and vjp of compositions are each other's transposes") {
  each_case([](const Composition& row, const Case& sample) {
    if (row.constant.empty() && differentiates(sample)) check_transposes(sample);
  });
}

TEST_CASE("jvp and vjp of primitives are each other's transposes") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases) {
      INFO(row.primitive);
      if (row.gives_float && differentiates(sample)) check_transposes(sample);
    }
}

TEST_CASE("compositions have cases without elements and with axes of size 1, or it is said why not") {
  each([](const Composition& row) {
    bool empty = false, single = false;
    for (const Case& sample : row.cases)
      for (const Input& input : sample.inputs) {
        empty = empty || input.shape.numel() == 0;
        for (const std::int64_t size : input.shape) single = single || size == 1;
      }
    CHECK(empty == row.never_empty.empty());
    CHECK(single == row.never_single.empty());
  });
}

std::string without_namespace(const std::string& name) {
  const std::size_t colons = name.rfind("::");
  return colons == std::string::npos ? name : name.substr(colons + 2);
}

// What is thrown has the name of the function, and the place of the call, which is in the file of the row.
void check_error(const Error& error, const std::string& named) {
  const std::string text = error.what();
  CHECK((text.rfind(named + ": ", 0) == 0 || text.rfind(without_namespace(named) + ": ", 0) == 0));
  CHECK(std::strstr(error.where().file_name(), "tests/compositions") != nullptr);
}

TEST_CASE("compositions refuse what makes no sense, by name and line") {
  each([](const Composition& row) {
    CHECK(row.refusals.empty() != row.refuses_nothing.empty());
    for (const Refusal& refusal : row.refusals) {
      INFO("refusal on line " << refusal.where.line());
      try {
        refusal.call();
        FAIL_CHECK("nothing was thrown");
      } catch (const Error& error) {
        INFO("thrown: " << error.what() << ", a " << typeid(error).name());
        CHECK((typeid(error) == *refusal.error));
        check_error(error, refusal.named.empty() ? row.name() : refusal.named);
        CHECK(error.where().line() + 4 >= refusal.where.line());
        CHECK(error.where().line() <= refusal.where.line() + 4);
      }
    }
  });
}

TEST_CASE("compositions refuse Tensors that were never given a value") {
  each([](const Composition& row) {
    for (std::size_t i = 0; i < row.cases[0].inputs.size(); ++i) {
      Xs inputs = row.cases[0].make_inputs();
      inputs[i] = Tensor();
      INFO("input " << i);
      try {
        row.cases[0].function(inputs);
        FAIL_CHECK("nothing was thrown");
      } catch (const Error& error) {
        INFO("thrown: " << error.what());
        CHECK(std::strstr(error.what(), "undefined") != nullptr);
        CHECK(std::strstr(error.where().file_name(), "tests/compositions") != nullptr);
      }
    }
  });
}

TEST_CASE("compositions refuse operands of different dtypes, or it is said why not") {
  each([](const Composition& row) {
    const Xs inputs = row.cases[0].make_inputs();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      Xs mixed = inputs;
      mixed[i] = to_float32({inputs[i]})[0];
      const auto others =
          std::count_if(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.dtype() == float64; });
      if (inputs[i].dtype() != float64 || others < 2) continue;
      INFO("input " << i);
      if (row.several_dtypes.empty())
        CHECK_THROWS_AS(row.cases[0].function(mixed), DTypeError);
      else
        CHECK_NOTHROW(row.cases[0].function(mixed));
    }
  });
}

// Different elements stay different.
Xs to_whole(const Xs& inputs) {
  Xs whole;
  for (const Tensor& x : inputs) whole.push_back(is_floating(x.dtype()) ? convert(x * 32, int64) : x);
  return whole;
}

TEST_CASE("compositions of int64 are exact where they are not refused, or it is said why not") {
  each_case([](const Composition& row, const Case& sample) {
    const Xs inputs = to_whole(sample.make_inputs());
    if (!any_floating(sample.make_inputs()) || !row.of_whole.empty()) return;
    Tensor y;
    try {
      y = sample.function(inputs);
    } catch (const DTypeError&) {
      return;
    }
    CHECK_FALSE(is_floating(y.dtype()));
    const Array expected = sample.reference(arrays_of(inputs));
    REQUIRE(y.shape() == expected.shape);
    CHECK(epsilons(y, expected) == 0);
  });
}

// In the other rows, options decide.
TEST_CASE("what refuses int64 refuses it empty and of one element, too") {
  const std::set<std::string> by_options{"scatter_reduce", "addmm", "interpolate", "full_like"};
  each([&](const Composition& row) {
    std::string refused, taken;
    for (const Case& sample : row.cases) {
      if (!any_floating(sample.make_inputs()) || by_options.contains(row.name())) continue;
      const Xs inputs = to_whole(sample.make_inputs());
      std::string shapes = "\n";
      for (const Tensor& x : inputs) shapes += describe(x).str() + ' ';
      try {
        sample.function(inputs);
        taken += shapes;
      } catch (const DTypeError&) {
        refused += shapes;
      }
    }
    INFO("taken: " << taken << "\nrefused: " << refused);
    CHECK((refused.empty() || taken.empty()));
  });
}

}  // namespace
}  // namespace xgrad::catalogue::compositions_test
