#include "autograd/engine/products/offsets.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <random>

#include "autograd/autograd.hpp"
#include "autograd/core/buffer.hpp"
#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/products/lay_out.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace offsets_test {

using namespace xgrad;
using fused::distance;
using fused::Gemm;
using fused::Offsets;
using fused::offsets_of;
using fused::StridedView;
using fused::testing::InEngine;
using fused::testing::Threads;
using xgrad::testing::pick;
using xgrad::testing::Random;

namespace {

/// The offset of each element of a view, row by row.
std::vector<std::int64_t> elements_of(const StridedView& view) {
  std::vector<std::int64_t> all{0};
  for (std::int64_t axis = 0; axis < view.shape.ndim(); ++axis) {
    std::vector<std::int64_t> next;
    for (const std::int64_t outer : all)
      for (std::int64_t i = 0; i < view.shape[axis]; ++i)
        next.push_back(outer + i * view.strides[static_cast<std::size_t>(axis)]);
    all = std::move(next);
  }
  return all;
}

/// Offsets such as windows have: runs of neighbours, begun anew here and there; or any at all.
std::vector<std::int64_t> some_offsets(std::int64_t count, Random& random) {
  std::vector<std::int64_t> offsets;
  const std::int64_t run = pick(random, 1, 40), kind = pick(random, 0, 3);
  std::int64_t at = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    offsets.push_back(at);
    if (kind == 0)
      at = pick(random, 0, 500);
    else
      at += (i + 1) % run == 0 ? pick(random, kind == 1 ? -at : 0, 60) : kind == 3 ? 2 : 1;
  }
  return offsets;
}

std::int64_t largest(const std::vector<std::int64_t>& list) { return *std::ranges::max_element(list); }

/// A product of random sizes, whose operands lie row by row; the one that is to lie anywhere is not transposed.
Gemm some_product(DType dtype, bool first, Random& random) {
  Gemm gemm;
  gemm.dtype = dtype;
  gemm.m = pick(random, 1, 90), gemm.n = pick(random, 1, 90), gemm.k = pick(random, 1, 150);
  if (random() % 4 == 0) (random() % 2 ? gemm.m : gemm.n) = pick(random, 1, 12);  // sums are in lanes, if they are deep
  if (random() % 4 == 0) gemm.k = pick(random, 150, 900);
  if (random() % 8 == 0) gemm.k = pick(random, 1000, 3000);
  if (random() % 16 == 0)
    gemm.k = pick(random, 20000, 90000), gemm.m = pick(random, 1, 20), gemm.n = pick(random, 1, 20);
  gemm.batch = pick(random, 1, 3);
  gemm.transpose_a = !first && random() % 2;
  gemm.transpose_b = first && random() % 2;
  gemm.row_a = gemm.transpose_a ? gemm.m : gemm.k;
  gemm.row_b = gemm.transpose_b ? gemm.k : gemm.n;
  gemm.row_c = gemm.n;
  gemm.batch_a = gemm.m * gemm.k, gemm.batch_b = gemm.k * gemm.n, gemm.batch_c = gemm.m * gemm.n;
  return gemm;
}

/// What lies at the offsets, row by row.
template <class T>
std::vector<T> laid_out_of(const std::vector<T>& held, const Offsets& offsets) {
  std::vector<T> laid_out;
  for (const std::int64_t batch : offsets.batches)
    for (const std::int64_t row : offsets.rows)
      for (const std::int64_t column : offsets.columns)
        laid_out.push_back(held[static_cast<std::size_t>(batch + row + column)]);
  return laid_out;
}

