#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <string>
#include <typeinfo>
#include <utility>

#include "autograd/core/error.hpp"

namespace xgrad {

/// What is thrown must be an E and nothing derived, with this text and, after it, the file and line of the call:
///     throws<ShapeError>("add: ...").by([&] { return a + b; });
/// The function is one statement, on a line of its own or on that of `by`.
template <class E>
class throws {
 public:
  explicit throws(std::string text, const Location& start = Location::current())
      : text_(std::move(text)), start_(start) {}

  /// A function, and the line that it begins in. (That of the call of `by` is where the whole statement begins, for
  /// clang.)
  struct Call {
    template <class F>
    Call(F f, const Location& place = Location::current()) : function(std::move(f)), here(place) {}
    std::function<void()> function;
    Location here;
  };

  void by(const Call& call) const {
    const Location& here = call.here;
    INFO("expected: " << text_ << ", around line " << here.line());
    try {
      call.function();
    } catch (const Error& error) {
      INFO("thrown: " << typeid(error).name() << " " << error.what());
      const Location& where = error.where();
      const char* slash = std::strrchr(here.file_name(), '/');
      CHECK(typeid(error) == typeid(E));
      CHECK(std::string(where.file_name()) == here.file_name());
      CHECK(where.line() >= start_.line());
      CHECK(where.line() <= here.line() + 1);
      CHECK(std::string(error.what()) ==
            text_ + ", at " + (slash ? slash + 1 : here.file_name()) + ":" + std::to_string(where.line()));
      return;
    }
    FAIL_CHECK("nothing was thrown");
  }

 private:
  std::string text_;
  Location start_;
};

}  // namespace xgrad
