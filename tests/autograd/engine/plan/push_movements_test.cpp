// What is cheap and read by a view alone is computed behind the view, to the bit.

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tests/autograd/engine/plan/stages.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace push_movements_test {

using namespace xgrad;

namespace {

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// NaN is one number here; 0 and -0 are two.
bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
  });
}

Tensor laplacian(const Tensor& x) {
  const auto at = [&](std::int64_t i, std::int64_t j) {
    return slice(slice(x, 0, 1 + i, x.size(0) - 1 + i), 1, 1 + j, x.size(1) - 1 + j);
  };
  return sub(add(add(at(-1, 0), at(1, 0)), add(at(0, -1), at(0, 1))), mul(at(0, 0), 4.));
}

/// Movements and cheap operations in turn, whose values nobody holds. The sum of two has two views for the price of
/// one.
Tensor in_turn(Tensor x, const Tensor& other, std::mt19937& random) {
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  for (std::int64_t i = 2 + below(8); i > 0; --i) {
    const std::int64_t axis = below(x.ndim()), size = x.size(axis);
    const double constants[] = {2., -3., 0., -0., -1., std::numeric_limits<double>::infinity()};
    switch (below(10)) {
      case 0:
        x = pad(x, axis, below(3), below(3), below(5) == 0 ? -0. : 0.);
        break;
      case 1:
        x = slice(x, axis, size > 2 ? below(2) : 0, size, 1 + below(8) / 7);
        break;
      case 2:
        x = below(2) ? flip(x, axis) : transpose(x);
        break;
      case 3:
        x = pad(slice(x, axis, below(2) && size > 1 ? 1 : 0, size), axis, 1, below(2), 0.);
        break;
      case 4:
        x = neg(x);
        break;
      case 5:
        x = below(2) ? mul(x, constants[below(10) % 6]) : mul(full(x.shape(), constants[below(6)], x.dtype()), x);
        break;
      case 6:
        x = add(x, constants[below(6)]);
        break;
      case 7:
        x = below(2) ? sub(pad(x, axis, 1, 0, 0.), pad(x, axis, 0, 1, 0.)) : mul(pad(x, axis, 1, 1, 0.), -1.);
        break;
      case 8:
        if (x.shape() == other.shape()) x = below(2) ? add(x, other) : mul(other, x);
        break;
      default:
        x = add(x, mul(flip(x, axis), 0.5));
    }
  }
  return x;
}

bool is_result(const fused::testing::Stages& stages, const Tensor& tensor) {
  return std::any_of(stages.tasks.results.begin(), stages.tasks.results.end(), [&](const fused::Result& result) {
    return stages.pending.entries[static_cast<std::size_t>(result.entry)] == tensor.entry();
  });
}

// 1/x tells 0 from -0.
Tensor inverse_of_padded(const Tensor& scaled) { return div(1., pad(pad(scaled, 0, 1, 2), 1, 2, 1)); }

}  // namespace

TEST_CASE("the gradient of a stencil is two programs, of which one stores the scaled residual once", "[views]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(numbers({102, 102}, 1)), weight = numbers({100, 100}, 2);
  evaluate({x, weight});
  const Tensor gradient = grad(sum(mul(laplacian(x), weight)), x);
  const std::string text = plan({gradient});
  CAPTURE(text);
  CHECK(lines_of(text) == 2);
  CHECK(text.find("writes 80 kB") != std::string::npos);
  CHECK(text.find("kernel:") == std::string::npos);
}

TEST_CASE("what is around a scaled view is what it was, whatever the scale", "[views]") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(numbers({7, 70}, 3), dtype);
    evaluate({x});
    for (const double scale : {4., -4., 0., -0., 1e-300, -1e-300, 1e300, -1e300, infinity, -infinity, std::nan("")}) {
      CAPTURE(dtype, scale);
      const auto roots = [&] {
        return Roots{inverse_of_padded(mul(x, scale)),
                     inverse_of_padded(neg(x)),
                     inverse_of_padded(neg(mul(x, scale))),
                     inverse_of_padded(mul(neg(mul(x, scale)), -2.)),
                     inverse_of_padded(mul(scale, x)),
                     inverse_of_padded(add(x, scale)),
                     add(1., flip(mul(slice(x, 1, 3, {}), scale), 1)),
                     add(1., transpose(mul(add(x, scale), 0.5)))};
      };
      const Values fused = compute("fused", roots), reference = compute("reference", roots);
      for (std::size_t i = 0; i < fused.size(); ++i) {
        CAPTURE(i);
        CHECK(same(fused[i], reference[i]));
      }
    }
  }
}

