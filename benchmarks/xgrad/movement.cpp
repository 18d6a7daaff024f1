// What reads its inputs elsewhere than in a row: stencils, transposes, broadcasts, middle axes, scans, distances.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

// The mean square of the Laplacian on a grid.
Tensor stencil(const Inputs& in) {
  const Tensor rows = slice(in[0], 0, 1, -1), columns = slice(in[0], 1, 1, -1);
  const Tensor laplacian = slice(columns, 0, 2, {}) + slice(columns, 0, {}, -2) + slice(rows, 1, 2, {}) +
                           slice(rows, 1, {}, -2) - 4.0f * slice(rows, 1, 1, -1);
  return mean(square(laplacian));
}

Tensor difference(const Inputs& in) { return mean(square(slice(in[0], 0, 1, {}) - slice(in[0], 0, {}, -1))); }

}  // namespace

void add_movement(Cases& cases) {
  const Shape square_shape{1000, 1000};
  cases.add("stencil/5_points/1000x1000",
            [=] { return function(stencil, {uniform_tensor(square_shape, 1)}, 1, tensor(1.0f)); });
  cases.add("difference/1M", [] { return function(difference, {uniform_tensor({1'000'000}, 1)}, 1, tensor(1.0f)); });
  cases.add("sin_of_transposed/1000x1000", [=] {
    return function([](const Inputs& in) { return sin(transpose(in[0]) * in[1]); },
                    {uniform_tensor(square_shape, 1), uniform_tensor(square_shape, 2)}, 2,
                    uniform_tensor(square_shape, 3));
  });
  cases.add("broadcast/32x1x64_by_1x100x1", [] {
    return function([](const Inputs& in) { return in[0] * in[1]; },
                    {uniform_tensor({32, 1, 64}, 1), uniform_tensor({1, 100, 1}, 2)}, 2,
                    uniform_tensor({32, 100, 64}, 3));
  });
  cases.add("mean/middle/32x100x64", [] {
    return function([](const Inputs& in) { return mean(in[0], 1); }, {uniform_tensor({32, 100, 64}, 1)}, 1,
                    uniform_tensor({32, 64}, 2));
  });
  cases.add("cumsum/1000x1000", [=] {
    return function([](const Inputs& in) { return cumsum(in[0], 1); }, {uniform_tensor(square_shape, 1)}, 1,
                    uniform_tensor(square_shape, 2));
  });
  cases.add("prod/1000x50", [] {
    return function([](const Inputs& in) { return prod(in[0], 1); }, {uniform_tensor({1000, 50}, 1, 0.5, 1.5)}, 1,
                    uniform_tensor({1000}, 2));
  });
  cases.add("distances/500x500x16", [] {
    return function([](const Inputs& in) { return cdist(in[0], in[1]); },
                    {uniform_tensor({500, 16}, 1), uniform_tensor({500, 16}, 2)}, 2, uniform_tensor({500, 500}, 3));
  });
}

}  // namespace benchmarks::xgrad_side
