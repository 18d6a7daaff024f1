#include "data/npy_array.hpp"

#include "data/npy_header.hpp"

namespace xgrad::data {

Tensor read_npy(ByteSource& source, const char* operation, const std::string& path, const Location& where) {
  const NpyHeader header = read_npy_header(source, operation, path, where);
  return read_elements(source, header.layout, header.shape, operation, path, where);
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
  std::string start(npy_magic);
  start += {'\1', '\0', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return start + text;
}

void write_npy(ByteSink& sink, const Tensor& tensor, ElementType type) {
  sink.write(npy_header(tensor.shape(), type));
  write_elements(sink, tensor, type);
}

}  // namespace xgrad::data
