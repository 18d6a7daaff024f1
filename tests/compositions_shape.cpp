// Channels and pixels in other places.

#include "nn/shape.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), image = known({4, 2, 3});

Case unflatten_case(const Shape& from, std::int64_t axis, const Shape& sizes, const Shape& to) {
  return moved([=](const Tensor& x) { return nn::unflatten(x, axis, sizes); }, from, to,
               [=](const Array& x, const Places& at) {
                 std::int64_t offset = 0;
                 for (std::int64_t k = 0; k < to.ndim(); ++k) offset = offset * to[k] + at[u(k)];
                 return x.elements[u(offset)];
               });
}

// Of [C, H, W] at (c, h, w), with what stands before.
Places pixel(const Places& at, std::int64_t c, std::int64_t h, std::int64_t w) {
  Places place(at.begin(), at.end() - 3);
  place.insert(place.end(), {c, h, w});
  return place;
}

Case shuffle_case(const Shape& from, std::int64_t r) {
  const std::int64_t last = from.ndim() - 1;
  Shape to = from;
  to[last - 2] /= r * r;
  to[last - 1] *= r;
  to[last] *= r;
  return moved([=](const Tensor& x) { return nn::pixel_shuffle(x, r); }, from, to,
               [=](const Array& x, const Places& at) {
                 const std::int64_t c = at[u(last - 2)], h = at[u(last - 1)], w = at[u(last)];
                 return x.at(pixel(at, c * r * r + h % r * r + w % r, h / r, w / r));
               });
}

Case unshuffle_case(const Shape& from, std::int64_t r) {
  const std::int64_t last = from.ndim() - 1;
  Shape to = from;
  to[last - 2] *= r * r;
  to[last - 1] /= r;
  to[last] /= r;
  return moved([=](const Tensor& x) { return nn::pixel_unshuffle(x, r); }, from, to,
               [=](const Array& x, const Places& at) {
                 const std::int64_t c = at[u(last - 2)], h = at[u(last - 1)], w = at[u(last)];
                 return x.at(pixel(at, c / (r * r), h * r + c / r % r, w * r + c % r));
               });
}

Case channel_case(const Shape& shape, std::int64_t groups) {
  return moved([=](const Tensor& x) { return nn::channel_shuffle(x, groups); }, shape, shape,
               [=](const Array& x, const Places& at) {
                 return x.at(with(at, 1, at[1] % groups * (shape[1] / groups) + at[1] / groups));
               });
}

}  // namespace

std::vector<Composition> shape_compositions() {
  return {
      {.call = "nn::unflatten(x, axis, sizes)",
       .equation = "one axis in place of which several stand",
       .cases = {unflatten_case({2, 6}, 1, {3, 2}, {2, 3, 2}), unflatten_case({4, 1}, -2, {-1, 2}, {2, 2, 1}),
                 unflatten_case({0, 2}, 0, {3, 0}, {3, 0, 2}), unflatten_case({0, 2}, 1, {-1, 1}, {0, 2, 1})},
       .refusals = {refuses<ShapeError>([] {
                      return nn::unflatten(vector, 0, {2, 2});
                    }),
                    refuses<ShapeError>([] {
                      return nn::unflatten(vector, 0, {-1, -1});
                    }),
                    refuses<ShapeError>([] {
                      return nn::unflatten(vector, 0, {-1, 2});
                    }),
                    refuses<ShapeError>([] {
                      return nn::unflatten(vector, 0, {-1, 0});
                    }),
                    refuses<ShapeError>([] {
                      return nn::unflatten(vector, 0, {-3, -1});
                    }),
                    refuses<ShapeError>([] { return nn::unflatten(known({1}), 0, {}); }),
                    refuses<AxisError>([] { return nn::unflatten(vector, 1, {3}); })}},
      {.call = "nn::pixel_shuffle(x, r)",
       .equation = "y[..., c, h r + i, w r + j] = x[..., c r² + i r + j, h, w]",
       .cases = {shuffle_case({8, 3, 2}, 2), shuffle_case({2, 1, 9, 1, 2}, 3), shuffle_case({0, 4, 1, 2}, 2),
                 shuffle_case({4, 0, 2}, 2), shuffle_case({2, 3, 2}, 1)},
       .refusals = {refuses<ShapeError>([] { return nn::pixel_shuffle(vector, 2); }),
                    refuses<ShapeError>([] { return nn::pixel_shuffle(image, 3); }),
                    refuses<ValueError>([] { return nn::pixel_shuffle(image, 0); }),
                    refuses<ValueError>([] { return nn::pixel_shuffle(image, std::int64_t{1} << 40); })}},
      {.call = "nn::pixel_unshuffle(x, r)",
       .equation = "the inverse of pixel_shuffle",
       .cases = {unshuffle_case({2, 4, 6}, 2), unshuffle_case({2, 1, 1, 3, 3}, 3), unshuffle_case({0, 1, 2, 2}, 2),
                 unshuffle_case({1, 0, 2}, 2)},
       .refusals = {refuses<ShapeError>([] { return nn::pixel_unshuffle(vector, 2); }),
                    refuses<ShapeError>([] { return nn::pixel_unshuffle(image, 2); }),
                    refuses<ValueError>([] { return nn::pixel_unshuffle(image, -1); })}},
      {.call = "nn::channel_shuffle(x, groups)",
       .equation = "y[:, k g + i] = x[:, i C / g + k]",
       .cases = {channel_case({2, 6}, 3), channel_case({1, 4, 2, 1}, 2), channel_case({2, 6, 2}, 2),
                 channel_case({0, 2, 3}, 2), channel_case({2, 4, 0}, 2)},
       .refusals = {refuses<ShapeError>([] { return nn::channel_shuffle(vector, 1); }), refuses<ValueError>([] {
                      return nn::channel_shuffle(known({1, 4}), 3);
                    }),
                    refuses<ValueError>([] {
                      return nn::channel_shuffle(known({1, 4}), 0);
                    })}},
  };
}

}  // namespace xgrad::catalogue
