#include "tests/reference_check/compare.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace xgrad::reference {

namespace {

/// How many times the tolerance two values differ by: at most 1 for a match.
double excess(double got, double expected, Tolerance tolerance) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (std::isnan(got) || std::isnan(expected)) return std::isnan(got) && std::isnan(expected) ? 0 : infinity;
  if (std::isinf(got) || std::isinf(expected)) return got == expected ? 0 : infinity;
  const double difference = std::abs(got - expected);
  const double allowed = tolerance.absolute + tolerance.relative * std::abs(expected);
  return difference <= allowed ? 0 : allowed > 0 ? std::max(difference / allowed, std::nextafter(1.0, 2.0)) : infinity;
}

std::string index_of(std::size_t flat, const Shape& shape) {
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.ndim()));
  for (std::int64_t axis = shape.ndim(); axis-- > 0;) {
    index[static_cast<std::size_t>(axis)] = static_cast<std::int64_t>(flat) % shape[axis];
    flat /= static_cast<std::size_t>(shape[axis]);
  }
  std::ostringstream text;
  text << Shape(index);
  return text.str();
}

}  // namespace

void Findings::compare(const std::string& what, const Tensor& got, const Tensor& expected, Tolerance tolerance) {
  std::ostringstream text;
  text.precision(17);
  if (got.dtype() != expected.dtype() || !(got.shape() == expected.shape())) {
    text << what << " is " << describe(got) << ", expected " << describe(expected);
    return note(text.str());
  }
  const std::vector<double> a = got.to_vector(), b = expected.to_vector();
  std::size_t worst = 0, count = 0;
  double worst_excess = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double e = excess(a[i], b[i], tolerance);
    if (e == 0) continue;
    ++count;
    if (e > worst_excess) worst_excess = e, worst = i;
  }
  if (count == 0) return;
  text << what << index_of(worst, got.shape()) << ": got " << a[worst] << ", expected " << b[worst];
  if (a.size() > 1) text << " (" << count << " of " << a.size() << " differ)";
  note(text.str());
}

void Findings::compare(const std::string& what, double got, double expected, Tolerance tolerance) {
  if (excess(got, expected, tolerance) == 0) return;
  std::ostringstream text;
  text.precision(17);
  text << what << ": got " << got << ", expected " << expected;
  note(text.str());
}

std::string Findings::to_string() const {
  constexpr std::size_t most = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, findings_.size()); ++i) text += (i ? "; " : "") + findings_[i];
  if (findings_.size() > most) text += "; and " + std::to_string(findings_.size() - most) + " more";
  return text;
}

}  // namespace xgrad::reference