/// A product one of whose operands lies anywhere, and the same product of what was laid out.
template <class T>
void check_product(std::uint64_t seed) {
  Random random(seed);
  const bool first = random() % 2, adds = random() % 3 == 0;
  Gemm gemm = some_product(dtype_of<T>, first, random);
  const std::int64_t rows = first ? gemm.m : gemm.k, columns = first ? gemm.k : gemm.n;
  Offsets offsets{some_offsets(gemm.batch, random), some_offsets(rows, random), some_offsets(columns, random)};
  // Not an element more than it needs: the sanitizers see what is read beyond.
  std::vector<T> held(
      static_cast<std::size_t>(largest(offsets.batches) + largest(offsets.rows) + largest(offsets.columns) + 1));
  std::vector<T> other(static_cast<std::size_t>(gemm.batch * (first ? gemm.k * gemm.n : gemm.m * gemm.k)));
  xgrad::testing::Normal<T> number;
  for (T& x : held) x = number(random);
  for (T& x : other) x = number(random);
  const std::vector<T> laid_out = laid_out_of(held, offsets);
  std::vector<T> wanted(static_cast<std::size_t>(gemm.batch * gemm.m * gemm.n), T(0.5)), got = wanted;
  gemm.a = first ? laid_out.data() : other.data();
  gemm.b = first ? other.data() : laid_out.data();
  gemm.c = wanted.data();
  if (adds) gemm.d = wanted.data(), gemm.alpha = 0.75;
  fused::run(gemm);
  (first ? gemm.a : gemm.b) = held.data();
  (first ? gemm.offsets_a : gemm.offsets_b) = &offsets;
  gemm.c = got.data();
  if (adds) gemm.d = got.data();
  fused::run(gemm, {}, static_cast<int>(pick(random, 1, 4)));
  INFO("seed " << seed << ", " << gemm.m << " x " << gemm.k << " x " << gemm.n << " of " << name(gemm.dtype)
               << ", batch " << gemm.batch << (first ? ", the first" : ", the second"));
  REQUIRE(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(T)) == 0);
}

}  // namespace

TEST_CASE("a strided view is divided into matrices as its elements lie", "[offsets]") {
  Random random(1);
  int divided = 0;
  for (int time = 0; time < 2000; ++time) {
    StridedView view;
    std::vector<std::int64_t> sizes;
    for (std::int64_t axes = pick(random, 0, 5); axes > 0; --axes) sizes.push_back(pick(random, 1, 6));
    view.shape = sizes;
    for (std::size_t axis = 0; axis < sizes.size(); ++axis) view.strides.push_back(pick(random, 0, 100));
    const std::int64_t numel = view.shape.numel(), columns = pick(random, 1, numel), rows = pick(random, 1, numel);
    if (numel % (columns * rows) != 0) continue;
    const auto offsets = offsets_of(view, numel / (columns * rows), rows, columns);
    if (!offsets) continue;
    ++divided;
    std::vector<std::int64_t> got;
    for (const std::int64_t batch : offsets->batches)
      for (const std::int64_t row : offsets->rows)
        for (const std::int64_t column : offsets->columns) got.push_back(batch + row + column);
    REQUIRE(got == elements_of(view));
  }
  CHECK(divided > 200);
  // Whole axes can always be told apart.
  CHECK(offsets_of({{3, 4, 5}, {1, 3, 100}}, 3, 4, 5));
  CHECK_FALSE(offsets_of({{3, 4, 5}, {1, 3, 100}}, 3, 10, 2));
  CHECK_FALSE(offsets_of({{3, 4, 5}, {1, 3, 100}}, 3, 4, 6));
}

TEST_CASE("a factor is laid out where many elements lie along the depth, and few columns are packed for it",
          "[offsets]") {
  std::vector<std::int64_t> places, windows;  // of 10 x 10 windows of 5 x 5 elements in rows of 14
  for (std::int64_t i = 0; i < 10; ++i)
    for (std::int64_t j = 0; j < 10; ++j) places.push_back(14 * i + j);
  for (std::int64_t channel = 0; channel < 6; ++channel)
    for (std::int64_t i = 0; i < 5; ++i)
      for (std::int64_t j = 0; j < 5; ++j) windows.push_back(196 * channel + 14 * i + j);
  CHECK(fused::runs_of(places).size() == 10);
  CHECK(fused::runs_of(places)[3].first == 30);
  CHECK(fused::runs_of(places)[3].offset == 42);
  CHECK(fused::lies_along_depth(places));
  CHECK_FALSE(fused::lies_along_depth(windows));
  CHECK(fused::is_worth_laying_out(places, windows, 16, 4));
  CHECK_FALSE(fused::is_worth_laying_out(windows, places, 16, 4));  // runs of 5
  CHECK_FALSE(fused::is_worth_laying_out(places, windows, 4, 4));   // less than a vector of columns
  CHECK_FALSE(fused::is_worth_laying_out(places, windows, 64, 4));  // as many columns as half of the rows
  CHECK_FALSE(fused::is_worth_laying_out(places, windows, 16, 40));
}

