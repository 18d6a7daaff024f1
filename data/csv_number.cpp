#include "data/csv_number.hpp"

#include <algorithm>
#include <type_traits>

namespace xgrad::data {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether a number that does not fit its type is too near to 0, and not too far from it: by the decimal exponent of
/// its first digit.
bool is_tiny(std::string_view text) {
  std::int64_t exponent = 0;  // of the first digit that is not 0
  bool fraction = false, begun = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') fraction = true;
    if (!is_digit(text[i])) continue;
    begun = begun || text[i] != '0';
    if (begun && !fraction) ++exponent;
    if (!begun && fraction) --exponent;
  }
  if (i == text.size()) return exponent <= 0;
  const bool negative = i + 1 < text.size() && text[i + 1] == '-';
  std::int64_t written = 0;
  constexpr std::int64_t beyond_all = 1'000'000'000;  // more than there are digits in a file
  for (const char c : text.substr(i + 1))
    if (is_digit(c)) written = std::min(written * 10 + (c - '0'), beyond_all);
  return exponent + (negative ? -written : written) <= 0;
}

/// Whether it is a decimal number and not one of the other texts that from_chars takes.
bool is_decimal(std::string_view text, bool non_finite) {
  const std::string_view magnitude = text.substr(text.starts_with('-') ? 1 : 0);
  if (!magnitude.empty() && (is_digit(magnitude[0]) || magnitude[0] == '.')) return true;
  std::string word(magnitude);
  std::ranges::transform(word, word.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return non_finite && (word == "nan" || word == "inf" || word == "infinity");
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

template <class T>
Reading read_number(std::string_view text, char decimal, bool non_finite, T& value) {
  text = trimmed(text);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  std::string with_point;
  if (decimal != '.') {
    if (text.find('.') != std::string_view::npos) return Reading::not_a_number;
    with_point = text;
    std::ranges::replace(with_point, decimal, '.');
    text = with_point;
  }
  if (!is_decimal(text, non_finite && !std::is_integral_v<T>)) return Reading::not_a_number;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (stop != text.data() + text.size() || error == std::errc::invalid_argument) return Reading::not_a_number;
  if (error != std::errc::result_out_of_range) return Reading::number;
  if constexpr (std::is_integral_v<T>) return Reading::beyond;
  if (!is_tiny(text)) return Reading::beyond;
  value = text[0] == '-' ? -T{0} : T{0};
  return Reading::number;
}

template Reading read_number(std::string_view, char, bool, float&);
template Reading read_number(std::string_view, char, bool, double&);
template Reading read_number(std::string_view, char, bool, std::int64_t&);

}  // namespace xgrad::data
