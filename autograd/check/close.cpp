#include "autograd/check/close.hpp"

#include <cmath>
#include <limits>

#include "autograd/check/place.hpp"
#include "autograd/core/text.hpp"

namespace xgrad {

double usual_tolerance(DType dtype) { return dtype == float32 ? 1e-5 : dtype == float64 ? 1e-12 : 0; }

std::string difference(const Tensor& actual, const Tensor& expected, double relative, double absolute, bool equal_nan) {
  Text text;
  text.precision(17);
  if (!actual.defined() || !expected.defined()) {
    if (actual.defined() != expected.defined())
      text << "one is undefined: " << describe(actual) << " and " << describe(expected);
    return text.str();
  }
  if (actual.shape() != expected.shape() || actual.dtype() != expected.dtype()) {
    text << describe(actual) << " is not " << describe(expected);
    return text.str();
  }
  const auto a = actual.to_vector<long double>(), b = expected.to_vector<long double>();
  std::size_t count = 0, worst = 0;
  long double most = -1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i] || (equal_nan && std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const long double excess = std::abs(a[i] - b[i]) - (absolute + relative * std::abs(b[i]));
    if (excess <= 0 && std::isfinite(b[i])) continue;
    ++count;
    const long double size = std::isfinite(excess) ? excess : std::numeric_limits<long double>::infinity();
    if (size <= most) continue;
    most = size;
    worst = i;
  }
  if (count == 0) return {};
  text << count << " of " << a.size() << " elements differ, most at "
       << Shape(place_of(static_cast<std::int64_t>(worst), actual.shape())) << ": " << static_cast<double>(a[worst])
       << " is not " << static_cast<double>(b[worst]);
  return text.str();
}

}  // namespace xgrad
