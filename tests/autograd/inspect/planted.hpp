#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "autograd/inspect/why_nan.hpp"
#include "tests/autograd/inspect/line.hpp"

namespace xgrad {

/// What an origin is expected to be.
struct Planted {
  NonFiniteEntry::Kind kind = NonFiniteEntry::Kind::operation;
  std::string operation, call;
  unsigned line = 0;
  std::vector<std::int64_t> element{};
  std::string derivative_of = "";  // of a backward entry
};

inline void check_entry(const NonFiniteEntry& found, const Planted& planted) {
  CHECK(found.kind == planted.kind);
  CHECK(found.operation == planted.operation);
  CHECK(found.call == planted.call);
  CHECK(found.where.line() == planted.line);
  CHECK(found.element == planted.element);
  CHECK(found.backward == !planted.derivative_of.empty());
  CHECK(found.derivative_of == planted.derivative_of);
}

inline WhyNan checked(const Tensor& tensor, const Planted& planted) {
  const WhyNan why = why_nan(tensor);
  INFO(why);
  CHECK_FALSE(why.finite);
  check_entry(why.origin, planted);
  return why;
}

inline constexpr auto operation = NonFiniteEntry::Kind::operation;

}  // namespace xgrad
