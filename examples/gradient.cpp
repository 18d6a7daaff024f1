// The gradient of a function, and what follows from it.
//
// grad(f) is a function again, so it can be differentiated again: the Hessian is the Jacobian of the gradient. None of
// this is approximated: every number comes out of the derivative rules of the tape.

#include <iostream>

#include "autograd/autograd.hpp"

using namespace xgrad;

int main() {
  // A scalar function of a vector; the gradient is cos(x) e^-x - sin(x) e^-x, element by element.
  const auto f = [](const Tensor& x) { return sum(sin(x) * exp(-x)); };
  const Tensor x = tensor({0.1, 0.2, 0.3}, float64);

  std::cout << "f(x)        = " << f(x) << '\n';
  std::cout << "gradient    = " << grad(f)(x) << '\n';
  std::cout << "by hand     = " << (cos(x) - sin(x)) * exp(-x) << '\n';
  std::cout << "Hessian     =\n" << hessian(f)(x) << '\n';

  // The Hessian times a vector, without the Hessian: as cheap as a gradient or two.
  const Tensor v = tensor({1.0, 0.0, -1.0}, float64);
  std::cout << "H v         = " << hvp(f, x, v) << '\n';

  // Forward mode: the derivative along a direction. It equals the inner product with the gradient.
  const auto [value, slope] = jvp(f, x, v);
  std::cout << "slope along v = " << slope << " = " << dot(grad(f)(x), v) << '\n';

  // A function of several arguments has several gradients.
  const auto [by_a, by_b] = grad([](const Tensor& a, const Tensor& b) { return sum(a * b * b); })(x, v);
  std::cout << "d/da = " << by_a << ", d/db = " << by_b << '\n';
}
