// Products of several Tensors.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), other = known({4, 2});

// A product of the operands at the indices that `places` makes of the result's and those that are summed over.
Case sum_case(std::function<Tensor(const Xs&)> f, const std::vector<Shape>& shapes, const Shape& to,
              const Shape& summed, std::function<std::vector<Places>(const Places& at, const Places& over)> places) {
  std::vector<Input> inputs;
  for (const Shape& shape : shapes) inputs.push_back({shape});
  return any_case(std::move(f), inputs, to, [=](const Arrays& x, const Places& at) {
    Real sum = 0;
    build(summed, [&](const Places& over) {
      const std::vector<Places> of = places(at, over);
      Real term = 1;
      for (std::size_t i = 0; i < x.size(); ++i) term *= x[i].at(of[i]);
      sum += term;
      return term;
    });
    return sum;
  });
}

Case einsum_case(const char* equation, const std::vector<Shape>& shapes, const Shape& to, const Shape& summed,
                 std::function<std::vector<Places>(const Places&, const Places&)> places) {
  return sum_case([equation](const Xs& x) { return einsum(equation, x); }, shapes, to, summed, std::move(places));
}

using P = std::vector<Places>;

std::vector<Case> einsum_cases() {
  return {einsum_case("ij,jk->ik", {{2, 3}, {3, 2}}, {2, 2}, {3},
                      [](const Places& y, const Places& s) {
                        return P{{y[0], s[0]}, {s[0], y[1]}};
                      }),
          einsum_case("bqd,bkd->bqk", {{2, 2, 3}, {2, 4, 3}}, {2, 2, 4}, {3},
                      [](const Places& y, const Places& s) {
                        return P{{y[0], y[1], s[0]}, {y[0], y[2], s[0]}};
                      }),
          einsum_case("ii->i", {{3, 3}}, {3}, {},
                      [](const Places& y, const Places&) {
                        return P{{y[0], y[0]}};
                      }),
          einsum_case("i,ij,j", {{2}, {2, 3}, {3}}, {}, {2, 3},
                      [](const Places&, const Places& s) {
                        return P{{s[0]}, {s[0], s[1]}, {s[1]}};
                      }),
          einsum_case("...ij,...j->...i", {{2, 1, 2, 3}, {2, 3}}, {2, 2, 2}, {3},
                      [](const Places& y, const Places& s) {
                        return P{{y[0], 0, y[2], s[0]}, {y[1], s[0]}};
                      }),
          einsum_case("ij,jk->ik", {{2, 0}, {0, 2}}, {2, 2}, {0}, [](const Places& y, const Places& s) {
            return P{{y[0], s[0]}, {s[0], y[1]}};
          })};
}

std::vector<Case> tensordot_cases() {
  const auto last = [](const Xs& x) { return tensordot(x[0], x[1], 1); };
  return {sum_case([](const Xs& x) { return tensordot(x[0], x[1]); }, {{2, 3, 4}, {3, 4, 2}}, {2, 2}, {3, 4},
                   [](const Places& y, const Places& s) {
                     return P{{y[0], s[0], s[1]}, {s[0], s[1], y[1]}};
                   }),
          sum_case(last, {{1, 3}, {3, 2}}, {1, 2}, {3},
                   [](const Places& y, const Places& s) {
                     return P{{y[0], s[0]}, {s[0], y[1]}};
                   }),
          sum_case(last, {{2, 0}, {0}}, {2}, {0}, [](const Places& y, const Places& s) {
            return P{{y[0], s[0]}, {s[0]}};
          })};
}

std::vector<Case> tensordot_axes_cases() {
  const auto pairs = [](const Xs& x) { return tensordot(x[0], x[1], {0, 2}, {1, 0}); };
  const auto places = [](const Places& y, const Places& s) { return P{{s[0], y[0], s[1]}, {s[1], s[0], y[1]}}; };
  return {sum_case(pairs, {{2, 3, 4}, {4, 2, 5}}, {3, 5}, {2, 4}, places),
          sum_case(pairs, {{1, 2, 3}, {3, 1, 2}}, {2, 2}, {1, 3}, places),
          sum_case(pairs, {{2, 3, 0}, {0, 2, 1}}, {3, 1}, {2, 0}, places)};
}

