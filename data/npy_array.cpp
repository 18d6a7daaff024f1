#include "data/npy_array.hpp"

#include <cstring>
#include <string_view>
#include <utility>

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  ElementType type = ElementType::f32;
  bool fortran_order = false;
  Shape shape;
};

/// Reads the Python dictionary in the header: `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
class HeaderParser {
 public:
  HeaderParser(const std::string& text, std::uint64_t offset, const char* operation, const std::string& path,
               const Location& where)
      : text_(text), offset_(offset), operation_(operation), path_(path), where_(where) {}

  Header parse() {
    Header header;
    bool seen[3] = {};
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      const int which = key == "descr" ? 0 : key == "fortran_order" ? 1 : key == "shape" ? 2 : 3;
      require(which < 3, "an unknown key");
      require(!std::exchange(seen[which], true), "a key given twice");
      expect(':');
      if (which == 0) header.type = descr();
      if (which == 1) header.fortran_order = boolean();
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
  ElementType descr() {
    skip();
    require(at_ < text_.size() && text_[at_] != '[', "a structured element type, which is not supported,");
    const std::string name = string();
    constexpr std::pair<std::string_view, ElementType> types[] = {
        {"<f4", ElementType::f32}, {"<f8", ElementType::f64}, {"<i8", ElementType::i64}, {"|b1", ElementType::boolean},
        {"<f2", ElementType::f16}, {"<i4", ElementType::i32}, {"<i2", ElementType::i16}, {"|i1", ElementType::i8},
        {"|u1", ElementType::u8},  {"<u2", ElementType::u16}, {"<u4", ElementType::u32}};
    for (const auto& [text, type] : types)
      if (name == text) return type;
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

Header read_header(ByteSource& file, const char* operation, const std::string& path, const Location& where) {
  std::uint8_t start[8];
  file.read(start, 8);
  check<FormatError>(std::memcmp(start, magic.data(), magic.size()) == 0, where, operation, ": ", printable(path),
                     " is not a .npy file: it starts otherwise");
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
  const std::uint64_t offset = file.offset();
  std::string text(length, '\0');
  file.read(text.data(), length);
  return HeaderParser(text, offset, operation, path, where).parse();
}

/// Rearranges elements from Fortran order, where the first axis moves fastest, to C order.
std::vector<char> to_c_order(const std::vector<char>& from, const Shape& shape, std::size_t item) {
  std::vector<char> to(from.size());
  std::vector<std::int64_t> index(static_cast<std::size_t>(shape.ndim()), 0);
  const std::int64_t count = shape.numel();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (std::int64_t axis = shape.ndim() - 1; axis >= 0; --axis)
      offset = offset * shape[axis] + index[static_cast<std::size_t>(axis)];
    std::memcpy(to.data() + static_cast<std::size_t>(i) * item, from.data() + static_cast<std::size_t>(offset) * item,
                item);
    for (std::int64_t axis = shape.ndim() - 1; axis >= 0; --axis) {
      if (++index[static_cast<std::size_t>(axis)] < shape[axis]) break;
      index[static_cast<std::size_t>(axis)] = 0;
    }
  }
  return to;
}

}  // namespace

Tensor read_npy(ByteSource& file, const char* operation, const std::string& path, const Location& where) {
  const Header header = read_header(file, operation, path, where);
  const std::uint64_t left = file.size() - file.offset();
  const std::uint64_t bytes = checked_bytes(header.type, header.shape, operation, path, where);
  check<FormatError>(bytes == left, where, operation, ": ", printable(path), ": shape ", header.shape, " needs ", bytes,
                     " bytes after byte ", file.offset(), ", the file has ", left);
  if (!header.fortran_order || header.shape.ndim() < 2)
    return read_elements(file, header.type, header.shape, operation, path, where);
  std::vector<char> elements(bytes);
  file.read(elements.data(), bytes);
  elements = to_c_order(elements, header.shape, item_size(header.type));
  return to_tensor(elements.data(), header.type, header.shape, operation, path, where);
}

std::string npy_header(const Shape& shape, ElementType type) {
  const char* descr = type == ElementType::f32   ? "<f4"
                      : type == ElementType::f64 ? "<f8"
                      : type == ElementType::i64 ? "<i8"
                      : type == ElementType::f16 ? "<f2"
                                                 : "|b1";
  std::string text = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (";
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) text += (axis > 0 ? ", " : "") + std::to_string(shape[axis]);
  if (shape.ndim() == 1) text += ",";
  text += "), }";
  // The elements start at a multiple of 64, and the header ends in a newline.
  constexpr std::size_t before = 10, alignment = 64;
  text.append((alignment - (before + text.size() + 1) % alignment) % alignment, ' ');
  text += '\n';
  std::string start(magic);
  start += {'\1', '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return start + text;
}

void write_npy(ByteSink& sink, const Tensor& tensor, ElementType type) {
  sink.write(npy_header(tensor.shape(), type));
  write_elements(sink, tensor, type);
}

}  // namespace xgrad::data
