#pragma once

// An image on its way into a Tensor.

#include <cstdint>
#include <string>

#include "autograd/core/buffer.hpp"
#include "data/file.hpp"
#include "data/image.hpp"

namespace xgrad::data {

/// What the header of an image says.
struct ImageHeader {
  std::int64_t height, width, channels;
  std::uint32_t largest;  // value of a sample; samples above 255 have two bytes
};

/// Takes over the samples of an image, pixel by pixel.
class ImageTarget {
 public:
  /// LimitError when it cannot be held.
  ImageTarget(const ImageHeader& header, ImageChannels channels, const std::string& path, const Location& where);

  /// The samples of a pixel.
  void put(std::int64_t row, std::int64_t column, const std::uint32_t* samples);
  Tensor finish(const Location& where);

 private:
  ImageHeader header_;
  ImageChannels channels_;
  Shape shape_;
  Buffer buffer_;
};

constexpr const char* image_operation = "load_image";

Tensor load_png(InputFile& file, const ImageOptions& options, const std::string& path, const Location& where);
Tensor load_pnm(InputFile& file, const ImageOptions& options, const std::string& path, const Location& where);

}  // namespace xgrad::data
