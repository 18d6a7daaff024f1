// The suites that every row of the catalogue runs: values, derivatives, and their absence.

#include "tests/catalogue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>

#include "autograd/check/check.hpp"
#include "tests/apart.hpp"

namespace xgrad::catalogue::catalogue_test {
namespace {

TEST_CASE("every primitive has a row in the catalogue") {
  for (const std::string& id : primitive_ids()) {
    if (id.rfind("custom_", 0) == 0) continue;  // made by a test
    INFO("primitive " << id);
    CHECK(std::any_of(rows().begin(), rows().end(), [&](const Row& row) { return row.primitive == id; }));
  }
  for (const Row& row : rows()) {
    INFO("row " << row.primitive);
    const auto ids = primitive_ids();
    CHECK(std::count(ids.begin(), ids.end(), row.primitive) == 1);
    CHECK_FALSE(row.cases.empty());
  }
}

TEST_CASE("every row records its primitive") {
  for (const Row& row : rows()) {
    INFO(row.primitive);
    bool recorded = false;
    for (const Case& sample : row.cases) {
      const Tensor y = sample.function(sample.make_inputs());
      recorded = recorded || print_tape(y).find(" = " + row.primitive + "(") != std::string::npos;
    }
    CHECK(recorded);
  }
}

// In units in the last place of the expected value.
double ulps(double value, Real expected) {
  const double distance = apart(value, static_cast<double>(expected));
  if (distance == 0 || std::isinf(distance)) return distance;
  const double size = std::max(std::abs(static_cast<double>(expected)), std::numeric_limits<double>::min());
  return std::abs(static_cast<double>((static_cast<Real>(value) - expected) / (std::nextafter(size, INFINITY) - size)));
}

TEST_CASE("values equal those of a naive reference in long double") {
  for (const Row& row : rows())
    for (int variant = 0; variant < 20; ++variant)
      for (const Case& sample : row.cases) {
        const std::vector<Tensor> inputs = sample.make_inputs(variant);
        std::vector<Array> arrays;
        for (const Tensor& input : inputs) arrays.push_back(array_of(input));
        const Array expected = sample.reference(arrays);
        const Tensor y = sample.function(inputs);
        CHECK(is_floating(y.dtype()) == row.gives_float);
        INFO(row.primitive << " variant " << variant);
        REQUIRE(y.shape() == expected.shape);
        const auto got = y.to_vector();
        double worst = 0;
        for (std::size_t i = 0; i < got.size(); ++i)
          worst = std::max(worst, row.scalar ? ulps(got[i], expected.elements[i]) / 4
                                             : apart(got[i], static_cast<double>(expected.elements[i])) / 1e-14 /
                                                   std::max(1.0, std::abs(got[i])));
        CHECK(worst <= 1);
      }
}

TEST_CASE("derivatives agree with numeric ones, to the third order where smooth") {
  for (const Row& row : rows()) {
    for (std::size_t i = 0; i < row.cases.size(); ++i) {
      const Case& sample = row.cases[i];
      const auto report = check_gradient(sample.function, sample.make_inputs(), {.order = row.orders});
      INFO(row.primitive << " case " << i << ": " << report.text());
      CHECK(report.verdict == Verdict::pass);
    }
  }
}

TEST_CASE("cotangents have the shapes and dtypes of the inputs") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases) {
      const std::vector<Tensor> inputs = sample.make_inputs();
      const Pulled pulled = pull(sample, inputs);
      INFO(row.primitive);
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (pulled.cotangents[i].defined()) {
          CHECK(pulled.cotangents[i].shape() == inputs[i].shape());
          CHECK(pulled.cotangents[i].dtype() == inputs[i].dtype());
        }
    }
}

}  // namespace
}  // namespace xgrad::catalogue::catalogue_test