TEST_CASE("one plan scales views by other constants", "[views]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = full({6, 66}, 2., float32);
  evaluate({x});
  const std::int64_t before = unplanned();
  for (int time = 0; time < 2; ++time)
    for (const double scale : {3., -3., 0., std::numeric_limits<double>::infinity(), 5., -1e300, -5.}) {
      CAPTURE(scale, time);
      const auto inverse = [&] { return inverse_of_padded(mul(x, scale)); };  // nobody holds the product
      const std::vector<double> values = inverse().to_vector();
      CHECK(values.front() == std::numeric_limits<double>::infinity());
      CHECK(same({values[69 + 2]}, {static_cast<float>(1 / (2 * static_cast<double>(static_cast<float>(scale))))}));
    }
  CHECK(unplanned() == before);
}

TEST_CASE("what others read, too, is in memory, and its views lie there", "[views]") {
  check_agreement([] {
    const Tensor x = track(numbers({9, 80}, 4));
    const Tensor scaled = mul(x, -3.), moved = pad(scaled, 0, 1, 1), once_more = slice(moved, 1, 2, 40);
    const Tensor y = add(sin(moved), 1.), z = mul(once_more, once_more), w = mul(scaled, 2.);
    return Roots{y, z, w, grad(add(add(sum(y), sum(z)), sum(mul(w, w))), x)};
  });
  check_agreement([] {
    const Tensor x = track(numbers({9, 80}, 5));
    const Tensor squared = flip(mul(x, x), 0), sums = sum(squared, 0);
    return Roots{sums, grad(sum(mul(sums, sums)), x)};
  });
}

TEST_CASE("movements and cheap operations in turn give what each of them gives, to the bit", "[views]") {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    CAPTURE(seed);
    const std::int64_t columns = seed % 3 == 0 ? 70 : 5;
    const auto roots = [&] {
      std::mt19937 random(seed);
      const DType dtype = seed % 2 ? float32 : float64;
      const Tensor start = cast(numbers({6, columns}, static_cast<int>(seed)), dtype);
      const Tensor other = cast(numbers({6, columns}, static_cast<int>(seed) + 7), dtype);
      const Tensor x = seed % 5 ? start : div(start, 3.);
      return Roots{div(1., in_turn(x, other, random)), div(in_turn(x, other, random), 3.)};
    };
    const std::int64_t before = unplanned();
    const Values fused = compute("fused", roots), reference = compute("reference", roots);
    CHECK(unplanned() == before);
    for (std::size_t i = 0; i < fused.size(); ++i) CHECK(same(fused[i], reference[i]));
  }
}

TEST_CASE("long chains of movements and additions have few movements each", "[views]") {
  const auto movements_of = [](std::int64_t steps, bool adds) {
    const fused::testing::InEngine engine("fused");
    const Tensor x = numbers({steps, 4, 66}, 1);
    evaluate({x});
    const auto shifted = [&] {
      Tensor y = select(x, 0, 0);
      for (std::int64_t i = 1; i < steps; ++i) {
        y = pad(slice(y, 1, 0, y.size(1) - 1), 1, 1, 0, 0.);
        if (adds) y = add(select(x, 0, i), y);
      }
      return y;
    };
    const fused::testing::Stages stages({shifted()});
    std::size_t count = 0;
    for (const fused::Movements& each : stages.graph.moved) count += each.entries.size();
    return count;
  };
  for (const bool adds : {false, true}) {
    CAPTURE(adds);
    CHECK(movements_of(40, adds) > 40);
    CHECK(movements_of(160, adds) < 5 * movements_of(40, adds));
  }
  check_agreement([] {
    const Tensor x = track(numbers({40, 4, 66}, 1));
    Tensor y = select(x, 0, 0);
    for (std::int64_t i = 1; i < 40; ++i) y = add(select(x, 0, i), pad(slice(y, 1, 0, 65), 1, 1, 0, 0.));
    return Roots{y, grad(sum(mul(y, y)), x)};
  });
}

