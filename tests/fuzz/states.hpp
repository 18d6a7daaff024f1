#pragma once

// What the targets that load states ask of them.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/tape/state.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::fuzz {

/// The elements as they lie in memory.
inline std::string bytes_of(const Tensor& x) {
  std::string bytes(static_cast<std::size_t>(x.numel()) * item_size(x.dtype()), '\0');
  dispatch(x.dtype(), [&](auto zero) {
    const auto elements = x.data<decltype(zero)>();
    if (!bytes.empty()) std::memcpy(bytes.data(), elements.data(), bytes.size());
  });
  return bytes;
}

/// Whether names, types, shapes and elements are the same, bit for bit.
inline bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const NamedTensor& p, const NamedTensor& q) {
    return p.name == q.name && p.value.dtype() == q.value.dtype() && p.value.shape() == q.value.shape() &&
           bytes_of(p.value) == bytes_of(q.value);
  });
}

/// These Tensors as another program would write them to a file of safetensors: without checksums, which would stop
/// nearly every change of the file.
inline std::string of_others(const std::vector<NamedTensor>& tensors) {
  std::string header = "{", elements;
  for (const NamedTensor& each : tensors) {
    const DType type = each.value.dtype();
    const std::size_t begin = elements.size();
    elements += bytes_of(each.value);
    std::string shape;
    for (const std::int64_t size : each.value.shape()) shape += (shape.empty() ? "" : ",") + std::to_string(size);
    header += (header.size() > 1 ? ",\"" : "\"") + each.name + "\":{\"dtype\":\"" +
              (type == float64   ? "F64"
               : type == float32 ? "F32"
               : type == int64   ? "I64"
                                 : "BOOL") +
              "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(begin) + ',' +
              std::to_string(elements.size()) + "]}";
  }
  header += '}';
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> 8 * i);
  return bytes + header + elements;
}

/// The same file with the bits of its elements turned over that are 1 in `bits`.
inline std::string turned_over(std::string file, std::string_view bits) {
  std::uint64_t header;
  std::memcpy(&header, file.data(), sizeof header);
  for (std::size_t at = sizeof header + header, i = 0; at < file.size() && i < bits.size(); ++at, ++i)
    file[at] = static_cast<char>(file[at] ^ bits[i]);
  return file;
}

}  // namespace xgrad::fuzz
