#pragma once

#include "autograd/ops/interpolation.hpp"
#include "autograd/ops/movement.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

/// One axis becomes several, of these sizes, one of which may be -1 and is inferred. ShapeError when they do not fit.
Tensor unflatten(const Operand& x, std::int64_t axis, const Shape& sizes);
/// y[..., c, h r + i, w r + j] = x[..., c r^2 + i r + j, h, w]: channels become pixels, [..., C r^2, H, W] gives
/// [..., C, H r, W r] (Shi et al., "Real-time single image and video super-resolution", 2016). ShapeError for fewer
/// than three axes and for channels that r^2 does not divide; ValueError for r below 1.
Tensor pixel_shuffle(const Operand& x, std::int64_t factor);
/// The inverse of pixel_shuffle: [..., C, H r, W r] gives [..., C r^2, H, W]. ShapeError for fewer than three axes and
/// for heights and widths that r does not divide; ValueError for r below 1.
Tensor pixel_unshuffle(const Operand& x, std::int64_t factor);
/// y[:, k g + i] = x[:, i C / g + k]: each of g groups of the channels, which are axis 1, gives some to each (Zhang,
/// Zhou, Lin and Sun, "ShuffleNet", 2018). ShapeError for fewer than two axes; ValueError for groups that do not divide
/// the channels.
Tensor channel_shuffle(const Operand& x, std::int64_t groups);

// The same as modules, without state.

/// Joins the axes from `first` to `last` into one: all but the examples, unless others are given.
struct Flatten : Module {
  explicit Flatten(std::int64_t from = 1, std::int64_t to = -1) : first(from), last(to) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(flatten(x, first, last)); }
  std::int64_t first, last;
};

struct Unflatten : Module {
  Unflatten(std::int64_t which, Shape into) : axis(which), sizes(std::move(into)) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(unflatten(x, axis, sizes)); }
  std::int64_t axis;
  Shape sizes;
};

/// Upsample({.scale = 2, .mode = Interpolation::bilinear})(x): `interpolate`.
struct Upsample : Module {
  explicit Upsample(InterpolationOptions how) : options(std::move(how)) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(interpolate(x, options)); }
  InterpolationOptions options;
};

struct PixelShuffle : Module {
  explicit PixelShuffle(std::int64_t upscale_factor) : factor(upscale_factor) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(pixel_shuffle(x, factor)); }
  std::int64_t factor;
};

struct PixelUnshuffle : Module {
  explicit PixelUnshuffle(std::int64_t downscale_factor) : factor(downscale_factor) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(pixel_unshuffle(x, factor)); }
  std::int64_t factor;
};

struct ChannelShuffle : Module {
  explicit ChannelShuffle(std::int64_t of_channels) : groups(of_channels) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(channel_shuffle(x, groups)); }
  std::int64_t groups;
};

}  // namespace xgrad::nn
