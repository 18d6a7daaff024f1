#include "data/elements.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"
#include "autograd/tape/record.hpp"
#include "data/narrow_float.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

static_assert(std::endian::native == std::endian::little, "the file formats of this room are little-endian");

bool is_native(ElementType type) { return type <= ElementType::boolean; }

/// The places where the elements of an array in Fortran order belong, one after the other.
class FortranPlaces {
 public:
  explicit FortranPlaces(const Shape& shape) : shape_(shape) {
    std::int64_t stride = 1;
    for (std::int64_t axis = shape.ndim() - 1; axis >= 0; --axis) {
      strides_[axis] = stride;
      stride *= shape[axis];
    }
  }
  std::size_t next() {
    const std::int64_t place = place_;
    for (std::int64_t axis = 0; axis < shape_.ndim(); ++axis) {
      place_ += strides_[axis];
      if (++index_[axis] < shape_[axis]) break;
      place_ -= strides_[axis] * shape_[axis];
      index_[axis] = 0;
    }
    return static_cast<std::size_t>(place);
  }

 private:
  const Shape& shape_;
  std::int64_t strides_[max_ndim] = {}, index_[max_ndim] = {}, place_ = 0;
};

/// Takes elements over into a Tensor, a piece at a time.
class Taking {
 public:
  Taking(const ElementLayout& layout, const Shape& shape, void* to, const char* operation, const std::string& path,
         const Location& where)
      : layout_(layout), places_(shape), to_(to), operation_(operation), path_(path), where_(where) {}

  /// Elements that were read, which may be changed.
  void take(char* elements, std::size_t count) {
    const std::size_t size = item_size(layout_.type);
    if (layout_.big_endian && size > 1)
      for (std::size_t i = 0; i < count; ++i) std::reverse(elements + i * size, elements + (i + 1) * size);
    convert(elements, count);
    taken_ += count;
  }

 private:
  template <class From, class To, class Convert>
  void widen(const char* elements, std::size_t count, Convert convert) {
    auto* out = static_cast<To*>(to_);
    for (std::size_t i = 0; i < count; ++i) {
      From value;
      std::memcpy(&value, elements + i * sizeof(From), sizeof(From));
      out[layout_.fortran_order ? places_.next() : taken_ + i] = convert(value, i);
    }
  }
  template <class T>
  void keep(const char* elements, std::size_t count) {
    widen<T, T>(elements, count, [](T value, std::size_t) { return value; });
  }
  template <class From>
  void widen_whole(const char* elements, std::size_t count) {
    widen<From, std::int64_t>(elements, count, [](From value, std::size_t) { return std::int64_t{value}; });
  }
  std::int64_t checked_whole(std::uint64_t value, std::size_t i) const {
    check<ValueError>(value >> 63 == 0, where_, operation_, ": ", printable(path_), ": element ", taken_ + i, " is ",
                      value, ", beyond what int64 holds");
    return static_cast<std::int64_t>(value);
  }
  /// A C++ bool is 0 or 1; other bytes would be undefined behaviour later.
  unsigned char checked_boolean(unsigned char value, std::size_t i) const {
    check<FormatError>(value <= 1, where_, operation_, ": ", printable(path_), ": element ", taken_ + i,
                       " of a bool array is ", int{value});
    return value;
  }
  void convert(const char* elements, std::size_t count) {
    switch (layout_.type) {
      case ElementType::f32:
        return keep<float>(elements, count);
      case ElementType::f64:
        return keep<double>(elements, count);
      case ElementType::i64:
        return keep<std::int64_t>(elements, count);
      case ElementType::boolean:
        return widen<unsigned char, unsigned char>(
            elements, count, [this](unsigned char value, std::size_t i) { return checked_boolean(value, i); });
      case ElementType::f16:
        return widen<std::uint16_t, float>(elements, count,
                                           [](std::uint16_t bits, std::size_t) { return from_half(bits); });
      case ElementType::bf16:
        return widen<std::uint16_t, float>(elements, count,
                                           [](std::uint16_t bits, std::size_t) { return from_bfloat(bits); });
      case ElementType::i8:
        return widen_whole<std::int8_t>(elements, count);
      case ElementType::i16:
        return widen_whole<std::int16_t>(elements, count);
      case ElementType::i32:
        return widen_whole<std::int32_t>(elements, count);
      case ElementType::u8:
        return widen_whole<std::uint8_t>(elements, count);
      case ElementType::u16:
        return widen_whole<std::uint16_t>(elements, count);
      case ElementType::u32:
        return widen_whole<std::uint32_t>(elements, count);
      case ElementType::u64:
        return widen<std::uint64_t, std::int64_t>(
            elements, count, [this](std::uint64_t value, std::size_t i) { return checked_whole(value, i); });
    }
  }

  const ElementLayout& layout_;
  FortranPlaces places_;
  void* to_;
  const char* operation_;
  const std::string& path_;
  const Location& where_;
  std::size_t taken_ = 0;
};

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
  constexpr std::size_t sizes[] = {4, 8, 8, 1, 2, 2, 1, 2, 4, 1, 2, 4, 8};
  return sizes[static_cast<std::size_t>(type)];
}

DType tensor_dtype(ElementType type) {
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

std::uint64_t checked_bytes(ElementType type, const Shape& shape, const char* operation, const std::string& path,
                            const Location& where) {
  std::uint64_t bytes = xgrad::item_size(tensor_dtype(type));  // of the Tensor, which may be wider
  bool fits = true;
  // In any order of the sizes, so that a 0 does not hide an overflow before it.
  for (const std::int64_t size : shape)
    if (size != 0) fits = fits && multiply(bytes, static_cast<std::uint64_t>(size));
  check<LimitError>(fits, where, operation, ": ", printable(path), ": shape ", shape, " is beyond what can be held");
  return static_cast<std::uint64_t>(shape.numel()) * item_size(type);
}

Tensor read_elements(ByteSource& file, const ElementLayout& layout, const Shape& shape, const char* operation,
                     const std::string& path, const Location& where) {
  const auto count = static_cast<std::size_t>(shape.numel());
  const std::size_t size = item_size(layout.type);
  const DType dtype = tensor_dtype(layout.type);
  const Buffer buffer = Buffer::allocate(count * xgrad::item_size(dtype), operation, where);
  const bool as_it_is = is_native(layout.type) && layout.type != ElementType::boolean && !layout.big_endian &&
                        (!layout.fortran_order || shape.ndim() < 2);
  if (as_it_is) {
    file.read(buffer.data(), count * size);
  } else {
    std::vector<char> piece(std::min(piece_size, count * size));
    Taking taking(layout, shape, buffer.data(), operation, path, where);
    for (std::size_t done = 0; done < count;) {
      const std::size_t now = std::min(count - done, piece_size / size);
      file.read(piece.data(), now * size);
      taking.take(piece.data(), now);
      done += now;
    }
  }
  return make_leaf(shape, dtype, buffer, where);
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
