#include "nn/shape.hpp"

#include "autograd/core/axes.hpp"
#include "autograd/core/fail.hpp"

namespace xgrad::nn {

namespace {

using Sizes = std::vector<std::int64_t>;

// The sizes before the last so many axes.
Sizes leading(const Tensor& x, std::int64_t axes) { return {x.shape().begin(), x.shape().end() - axes}; }

// Moves the elements of x, seen as [..., sizes], so that its last axes lie in this order, and sees that as [..., to].
Tensor rearranged(const Tensor& x, const Sizes& before, const Sizes& sizes, const Sizes& order, const Sizes& to) {
  const auto joined = [&](const Sizes& rest) {
    Sizes all = before;
    all.insert(all.end(), rest.begin(), rest.end());
    return Shape(all);
  };
  Sizes axes;
  for (std::size_t axis = 0; axis < before.size(); ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  for (const std::int64_t axis : order) axes.push_back(static_cast<std::int64_t>(before.size()) + axis);
  return reshape(permute(reshape(x, joined(sizes)), axes), joined(to));
}

// The last three sizes: C, H, W.
Sizes check_image(const Tensor& x, std::int64_t factor, const char* call, const Location& where) {
  check<ValueError>(factor > 0 && factor < std::int64_t{1} << 31, where, call, ": the factor is ", factor);
  check<ShapeError>(x.ndim() >= 3, where, call, ": needs [..., C, H, W], got ", describe(x));
  return {x.shape().end() - 3, x.shape().end()};
}

}  // namespace

Tensor unflatten(const Operand& operand, std::int64_t axis, const Shape& sizes) {
  const Location& where = operand.where();
  const CallScope scope("unflatten", where);
  const Tensor x = operand.tensor();
  const std::int64_t place = normalise_axis(axis, x.ndim(), "unflatten", where);
  Shape filled = sizes;
  std::int64_t open = -1;
  for (std::int64_t i = 0; i < sizes.ndim(); ++i) {
    if (sizes[i] != -1) continue;
    check<ShapeError>(open < 0, where, "unflatten: more than one size is -1 in ", sizes);
    filled[open = i] = 1;
  }
  check_shape(filled, 1, "unflatten", where);
  const std::int64_t size = x.shape()[place], known = filled.numel();
  const bool fits = open >= 0 ? known > 0 && size % known == 0 : sizes.ndim() > 0 && known == size;
  check<ShapeError>(fits, where, "unflatten: axis ", place, " of ", describe(x), " does not fall into ", sizes);
  if (open >= 0) filled[open] = size / known;
  Sizes all(x.shape().begin(), x.shape().begin() + place);
  all.insert(all.end(), filled.begin(), filled.end());
  all.insert(all.end(), x.shape().begin() + place + 1, x.shape().end());
  return reshape(x, Shape(all));
}

Tensor pixel_shuffle(const Operand& operand, std::int64_t r) {
  const CallScope scope("pixel_shuffle", operand.where());
  const Tensor x = operand.tensor();
  const Sizes image = check_image(x, r, "pixel_shuffle", operand.where());
  check<ShapeError>(image[0] % (r * r) == 0, operand.where(), "pixel_shuffle: ", r, " squared does not divide the ",
                    image[0], " channels of ", describe(x));
  const std::int64_t channels = image[0] / (r * r), height = image[1], width = image[2];
  check_shape({channels, r, r, height, width}, 1, "pixel_shuffle", operand.where());
  return rearranged(x, leading(x, 3), {channels, r, r, height, width}, {0, 3, 1, 4, 2},
                    {channels, height * r, width * r});
}

Tensor pixel_unshuffle(const Operand& operand, std::int64_t r) {
  const CallScope scope("pixel_unshuffle", operand.where());
  const Tensor x = operand.tensor();
  const Sizes image = check_image(x, r, "pixel_unshuffle", operand.where());
  check<ShapeError>(image[1] % r == 0 && image[2] % r == 0, operand.where(), "pixel_unshuffle: ", r,
                    " does not divide the height and the width of ", describe(x));
  const std::int64_t channels = image[0], height = image[1] / r, width = image[2] / r;
  check_shape({channels, height, r, width, r}, 1, "pixel_unshuffle", operand.where());
  return rearranged(x, leading(x, 3), {channels, height, r, width, r}, {0, 2, 4, 1, 3},
                    {channels * r * r, height, width});
}

Tensor channel_shuffle(const Operand& operand, std::int64_t groups) {
  const Location& where = operand.where();
  const CallScope scope("channel_shuffle", where);
  const Tensor x = operand.tensor();
  check<ShapeError>(x.ndim() >= 2, where, "channel_shuffle: needs [N, C, ...], got ", describe(x));
  const std::int64_t channels = x.shape()[1];
  check<ValueError>(groups > 0 && channels % groups == 0, where, "channel_shuffle: ", groups,
                    " groups do not divide the ", channels, " channels of ", describe(x));
  const std::int64_t rest = leading(x, 0).size() > 2 ? Shape(Sizes(x.shape().begin() + 2, x.shape().end())).numel() : 1;
  return reshape(rearranged(x, {x.shape()[0]}, {groups, channels / groups, rest}, {1, 0, 2}, {channels, rest}),
                 x.shape());
}

}  // namespace xgrad::nn
