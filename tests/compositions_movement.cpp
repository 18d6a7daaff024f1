// Elements in other places.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), number = known({});

std::int64_t wrapped(std::int64_t place, std::int64_t size) { return size == 0 ? 0 : ((place % size) + size) % size; }
std::int64_t offset_of(const Places& at, const Shape& shape) {
  std::int64_t offset = 0;
  for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) offset = offset * shape[axis] + at[u(axis)];
  return offset;
}
// The element at an offset, in the order of memory.
Real element(const Array& x, std::int64_t offset) { return x.elements[u(offset)]; }

Case transpose_case(const Shape& from, std::int64_t a, std::int64_t b) {
  Shape to = from;
  std::swap(to[a], to[b]);
  return moved([=](const Tensor& x) { return transpose(x, a, b); }, from, to,
               [=](const Array& x, Places at) {
                 std::swap(at[u(a)], at[u(b)]);
                 return x.at(at);
               });
}

Case roll_case(const Shape& shape, std::int64_t shift, std::int64_t axis) {
  return moved([=](const Tensor& x) { return roll(x, shift, axis); }, shape, shape,
               [=](const Array& x, const Places& at) {
                 return x.at(with(at, axis, wrapped(at[u(axis)] - shift, shape[axis])));
               });
}

Case tile_case(const Shape& from, const std::vector<std::int64_t>& repeats, const Shape& to) {
  return moved([=](const Tensor& x) { return tile(x, repeats); }, from, to,
               [=](const Array& x, const Places& at) {
                 Places place;
                 for (std::int64_t axis = 0; axis < from.ndim(); ++axis)
                   place.push_back(at[u(axis + to.ndim() - from.ndim())] % from[axis]);
                 return x.at(place);
               });
}

Case repeat_case(const Shape& from, std::int64_t repeats, std::int64_t axis) {
  Shape to = from;
  to[axis] *= repeats;
  return moved([=](const Tensor& x) { return repeat_interleave(x, repeats, axis); }, from, to,
               [=](const Array& x, const Places& at) { return x.at(with(at, axis, at[u(axis)] / repeats)); });
}