TEST_CASE("the distance between offsets is one number or none", "[offsets]") {
  CHECK(distance({0, 3, 6}) == 3);
  CHECK(distance({0, 3, 5}) == std::nullopt);
  CHECK(distance({7}) == 1);
  CHECK(distance({4, 4}) == 0);
}

TEMPLATE_TEST_CASE("products of what lies anywhere have the bits of those of what is laid out", "[offsets]", float,
                   double) {
  for (const int threads : {1, 3}) {
    const Threads scope(threads);
    for (std::uint64_t seed = 0; seed < 500; ++seed) check_product<TestType>(seed);
  }
}

TEMPLATE_TEST_CASE("products are added up where they belong as they would be one by one", "[offsets]", float, double) {
  using T = TestType;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Gemm gemm;
    gemm.dtype = dtype_of<T>;
    gemm.batch = pick(random, 1, 6), gemm.m = pick(random, 1, 260), gemm.n = pick(random, 1, 80);
    gemm.k = pick(random, 1, 40);
    if (seed % 16 == 0) gemm.n = pick(random, 3000, 5000);  // fewer rows at a time
    gemm.row_a = gemm.k, gemm.row_b = gemm.row_c = gemm.n;
    gemm.batch_a = gemm.m * gemm.k, gemm.batch_b = gemm.k * gemm.n, gemm.batch_c = gemm.m * gemm.n;
    std::vector<T> a(static_cast<std::size_t>(gemm.batch * gemm.batch_a)),
        b(static_cast<std::size_t>(gemm.batch * gemm.batch_b)), c(static_cast<std::size_t>(gemm.batch * gemm.batch_c));
    xgrad::testing::Normal<T> number;
    for (T& x : a) x = number(random);
    for (T& x : b) x = number(random);
    gemm.a = a.data(), gemm.b = b.data(), gemm.c = c.data();
    fused::run(gemm);
    Offsets offsets{{}, some_offsets(gemm.m, random), some_offsets(gemm.n, random)};
    const std::int64_t size = largest(offsets.rows) + largest(offsets.columns) + 1;
    for (std::int64_t batch = 0; batch < gemm.batch; ++batch) offsets.batches.push_back(batch * size);
    std::vector<T> wanted(static_cast<std::size_t>(gemm.batch * size)), got(wanted.size(), T(7));
    const T* from = c.data();
    for (const std::int64_t batch : offsets.batches)
      for (const std::int64_t row : offsets.rows)
        for (const std::int64_t column : offsets.columns)
          wanted[static_cast<std::size_t>(batch + row + column)] += *from++;
    gemm.offsets_c = &offsets;
    gemm.batch_c = size;
    gemm.c = got.data();
    fused::run(gemm);
    INFO("seed " << seed);
    REQUIRE(std::memcmp(got.data(), wanted.data(), got.size() * sizeof(T)) == 0);
  }
}

