#pragma once

// What the planner makes of something, against the reference kernels.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/run/executor.hpp"
#include "tests/apart.hpp"

namespace xgrad {

using Values = std::vector<std::vector<double>>;
using Roots = std::vector<Tensor>;

inline Values compute(const char* name, const std::function<Roots()>& record) {
  const std::string before = engine();
  set_engine(name);
  const Roots roots = record();
  evaluate(roots);
  for (const Tensor& root : roots) REQUIRE(root.evaluated());
  set_engine(before);
  Values values;
  for (const Tensor& root : roots) values.push_back(root.to_vector());
  return values;
}

inline double difference(const Values& a, const Values& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    REQUIRE(a[i].size() == b[i].size());
    for (std::size_t j = 0; j < a[i].size(); ++j)
      worst =
          std::max(worst, apart(a[i][j], b[i][j]) / std::max(1.0, std::isfinite(b[i][j]) ? std::abs(b[i][j]) : 1.0));
  }
  return worst;
}

inline Tensor numbers(const Shape& shape, int seed) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<double> values(static_cast<std::size_t>(shape.numel()));
  for (double& value : values) value = std::uniform_real_distribution(-1.0, 1.0)(random);
  return tensor(values, shape, float64);
}

inline void check_agreement(const std::function<Roots()>& record) {
  const std::int64_t before = unplanned();
  CHECK(difference(compute("fused", record), compute("reference", record)) < 1e-12);
  CHECK(unplanned() == before);
}

}  // namespace xgrad