std::vector<Composition> of_axes() {
  const auto same_elements = [](const Array& x, const Shape& to, const Places& at) {
    return element(x, offset_of(at, to));
  };
  const auto reshaped = [=](std::function<Tensor(const Tensor&)> f, const Shape& from, const Shape& to) {
    return moved(std::move(f), from, to, [=](const Array& x, const Places& at) { return same_elements(x, to, at); });
  };
  return {
      {.call = "transpose(x, axis0 = -2, axis1 = -1)",
       .equation = "two axes swapped",
       .cases = {transpose_case({2, 3}, 0, 1), transpose_case({2, 1, 3}, 0, 2), transpose_case({0, 2}, 0, 1)},
       .refusals = {refuses<AxisError>([] { return transpose(vector); })}},
      {.call = "moveaxis(x, from, to)",
       .equation = "axis fromᵢ of x is axis toᵢ of y",
       .cases = {moved([](const Tensor& x) { return moveaxis(x, 0, 2); }, {2, 3, 4}, {3, 4, 2},
                       [](const Array& x, const Places& at) {
                         return x.at({at[2], at[0], at[1]});
                       }),
                 moved(
                     [](const Tensor& x) {
                       return moveaxis(x, {0, 1}, {-1, 0});
                     },
                     {2, 0, 1}, {0, 1, 2}, [](const Array&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<AxisError>([] {
                      return moveaxis(matrix, {0, 0}, {0, 1});
                    }),
                    refuses<AxisError>([] { return moveaxis(matrix, 2, 0); })}},
      {.call = "squeeze(x, axes)",
       .equation = "without axes of size 1",
       .cases = {reshaped([](const Tensor& x) { return squeeze(x); }, {1, 3, 1}, {3}),
                 reshaped([](const Tensor& x) { return squeeze(x, -1); }, {1, 0, 1}, {1, 0})},
       .refusals = {refuses<ShapeError>([] { return squeeze(matrix, 0); })}},
      {.call = "unsqueeze(x, axis)",
       .equation = "with one more axis, of size 1",
       .cases = {reshaped([](const Tensor& x) { return unsqueeze(x, -1); }, {2, 1}, {2, 1, 1}),
                 reshaped([](const Tensor& x) { return unsqueeze(x, 0); }, {0}, {1, 0})},
       .refusals = {refuses<AxisError>([] { return unsqueeze(matrix, 3); })}},
      {.call = "flatten(x, first = 0, last = -1)",
       .equation = "axes joined into one",
       .cases = {reshaped([](const Tensor& x) { return flatten(x); }, {2, 3}, {6}),
                 reshaped([](const Tensor& x) { return flatten(x, 1); }, {2, 1, 3, 2}, {2, 6}),
                 reshaped([](const Tensor& x) { return flatten(x); }, {2, 0}, {0})},
       .refusals = {refuses<AxisError>([] { return flatten(matrix, 1, 0); })}},
  };
}

std::vector<Composition> of_parts() {
  const auto third = [](const Xs& x) { return split(x[0], 2, 1)[2]; };
  const auto second = [](const Xs& x) { return split(x[0], {1, 3}, 0)[1]; };
  return {
      {.call = "select(x, axis, index)",
       .equation = "x[..., index, ...]",
       .cases = {moved([](const Tensor& x) { return select(x, 1, -1); }, {2, 3}, {2},
                       [](const Array& x, const Places& at) {
                         return x.at({at[0], 2});
                       }),
                 moved([](const Tensor& x) { return select(x, 0, 0); }, {1, 0}, {0},
                       [](const Array&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<IndexError>([] { return select(matrix, 1, 3); })}},
      {.call = "split(x, size, axis = 0)",
       .equation = "pieces of so many along an axis",
       .cases = {any_case(third, {{{2, 5}}}, {2, 1},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({at[0], 4});
                          }),
                 any_case(second, {{{4, 1}}}, {3, 1},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({at[0] + 1, 0});
                          }),
                 any_case(second, {{{4, 0}}}, {3, 0}, [](const Arrays&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<ValueError>([] { return split(matrix, 0); }), refuses<ShapeError>([] {
                      return split(matrix, {1, 3});
                    })}},
      {.call = "unbind(x, axis = 0)",
       .equation = "x(0), x(1), ... along an axis",
       .cases = {any_case([](const Xs& x) { return unbind(x[0], 1)[1]; }, {{{2, 3}}}, {2},
                          [](const Arrays& x, const Places& at) {
                            return x[0].at({at[0], 1});
                          }),
                 any_case([](const Xs& x) { return unbind(x[0])[0]; }, {{{1, 0}}}, {0},
                          [](const Arrays&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<AxisError>([] { return unbind(matrix, 2); })}},
      {.call = "stack(tensors, axis = 0)",
       .equation = "joined along a new axis",
       .cases = {any_case([](const Xs& x) { return stack(x, 1); }, {{{2, 3}}, {{2, 3}}}, {2, 2, 3},
                          [](const Arrays& x, const Places& at) {
                            return x[u(at[1])].at({at[0], at[2]});
                          }),
                 any_case([](const Xs& x) { return stack(x); }, {{{}}, {{}}, {{}}}, {3},
                          [](const Arrays& x, const Places& at) { return x[u(at[0])].elements[0]; }),
                 any_case([](const Xs& x) { return stack(x, -1); }, {{{1, 0}}, {{1, 0}}}, {1, 0, 2},
                          [](const Arrays&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<ShapeError>([] {
                      return stack({matrix, vector});
                    }),
                    refuses<ValueError>([] { return stack({}); })}},
      {.call = "meshgrid(vectors)",
       .equation = "yₖ[i, j, ...] = the element of vector k at its index",
       .cases = {any_case([](const Xs& x) { return meshgrid(x)[0]; }, {{{2}}, {{3}}}, {2, 3},
                          [](const Arrays& x, const Places& at) { return x[0].at({at[0]}); }),
                 any_case([](const Xs& x) { return meshgrid(x)[1]; }, {{{2}}, {{1}}, {{}}}, {2, 1, 1},
                          [](const Arrays& x, const Places& at) { return x[1].at({at[1]}); }),
                 any_case([](const Xs& x) { return meshgrid(x)[1]; }, {{{0}}, {{2}}}, {0, 2},
                          [](const Arrays&, const Places&) -> Real { return 0; })},
       .refusals = {refuses<ShapeError>([] { return meshgrid({matrix}); })},
       .several_dtypes = "each result has that of its vector"},
  };
}

std::vector<Composition> of_copies() {
  const auto circle = [](const Tensor& x) { return roll(x, {1, -1}, {0, 1}); };
  return {
      {.call = "roll(x, shift)",
       .equation = "yᵢ = x at i − shift in a circle, of all elements",
       .cases = {moved([](const Tensor& x) { return roll(x, 2); }, {2, 3}, {2, 3},
                       [](const Array& x, const Places& at) {
                         return element(x, wrapped(offset_of(at, x.shape) - 2, 6));
                       }),
                 moved([](const Tensor& x) { return roll(x, -3); }, {0, 1}, {0, 1},
                       [](const Array&, const Places&) -> Real { return 0; })},
       .refuses_nothing = "every shape and every shift is right"},
      {.call = "roll(x, shifts, axes)",
       .equation = "yᵢ = x at i − shift in a circle, along axes",
       .cases = {roll_case({5}, 7, 0), roll_case({2, 3}, -1, 1), roll_case({1, 0}, 1, 1),
                 moved(circle, {2, 3}, {2, 3},
                       [](const Array& x, const Places& at) {
                         return x.at({1 - at[0], wrapped(at[1] + 1, 3)});
                       })},
       .refusals = {refuses<ValueError>([] {
                      return roll(matrix, {1}, {0, 1});
                    }),
                    refuses<AxisError>([] { return roll(matrix, 1, 2); })}},
      {.call = "tile(x, repeats)",
       .equation = "x side by side",
       .cases = {tile_case({3}, {2}, {6}), tile_case({2, 1}, {2, 1, 2}, {2, 2, 2}), tile_case({2, 3}, {2}, {2, 6}),
                 tile_case({2, 3}, {0, 1}, {0, 3}), tile_case({0}, {2}, {0})},
       .refusals = {refuses<ValueError>([] { return tile(matrix, {-1}); })}},
      {.call = "repeat_interleave(x, repeats, axis)",
       .equation = "yᵢ = x at ⌊i / repeats⌋",
       .cases = {repeat_case({3}, 2, 0), repeat_case({2, 1, 2}, 3, 1), repeat_case({2, 0}, 2, 1)},
       .refusals = {refuses<ValueError>([] { return repeat_interleave(matrix, -1, 0); }),
                    refuses<AxisError>([] { return repeat_interleave(matrix, 1, 2); })}},
  };
}

Case diagonal_case(const Shape& from, std::int64_t offset, std::int64_t axis1, std::int64_t axis2, const Shape& to) {
  return moved([=](const Tensor& x) { return diagonal(x, offset, axis1, axis2); }, from, to,
               [=](const Array& x, const Places& at) {
                 const std::int64_t i = at.back() + std::max<std::int64_t>(-offset, 0);
                 const std::int64_t j = at.back() + std::max<std::int64_t>(offset, 0);
                 Places rest(at.begin(), at.end() - 1);
                 rest = axis1 < axis2 ? inserted(inserted(rest, axis1, i), axis2, j)
                                      : inserted(inserted(rest, axis2, j), axis1, i);
                 return x.at(rest);
               });
}

Case embed_case(const Shape& from, std::int64_t offset, Tensor (*f)(const Operand&, std::int64_t)) {
  std::vector<std::int64_t> to(from.begin(), from.end());
  to.back() += std::abs(offset);
  to.push_back(to.back());
  return moved([=](const Tensor& x) { return f(x, offset); }, from, to,
               [=](const Array& x, const Places& at) -> Real {
                 const std::int64_t i = at[at.size() - 2], j = at.back();
                 if (j - i != offset) return 0;
                 Places place(at.begin(), at.end() - 1);
                 place.back() = std::min(i, j);
                 return x.at(place);
               });
}

Case triangle_case(const Shape& shape, std::int64_t offset, bool lower) {
  return moved([=](const Tensor& x) { return lower ? tril(x, offset) : triu(x, offset); }, shape, shape,
               [=](const Array& x, const Places& at) {
                 const std::int64_t right = at.back() - at[at.size() - 2];
                 return (lower ? right <= offset : right >= offset) ? x.at(at) : 0;
               });
}

Case trace_case(const Shape& from, std::int64_t offset, const Shape& to) {
  return moved([=](const Tensor& x) { return trace(x, offset); }, from, to,
               [=](const Array& x, const Places& at) {
                 Real sum = 0;
                 for (std::int64_t i = 0; i < x.shape[0]; ++i)
                   if (i + offset >= 0 && i + offset < x.shape[1])
                     sum += x.at(inserted(inserted(at, 0, i), 1, i + offset));
                 return sum;
               });
}

std::vector<Composition> of_diagonals() {
  return {
      {.call = "diagonal(x, offset = 0, axis1 = 0, axis2 = 1)",
       .equation = "y[..., i] = x[..., i, ..., i + offset, ...]",
       .cases = {diagonal_case({3, 3}, 0, 0, 1, {3}), diagonal_case({3, 4}, 1, 0, 1, {3}),
                 diagonal_case({3, 2, 4}, -1, 0, 2, {2, 2}), diagonal_case({2, 1, 3}, 0, 2, 0, {1, 2}),
                 diagonal_case({0, 3}, 0, 0, 1, {0})},
       .refusals = {refuses<ShapeError>([] { return diagonal(vector); }),
                    refuses<AxisError>([] { return diagonal(matrix, 0, 0, 0); })}},
      {.call = "diag_embed(x, offset = 0)",
       .equation = "y[..., i, i + offset] = x[..., i], 0 elsewhere",
       .cases = {embed_case({3}, 0, diag_embed), embed_case({2, 3}, 2, diag_embed), embed_case({1}, -1, diag_embed),
                 embed_case({0}, 0, diag_embed)},
       .refusals = {refuses<ShapeError>([] { return diag_embed(number); })}},
      {.call = "diag(x, offset = 0)",
       .equation = "a vector on a diagonal; of a matrix its diagonal",
       .cases = {embed_case({3}, 1, diag), embed_case({1}, 0, diag), embed_case({0}, 0, diag),
                 moved([](const Tensor& x) { return diag(x, -1); }, {3, 2}, {2},
                       [](const Array& x, const Places& at) {
                         return x.at({at[0] + 1, at[0]});
                       })},
       .refusals = {refuses<ShapeError>([] {
         return diag(ones({1, 1, 1}));
       })}},
      {.call = "trace(x, offset = 0, axis1 = 0, axis2 = 1)",
       .equation = "Σ x[..., i, ..., i + offset, ...]",
       .cases = {trace_case({3, 3}, 0, {}), trace_case({2, 3, 2}, 1, {2}), trace_case({1, 1}, 0, {}),
                 trace_case({0, 2}, 0, {})},
       .refusals = {refuses<ShapeError>([] { return trace(vector); })}},
      {.call = "tril(x, diagonal = 0)",
       .equation = "xᵢⱼ where j − i ≤ diagonal, 0 elsewhere",
       .cases = {triangle_case({3, 3}, 0, true), triangle_case({2, 2, 3}, 1, true), triangle_case({3, 1}, -1, true),
                 triangle_case({0, 2}, 0, true)},
       .refusals = {refuses<ShapeError>([] { return tril(vector); })}},
      {.call = "triu(x, diagonal = 0)",
       .equation = "xᵢⱼ where j − i ≥ diagonal, 0 elsewhere",
       .cases = {triangle_case({3, 3}, 0, false), triangle_case({2, 2, 3}, 1, false), triangle_case({3, 1}, -1, false),
                 triangle_case({0, 2}, 0, false)},
       .refusals = {refuses<ShapeError>([] { return triu(vector); })}},
  };
}

}  // namespace

std::vector<Composition> movement_compositions() {
  std::vector<Composition> all = of_axes();
  for (auto* part : {of_parts, of_copies, of_diagonals})
    for (Composition& row : part()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
