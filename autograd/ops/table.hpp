#pragma once

// For the library's own .cpp files: limits tables that are made when an operation is recorded, because a small input
// may ask for a large one.

#include <cstdint>

#include "autograd/core/fail.hpp"

namespace xgrad {

/// LimitError for a table of more than 2^27 numbers (1 GiB).
inline void check_table(std::int64_t rows, std::int64_t columns, const char* call, const Location& where) {
  constexpr std::int64_t most = std::int64_t{1} << 27;
  std::int64_t numbers = 0;
  check<LimitError>(!__builtin_mul_overflow(rows, columns, &numbers) && numbers <= most, where, call,
                    ": needs a table of ", rows, " times ", columns, " numbers, the most is ", most);
}

}  // namespace xgrad