TEST_CASE("products read permuted axes and windows where they lie, with the bits of what is laid out", "[offsets]") {
  Rng rng(5);
  const Tensor x = normal({2, 6, 9, 8}, rng);
  const std::vector<Window> windows{{2, 2, 1, 2}, {3, 2, 2, 1}};
  const std::vector<std::function<Tensor(const Tensor&)>> views = {
      [](const Tensor& t) {
        return permute(t, {0, 2, 1, 3});
      },  // [2, 9, 6, 8]
      [](const Tensor& t) {
        return permute(t, {3, 1, 0, 2});
      },  // [8, 6, 2, 9]
      [](const Tensor& t) {
        return permute(t, {1, 0, 3, 2});
      },  // [6, 2, 8, 9]
      [](const Tensor& t) {
        return reshape(permute(t, {0, 2, 1, 3}), {2, 9, 48});
      },
      [&](const Tensor& t) {
        return reshape(unfold(t, windows, 0, WindowAxes::before), {2, 24, 28});
      },
      [&](const Tensor& t) {
        return transpose(reshape(unfold(t, windows, 0, WindowAxes::before), {2, 24, 28}));
      },
  };
  for (std::size_t i = 0; i < views.size(); ++i)
    for (const bool first : {false, true})
      for (const std::int64_t rows : {1, 3, 20}) {
        INFO("view " << i << (first ? ", the first operand" : ", the second") << ", " << rows << " rows of the other");
        const auto compute = [&](bool lays_out) {
          const Parameter from(x);
          const Tensor view = views[i](from);
          if (lays_out) evaluate(view);
          Rng numbers(9);
          const std::int64_t depth = first ? view.size(-1) : view.size(-2);
          const Tensor factor = first ? normal({depth, rows}, numbers) : normal({rows, depth}, numbers);
          const Tensor y = first ? matmul(view, factor) : matmul(factor, view);
          const Tensor gradient = grad(sum(square(y)), from);
          auto all = y.to_vector();
          const auto more = gradient.to_vector();
          all.insert(all.end(), more.begin(), more.end());
          return all;
        };
        CHECK(compute(false) == compute(true));
      }
}

TEST_CASE("neither a convolution nor its gradients lay out windows", "[offsets]") {
  const InEngine engine("fused");
  Rng rng(6);
  const std::int64_t images = 4, channels = 16, size = 32;
  const Parameter x(normal({images, channels, size, size}, rng)), weight(normal({16, channels, 3, 3}, rng));
  evaluate({x, weight});
  const std::size_t before = memory_use().live;
  reset_peak_memory();
  const std::size_t image = images * channels * size * size * sizeof(float);
  const Tensor y = conv2d(x, weight, {}, {.padding = 1});
  evaluate(y);
  // The image with a border on one axis, on both, and the result; the windows would take 9 times the image.
  CHECK(memory_use().peak - before < 4 * image);
  reset_peak_memory();
  evaluate(grad(sum(square(y)), {Tensor(x), Tensor(weight)}));
  CHECK(memory_use().peak - before < 8 * image);
}

TEST_CASE("a convolution's gradients have the bits of those that go through its windows in memory", "[offsets]") {
  for (const DType dtype : {float32, float64})
    for (const std::int64_t groups : {1, 2})
      for (const std::int64_t stride : {1, 2})
        for (const int threads : {1, 2}) {
          INFO(name(dtype) << ", " << groups << " groups, stride " << stride << ", threads " << threads);
          const Threads scope(threads);
          const auto compute = [&](bool lays_out) {
            Rng rng(3);
            const Parameter x(normal({5, 6, 12, 11}, rng, 0, 1, dtype));
            const Parameter weight(normal({groups, 8, 6 / groups * 9}, rng, 0, 1, dtype));
            const std::vector<Window> windows{{2, 3, stride}, {3, 3, stride}};
            const Tensor patches = unfold(x, windows, 0, WindowAxes::before);
            if (lays_out) evaluate(patches);
            const std::int64_t depth = 6 / groups * 9, places = patches.size(-1) * patches.size(-2);
            const Tensor y = matmul(weight, reshape(patches, {5, groups, depth, places}));
            const Tensor loss = sum(square(y));
            // The cotangent of the windows, in memory or not, is added up to that of x.
            const std::vector<Tensor> gradients = grad(loss, {Tensor(x), Tensor(weight), patches});
            if (lays_out) evaluate(gradients[2]);
            auto all = y.to_vector();
            for (const Tensor& gradient : {gradients[0], gradients[1]}) {
              const auto more = gradient.to_vector();
              all.insert(all.end(), more.begin(), more.end());
            }
            return all;
          };
          CHECK(compute(false) == compute(true));
        }
}

}  // namespace offsets_test
