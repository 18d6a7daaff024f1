#include "autograd/engine/products/offsets.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace xgrad::fused {

namespace {

/// Takes the offsets of so many elements off the last axes of a view.
class Axes {
 public:
  explicit Axes(const StridedView& view) : strides_(view.strides) {
    sizes_.assign(view.shape.begin(), view.shape.end());
  }

  std::optional<std::vector<std::int64_t>> take(std::int64_t count) {
    std::vector<std::int64_t> offsets{0};
    while (count > 1) {
      if (sizes_.empty()) return {};
      const std::int64_t size = sizes_.back(), stride = strides_.back(), part = std::gcd(size, count);
      if (part != size && part != count) return {};
      // The offsets so far are those of the inner axes.
      std::vector<std::int64_t> outer;
      outer.reserve(offsets.size() * static_cast<std::size_t>(part));
      for (std::int64_t i = 0; i < part; ++i)
        for (const std::int64_t inner : offsets) outer.push_back(i * stride + inner);
      offsets = std::move(outer);
      count /= part;
      if (part == size) {
        sizes_.pop_back();
        strides_.pop_back();
      } else {
        sizes_.back() /= part;
        strides_.back() *= part;
      }
    }
    return offsets;
  }

 private:
  std::vector<std::int64_t> sizes_, strides_;
};

}  // namespace

std::optional<Offsets> offsets_of(const StridedView& view, std::int64_t batch, std::int64_t rows,
                                  std::int64_t columns) {
  if (batch <= 0 || rows <= 0 || columns <= 0 || view.shape.numel() != batch * rows * columns) return {};
  Axes axes(view);
  auto of_columns = axes.take(columns);
  if (!of_columns) return {};
  auto of_rows = axes.take(rows);
  if (!of_rows) return {};
  auto of_batches = axes.take(batch);
  if (!of_batches) return {};
  return Offsets{*std::move(of_batches), *std::move(of_rows), *std::move(of_columns)};
}

bool Offsets::lies_along() const {
  const auto of_rows = distance(rows), of_columns = distance(columns);
  return of_rows && of_columns && (*of_rows == 1 || *of_columns == 1);
}

bool Offsets::lie_apart(std::int64_t elements) const {
  for (std::size_t b = 0; b < batches.size(); ++b)
    if (batches[b] != static_cast<std::int64_t>(b) * elements) return false;
  return *std::ranges::max_element(rows) + *std::ranges::max_element(columns) < elements;
}

std::optional<std::int64_t> distance(const std::vector<std::int64_t>& offsets) {
  if (offsets.size() < 2) return 1;
  for (std::size_t i = 1; i < offsets.size(); ++i)
    if (offsets[i] - offsets[i - 1] != offsets[1] - offsets[0]) return {};
  return offsets[1] - offsets[0];
}

}  // namespace xgrad::fused
