#include "data/npy_header.hpp"

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

/// Reads the Python dictionary in the header: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
class HeaderParser {
 public:
  HeaderParser(const std::string& text, std::uint64_t offset, const char* operation, const std::string& path,
               const Location& where)
      : text_(text), offset_(offset), operation_(operation), path_(path), where_(where) {}

  NpyHeader parse() {
    NpyHeader header;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : 3;
      require(which < 3, "an unknown key");
      require(!std::exchange(seen[which], true), "a key given twice");
      expect(':');
      if (which == 0) descr(header.layout);
      if (which == 1) header.layout.fortran_order = boolean();
      if (which == 2) header.shape = shape();
      if (accept('}')) break;
      expect(',');
    }
    require(seen[0] && seen[1] && seen[2], "no 'descr', 'fortran_order' or 'shape'");
    skip();
    require(at_ == text_.size(), "something after the dictionary");
    return header;
  }

 private:
  void require(bool condition, const char* what) const {
    check<FormatError>(condition, where_, operation_, ": ", printable(path_), ": the header has ", what, " at byte ",
                       offset_ + at_);
  }
  void skip() {
    while (at_ < text_.size() && std::strchr(" \t\r\n", text_[at_]) && text_[at_] != '\0') ++at_;
  }
  bool accept(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    const char what[] = {'n', 'o', ' ', '\'', c, '\'', '\0'};
    require(accept(c), what);
  }
  std::string string() {
    skip();
    require(at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"'), "no string");
    const std::size_t end = text_.find(text_[at_], at_ + 1);
    require(end != std::string::npos, "an unfinished string");
    const std::string value = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return value;
  }
  bool word(std::string_view word) {
    if (text_.compare(at_, word.size(), word) != 0) return false;
    at_ += word.size();
    return true;
  }
  bool boolean() {
    skip();
    if (word("True")) return true;
    require(word("False"), "neither True nor False");
    return false;
  }
  /// A byte order, '<' for little-endian and '>' for big-endian, a letter for the kind, and the size in bytes. Without
  /// an order, or with '=', the order is this machine's; '|' says that there is none.
  void descr(ElementLayout& layout) {
    skip();
    require(at_ < text_.size() && text_[at_] != '[', "a structured element type, which is not supported,");
    const std::string name = string();
    const bool ordered = !name.empty() && std::string_view("<>=|").find(name[0]) != std::string_view::npos;
    const std::string_view kind = std::string_view(name).substr(ordered ? 1 : 0);
    constexpr std::pair<std::string_view, ElementType> types[] = {
        {"f4", ElementType::f32}, {"f8", ElementType::f64}, {"i8", ElementType::i64}, {"b1", ElementType::boolean},
        {"f2", ElementType::f16}, {"i4", ElementType::i32}, {"i2", ElementType::i16}, {"i1", ElementType::i8},
        {"u1", ElementType::u8},  {"u2", ElementType::u16}, {"u4", ElementType::u32}, {"u8", ElementType::u64}};
    layout.big_endian = ordered && name[0] == '>';
    for (const auto& [text, type] : types) {
      if (kind != text) continue;
      layout.type = type;
      return;
    }
    fail<FormatError>(where_, operation_, ": ", printable(path_), ": element type ", printable(name),
                      " is not supported");
  }
  std::int64_t size() {
    skip();
    require(at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9', "no number");
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const bool fits = multiply(value, 10);
      value += static_cast<std::uint64_t>(text_[at_] - '0');
      check<LimitError>(fits && value >> 63 == 0, where_, operation_, ": ", printable(path_), ": a size at byte ",
                        offset_ + at_, " is beyond what can be held");
    }
    return static_cast<std::int64_t>(value);
  }
  Shape shape() {
    expect('(');
    std::vector<std::int64_t> sizes;
    bool comma = true;
    while (!accept(')')) {
      require(comma, "no ','");
      require(static_cast<std::int64_t>(sizes.size()) < max_ndim, "more axes than are supported");
      sizes.push_back(size());
      comma = accept(',');
    }
    require(comma || sizes.size() != 1, "a shape that is not a tuple");  // (3) is a number in Python
    return sizes;
  }

  const std::string& text_;
  std::uint64_t offset_;
  const char* operation_;
  const std::string& path_;
  Location where_;
  std::size_t at_ = 0;
};

std::string read_dictionary(ByteSource& file, const char* operation, const std::string& path, const Location& where) {
  std::uint8_t start[8];
  file.read(start, 8);
  check<FormatError>(std::memcmp(start, npy_magic.data(), npy_magic.size()) == 0, where, operation, ": ",
                     printable(path), " is not a .npy file: it starts otherwise");
  check<FormatError>(start[6] >= 1 && start[6] <= 3 && start[7] == 0, where, operation, ": ", printable(path),
                     " has version ", int{start[6]}, ".", int{start[7]}, ", known are 1.0, 2.0 and 3.0");
  std::uint8_t length_bytes[4] = {};
  file.read(length_bytes, start[6] == 1 ? 2 : 4);
  std::uint32_t length;
  std::memcpy(&length, length_bytes, 4);
  const std::uint64_t left = file.size() - file.offset();
  check<FormatError>(length <= left, where, operation, ": ", printable(path), ": a header of ", length,
                     " bytes is announced, the file has ", left, " more");
  constexpr std::uint32_t most = 1 << 16;
  check<FormatError>(length <= most, where, operation, ": ", printable(path), ": a header of ", length,
                     " bytes is announced, no array needs more than ", most);
  std::string text(length, '\0');
  file.read(text.data(), length);
  return text;
}

}  // namespace

NpyHeader read_npy_header(ByteSource& source, const char* operation, const std::string& path, const Location& where) {
  const std::string text = read_dictionary(source, operation, path, where);
  NpyHeader header = HeaderParser(text, source.offset() - text.size(), operation, path, where).parse();
  const std::uint64_t left = source.size() - source.offset();
  const std::uint64_t bytes = checked_bytes(header.layout.type, header.shape, operation, path, where);
  check<FormatError>(bytes == left, where, operation, ": ", printable(path), ": shape ", header.shape, " needs ", bytes,
                     " bytes after byte ", source.offset(), ", the file has ", left);
  return header;
}

}  // namespace xgrad::data
