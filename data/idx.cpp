#include "data/idx.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "data/file.hpp"

namespace xgrad::data {

namespace {

constexpr const char* operation = "load_idx";

std::uint64_t item_bytes(IdxArray::Type type) {
  switch (type) {
    case IdxArray::Type::u8:
    case IdxArray::Type::i8:
      return 1;
    case IdxArray::Type::i16:
      return 2;
    case IdxArray::Type::i32:
    case IdxArray::Type::f32:
      return 4;
    case IdxArray::Type::f64:
      return 8;
  }
  return 0;
}

/// The bytes of a file, inflated when it is gzip-compressed.
class Inflated {
 public:
  Inflated(const std::string& path, const Location& where) : path_(path), where_(where) {
    InputFile file(operation, path, where);
    size_ = file.size();
    const int descriptor = file.detach();
    stream_ = gzdopen(descriptor, "rb");
    if (!stream_) ::close(descriptor);
    check<LimitError>(stream_ != nullptr, where, operation, ": no memory to read ", printable(path));
    gzbuffer(stream_, 1 << 17);
  }
  ~Inflated() { gzclose(stream_); }
  Inflated(const Inflated&) = delete;
  Inflated& operator=(const Inflated&) = delete;

  /// Up to `bytes` bytes; less only at the end.
  std::size_t read_some(void* to, std::size_t bytes) {
    const int got = gzread(stream_, to, static_cast<unsigned>(bytes));
    int code = Z_OK;
    const char* reason = gzerror(stream_, &code);
    check<FormatError>(got >= 0 && (code == Z_OK || code == Z_STREAM_END), where_, operation, ": ", printable(path_),
                       " is gzip-compressed, but damaged after byte ", offset_, " of its contents: ", reason);
    offset_ += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  void read(void* to, std::size_t bytes) {
    const std::uint64_t start = offset_;
    const std::size_t got = read_some(to, bytes);
    check<FormatError>(got == bytes, where_, operation, ": ", printable(path_), " ends in its header, at byte ",
                       start + got);
  }
  bool compressed() { return gzdirect(stream_) == 0; }
  std::uint64_t size() const { return size_; }
  std::uint64_t offset() const { return offset_; }

 private:
  std::string path_;
  Location where_;
  gzFile stream_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t offset_ = 0;
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

IdxArray read_header(Inflated& file, const std::string& path, const Location& where) {
  std::uint8_t magic[4];
  file.read(magic, 4);
  check<FormatError>(!(magic[0] == 0x1f && magic[1] == 0x8b), where, operation, ": ", printable(path),
                     " looks gzip-compressed twice");
  check<FormatError>(magic[0] == 0 && magic[1] == 0, where, operation, ": ", printable(path),
                     " is not an IDX file: at byte 0 two zero bytes are expected");
  const auto type = static_cast<IdxArray::Type>(magic[2]);
  check<FormatError>(item_bytes(type) != 0, where, operation, ": ", printable(path),
                     ": at byte 2: unknown element type ", int{magic[2]});
  check<FormatError>(magic[3] >= 1 && magic[3] <= max_ndim, where, operation, ": ", printable(path),
                     ": at byte 3: ", int{magic[3]}, " axes");
  Shape shape = Shape::filled(magic[3], 0);
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) {
    std::uint8_t bytes[4];
    file.read(bytes, 4);
    shape[axis] = big_endian(bytes);
  }
  return {type, std::move(shape), {}};
}

/// How many bytes of elements the header announces, which the file may really hold.
std::uint64_t announced_bytes(const IdxArray& array, Inflated& file, const std::string& path, const Location& where) {
  std::uint64_t bytes = item_bytes(array.type);
  bool fits = true;
  for (const std::int64_t size : array.shape)
    if (size != 0) fits = fits && multiply(bytes, static_cast<std::uint64_t>(size));
  check<LimitError>(fits, where, operation, ": ", printable(path), ": at byte 4: shape ", array.shape,
                    " is beyond what can be held");
  if (array.shape.numel() == 0) bytes = 0;
  if (file.compressed()) {
    constexpr std::uint64_t most_inflation = 1032;  // the best that deflate can do
    check<FormatError>(bytes / most_inflation <= file.size(), where, operation, ": ", printable(path), ": shape ",
                       array.shape, " needs ", bytes, " bytes, more than ", file.size(), " compressed bytes can hold");
  } else {
    check<FormatError>(file.size() - file.offset() == bytes, where, operation, ": ", printable(path), ": shape ",
                       array.shape, " needs ", bytes, " bytes after byte ", file.offset(), ", the file has ",
                       file.size() - file.offset());
  }
  return bytes;
}

template <class T>
T from_big_endian(const std::uint8_t* bytes) {
  std::uint8_t reversed[sizeof(T)];
  std::reverse_copy(bytes, bytes + sizeof(T), reversed);
  T value;
  std::memcpy(&value, reversed, sizeof(T));
  return value;
}

template <class From, class To>
Tensor widen(const IdxArray& array, const Location& where) {
  std::vector<To> values(array.bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = from_big_endian<From>(array.bytes.data() + i * sizeof(From));
  return tensor_from(values.data(), array.shape, dtype_of<To>, where);
}

}  // namespace

IdxArray read_idx(const std::string& path, const Location& where) {
  Inflated file(path, where);
  IdxArray array = read_header(file, path, where);
  const std::uint64_t bytes = announced_bytes(array, file, path, where);
  // Grows with what really comes, whatever the header promises.
  constexpr std::uint64_t chunk = 1 << 20;
  while (array.bytes.size() < bytes) {
    const std::size_t have = array.bytes.size();
    array.bytes.resize(have + std::min(bytes - have, chunk));
    const std::size_t got = file.read_some(array.bytes.data() + have, array.bytes.size() - have);
    check<FormatError>(got == array.bytes.size() - have, where, operation, ": ", printable(path), ": shape ",
                       array.shape, " needs ", bytes, " bytes, the file has ", have + got);
  }
  std::uint8_t more;
  check<FormatError>(file.read_some(&more, 1) == 0, where, operation, ": ", printable(path), ": shape ", array.shape,
                     " needs ", bytes, " bytes, the file goes on after them");
  return array;
}

Tensor load_idx(const std::string& path, const Location& where) {
  const IdxArray array = read_idx(path, where);
  switch (array.type) {
    case IdxArray::Type::u8:
      return widen<std::uint8_t, std::int64_t>(array, where);
    case IdxArray::Type::i8:
      return widen<std::int8_t, std::int64_t>(array, where);
    case IdxArray::Type::i16:
      return widen<std::int16_t, std::int64_t>(array, where);
    case IdxArray::Type::i32:
      return widen<std::int32_t, std::int64_t>(array, where);
    case IdxArray::Type::f32:
      return widen<float, float>(array, where);
    case IdxArray::Type::f64:
      break;
  }
  return widen<double, double>(array, where);
}

}  // namespace xgrad::data
