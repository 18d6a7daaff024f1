// Products that become one step with an addition keep the bits of the single steps.

#include <functional>

#include "tests/autograd/engine/agreement.hpp"

namespace xgrad::add_products_test {
namespace {

/// Each of its steps is evaluated before the next one, or none.
Tensor step(const Tensor& value, bool alone) {
  if (alone) evaluate(value);
  return value;
}

TEST_CASE("a product that is added to something has the bits of the product, the multiplication and the addition",
          "[graph]") {
  using Form = std::function<Tensor(const Tensor&, const Tensor&, const Tensor&, bool)>;  // s, d, factor
  const std::vector<std::pair<const char*, Form>> forms = {
      {"d + s", [](auto& s, auto& d, auto&, bool) { return d + s; }},
      {"s + d", [](auto& s, auto& d, auto&, bool) { return s + d; }},
      {"d - s", [](auto& s, auto& d, auto&, bool) { return d - s; }},
      {"s - d", [](auto& s, auto& d, auto&, bool) { return s - d; }},
      {"d + f s", [](auto& s, auto& d, auto& f, bool alone) { return d + step(f * s, alone); }},
      {"s f + d", [](auto& s, auto& d, auto& f, bool alone) { return step(s * f, alone) + d; }},
      {"d - f s", [](auto& s, auto& d, auto& f, bool alone) { return d - step(f * s, alone); }},
      {"f d + s", [](auto& s, auto& d, auto& f, bool alone) { return step(f * d, alone) + s; }},
      {"s + d f", [](auto& s, auto& d, auto& f, bool alone) { return s + step(d * f, alone); }},
      {"s - f d", [](auto& s, auto& d, auto& f, bool alone) { return s - step(f * d, alone); }}};
  for (const DType dtype : {float32, float64})
    for (const auto& [m, k, n] : {std::tuple(5, 7, 6), std::tuple(30, 64, 40), std::tuple(9, 1500, 8),
                                  std::tuple(20, 1500, 30), std::tuple(1, 300, 20), std::tuple(20, 30, 1)})
      for (const auto& [text, form] : forms) {
        const Tensor a = cast(numbers({m, k}, 1), dtype), b = cast(numbers({k, n}, 2), dtype),
                     d = cast(numbers({m, n}, 3), dtype), factor = cast(tensor(0.3, float64), dtype);
        evaluate(Roots{a, b, d, factor});
        const Tensor together = form(matmul(a, b), d, factor, false);
        evaluate(together);
        const Tensor alone = form(step(matmul(a, b), true), d, factor, true);
        evaluate(alone);
        INFO(text << " of " << name(dtype) << ", " << m << " x " << k << " x " << n);
        CHECK(together.to_vector() == alone.to_vector());
      }
}

}  // namespace
}  // namespace xgrad::add_products_test
