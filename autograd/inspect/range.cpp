#include "autograd/inspect/range.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "autograd/core/text.hpp"

namespace xgrad {

double ValueRange::largest() const { return std::max(std::abs(least), std::abs(most)); }

std::string ValueRange::to_string() const {
  if (count == 0) return "nothing";
  std::string text;
  if (finite > 0) text = least == most ? number_text(least) : "[" + number_text(least) + ", " + number_text(most) + "]";
  const auto add = [&](std::int64_t how_many, const char* what) {
    if (how_many == 0) return;
    if (!text.empty()) text += ", ";
    text += how_many == count ? std::string("all ") + what : std::to_string(how_many) + ' ' + what;
  };
  add(nan, "NaN");
  add(infinite, "infinite");
  return text;
}

ValueRange range_of(const View& view) {
  ValueRange range;
  range.count = view.numel();
  dispatch(view.dtype, [&](auto zero) {
    std::int64_t element = 0;
    for (const auto value : view.span<const decltype(zero)>()) {
      const double number = static_cast<double>(value);
      if (std::isfinite(number)) {
        range.least = range.finite ? std::min(range.least, number) : number;
        range.most = range.finite ? std::max(range.most, number) : number;
        ++range.finite;
        range.zeros += number == 0;
      } else {
        ++(std::isnan(number) ? range.nan : range.infinite);
        if (range.first_nonfinite < 0) range.first_nonfinite = element;
      }
      ++element;
    }
  });
  return range;
}

double element_of(const View& view, std::int64_t element) {
  return dispatch(view.dtype, [&](auto zero) {
    return static_cast<double>(view.span<const decltype(zero)>()[static_cast<std::size_t>(element)]);
  });
}

std::string number_text(double number) {
  if (std::isnan(number)) return "NaN";
  return general(number, 6);
}

std::string index_text(std::int64_t element, const Shape& shape) {
  std::string text;
  for (std::int64_t axis = shape.ndim(); axis-- > 0; element /= shape[axis])
    text = std::to_string(element % shape[axis]) + (text.empty() ? "" : ", ") + text;
  return '[' + text + ']';
}

std::string percent_text(std::int64_t part, std::int64_t count) {
  if (part == count) return "100 %";
  if (part == 0) return "0 %";
  const double percent = 100 * static_cast<double>(part) / static_cast<double>(count);
  return fixed(std::clamp(percent, 0.1, 99.9), 1) + " %";
}

}  // namespace xgrad