std::vector<Composition> sums() {
  const auto inner_of = [](const Xs& x) { return inner(x[0], x[1]); };
  const auto dot_of = [](const Xs& x) { return dot(x[0], x[1]); };
  const auto both = [](const Places&, const Places& s) { return P{s, s}; };
  const auto over_last = [](const Places& y, const Places& s) { return P{{y[0], s[0]}, {y[1], s[0]}}; };
  return {
      {.call = "einsum(equation, operands)",
       .equation = "Einstein's sum: Σ over the letters that the output does not have",
       .cases = einsum_cases(),
       .refusals = {refuses<ValueError>([] { return einsum("ij", matrix, matrix); }),
                    refuses<ShapeError>([] { return einsum("ij,jk", matrix, other); }),
                    refuses<ValueError>([] { return einsum("i1", matrix); }),
                    refuses<DTypeError>([] { return einsum("i", tensor({true})); })}},
      {.call = "tensordot(a, b, axes = 2)",
       .equation = "Σ over the last axes of a and the first of b",
       .cases = tensordot_cases(),
       .refusals = {refuses<ShapeError>([] { return tensordot(matrix, other, 1); }),
                    refuses<ValueError>([] { return tensordot(matrix, other, 3); })}},
      {.call = "tensordot(a, b, axes_of_a, axes_of_b)",
       .equation = "Σ over these axes, pair by pair",
       .cases = tensordot_axes_cases(),
       .refusals = {refuses<ValueError>([] {
                      return tensordot(matrix, other, {0, 1}, {0});
                    }),
                    refuses<AxisError>([] { return tensordot(matrix, other, {2}, {0}); })}},
      {.call = "inner(a, b)",
       .equation = "Σ over the last axis of both",
       .cases = {sum_case(inner_of, {{3}, {3}}, {}, {3}, both),
                 sum_case(inner_of, {{2, 3}, {1, 3}}, {2, 1}, {3}, over_last),
                 sum_case(inner_of, {{2, 0}, {3, 0}}, {2, 3}, {0}, over_last)},
       .refusals = {refuses<ShapeError>([] { return inner(matrix, other); })}},
      {.call = "dot(a, b)",
       .equation = "Σ aᵢ bᵢ",
       .cases = {sum_case(dot_of, {{3}, {3}}, {}, {3}, both), sum_case(dot_of, {{1}, {1}}, {}, {1}, both),
                 sum_case(dot_of, {{0}, {0}}, {}, {0}, both)},
       .refusals = {refuses<ShapeError>([] { return dot(vector, ones({4})); }),
                    refuses<ShapeError>([] { return dot(matrix, matrix); })}},
  };
}

Case kron_case(const Shape& a, const Shape& b, const Shape& to) {
  const auto place = [to](const Shape& of, const Places& at) { return Places(at.end() - of.ndim(), at.end()); };
  return any_case([](const Xs& x) { return kron(x[0], x[1]); }, {{a}, {b}}, to,
                  [=](const Arrays& x, const Places& at) {
                    Places blocks, inside;
                    for (std::int64_t axis = 0; axis < to.ndim(); ++axis) {
                      const std::int64_t from_end = to.ndim() - axis;
                      const std::int64_t size = from_end <= b.ndim() ? b[b.ndim() - from_end] : 1;
                      blocks.push_back(at[u(axis)] / size);
                      inside.push_back(at[u(axis)] % size);
                    }
                    return x[0].at(place(a, blocks)) * x[1].at(place(b, inside));
                  });
}

