#pragma once

#include <concepts>
#include <cstdint>

namespace xgrad {

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

/// A number as it is written in a program: a double or, exactly, an int64. A whole number beyond int64 is a double.
class AnyNumber {
 public:
  template <Number N>
  constexpr AnyNumber(N number) noexcept : number_(static_cast<double>(number)) {
    if constexpr (std::integral<N>) {
      is_whole_ = std::signed_integral<N> || static_cast<std::uint64_t>(number) <= 0x7fffffffffffffff;
      if (is_whole_) whole_ = static_cast<std::int64_t>(number);
    }
  }

  constexpr bool is_whole() const { return is_whole_; }
  constexpr double number() const { return is_whole_ ? static_cast<double>(whole_) : number_; }
  /// The value of a whole number.
  constexpr std::int64_t whole_number() const { return whole_; }

 private:
  union {
    double number_;
    std::int64_t whole_;
  };
  bool is_whole_ = false;
};

}  // namespace xgrad
