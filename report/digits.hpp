#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::report {

/// A sample that a classifier got wrong.
struct Mistake {
  std::int64_t index;      ///< of the sample
  std::int64_t label;      ///< what it is
  std::int64_t predicted;  ///< what the classifier says
  double confidence;       ///< the probability it gives to what it says
};

/// The `count` samples whose label got the lowest probability of those that were classified wrongly, worst first.
/// `logits` is [N, C], floating, `labels` [N], int64; the probabilities are softmax(logits). ShapeError, DTypeError.
std::vector<Mistake> worst_mistakes(const Tensor& logits, const Tensor& labels, std::int64_t count,
                                    const Location& where = Location::current());

/// Draws images in rows with gnuplot, each under its caption (of one or more lines), into a PNG file; 0 is white and 1
/// is black. `images` is [N, H, W], or [N, H * H] for square images. False, with one line on standard error, when
/// gnuplot is not there. ShapeError unless there is a caption for each image. The file appears whole or not at all:
/// IoError otherwise.
bool draw_images(const std::string& path, const Tensor& images, const std::vector<std::string>& captions,
                 const std::string& title = "", const Location& where = Location::current());

/// Draws the `count` worst mistakes of a classifier by draw_images, each with the names of what it is and of what it
/// was taken for. False also when there is no mistake. IndexError for a class without a name.
bool draw_mistakes(const std::string& path, const Tensor& images, const Tensor& labels, const Tensor& logits,
                   const std::vector<std::string>& names, const std::string& title = "", std::int64_t count = 24,
                   const Location& where = Location::current());

}  // namespace xgrad::report
