// Scans, products of rows, order, gathers and scatters, movements and random draws: what reference kernels do.

#include "benchmarks/xgrad/common.hpp"

namespace benchmarks::xgrad_side {

using namespace xgrad;

namespace {

/// f of a tensor of this shape, without derivatives, or with that by it.
void add(Cases& cases, const std::string& name, Function f, const Shape& shape) {
  cases.add(name, [=] { return function(f, {uniform_tensor(shape, 1)}, 0, {}); });
}
void add_backward(Cases& cases, const std::string& name, Function f, const Shape& shape, const Shape& result) {
  cases.add(name + "/backward", [=] { return function(f, {uniform_tensor(shape, 1)}, 1, uniform_tensor(result, 2)); });
}

void add_scans(Cases& cases) {
  const Shape square{1000, 1000};
  const Function running = [](const Inputs& in) { return cumsum(in[0], -1); };
  add(cases, "cumsum/1000x1000", running, square);
  add_backward(cases, "cumsum/1000x1000", running, square, square);
  add(
      cases, "cumsum/1000x1000/columns", [](const Inputs& in) { return cumsum(in[0], 0); }, square);
  add(cases, "cumsum/1M", running, {1'000'000});
  add(
      cases, "cumprod/1000x1000", [](const Inputs& in) { return cumprod(in[0], -1); }, square);
  add(
      cases, "cummax/1000x1000", [](const Inputs& in) { return cummax(in[0], -1); }, square);
  const Function logarithms = [](const Inputs& in) { return logcumsumexp(in[0], -1); };
  add(cases, "logcumsumexp/1000x1000", logarithms, square);
  add_backward(cases, "logcumsumexp/1000x1000", logarithms, square, square);
  cases.add("prod/1000x50/backward", [] {
    return function([](const Inputs& in) { return prod(in[0], 1); }, {uniform_tensor({1000, 50}, 1, 0.5f, 1.5f)}, 1,
                    uniform_tensor({1000}, 2));
  });
}

void add_order(Cases& cases) {
  const Shape square{1000, 1000}, narrow{20'000, 20};
  add(
      cases, "argmax/1000x1000", [](const Inputs& in) { return argmax(in[0], 1); }, square);
  add(
      cases, "argmax/1000x1000/columns", [](const Inputs& in) { return argmax(in[0], 0); }, square);
  add(cases, "argmax/1M", [](const Inputs& in) { return argmax(in[0], 0); }, {1'000'000});
  add(
      cases, "sort/20/20000_rows", [](const Inputs& in) { return sort(in[0], 1).values; }, narrow);
  add(
      cases, "sort/1000/1000_rows", [](const Inputs& in) { return sort(in[0], 1).values; }, square);
  add(
      cases, "sort/1000/1000_columns", [](const Inputs& in) { return sort(in[0], 0).values; }, square);
  add(
      cases, "topk/5_of_20/20000_rows", [](const Inputs& in) { return topk(in[0], 5).values; }, narrow);
  add(
      cases, "kthvalue/1000/1000_rows", [](const Inputs& in) { return kthvalue(in[0], 500, 1).values; }, square);
  add(cases, "median/1M", [](const Inputs& in) { return median(in[0]); }, {1'000'000});
}

Work indexed(Function f, const Shape& shape, std::int64_t count, const Shape& index, const Shape& result) {
  const std::int64_t size = index.numel();
  return function(f, {uniform_tensor(shape, 1), reshape(tensor(classes(size, count, 3)), index)}, 1,
                  uniform_tensor(result, 2));
}

void add_indexing(Cases& cases) {
  const Shape square{1000, 1000};
  cases.add("gather/1000x1000/backward", [=] {
    return indexed([](const Inputs& in) { return gather(in[0], 1, in[1]); }, square, 1000, square, square);
  });
  cases.add("gather/1000x1000/columns/backward", [=] {
    return indexed([](const Inputs& in) { return gather(in[0], 0, in[1]); }, square, 1000, square, square);
  });
  cases.add("take/1M/backward", [] {
    return indexed([](const Inputs& in) { return take(in[0], in[1], 0); }, {1'000'000}, 1'000'000, {1'000'000},
                   {1'000'000});
  });
  cases.add("index_add/1000x256/10000_rows/backward", [] {
    const Tensor index = tensor(classes(10'000, 1000, 3));
    return function([](const Inputs& in) { return index_add(in[0], 0, in[2], in[1]); },
                    {uniform_tensor({1000, 256}, 1), uniform_tensor({10'000, 256}, 4), index}, 2,
                    uniform_tensor({1000, 256}, 2));
  });
}

void add_movements(Cases& cases) {
  const Shape square{1000, 1000};
  add(
      cases, "transpose/1000x1000", [](const Inputs& in) { return transpose(in[0], 0, 1); }, square);
  add(cases, "transpose/64x200x100", [](const Inputs& in) { return transpose(in[0], 1, 2); }, {64, 200, 100});
  add(cases, "permute/32x64x28x28/nhwc",
      [](const Inputs& in) {
        return permute(in[0], {0, 2, 3, 1});
      },
      {32, 64, 28, 28});
  add(
      cases, "flip/1000x1000", [](const Inputs& in) { return flip(in[0], 1); }, square);
  add(
      cases, "roll/1000x1000", [](const Inputs& in) { return roll(in[0], 1, 1); }, square);
  add(
      cases, "pad/1000x1000", [](const Inputs& in) { return pad(in[0], 1, 3, 3); }, square);
  add(cases, "concat/2x1000x500", [](const Inputs& in) { return concat({in[0], in[0]}, 1); }, {1000, 500});
  add(
      cases, "slice/1000x1000/step2", [](const Inputs& in) { return slice(in[0], 1, 0, {}, 2); }, square);
}

/// Other numbers than libtorch draws: there is nothing to compare.
Work drawn(Tensor (*f)(Rng&)) {
  const auto rng = std::make_shared<Rng>(1);
  return {[=] { evaluate(f(*rng)); }, [] { return std::vector<Numbers>{}; }};
}

void add_draws(Cases& cases) {
  cases.add("uniform/1M", [] { return drawn([](Rng& rng) { return uniform({1'000'000}, rng); }); });
  cases.add("normal/1M", [] { return drawn([](Rng& rng) { return normal({1'000'000}, rng); }); });
  cases.add("randint/1M", [] { return drawn([](Rng& rng) { return randint({1'000'000}, rng, 0, 100); }); });
}

}  // namespace

void add_arrangements(Cases& cases) {
  add_scans(cases);
  add_order(cases);
  add_indexing(cases);
  add_movements(cases);
  add_draws(cases);
}

}  // namespace benchmarks::xgrad_side
