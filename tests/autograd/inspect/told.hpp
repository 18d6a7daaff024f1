#pragma once

#include <catch2/catch.hpp>
#include <cctype>
#include <string>

#include "autograd/inspect/explain.hpp"
#include "autograd/tape/parameter.hpp"
#include "tests/autograd/inspect/line.hpp"

namespace xgrad {

/// A text with the lines of this test told from line `first`: `+1`.
inline std::string relative(std::string text, unsigned first) {
  const std::string end_of_name = "_test.cpp:";
  for (std::size_t at = text.find(end_of_name); at != std::string::npos; at = text.find(end_of_name)) {
    const std::size_t begin = text.rfind(' ', at) + 1;
    std::size_t digits = at + end_of_name.size(), end = digits;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
    const int number = std::stoi(text.substr(digits, end - digits));
    text.replace(begin, end - begin, "+" + std::to_string(number - static_cast<int>(first)));
  }
  return text;
}

/// What is told of a gradient, in a case that begins in line `first`.
struct Told {
  unsigned first = 0;
  Explanation::Gradient gradient;
  Explanation::Cause cause;
  std::string text;
};
inline Explanation check_told(const Tensor& loss, const Tensor& x, const Told& expected) {
  const Explanation told = explain(loss, x);
  CHECK(relative(told.text, expected.first) == expected.text);
  CHECK(told.gradient == expected.gradient);
  CHECK(told.cause == expected.cause);
  return told;
}

inline Parameter named(const Tensor& value, const std::string& name, const Location& where = Location::current()) {
  Parameter parameter(value, where);
  parameter.set_name(name);
  return parameter;
}

}  // namespace xgrad
