#include "autograd/tape/text.hpp"

#include <cstdint>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

constexpr std::size_t word = sizeof(std::int64_t);

/// One word for the length, and as many as the bytes need.
std::size_t words_for(std::size_t bytes) { return 1 + (bytes + word - 1) / word; }

}  // namespace

Tensor text_tensor(const std::string& text, const Location& where) {
  const std::size_t words = words_for(text.size());
  const Buffer buffer = Buffer::allocate(words * word, "state", where);
  auto* to = static_cast<std::int64_t*>(buffer.data());
  std::memset(to, 0, words * word);
  to[0] = static_cast<std::int64_t>(text.size());
  std::memcpy(to + 1, text.data(), text.size());
  return make_leaf(Shape{static_cast<std::int64_t>(words)}, int64, buffer, where);
}

std::string text_of(const Tensor& tensor, const char* operation, const Location& where) {
  check<FormatError>(tensor.defined() && tensor.dtype() == int64 && tensor.ndim() == 1 && tensor.numel() > 0, where,
                     operation, ": ", describe(tensor), " is not a text");
  const auto values = tensor.data<std::int64_t>(where);
  const bool fits = values[0] >= 0 && static_cast<std::size_t>(values[0]) <= (values.size() - 1) * word &&
                    words_for(static_cast<std::size_t>(values[0])) == values.size();
  check<FormatError>(fits, where, operation, ": ", describe(tensor), " is not a text of ", values[0], " bytes");
  std::string text(static_cast<std::size_t>(values[0]), '\0');
  std::memcpy(text.data(), values.data() + 1, text.size());
  return text;
}

}  // namespace xgrad
