// The exponential of a matrix by scaling, a Padé approximant, and squaring. (Al-Mohy and Higham, "A new scaling and
// squaring algorithm for the matrix exponential", 2009)

#include <array>
#include <cmath>
#include <vector>

#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/lapack.hpp"

namespace xgrad::kernels {

namespace {

// A square matrix of doubles. (Whether by rows or by columns makes no difference to powers, nor to a norm of either.)
struct Square {
  int n;
  std::vector<double> elements;

  explicit Square(int size) : n(size), elements(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}
  std::size_t size() const { return static_cast<std::size_t>(n); }
  void add(double factor, const Square& other) {
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] += factor * other.elements[i];
  }
  void add_to_diagonal(double number) {
    for (std::size_t i = 0; i < size(); ++i) elements[i * (size() + 1)] += number;
  }
  void scale_by_two_to(int exponent) {
    for (double& element : elements) element = std::ldexp(element, exponent);
  }
  double norm() const {  // the largest sum of a column
    double largest = 0;
    for (std::size_t j = 0; j < size(); ++j) {
      double sum = 0;
      for (std::size_t i = 0; i < size(); ++i) sum += std::abs(elements[j * size() + i]);
      largest = std::max(largest, sum);
    }
    return largest;
  }
};

Square operator*(const Square& a, const Square& b) {
  Square product(a.n);
  const double one = 1, zero = 0;
  dgemm_("N", "N", &a.n, &a.n, &a.n, &one, a.elements.data(), &a.n, b.elements.data(), &b.n, &zero,
         product.elements.data(), &a.n);
  return product;
}

// log || |a|^power ||
double log_of_power_norm(const Square& a, int power) {
  std::vector<double> sums(a.size(), 1), next(a.size());
  double logarithm = 0;
  for (int step = 0; step < power; ++step) {
    double largest = 0;
    for (std::size_t j = 0; j < a.size(); ++j) {
      next[j] = 0;
      for (std::size_t i = 0; i < a.size(); ++i) next[j] += sums[i] * std::abs(a.elements[j * a.size() + i]);
      largest = std::max(largest, next[j]);
    }
    if (largest == 0) return -std::numeric_limits<double>::infinity();
    logarithm += std::log(largest);
    for (std::size_t j = 0; j < a.size(); ++j) sums[j] = next[j] / largest;
  }
  return logarithm;
}

// How often the matrix must be halved so that the next term of the series is not felt, whatever its signs.
int halvings_for_rounding(const Square& a, int degree) {
  const double m = degree, norm = a.norm();
  if (norm == 0) return 0;
  const double log_coefficient = 2 * std::lgamma(m + 1) - std::lgamma(2 * m + 1) - std::lgamma(2 * m + 2);
  const double log_term = log_coefficient + log_of_power_norm(a, 2 * degree + 1) - std::log(norm);
  const double bits = log_term / std::log(2.0) + 53;
  return std::max(0, static_cast<int>(std::ceil(bits / (2 * m))));
}

struct Powers {
  Square second, fourth, sixth;
  explicit Powers(const Square& a) : second(a * a), fourth(second * second), sixth(fourth * second) {}
  // Stands for the norm of the matrix, but is smaller where its powers are.
  double norm() const { return std::max(std::pow(fourth.norm(), 1 / 4.0), std::pow(sixth.norm(), 1 / 6.0)); }
};

// q(a)^-1 p(a), with p(a) = sum_k b_k a^k of the degree, and q(a) = p(-a).
Square approximant(const Square& a, const Powers& powers, int degree) {
  std::array<double, 14> b{1};  // 0 beyond the degree
  for (std::size_t k = 1; k <= static_cast<std::size_t>(degree); ++k) {
    const auto j = static_cast<double>(k);
    b[k] = b[k - 1] * (degree - j + 1) / ((2 * degree - j + 1) * j);
  }
  const auto every_other = [&](std::size_t first) {  // sum_k b_(2 k + first) a^(2 k)
    Square low(a.n);
    low.add_to_diagonal(b[first]);
    low.add(b[2 + first], powers.second);
    low.add(b[4 + first], powers.fourth);
    low.add(b[6 + first], powers.sixth);
    if (degree <= 7) return low;
    Square high(a.n);
    high.add(b[8 + first], powers.second);
    high.add(b[10 + first], powers.fourth);
    high.add(b[12 + first], powers.sixth);
    low.add(1, powers.sixth * high);
    return low;
  };
  const Square odd = a * every_other(1);
  Square even = every_other(0), sum = even;
  sum.add(1, odd);
  even.add(-1, odd);
  Lu<double>(even.elements.data(), even.n).solve("N", sum.n, sum.elements.data());
  return sum;
}

Square exponential(Square a) {
  constexpr double most_of_degree_7 = 9.504178996162932e-1, most_of_degree_13 = 4.25;
  const auto halvings = [](double norm, double most) {
    return norm <= most ? 0 : static_cast<int>(std::ceil(std::log2(norm / most)));
  };
  int squarings = halvings(a.norm(), 0x1p40);  // so far that no power overflows
  a.scale_by_two_to(-squarings);
  Powers powers(a);
  if (powers.norm() <= most_of_degree_7 && halvings_for_rounding(a, 7) == 0) {
    a = approximant(a, powers, 7);
  } else {
    int more = halvings(powers.norm(), most_of_degree_13);
    a.scale_by_two_to(-more);
    const int for_rounding = halvings_for_rounding(a, 13);
    a.scale_by_two_to(-for_rounding);
    more += for_rounding;
    powers.second.scale_by_two_to(-2 * more);
    powers.fourth.scale_by_two_to(-4 * more);
    powers.sixth.scale_by_two_to(-6 * more);
    squarings += more;
    a = approximant(a, powers, 13);
  }
  for (int i = 0; i < squarings; ++i) a = a * a;
  return a;
}

}  // namespace

void matrix_exp(const View& x, const View& y, const Location& where) {
  if (x.numel() == 0) return;
  const Matrices all(x, "matrix_exp");
  floating(x, [&](auto zero) {
    using T = decltype(zero);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const T* from = all.at<T>(x, entry);
      all.check_finite(from, entry, "matrix_exp", where);
      Square a(all.n);
      std::copy_n(from, all.elements(), a.elements.begin());
      const Square result = exponential(std::move(a));
      T* to = y.as<T>() + static_cast<std::size_t>(entry) * all.elements();
      const bool told = std::ranges::none_of(result.elements, [](double element) { return std::isnan(element); });
      check<LinalgError>(told, where, "matrix_exp: ", all.of_entry(entry),
                         "the exponential is too large for its dtype");
      std::ranges::transform(result.elements, to, [](double element) { return static_cast<T>(element); });
    }
  });
}

}  // namespace xgrad::kernels
