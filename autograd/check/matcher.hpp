#pragma once

// Matchers for Catch2 in a project of its user, together with TEST_CASE, CHECK and CHECK_THAT of the version that is
// there, 2 or 3:
//     CHECK_THAT(my_layer, DifferentiatesCorrectly(inputs).order(2));
//     CHECK_THAT(my_layer(x), AllClose(expected));

#if __has_include(<catch2/matchers/catch_matchers_templated.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_templated.hpp>
#elif __has_include(<catch2/catch.hpp>)
#include <catch2/catch.hpp>
#else
#error "autograd/check/matcher.hpp needs Catch2, version 2 or 3"
#endif

#include <optional>
#include <string>
#include <vector>

#include "autograd/check/close.hpp"
#include "autograd/check/gradient_check.hpp"

namespace xgrad {

namespace detail {
#if __has_include(<catch2/matchers/catch_matchers_templated.hpp>)
using MatcherOfAnything = Catch::Matchers::MatcherGenericBase;
#else
using MatcherOfAnything = Catch::Matchers::Impl::MatcherUntypedBase;
#endif
}  // namespace detail

/// Matches a function of Tensors whose derivatives agree with numeric ones at `inputs` (see check_gradient).
class DifferentiatesCorrectly : public detail::MatcherOfAnything {
 public:
  explicit DifferentiatesCorrectly(std::vector<Tensor> inputs, GradientCheckOptions options = {},
                                   const Location& where = Location::current())
      : inputs_(std::move(inputs)), options_(options), where_(where) {}
  explicit DifferentiatesCorrectly(const Tensor& input, GradientCheckOptions options = {},
                                   const Location& where = Location::current())
      : DifferentiatesCorrectly(std::vector<Tensor>{input}, options, where) {}

  DifferentiatesCorrectly& order(int order) {
    options_.order = order;
    return *this;
  }
  DifferentiatesCorrectly& seed(std::uint64_t seed) {
    options_.seed = seed;
    return *this;
  }
  DifferentiatesCorrectly& in_float32() {
    options_.allow_float32 = true;
    return *this;
  }

  template <class F>
  bool match(const F& f) const {
    const GradientCheckReport report =
        check_gradient(detail::checked_function(std::decay_t<F>(f)), inputs_, options_, where_);
    text_ = report.text();
    return static_cast<bool>(report);
  }

 protected:
  std::string describe() const override { return "differentiates correctly\n" + text_; }

 private:
  std::vector<Tensor> inputs_;
  GradientCheckOptions options_;
  Location where_;
  mutable std::string text_;
};

/// Matches a Tensor of the same shape and dtype with every |actual - expected| <= atol + rtol * |expected|; the
/// tolerances suit the dtype unless they are given.
class AllClose : public detail::MatcherOfAnything {
 public:
  explicit AllClose(Tensor expected, std::optional<double> rtol = {}, std::optional<double> atol = {})
      : expected_(std::move(expected)),
        rtol_(rtol.value_or(expected_.defined() ? usual_tolerance(expected_.dtype()) : 0)),
        atol_(atol.value_or(rtol_)) {}

  AllClose& equal_nan() {
    equal_nan_ = true;
    return *this;
  }
  bool match(const Tensor& actual) const {
    text_ = difference(actual, expected_, rtol_, atol_, equal_nan_);
    return text_.empty();
  }

 protected:
  std::string describe() const override { return "is close to " + expected_.to_string() + "\n" + text_; }

 private:
  Tensor expected_;
  double rtol_, atol_;
  bool equal_nan_ = false;
  mutable std::string text_;
};

}  // namespace xgrad
