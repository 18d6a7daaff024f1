#pragma once

// PNG images, written as the format is described (ISO/IEC 15948) and not by the library that reads them.

#include <zlib.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace xgrad::test {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

inline std::string chunk(const std::string& kind, const std::string& contents) {
  const std::string body = kind + contents;
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return big_endian(static_cast<std::uint32_t>(contents.size())) + body + big_endian(static_cast<std::uint32_t>(sum));
}

inline std::string zlib(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  packed.resize(size);
  return packed;
}

/// An image to write: the sample of a channel at a row and a column.
struct Picture {
  std::uint32_t width = 5, height = 3;
  int depth = 8, kind = 0;  // 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha
  std::function<std::uint32_t(std::uint32_t, std::uint32_t, int)> sample = [](auto y, auto x, int c) {
    return y * 40 + x * 7 + static_cast<std::uint32_t>(c);
  };
  bool interlaced = false;
  std::string before = "", after = "";  // chunks before and after the pixels

  int channels() const { return kind == 2 ? 3 : kind == 4 ? 2 : kind == 6 ? 4 : 1; }
  /// Rows of the pixels that lie so far apart from the first one on, each behind the number of its filter.
  std::string rows(std::uint32_t y0, std::uint32_t dy, std::uint32_t x0, std::uint32_t dx) const {
    std::string bytes;
    if (x0 >= width) return bytes;
    for (std::uint32_t y = y0; y < height; y += dy) {
      bytes += '\0';
      int bits = 0;
      std::uint32_t pending = 0;
      for (std::uint32_t x = x0; x < width; x += dx)
        for (int c = 0; c < channels(); ++c) {
          if (depth == 16) bytes += static_cast<char>(sample(y, x, c) >> 8);
          pending = depth == 16 ? sample(y, x, c) & 255 : pending << depth | sample(y, x, c);
          bits += depth == 16 ? 8 : depth;
          if (bits < 8) continue;
          bytes += static_cast<char>(pending);
          bits = 0;
          pending = 0;
        }
      if (bits > 0) bytes += static_cast<char>(pending << (8 - bits));
    }
    return bytes;
  }
  std::string png() const {
    const std::string header = big_endian(width) + big_endian(height) + static_cast<char>(depth) +
                               static_cast<char>(kind) + std::string(2, '\0') + (interlaced ? '\1' : '\0');
    std::string pixels;
    if (interlaced)
      pixels = rows(0, 8, 0, 8) + rows(0, 8, 4, 8) + rows(4, 8, 0, 4) + rows(0, 4, 2, 4) + rows(2, 4, 0, 2) +
               rows(0, 2, 1, 2) + rows(1, 2, 0, 1);
    else
      pixels = rows(0, 1, 0, 1);
    const std::string packed = zlib(pixels);
    // In two pieces, as large images have them.
    return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + before + chunk("IDAT", packed.substr(0, 5)) +
           chunk("IDAT", packed.substr(5)) + after + chunk("IEND", "");
  }
  /// What the samples are, in the order of a Tensor.
  std::vector<float> values() const {
    std::vector<float> all;
    const float largest = static_cast<float>((1 << depth) - 1);
    for (int c = 0; c < channels(); ++c)
      for (std::uint32_t y = 0; y < height; ++y)
        for (std::uint32_t x = 0; x < width; ++x) all.push_back(static_cast<float>(sample(y, x, c)) / largest);
    return all;
  }
};

}  // namespace xgrad::test
