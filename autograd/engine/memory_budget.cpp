#include "autograd/engine/memory_budget.hpp"

#include <atomic>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <string_view>

#include "autograd/core/fail.hpp"

namespace xgrad {

namespace {

// The power of two that a suffix stands for; -1 for an unknown one.
int bits_of(std::string_view suffix) {
  if (suffix.empty()) return 0;
  if (suffix == "K") return 10;
  if (suffix == "M") return 20;
  return suffix == "G" ? 30 : -1;
}

std::atomic<std::size_t>& budget() {
  static std::atomic<std::size_t> bytes = [] {
    const char* text = std::getenv("XGRAD_MEMORY_BUDGET");
    return fused::parse_memory_budget(text ? text : "");
  }();
  return bytes;
}

}  // namespace

std::size_t fused::parse_memory_budget(std::string_view text) {
  if (text.empty()) return 0;
  std::size_t count = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const int bits = bits_of(text.substr(static_cast<std::size_t>(stop - text.data())));
  const bool valid = error == std::errc{} && bits >= 0 && count <= std::numeric_limits<std::size_t>::max() >> bits;
  check<ValueError>(valid, Location::current(), "XGRAD_MEMORY_BUDGET: '", text,
                    "' is no number of bytes, such as 500000, 64K, 512M or 2G");
  return count << bits;
}

void set_memory_budget(std::size_t bytes) { budget() = bytes; }
std::size_t memory_budget() { return budget(); }

}  // namespace xgrad
