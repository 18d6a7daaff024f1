#pragma once

#include <cstdint>

namespace xgrad::data {

/// What a file holds floating values as. The narrow ones are rounded to nearest, ties to even; magnitudes beyond the
/// largest number (float16: from 65520 on, bfloat16: from 3.396e38 on) become infinite, NaN stays NaN.
enum class FloatStorage : std::uint8_t { exact, float16, bfloat16 };

struct SaveOptions {
  FloatStorage floats = FloatStorage::exact;  ///< int64 and bool are always stored as they are
};

}  // namespace xgrad::data