Case cross_case(const Shape& a, const Shape& b, std::int64_t axis, const Shape& to) {
  return any_case([axis](const Xs& x) { return cross(x[0], x[1], axis); }, {{a}, {b}}, to,
                  [=](const Arrays& x, const Places& at) {
                    const std::int64_t i = at[u(axis)], j = (i + 1) % 3, k = (i + 2) % 3;
                    const auto element = [&](const Array& of, std::int64_t place) {
                      Places from = with(at, axis, place);
                      for (std::int64_t d = 0; d < of.shape.ndim(); ++d)
                        if (of.shape[d] == 1) from[u(d)] = 0;
                      return of.at(from);
                    };
                    return element(x[0], j) * element(x[1], k) - element(x[0], k) * element(x[1], j);
                  });
}

Case addmm_case(const Shape& c, const Shape& a, const Shape& b, double beta, double alpha) {
  return any_case([=](const Xs& x) { return addmm(x[0], x[1], x[2], beta, alpha); }, {{c}, {a}, {b}}, {a[0], b[1]},
                  [=](const Arrays& x, const Places& at) {
                    Real sum = 0;
                    for (std::int64_t k = 0; k < a[1]; ++k) sum += x[1].at({at[0], k}) * x[2].at({k, at[1]});
                    const Places place(at.end() - c.ndim(), at.end());
                    return static_cast<Real>(beta) * x[0].at(place) + static_cast<Real>(alpha) * sum;
                  });
}

std::vector<Composition> others() {
  return {
      {.call = "outer(a, b)",
       .equation = "yᵢⱼ = aᵢ bⱼ",
       .cases = {sum_case([](const Xs& x) { return outer(x[0], x[1]); }, {{2}, {3}}, {2, 3}, {},
                          [](const Places& y, const Places&) {
                            return P{{y[0]}, {y[1]}};
                          }),
                 sum_case([](const Xs& x) { return outer(x[0], x[1]); }, {{1}, {0}}, {1, 0}, {},
                          [](const Places& y, const Places&) {
                            return P{{y[0]}, {y[1]}};
                          })},
       .refusals = {refuses<ShapeError>([] { return outer(matrix, vector); })}},
      {.call = "kron(a, b)",
       .equation = "blocks aᵢⱼ b",
       .cases = {kron_case({2}, {3}, {6}), kron_case({2, 2}, {1, 3}, {2, 6}), kron_case({2}, {3, 2}, {3, 4}),
                 kron_case({0, 2}, {2, 2}, {0, 4})},
       .refusals = {refuses<DTypeError>([] { return kron(vector, ones({3}, float64)); })}},
      {.call = "cross(a, b, axis = -1)",
       .equation = "a × b of three numbers along an axis",
       .cases = {cross_case({3}, {3}, 0, {3}), cross_case({2, 3}, {1, 3}, 1, {2, 3}),
                 cross_case({3, 2}, {3, 2}, 0, {3, 2}), cross_case({0, 3}, {0, 3}, 1, {0, 3})},
       .refusals = {refuses<ShapeError>([] { return cross(ones({2}), ones({2})); }),
                    refuses<AxisError>([] { return cross(vector, vector, 1); })}},
      {.call = "addmm(c, a, b, beta = 1, alpha = 1)",
       .equation = "beta c + alpha a b",
       .cases = {addmm_case({2, 2}, {2, 3}, {3, 2}, 1, 1), addmm_case({2}, {1, 3}, {3, 2}, 0.5, -2),
                 addmm_case({2, 2}, {2, 0}, {0, 2}, 2, 1)},
       .refusals = {refuses<ShapeError>([] { return addmm(matrix, matrix, matrix); }), refuses<ShapeError>([] {
                      return addmm(vector, matrix, ones({3, 2}));
                    })}},
  };
}

}  // namespace

std::vector<Composition> product_compositions() {
  std::vector<Composition> all = sums();
  for (Composition& row : others()) all.push_back(std::move(row));
  return all;
}

}  // namespace xgrad::catalogue
