// Prints Tensors as numpy (1.14 and later) prints arrays.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <ostream>

#include "autograd/tape/entry.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

namespace {

constexpr int most_digits = 8;                // after the point
constexpr std::int64_t summary_above = 1000;  // elements
constexpr std::int64_t edge = 3;              // elements shown at each end of an axis in a summary
constexpr std::size_t line_width = 75;

template <class T>
std::string digits(T value, std::chars_format format, std::optional<int> precision = {}) {
  char text[400];  // the longest double has 309 digits before the point
  const auto end = precision ? std::to_chars(text, text + sizeof text, value, format, *precision)
                             : std::to_chars(text, text + sizeof text, value, format);
  return {text, end.ptr};
}

// A number in parts: `-12`, `5`, `+03`.
struct Parts {
  std::string whole, fraction, exponent;
};

Parts split(const std::string& text) {
  const std::size_t e = std::min(text.find('e'), text.size()), point = std::min(text.find('.'), e);
  return {text.substr(0, point), point < e ? text.substr(point + 1, e - point - 1) : "",
          e < text.size() ? text.substr(e + 1) : ""};
}

// The digits of `d.ddde+xx` without an exponent; zeros follow the digits that are known.
Parts positional(const Parts& scientific) {
  const int shift = std::stoi(scientific.exponent);
  const bool negative = scientific.whole[0] == '-';
  std::string all = scientific.whole.substr(negative) + scientific.fraction;
  if (shift < 0) all.insert(0, static_cast<std::size_t>(-shift), '0');
  const std::size_t whole = static_cast<std::size_t>(std::max(shift, 0)) + 1;
  all.resize(std::max(all.size(), whole), '0');
  return {(negative ? "-" : "") + all.substr(0, whole), all.substr(whole), ""};
}

// The shortest digits that identify the value, at most `precision` after the point, without zeros at the end.
template <class T>
Parts shortest(T value, std::chars_format format, int precision) {
  Parts parts = split(digits(value, format));
  if (parts.fraction.size() > static_cast<std::size_t>(precision)) parts = split(digits(value, format, precision));
  parts.fraction.erase(parts.fraction.find_last_not_of('0') + 1);
  return parts;
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

/// How the elements of one array are written: aligned, with a common format.
class FloatFormat {
 public:
  template <class T>
  explicit FloatFormat(const std::vector<T>& values) {
    choose_style(values);
    bool finite = false;
    for (const T value : values)
      if (std::isfinite(value)) {
        const Parts parts = shortest(value, style(), most_digits);
        left_ = std::max(left_, parts.whole.size());
        fraction_ = std::max(fraction_, parts.fraction.size());
        exponent_ = std::max(exponent_, parts.exponent.size());
        finite = true;
      }
    right_ = fraction_ + (scientific_ && finite ? exponent_ + 1 : 0);
    for (const T value : values)
      if (!std::isfinite(value))
        left_ = std::max(left_, special(value).size() - std::min(special(value).size(), right_ + 1));
  }

  template <class T>
  std::string operator()(T value) const {
    if (!std::isfinite(value)) return padded(special(value), left_ + right_ + 1);
    const Parts parts = scientific_ ? split(digits(value, style(), static_cast<int>(fraction_)))
                                    : shortest(value, style(), most_digits);
    const std::string text = padded(parts.whole, left_) + "." + parts.fraction;
    if (!scientific_) return text + std::string(fraction_ - parts.fraction.size(), ' ');
    const std::string zeros(exponent_ - parts.exponent.size(), '0');
    return text + "e" + parts.exponent[0] + zeros + parts.exponent.substr(1);
  }

 private:
  std::chars_format style() const { return scientific_ ? std::chars_format::scientific : std::chars_format::fixed; }
  template <class T>
  static std::string special(T value) {
    return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  }
  template <class T>
  void choose_style(const std::vector<T>& values) {
    T largest = 0, smallest = 0;
    for (const T value : values) {
      const T size = std::abs(value);
      if (!std::isfinite(value) || size == 0) continue;
      largest = std::max(largest, size);
      smallest = smallest == 0 ? size : std::min(smallest, size);
    }
    if (largest > 0) scientific_ = largest >= T(1e8) || double{smallest} < 0.0001 || largest / smallest > 1000;
  }

  bool scientific_ = false;
  std::size_t left_ = 0, fraction_ = 0, exponent_ = 0, right_ = 0;
};

/// The text of a single number.
template <class T>
std::string scalar(T value) {
  if (!std::isfinite(value)) return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const double size = std::abs(double{value});
  const std::string text = digits(value, std::chars_format::scientific);
  if (size != 0 && (size < 1e-4 || size >= 1e16)) return text;
  const Parts parts = positional(split(text));
  return parts.whole + "." + (parts.fraction.empty() ? "0" : parts.fraction);
}
std::string scalar(std::int64_t value) { return std::to_string(value); }
std::string scalar(bool value) { return value ? "True" : "False"; }

/// Lays the elements of an array out in lines and brackets.
class Layout {
 public:
  using Element = std::function<std::string(std::int64_t)>;
  Layout(const Shape& shape, Element element)
      : shape_(shape), element_(std::move(element)), summary_(shape.numel() > summary_above) {}

  std::string text() const { return array(0, 0, " ", line_width); }

  /// Calls `body(i)` for the indices of an axis that are shown, and `body(-1)` once for those that are not.
  template <class Body>
  void for_each_shown(std::int64_t axis, Body body) const {
    const std::int64_t size = shape_[axis];
    for (std::int64_t i = 0; i < size; ++i) {
      if (summary_ && 2 * edge < size && i == edge) {
        body(std::int64_t{-1});
        i = size - edge;
      }
      body(i);
    }
  }

 private:
  // `first` counts the arrays of this depth that lie before; `indent` is what its lines begin with.
  std::string array(std::int64_t axis, std::int64_t first, const std::string& indent, std::size_t width) const {
    const std::string lines =
        axis + 1 == shape_.ndim() ? row(axis, first, indent, width - 1) : rows(axis, first, indent, width);
    return "[" + lines.substr(indent.size()) + "]";
  }

  std::string rows(std::int64_t axis, std::int64_t first, const std::string& indent, std::size_t width) const {
    const std::string separator(static_cast<std::size_t>(shape_.ndim() - axis - 1), '\n');
    std::string text;
    for_each_shown(axis, [&](std::int64_t i) {
      if (!text.empty()) text += separator;
      text += indent + (i < 0 ? "..." : array(axis + 1, first * shape_[axis] + i, indent + " ", width - 1));
    });
    return text;
  }

  // The elements of a row, wrapped where they do not fit.
  std::string row(std::int64_t axis, std::int64_t first, const std::string& indent, std::size_t width) const {
    std::string text, line = indent;
    bool started = false;
    for_each_shown(axis, [&](std::int64_t i) {
      if (started) line += ' ';
      started = true;
      const std::string word = i < 0 ? "..." : element_(first * shape_[axis] + i);
      if (line.size() + word.size() > width && line.size() > indent.size()) {
        line.erase(line.find_last_not_of(' ') + 1);
        text += line + "\n";
        line = indent;
      }
      line += word;
    });
    return text + line;
  }

  const Shape& shape_;
  Element element_;
  bool summary_;
};

// Collects the elements that are shown.
template <class T>
std::vector<T> shown(const Shape& shape, std::span<const T> elements) {
  if (shape.numel() <= summary_above) return {elements.begin(), elements.end()};
  const Layout layout(shape, nullptr);
  std::vector<std::int64_t> places{0};
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    std::vector<std::int64_t> deeper;
    for (const std::int64_t place : places)
      layout.for_each_shown(axis, [&](std::int64_t i) {
        if (i >= 0) deeper.push_back(place * shape[axis] + i);
      });
    places = std::move(deeper);
  }
  std::vector<T> result;
  for (const std::int64_t place : places) result.push_back(elements[static_cast<std::size_t>(place)]);
  return result;
}

template <class T>
Layout::Element element_writer(const Shape& shape, std::span<const T> elements) {
  const auto at = [elements](std::int64_t i) { return elements[static_cast<std::size_t>(i)]; };
  if constexpr (std::is_floating_point_v<T>) {
    return [at, format = FloatFormat(shown(shape, elements))](std::int64_t i) { return format(at(i)); };
  } else if constexpr (std::is_same_v<T, bool>) {
    return [at](std::int64_t i) { return padded(scalar(at(i)), 5); };
  } else {
    std::size_t width = 0;
    for (const T value : shown(shape, elements)) width = std::max(width, scalar(value).size());
    return [at, width](std::int64_t i) { return padded(scalar(at(i)), width); };
  }
}

}  // namespace

std::string Tensor::to_string() const {
  if (!defined()) return "undefined";
  return dispatch(dtype(), [&](auto zero) -> std::string {
    const std::span<const decltype(zero)> elements = data<decltype(zero)>();
    if (ndim() == 0) return scalar(elements[0]);
    if (elements.empty()) return "[]";
    return Layout(shape(), element_writer(shape(), elements)).text();
  });
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) { return out << tensor.to_string(); }

}  // namespace xgrad
