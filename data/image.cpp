#include "data/image.hpp"

#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"
#include "data/image_target.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

ImageTarget::ImageTarget(const ImageHeader& header, ImageChannels channels, const std::string& path,
                         const Location& where)
    : header_(header), channels_(channels) {
  const std::int64_t count = channels == ImageChannels::as_stored ? header.channels
                             : channels == ImageChannels::grey    ? 1
                                                                  : 3;
  shape_ = {count, header.height, header.width};
  std::uint64_t bytes = sizeof(float);
  const bool fits = multiply(bytes, static_cast<std::uint64_t>(count)) &&
                    multiply(bytes, static_cast<std::uint64_t>(header.height)) &&
                    multiply(bytes, static_cast<std::uint64_t>(header.width));
  check<LimitError>(fits, where, image_operation, ": ", printable(path), ": ", shape_, " is beyond what can be held");
  buffer_ = Buffer::allocate(bytes, image_operation, where);
}

void ImageTarget::put(std::int64_t row, std::int64_t column, const std::uint32_t* samples) {
  const auto plane = header_.height * header_.width;
  auto* at = static_cast<float*>(buffer_.data()) + row * header_.width + column;
  const auto value = [&](std::int64_t channel) {
    return static_cast<float>(samples[channel]) / static_cast<float>(header_.largest);
  };
  const bool colour = header_.channels >= 3;
  if (channels_ == ImageChannels::grey && colour) {
    const double grey = 0.299 * samples[0] + 0.587 * samples[1] + 0.114 * samples[2];
    *at = static_cast<float>(grey / header_.largest);
  } else {
    for (std::int64_t channel = 0; channel < shape_[0]; ++channel)
      at[channel * plane] = value(channels_ == ImageChannels::colour && !colour ? 0 : channel);
  }
}

Tensor ImageTarget::finish(const Location& where) { return make_leaf(shape_, float32, buffer_, where); }

Tensor load_image(const std::string& path, const ImageOptions& options, const Location& where) {
  return reading(image_operation, path, where, [&] {
    InputFile file(image_operation, path, where);
    char start[8] = {};
    const std::uint64_t got = file.read_some(start, sizeof start);
    file.seek(0);
    const bool png = got == 8 && std::memcmp(start, "\x89PNG\r\n\x1a\n", 8) == 0;
    const bool pnm = got >= 2 && start[0] == 'P' && std::strchr("2356", start[1]) && start[1] != '\0';
    check<FormatError>(png || pnm, where, image_operation, ": ", printable(path),
                       " is neither a PNG nor a PGM or PPM image: it starts otherwise");
    return png ? load_png(file, options, path, where) : load_pnm(file, options, path, where);
  });
}

}  // namespace xgrad::data
