#include "data/idx_header.hpp"

#include <optional>
#include <utility>

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

std::optional<ElementType> type_for(unsigned char code) {
  constexpr std::pair<unsigned char, ElementType> codes[] = {{0x08, ElementType::u8},  {0x09, ElementType::i8},
                                                             {0x0B, ElementType::i16}, {0x0C, ElementType::i32},
                                                             {0x0D, ElementType::f32}, {0x0E, ElementType::f64}};
  for (const auto& [known, type] : codes)
    if (code == known) return type;
  return std::nullopt;
}

Shape read_shape(Contents& file, unsigned char axes) {
  Shape shape = Shape::filled(axes, 0);
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    unsigned char bytes[4];
    file.read(bytes, 4);
    shape[axis] = std::int64_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
  }
  return shape;
}

}  // namespace

IdxHeader read_idx_header(Contents& file, const char* operation, const std::string& path, const Location& where) {
  unsigned char magic[4];
  file.read(magic, 4);
  check<FormatError>(!(magic[0] == 0x1f && magic[1] == 0x8b), where, operation, ": ", printable(path),
                     " looks gzip-compressed twice");
  check<FormatError>(magic[0] == 0 && magic[1] == 0, where, operation, ": ", printable(path),
                     " is not an IDX file: at byte 0 two zero bytes are expected");
  const auto type = type_for(magic[2]);
  check<FormatError>(type.has_value(), where, operation, ": ", printable(path), ": at byte 2: unknown element type ",
                     int{magic[2]});
  check<FormatError>(magic[3] >= 1 && magic[3] <= max_ndim, where, operation, ": ", printable(path),
                     ": at byte 3: ", int{magic[3]}, " axes");
  IdxHeader header{*type, read_shape(file, magic[3])};
  const std::uint64_t bytes = checked_bytes(header.type, header.shape, operation, path, where);
  const std::uint64_t left = file.size() < file.offset() ? 0 : file.size() - file.offset();
  if (file.compressed())
    check<FormatError>(bytes <= left, where, operation, ": ", printable(path), ": shape ", header.shape, " needs ",
                       bytes, " bytes, more than the compressed bytes can hold, which are ", left, " at most");
  else
    check<FormatError>(bytes == left, where, operation, ": ", printable(path), ": shape ", header.shape, " needs ",
                       bytes, " bytes after byte ", file.offset(), ", the file has ", left);
  return header;
}

}  // namespace xgrad::data
