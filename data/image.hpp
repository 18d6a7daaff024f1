#pragma once

#include <cstdint>
#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// What an image becomes. Colour becomes grey by 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601); grey becomes
/// colour by repetition; alpha goes with both.
enum class ImageChannels : std::uint8_t { as_stored, grey, colour };

struct ImageOptions {
  ImageChannels channels = ImageChannels::as_stored;
};

/// Reads an image: float32 [channels, height, width], from 0 for nothing to 1 for the largest value of the file. PNG
/// through libpng, of every kind: grey, grey with alpha, colour, colour with alpha (1 to 4 channels), palettes and 1 to
/// 16 bits, interlaced or not; PGM and PPM (P2, P3, P5, P6) with values up to 65535. Values are those of the file:
/// gamma and colour profiles play no part. IoError when it cannot be read; FormatError when it is damaged, something
/// else, or goes on after its end; LimitError when it asks for more than can be held.
Tensor load_image(const std::string& path, const ImageOptions& options = {},
                  const Location& where = Location::current());

}  // namespace xgrad::data
