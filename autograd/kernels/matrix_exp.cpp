// The exponential of a matrix by scaling, a Padé approximant, and squaring. (Al-Mohy and Higham, "A new scaling and
// squaring algorithm for the matrix exponential", 2009)

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/lapack.hpp"

namespace xgrad::kernels {

namespace {

// A square matrix of doubles. Powers and norms are the same for row-major and column-major matrices.
struct SquareMatrix {
  int n;
  std::vector<double> elements;

  explicit SquareMatrix(int size)
      : n(size), elements(static_cast<std::size_t>(size) * static_cast<std::size_t>(size)) {}
  std::size_t size() const { return static_cast<std::size_t>(n); }
  void add(double factor, const SquareMatrix& other) {
    for (std::size_t i = 0; i < elements.size(); ++i) elements[i] += factor * other.elements[i];
  }
  void add_to_diagonal(double number) {
    for (std::size_t i = 0; i < size(); ++i) elements[i * (size() + 1)] += number;
  }
  void scale_by_two_to(int exponent) {
    for (double& element : elements) element = std::ldexp(element, exponent);
  }
  // into[j] += sum_i weights[i] |a_ij|
  void add_sums(const std::vector<double>& weights, std::vector<double>& into) const {
    for (std::size_t j = 0; j < size(); ++j)
      for (std::size_t i = 0; i < size(); ++i) into[j] += weights[i] * std::abs(elements[j * size() + i]);
  }
  bool has_nan() const {
    return std::ranges::any_of(elements, [](double element) { return std::isnan(element); });
  }
};

// y = y + a b
void add_product(const SquareMatrix& a, const SquareMatrix& b, SquareMatrix& y) {
  const double one = 1;
  dgemm_("N", "N", &a.n, &a.n, &a.n, &one, a.elements.data(), &a.n, b.elements.data(), &b.n, &one, y.elements.data(),
         &y.n);
}

// The matrix a, or [[a, b], [0, a]]. The exponential of the latter has the derivative of e^a along b as its upper right
// block, and its products need three products of blocks instead of eight.
struct Blocks {
  SquareMatrix a;
  std::optional<SquareMatrix> b;

  Blocks(int n, bool two) : a(n) {
    if (two) b.emplace(n);
  }
  static Blocks like(const Blocks& other) { return Blocks(other.a.n, other.b.has_value()); }
  // A matrix of n rows.
  template <class T>
  static Blocks of(const T* matrix, std::size_t n) {
    const std::size_t half = n / 2;
    bool two = n > 0 && n % 2 == 0;
    for (std::size_t i = 0; i < half && two; ++i) {
      const T *upper = matrix + i * n, *lower = matrix + (half + i) * n;
      two = std::all_of(lower, lower + half, [](T element) { return element == 0; }) &&
            std::equal(upper, upper + half, lower + half);
    }
    Blocks result(static_cast<int>(two ? half : n), two);
    const std::size_t size = result.a.size();
    for (std::size_t i = 0; i < size; ++i) {
      std::copy_n(matrix + i * n, size, &result.a.elements[i * size]);
      if (two) std::copy_n(matrix + i * n + size, size, &result.b->elements[i * size]);
    }
    return result;
  }
  template <class T>
  void copy_to(T* matrix) const {
    const std::size_t size = a.size(), n = b ? 2 * size : size;
    const auto put = [&](const SquareMatrix& from, std::size_t row, std::size_t column) {
      for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j < size; ++j)
          matrix[(row + i) * n + column + j] = static_cast<T>(from.elements[i * size + j]);
    };
    put(a, 0, 0);
    if (!b) return;
    put(*b, 0, size);
    put(SquareMatrix(a.n), size, 0);
    put(a, size, size);
  }

