#include "data/elements.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"
#include "autograd/tape/record.hpp"
#include "data/narrow_float.hpp"

namespace xgrad::data {

namespace {

static_assert(std::endian::native == std::endian::little, "the file formats of this room are little-endian");

DType dtype_for(ElementType type) {
  switch (type) {
    case ElementType::f32:
    case ElementType::f16:
    case ElementType::bf16:
      return float32;
    case ElementType::f64:
      return float64;
    case ElementType::boolean:
      return boolean;
    default:
      return int64;
  }
}

bool is_native(ElementType type) { return type <= ElementType::boolean; }

template <class From, class To, class Convert>
void widen(const void* elements, void* to, std::size_t count, Convert convert) {
  const auto* at = static_cast<const char*>(elements);
  auto* out = static_cast<To*>(to);
  for (std::size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, at + i * sizeof(From), sizeof(From));
    out[i] = convert(value);
  }
}

template <class From>
void widen_whole(const void* elements, void* to, std::size_t count) {
  widen<From, std::int64_t>(elements, to, count, [](From value) { return std::int64_t{value}; });
}

void convert(const void* elements, ElementType type, void* to, std::size_t count) {
  switch (type) {
    case ElementType::f16:
      return widen<std::uint16_t, float>(elements, to, count, from_half);
    case ElementType::bf16:
      return widen<std::uint16_t, float>(elements, to, count, from_bfloat);
    case ElementType::i8:
      return widen_whole<std::int8_t>(elements, to, count);
    case ElementType::i16:
      return widen_whole<std::int16_t>(elements, to, count);
    case ElementType::i32:
      return widen_whole<std::int32_t>(elements, to, count);
    case ElementType::u8:
      return widen_whole<std::uint8_t>(elements, to, count);
    case ElementType::u16:
      return widen_whole<std::uint16_t>(elements, to, count);
    case ElementType::u32:
      return widen_whole<std::uint32_t>(elements, to, count);
    default:
      if (count > 0) std::memcpy(to, elements, count * item_size(type));
  }
}

/// A C++ bool is 0 or 1; other bytes would be undefined behaviour later.
void check_booleans(const void* elements, std::size_t count, const char* operation, const std::string& path,
                    const Location& where) {
  const auto* bytes = static_cast<const unsigned char*>(elements);
  for (std::size_t i = 0; i < count; ++i)
    if (bytes[i] > 1)
      fail<FormatError>(where, operation, ": ", printable(path), ": element ", i, " of a bool array is ",
                        int{bytes[i]});
}

/// Elements of a Tensor, some at a time, as 16 bits each.
template <class From>
void write_narrow(ByteSink& file, const From* values, std::size_t count, ElementType type) {
  constexpr std::size_t most = 1 << 16;
  std::vector<std::uint16_t> chunk;
  for (std::size_t begin = 0; begin < count; begin += most) {
    chunk.resize(std::min(most, count - begin));
    std::transform(values + begin, values + begin + chunk.size(), chunk.begin(),
                   [type](From value) { return type == ElementType::f16 ? to_half(value) : to_bfloat(value); });
    file.write(chunk.data(), chunk.size() * sizeof(std::uint16_t));
  }
}

}  // namespace

std::size_t item_size(ElementType type) {
  constexpr std::size_t sizes[] = {4, 8, 8, 1, 2, 2, 1, 2, 4, 1, 2, 4};
  return sizes[static_cast<std::size_t>(type)];
}

std::uint64_t checked_bytes(ElementType type, const Shape& shape, const char* operation, const std::string& path,
                            const Location& where) {
  std::uint64_t bytes = xgrad::item_size(dtype_for(type));  // of the Tensor, which may be wider
  bool fits = true;
  // In any order of the sizes, so that a 0 does not hide an overflow before it.
  for (const std::int64_t size : shape)
    if (size != 0) fits = fits && multiply(bytes, static_cast<std::uint64_t>(size));
  check<LimitError>(fits, where, operation, ": ", printable(path), ": shape ", shape, " is beyond what can be held");
  return static_cast<std::uint64_t>(shape.numel()) * item_size(type);
}

Tensor to_tensor(const void* elements, ElementType type, const Shape& shape, const char* operation,
                 const std::string& path, const Location& where) {
  const auto count = static_cast<std::size_t>(shape.numel());
  if (type == ElementType::boolean) check_booleans(elements, count, operation, path, where);
  const DType dtype = dtype_for(type);
  const Buffer buffer = Buffer::allocate(count * xgrad::item_size(dtype), operation, where);
  convert(elements, type, buffer.data(), count);
  return make_leaf(shape, dtype, buffer, where);
}

Tensor read_elements(ByteSource& file, ElementType type, const Shape& shape, const char* operation,
                     const std::string& path, const Location& where) {
  const auto count = static_cast<std::size_t>(shape.numel());
  if (!is_native(type)) {
    std::vector<char> elements(count * item_size(type));
    file.read(elements.data(), elements.size());
    return to_tensor(elements.data(), type, shape, operation, path, where);
  }
  const Buffer buffer = Buffer::allocate(count * item_size(type), operation, where);
  file.read(buffer.data(), count * item_size(type));
  if (type == ElementType::boolean) check_booleans(buffer.data(), count, operation, path, where);
  return make_leaf(shape, dtype_for(type), buffer, where);
}

ElementType stored_type(DType dtype, FloatStorage floats) {
  constexpr ElementType types[] = {ElementType::f32, ElementType::f64, ElementType::i64, ElementType::boolean};
  if (!is_floating(dtype) || floats == FloatStorage::exact) return types[static_cast<int>(dtype)];
  return floats == FloatStorage::float16 ? ElementType::f16 : ElementType::bf16;
}

void write_elements(ByteSink& file, const Tensor& tensor, ElementType type) {
  const void* values = tensor.entry()->value.data();
  const auto count = static_cast<std::size_t>(tensor.numel());
  if (is_native(type)) return file.write(values, count * item_size(type));
  if (tensor.dtype() == float32)
    write_narrow(file, static_cast<const float*>(values), count, type);
  else
    write_narrow(file, static_cast<const double*>(values), count, type);
}

}  // namespace xgrad::data
