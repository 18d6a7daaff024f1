#pragma once

// Attention of several heads in plain loops over numbers, to compare with.

#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

#include "tests/nn/recurrent_loops.hpp"

namespace xgrad::loops {

using Rows = std::vector<Numbers>;

/// [L, E] as rows.
inline Rows rows_of(const Tensor& x) {
  Rows rows;
  for (std::int64_t i = 0; i < x.size(0); ++i) rows.push_back(x(i).to_vector());
  return rows;
}

/// A x + b for each row; A is [out, in].
inline Rows affine_rows(const Tensor& weight, const Tensor& bias, const Rows& xs) {
  const Numbers w = weight.to_vector(), b = bias.defined() ? bias.to_vector() : Numbers();
  Rows ys;
  for (const Numbers& x : xs) ys.push_back(affine(w, x, b));
  return ys;
}

/// The heads side by side, from projected queries, keys and values; `sees(i, j)`: whether query i looks at key j.
inline Rows heads_of(const Rows& q, const Rows& k, const Rows& v, std::size_t heads,
                     const std::function<bool(std::size_t, std::size_t)>& sees) {
  Rows outputs;
  for (std::size_t i = 0; i < q.size(); ++i) {
    Numbers output(q[i].size(), 0);
    const std::size_t size = q[i].size() / heads;
    for (std::size_t h = 0; h < heads; ++h) {
      double total = 0;
      Numbers weights;
      for (std::size_t j = 0; j < k.size(); ++j) {
        double score = 0;
        for (std::size_t e = h * size; e < (h + 1) * size; ++e) score += q[i][e] * k[j][e];
        weights.push_back(sees(i, j) ? std::exp(score / std::sqrt(static_cast<double>(size))) : 0);
        total += weights.back();
      }
      for (std::size_t j = 0; j < k.size() && total > 0; ++j)
        for (std::size_t e = h * size; e < (h + 1) * size; ++e) output[e] += weights[j] / total * v[j][e];
    }
    outputs.push_back(output);
  }
  return outputs;
}

inline Numbers joined(const Rows& rows) {
  Numbers all;
  for (const Numbers& row : rows) all.insert(all.end(), row.begin(), row.end());
  return all;
}

}  // namespace xgrad::loops