  void add(double factor, const Blocks& other) {
    a.add(factor, other.a);
    if (b) b->add(factor, *other.b);
  }
  void scale_by_two_to(int exponent) {
    a.scale_by_two_to(exponent);
    if (b) b->scale_by_two_to(exponent);
  }
  // log || |x|^power ||, of the largest sum of a column
  double log_of_power_norm(int power) const {
    const double least = 0.5 / static_cast<double>(a.size());  // so that no sum overflows
    std::vector<double> of_a(a.size(), least), of_b(a.size(), 0);
    double logarithm = -std::log(least);
    for (int step = 0; step < power; ++step) {
      std::vector<double> next_a(a.size()), next_b(a.size());
      a.add_sums(of_a, next_a);
      if (b) a.add_sums(of_b, next_b), b->add_sums(of_a, next_b);
      double largest = 0;
      for (std::size_t j = 0; j < a.size(); ++j) largest = std::max(largest, next_a[j] + next_b[j]);
      if (largest == 0) return -std::numeric_limits<double>::infinity();
      logarithm += std::log(largest);
      for (double& sum : next_a) sum /= largest;
      for (double& sum : next_b) sum /= largest;
      of_a = std::move(next_a);
      of_b = std::move(next_b);
    }
    return logarithm;
  }
  double log_of_norm() const { return log_of_power_norm(1); }
};

Blocks operator*(const Blocks& x, const Blocks& y) {
  Blocks product = Blocks::like(x);
  add_product(x.a, y.a, product.a);
  if (x.b) {
    add_product(x.a, *y.b, *product.b);
    add_product(*x.b, y.a, *product.b);
  }
  return product;
}

// x^-1 y
Blocks solve(const Blocks& x, Blocks y) {
  const Lu<double> lu(x.a.elements.data(), x.a.n);
  lu.solve(false, x.a.n, y.a.elements.data());
  if (x.b) {
    SquareMatrix known(x.a.n);
    add_product(*x.b, y.a, known);
    y.b->add(-1, known);
    lu.solve(false, x.a.n, y.b->elements.data());
  }
  return y;
}

double log_factorial(int n) {
  double sum = 0;
  for (int k = 2; k <= n; ++k) sum += std::log(k);
  return sum;
}

// How often the matrix has to be halved so that the next term of the series is below rounding, whatever its signs.
int halvings_for_rounding(const Blocks& x, int degree) {
  const double norm = x.log_of_norm();
  if (std::isinf(norm)) return 0;  // the norm of a zero matrix
  const double log_coefficient = 2 * log_factorial(degree) - log_factorial(2 * degree) - log_factorial(2 * degree + 1);
  const double bits = (log_coefficient + x.log_of_power_norm(2 * degree + 1) - norm) / std::log(2.0) + 53;
  return bits > 0 ? static_cast<int>(std::ceil(bits / (2 * degree))) : 0;
}

struct Powers {
  Blocks second, fourth, sixth;
  explicit Powers(const Blocks& x) : second(x * x), fourth(second * second), sixth(fourth * second) {}
  // Takes the place of the logarithm of the norm, and is smaller if powers of the matrix are.
  double log_of_norm() const { return std::max(fourth.log_of_norm() / 4, sixth.log_of_norm() / 6); }
};

// q(x)^-1 p(x), with p(x) = sum_k c_k x^k of the degree, and q(x) = p(-x).
Blocks approximant(const Blocks& x, const Powers& powers, int degree) {
  std::array<double, 14> c{1};  // 0 beyond the degree
  for (std::size_t k = 1; k <= static_cast<std::size_t>(degree); ++k) {
    const auto j = static_cast<double>(k);
    c[k] = c[k - 1] * (degree - j + 1) / ((2 * degree - j + 1) * j);
  }
  const auto every_other = [&](std::size_t first) {  // sum_k c_(2 k + first) x^(2 k)
    Blocks low = Blocks::like(x);
    low.a.add_to_diagonal(c[first]);
    low.add(c[2 + first], powers.second);
    low.add(c[4 + first], powers.fourth);
    low.add(c[6 + first], powers.sixth);
    if (degree <= 7) return low;
    Blocks high = Blocks::like(x);
    high.add(c[8 + first], powers.second);
    high.add(c[10 + first], powers.fourth);
    high.add(c[12 + first], powers.sixth);
    low.add(1, powers.sixth * high);
    return low;
  };
  const Blocks odd = x * every_other(1);
  Blocks even = every_other(0), sum = even;
  sum.add(1, odd);
  even.add(-1, odd);
  return solve(even, std::move(sum));
}

Blocks exponential(Blocks x) {
  const double most_of_degree_7 = std::log(9.504178996162932e-1), most_of_degree_13 = std::log(4.25);
  const auto halvings = [](double log_of_norm, double most) {
    return log_of_norm <= most ? 0 : static_cast<int>(std::ceil((log_of_norm - most) / std::log(2.0)));
  };
  int squarings = halvings(x.log_of_norm(), 40 * std::log(2.0));  // so far that no power overflows
  x.scale_by_two_to(-squarings);
  Powers powers(x);
  if (powers.log_of_norm() <= most_of_degree_7 && halvings_for_rounding(x, 7) == 0) {
    x = approximant(x, powers, 7);
  } else {
    int more = halvings(powers.log_of_norm(), most_of_degree_13);
    x.scale_by_two_to(-more);
    const int for_rounding = halvings_for_rounding(x, 13);
    x.scale_by_two_to(-for_rounding);
    more += for_rounding;
    powers.second.scale_by_two_to(-2 * more);
    powers.fourth.scale_by_two_to(-4 * more);
    powers.sixth.scale_by_two_to(-6 * more);
    squarings += more;
    x = approximant(x, powers, 13);
  }
  for (int i = 0; i < squarings; ++i) x = x * x;
  return x;
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
      const Blocks result = exponential(Blocks::of(from, all.rows()));
      check<LinalgError>(!result.a.has_nan() && !(result.b && result.b->has_nan()), where,
                         "matrix_exp: ", all.of_entry(entry), "the exponential is too large for its dtype");
      result.copy_to(y.as<T>() + static_cast<std::size_t>(entry) * all.elements());
    }
  });
}

}  // namespace xgrad::kernels
