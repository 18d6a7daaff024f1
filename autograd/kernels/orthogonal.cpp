// Orthonormal columns, by Householder's reflections (LAPACK).

#include <vector>

#include "autograd/kernels/kernels.hpp"
#include "autograd/kernels/lapack.hpp"

namespace xgrad::kernels {

namespace {

// `a` has columns of m elements: before, the matrix in its first n; afterwards, orthonormal ones in all of them.
template <class T>
void orthonormalise(std::vector<T>& a, int m, int n, int columns) {
  const int lines = std::max(m, 1);
  std::vector<T> tau(static_cast<std::size_t>(n) + 1), work(1);
  std::vector<bool> negative;
  int room = -1, info = 0;
  const auto run = [&](auto&& step) {
    room = -1;
    step();
    room = room_of(work[0]);
    work.resize(static_cast<std::size_t>(std::max(room, 1)));
    step();
  };
  run([&] { routine<T, sgeqrf_, dgeqrf_>(&m, &n, a.data(), &lines, tau.data(), work.data(), &room, &info); });
  const auto column = [&](int j) { return a.begin() + std::ptrdiff_t{j} * m; };
  for (int j = 0; j < n; ++j) negative.push_back(column(j)[j] < 0);
  run([&] { routine<T, sorgqr_, dorgqr_>(&m, &columns, &n, a.data(), &lines, tau.data(), work.data(), &room, &info); });
  for (int j = 0; j < n; ++j)
    if (negative[static_cast<std::size_t>(j)])
      std::transform(column(j), column(j) + m, column(j), [](T element) { return -element; });
}

}  // namespace

void orthonormalise(const View& x, const View& y, const Location& where) {
  if (y.numel() == 0) return;
  const Matrices all(x, "qr"), results(y, "qr");
  floating(y, [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = all.rows(), n = all.columns(), columns = results.columns();
    std::vector<T> a(m * columns);
    for (std::int64_t entry = 0; entry < all.count; ++entry) {
      const T* from = all.at<T>(x, entry);
      all.check_finite(from, entry, "qr", where);
      for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < n; ++j) a[j * m + i] = from[i * n + j];
      orthonormalise(a, all.m, all.n, results.n);
      T* to = y.as<T>() + static_cast<std::size_t>(entry) * results.elements();
      for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < columns; ++j) to[i * columns + j] = a[j * m + i];
    }
  });
}

}  // namespace xgrad::kernels
