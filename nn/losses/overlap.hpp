#pragma once

// How much of a region is missed: losses of segmentation. They are taken over the elements of each sample (all axes but
// the first) unless axes are given, {2, 3} of images [N, C, H, W] for each class of each sample; then reduced.

#include <optional>

#include "autograd/core/axes.hpp"
#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "nn/reduction.hpp"

namespace xgrad::nn {

struct DiceOptions {
  double smooth = 1;     ///< >= 0: keeps it finite, with derivative, where nothing is there
  bool squared = false;  ///< whether p^2 and y^2 stand in the denominator (Milletari, Navab and Ahmadi, 2016)
  std::optional<Axes> axes{};
  Reduction reduction = Reduction::mean;
};
/// 1 - (2 sum p y + smooth) / (sum p + sum y + smooth) for probabilities p and targets y (Dice, 1945).
Tensor dice_loss(const Operand& probabilities, const Operand& target, const DiceOptions& options = {});

struct TverskyOptions {
  double alpha = 0.5;  ///< weight of what is claimed and not there
  double beta = 0.5;   ///< weight of what is there and missed
  double gamma = 1;    ///< > 0: the power of the loss (Abraham and Khan, "focal Tversky loss", 2018)
  double smooth = 1;   ///< >= 0
  std::optional<Axes> axes{};
  Reduction reduction = Reduction::mean;
};
/// (1 - (t + smooth) / (t + alpha sum p (1 - y) + beta sum (1 - p) y + smooth))^gamma with t = sum p y (Salehi,
/// Erdogmus and Gholipour, 2017), with derivative 0 where it is 0 and gamma < 1. ValueError for negative options.
Tensor tversky_loss(const Operand& probabilities, const Operand& target, const TverskyOptions& options = {});

}  // namespace xgrad::nn