TEST_CASE("a view that is repeated is read where it is", "[views]") {
  check_agreement([] {
    const Tensor a = numbers({4, 3}, 1), b = numbers({4, 70}, 2);
    const Tensor x = flip(mul(a, 2.), 0), y = flip(neg(b), 1);
    return Roots{add(x, unsqueeze(select(x, 0, 1), 0)), mul(y, unsqueeze(select(y, 1, 3), 1)),
                 add(y, broadcast_to(select(select(y, 0, 1), 0, 2), {4, 70}))};
  });
  check_agreement([] {
    const Tensor a = numbers({4, 6}, 3);
    const Tensor turned = transpose(mul(a, 2.)), back = flip(mul(a, 3.), 1);
    const Tensor framed = pad(reshape(turned, {24}), 0, 1, 1, 0.), more = pad(reshape(back, {24}), 0, 2, 1, 0.);
    return Roots{add(framed, 1.), add(slice(turned, 1, 1, 3), 1.), sub(more, 1.), add(slice(back, 1, 1, 3), 1.)};
  });
}

TEST_CASE("the result of a checkpoint is kept whole where only a part of it is read", "[views]") {
  const fused::testing::InEngine engine("fused");
  const auto affine = [](const Tensor& x) { return add(mul(exp(x), 2.), 1.); };
  const Tensor x = track(numbers({9, 33}, 1)), whole = checkpoint(affine, x), part = slice(whole, 1, 0, 2);
  const Tensor plain = affine(x), part_of_plain = slice(plain, 1, 0, 2);
  const fused::testing::Stages stages({sin(part), sin(part_of_plain)});
  CHECK(stages.at(whole).numel == 9 * 33);
  CHECK(is_result(stages, whole));
  CHECK_FALSE(is_result(stages, plain));
}

TEST_CASE("gradients that are taken after the loss was computed read what a checkpoint gave, whatever moved it",
          "[views]") {
  const std::vector<std::function<Tensor(const Tensor&)>> movements{
      [](const Tensor& h) { return slice(h, 1, 0, 2); },
      [](const Tensor& h) { return slice(h, 0, 2, 7, 2); },
      [](const Tensor& h) { return flip(h, 1); },
      [](const Tensor& h) { return transpose(h); },
      [](const Tensor& h) { return pad(h, 1, 1, 2, 0.); },
      [](const Tensor& h) { return slice(flip(pad(h, 0, 1, 1, 0.), 1), 1, 3, 20); },
  };
  for (std::size_t i = 0; i < movements.size(); ++i)
    for (const int last : {0, 1, 2, 3}) {
      CAPTURE(i, last);
      const auto roots = [&] {
        const Tensor x = track(numbers({9, 33}, 1)), w = track(numbers({33}, 2)), b = track(numbers({33}, 3));
        const auto layer = [&](const Tensor& in) {
          const Tensor e = exp(in), scaled = mul(e, w);
          return last == 0 ? add(scaled, b) : last == 1 ? sub(neg(scaled), 0.5) : last == 2 ? mul(scaled, e) : scaled;
        };
        const auto of_moved = [](const Tensor& moved) { return sum(mul(sin(moved), moved)); };
        const Tensor loss = of_moved(movements[i](checkpoint(layer, x)));  // and nobody holds what it is computed from
        evaluate({loss});
        Roots all = grad(loss, {x, w, b}, {.allow_unused = true});
        all.push_back(loss);
        return all;
      };
      const Values fused = compute("fused", roots), reference = compute("reference", roots);
      for (std::size_t k = 0; k < fused.size(); ++k)
        for (std::size_t j = 0; j < fused[k].size(); ++j)
          CHECK(std::abs(fused[k][j] - reference[k][j]) <= 1e-12 * std::max(1., std::abs(reference[k][j])));
    }
}

}  // namespace push_movements_test
