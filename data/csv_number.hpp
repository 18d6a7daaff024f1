#pragma once

// Numbers as people write them into files, whatever the locale.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace xgrad::data {

enum class Reading : std::uint8_t { number, not_a_number, beyond };

/// Reads the whole text as a decimal number, with blanks around it and a sign or not: float, double, or std::int64_t.
/// What is nearer to 0 than the type can say is 0. nan, inf and infinity are numbers if `non_finite` says so.
template <class T>
Reading read_number(std::string_view text, char decimal, bool non_finite, T& value);

/// Without blanks and tabs at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace xgrad::data
