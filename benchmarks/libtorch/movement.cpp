#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;

Tensor stencil(const Inputs& in) {
  const Tensor rows = in[0].slice(0, 1, -1), columns = in[0].slice(1, 1, -1);
  const Tensor laplacian = columns.slice(0, 2) + columns.slice(0, 0, -2) + rows.slice(1, 2) + rows.slice(1, 0, -2) -
                           4 * rows.slice(1, 1, -1);
  return laplacian.square().mean();
}

Tensor difference(const Inputs& in) { return (in[0].slice(0, 1) - in[0].slice(0, 0, -1)).square().mean(); }

Tensor tracked(const std::vector<std::int64_t>& shape, int seed, float low = -1, float high = 1) {
  return uniform_tensor(shape, seed, low, high).requires_grad_();
}

}  // namespace

void add_movement(Cases& cases) {
  const std::vector<std::int64_t> square{1000, 1000};
  cases.add("stencil/5_points/1000x1000", [=] { return function(stencil, {tracked(square, 1)}, torch::tensor(1.0f)); });
  cases.add("difference/1M", [] { return function(difference, {tracked({1'000'000}, 1)}, torch::tensor(1.0f)); });
  cases.add("sin_of_transposed/1000x1000", [=] {
    return function([](const Inputs& in) { return torch::sin(in[0].t() * in[1]); },
                    {tracked(square, 1), tracked(square, 2)}, uniform_tensor(square, 3));
  });
  cases.add("broadcast/32x1x64_by_1x100x1", [] {
    return function([](const Inputs& in) { return in[0] * in[1]; }, {tracked({32, 1, 64}, 1), tracked({1, 100, 1}, 2)},
                    uniform_tensor({32, 100, 64}, 3));
  });
  cases.add("mean/middle/32x100x64", [] {
    return function([](const Inputs& in) { return in[0].mean(1); }, {tracked({32, 100, 64}, 1)},
                    uniform_tensor({32, 64}, 2));
  });
  cases.add("cumsum/1000x1000", [=] {
    return function([](const Inputs& in) { return torch::cumsum(in[0], 1); }, {tracked(square, 1)},
                    uniform_tensor(square, 2));
  });
  cases.add("prod/1000x50", [] {
    return function([](const Inputs& in) { return torch::prod(in[0], 1); }, {tracked({1000, 50}, 1, 0.5, 1.5)},
                    uniform_tensor({1000}, 2));
  });
  cases.add("distances/500x500x16", [] {
    return function([](const Inputs& in) { return torch::cdist(in[0], in[1]); },
                    {tracked({500, 16}, 1), tracked({500, 16}, 2)}, uniform_tensor({500, 500}, 3));
  });
}

}  // namespace benchmarks::libtorch_side
