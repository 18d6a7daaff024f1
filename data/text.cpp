#include "data/text.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"
#include "data/contents.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Calls `take` with one piece after the other.
template <class Take>
void for_each_piece(Contents& file, Take take) {
  const auto piece = std::make_unique_for_overwrite<char[]>(piece_size);
  while (const std::uint64_t got = file.read_some(piece.get(), piece_size))
    take(std::string_view(piece.get(), static_cast<std::size_t>(got)));
}

/// How many bytes there are, which of a compressed file only inflating it tells. LimitError beyond what can be held.
std::size_t count_bytes(Contents& file) {
  if (!file.compressed()) return file.size();
  for_each_piece(file, [](std::string_view) {});
  const std::uint64_t bytes = file.offset();
  file.rewind();
  return bytes;
}

void check_unchanged(bool unchanged, const char* operation, const std::string& path, const Location& where) {
  check<IoError>(unchanged, where, operation, ": ", printable(path), " was changed while it was read");
}

std::string read_text(const char* operation, const std::string& path, const Location& where) {
  Contents file(operation, path, where);
  std::string text(count_bytes(file), '\0');
  check_unchanged(file.read_some(text.data(), text.size()) == text.size(), operation, path, where);
  file.expect_end();
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  return text;
}

}  // namespace

std::string load_text(const std::string& path, const Location& where) {
  constexpr const char* operation = "load_text";
  return reading(operation, path, where, [&] { return read_text(operation, path, where); });
}

std::vector<std::string> load_lines(const std::string& path, const Location& where) {
  constexpr const char* operation = "load_lines";
  return reading(operation, path, where, [&] {
    Contents file(operation, path, where);
    std::size_t ends = 0;
    for_each_piece(file, [&](std::string_view piece) { ends += std::size_t(std::ranges::count(piece, '\n')); });
    file.rewind();
    std::vector<std::string> lines;
    lines.reserve(ends + 1);  // growing would take twice the memory
    std::string line;
    const auto finish = [&] {
      if (lines.empty() && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
      if (line.ends_with('\r')) line.pop_back();
      lines.push_back(line);
      line.clear();
    };
    for_each_piece(file, [&](std::string_view piece) {
      for (std::size_t end = 0; (end = piece.find('\n')) != std::string_view::npos; piece.remove_prefix(end + 1)) {
        line += piece.substr(0, end);
        finish();
      }
      line += piece;
    });
    if (!line.empty() && !(lines.empty() && line == byte_order_mark)) finish();
    return lines;
  });
}

Tensor load_bytes(const std::string& path, const Location& where) {
  constexpr const char* operation = "load_bytes";
  return reading(operation, path, where, [&] {
    Contents file(operation, path, where);
    const std::size_t count = count_bytes(file);
    const Shape shape{static_cast<std::int64_t>(count)};
    check_shape(shape, sizeof(std::int64_t), operation, where);
    const Buffer buffer = Buffer::allocate(count * sizeof(std::int64_t), operation, where);
    auto* at = static_cast<std::int64_t*>(buffer.data());
    std::size_t left = count;
    for_each_piece(file, [&](std::string_view piece) {
      check_unchanged(piece.size() <= left, operation, path, where);
      left -= piece.size();
      for (const char byte : piece) *at++ = static_cast<unsigned char>(byte);
    });
    check_unchanged(left == 0, operation, path, where);
    return make_leaf(shape, int64, buffer, where);
  });
}

}  // namespace xgrad::data
