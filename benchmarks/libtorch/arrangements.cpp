#include "benchmarks/libtorch/common.hpp"

namespace benchmarks::libtorch_side {

namespace {

using torch::Tensor;
using Sizes = std::vector<std::int64_t>;

void add(Cases& cases, const std::string& name, Function f, const Sizes& shape) {
  cases.add(name, [=] { return function(f, {uniform_tensor(shape, 1)}, {}); });
}
void add_backward(Cases& cases, const std::string& name, Function f, const Sizes& shape, const Sizes& result) {
  cases.add(name + "/backward",
            [=] { return function(f, {uniform_tensor(shape, 1).requires_grad_()}, uniform_tensor(result, 2)); });
}

void add_scans(Cases& cases) {
  const Sizes square{1000, 1000};
  const Function running = [](const Inputs& in) { return torch::cumsum(in[0], -1); };
  add(cases, "cumsum/1000x1000", running, square);
  add_backward(cases, "cumsum/1000x1000", running, square, square);
  add(
      cases, "cumsum/1000x1000/columns", [](const Inputs& in) { return torch::cumsum(in[0], 0); }, square);
  add(cases, "cumsum/1M", running, {1'000'000});
  add(
      cases, "cumprod/1000x1000", [](const Inputs& in) { return torch::cumprod(in[0], -1); }, square);
  add(
      cases, "cummax/1000x1000", [](const Inputs& in) { return std::get<0>(torch::cummax(in[0], -1)); }, square);
  const Function logarithms = [](const Inputs& in) { return torch::logcumsumexp(in[0], -1); };
  add(cases, "logcumsumexp/1000x1000", logarithms, square);
  add_backward(cases, "logcumsumexp/1000x1000", logarithms, square, square);
  cases.add("prod/1000x50/backward", [] {
    return function([](const Inputs& in) { return torch::prod(in[0], 1); },
                    {uniform_tensor({1000, 50}, 1, 0.5f, 1.5f).requires_grad_()}, uniform_tensor({1000}, 2));
  });
}

Tensor sorted(const Tensor& x, std::int64_t axis) {
  return std::get<0>(torch::sort(x, c10::optional<bool>(true), axis, false));
}

void add_order(Cases& cases) {
  const Sizes square{1000, 1000}, narrow{20'000, 20};
  add(
      cases, "argmax/1000x1000", [](const Inputs& in) { return torch::argmax(in[0], 1); }, square);
  add(
      cases, "argmax/1000x1000/columns", [](const Inputs& in) { return torch::argmax(in[0], 0); }, square);
  add(cases, "argmax/1M", [](const Inputs& in) { return torch::argmax(in[0], 0); }, {1'000'000});
  add(
      cases, "sort/20/20000_rows", [](const Inputs& in) { return sorted(in[0], 1); }, narrow);
  add(
      cases, "sort/1000/1000_rows", [](const Inputs& in) { return sorted(in[0], 1); }, square);
  add(
      cases, "sort/1000/1000_columns", [](const Inputs& in) { return sorted(in[0], 0); }, square);
  add(
      cases, "topk/5_of_20/20000_rows", [](const Inputs& in) { return std::get<0>(torch::topk(in[0], 5, 1)); }, narrow);
  add(
      cases, "kthvalue/1000/1000_rows", [](const Inputs& in) { return std::get<0>(torch::kthvalue(in[0], 500, 1)); },
      square);
  add(cases, "median/1M", [](const Inputs& in) { return torch::median(in[0]); }, {1'000'000});
}

Work indexed(Function f, const Sizes& shape, std::int64_t count, const Sizes& index, const Sizes& result) {
  std::int64_t size = 1;
  for (const std::int64_t each : index) size *= each;
  return function(f, {uniform_tensor(shape, 1).requires_grad_(), class_tensor(size, count, 3).reshape(index)},
                  uniform_tensor(result, 2));
}

void add_indexing(Cases& cases) {
  const Sizes square{1000, 1000};
  cases.add("gather/1000x1000/backward", [=] {
    return indexed([](const Inputs& in) { return torch::gather(in[0], 1, in[1]); }, square, 1000, square, square);
  });
  cases.add("gather/1000x1000/columns/backward", [=] {
    return indexed([](const Inputs& in) { return torch::gather(in[0], 0, in[1]); }, square, 1000, square, square);
  });
  cases.add("take/1M/backward", [] {
    return indexed([](const Inputs& in) { return torch::index_select(in[0], 0, in[1]); }, {1'000'000}, 1'000'000,
                   {1'000'000}, {1'000'000});
  });
  cases.add("index_add/1000x256/10000_rows/backward", [] {
    const Inputs inputs{uniform_tensor({1000, 256}, 1).requires_grad_(),
                        uniform_tensor({10'000, 256}, 4).requires_grad_(), class_tensor(10'000, 1000, 3)};
    return function([](const Inputs& in) { return torch::index_add(in[0], 0, in[2], in[1]); }, inputs,
                    uniform_tensor({1000, 256}, 2));
  });
}

void add_movements(Cases& cases) {
  const Sizes square{1000, 1000};
  add(
      cases, "transpose/1000x1000", [](const Inputs& in) { return in[0].t().contiguous(); }, square);
  add(cases, "transpose/64x200x100", [](const Inputs& in) { return in[0].transpose(1, 2).contiguous(); },
      {64, 200, 100});
  add(cases, "permute/32x64x28x28/nhwc",
      [](const Inputs& in) {
        return in[0].permute({0, 2, 3, 1}).contiguous();
      },
      {32, 64, 28, 28});
  add(
      cases, "flip/1000x1000", [](const Inputs& in) { return torch::flip(in[0], {1}); }, square);
  add(
      cases, "roll/1000x1000", [](const Inputs& in) { return torch::roll(in[0], {1}, {1}); }, square);
  add(
      cases, "pad/1000x1000",
      [](const Inputs& in) {
        return torch::constant_pad_nd(in[0], {3, 3});
      },
      square);
  add(cases, "concat/2x1000x500", [](const Inputs& in) { return torch::cat({in[0], in[0]}, 1); }, {1000, 500});
  add(
      cases, "slice/1000x1000/step2",
      [](const Inputs& in) { return in[0].slice(1, c10::nullopt, c10::nullopt, 2).contiguous(); }, square);
}

Work drawn(Tensor (*f)()) {
  return {[=] { f(); }, [] { return std::vector<Numbers>{}; }};
}

void add_draws(Cases& cases) {
  cases.add("uniform/1M", [] { return drawn([] { return torch::rand({1'000'000}); }); });
  cases.add("normal/1M", [] { return drawn([] { return torch::randn({1'000'000}); }); });
  cases.add("randint/1M", [] { return drawn([] { return torch::randint(0, 100, {1'000'000}, torch::kInt64); }); });
}

}  // namespace

void add_arrangements(Cases& cases) {
  add_scans(cases);
  add_order(cases);
  add_indexing(cases);
  add_movements(cases);
  add_draws(cases);
}

}  // namespace benchmarks::libtorch_side
