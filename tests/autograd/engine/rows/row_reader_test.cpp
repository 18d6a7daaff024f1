#include "autograd/engine/rows/row_reader.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

namespace xgrad::fused::row_reader_test {
namespace {

using Axis = Access::Axis;

/// Views with axes of any stride, backwards and repeated ones among them, some padded, in a memory of their own.
class AnyView {
 public:
  explicit AnyView(unsigned seed) : random_(seed) {
    PlacedView made;
    std::int64_t low = 0, high = 0;
    for (std::int64_t count = between(0, 4); count > 0; --count) {
      Axis axis{between(1, count == 1 ? 20 : 6), between(-40, 40), 0, 0, false};
      if (between(0, 3) == 0) axis.stride = 1;
      axis.high = axis.size;
      if (between(0, 4) == 0) {
        axis.bounded = true;
        axis.low = between(0, axis.size);
        axis.high = between(axis.low, axis.size);
      }
      for (const std::int64_t end : {axis.low, axis.high - 1}) {
        low = std::min(low, end * axis.stride);
        high = std::max(high, end * axis.stride);
      }
      lowest_ += low, highest_ += high, low = high = 0;
      made.access.axes.push_back(axis);
    }
    made.access.offset = -lowest_;
    made.access.fill = 0.25;
    made.access.coalesce();
    view = made;
    view.find_offsets();
    plain_ = made;
  }

  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }
  std::int64_t numel() const { return view.access.shape().numel(); }

  template <class T>
  void check_copies() {
    std::vector<T> memory(static_cast<std::size_t>(highest_ - lowest_ + 1));
    for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<T>(i + 1);
    const std::vector<T> expected = elements(memory);
    for (int i = 0; i < 5; ++i) {
      const std::int64_t first = between(0, numel() - 1), count = between(1, numel() - first);
      std::vector<T> own(static_cast<std::size_t>(count) + 1, T{-1});
      RowReader(view, memory.data(), sizeof(T), 1).copy(first, count, reinterpret_cast<char*>(own.data()));
      REQUIRE(own.back() == -1);
      own.pop_back();
      REQUIRE(own == std::vector<T>(expected.begin() + first, expected.begin() + first + count));
    }
    check_rows(memory, expected);
  }

  PlacedView view;

 private:
  /// Element after element, by its index on each axis.
  template <class T>
  std::vector<T> elements(const std::vector<T>& memory) const {
    std::vector<T> all;
    for (std::int64_t i = 0; i < numel(); ++i) {
      std::int64_t rest = i, offset = plain_.access.offset;
      bool inside = true;
      for (std::size_t k = plain_.access.axes.size(); k-- > 0;) {
        const Axis& axis = plain_.access.axes[k];
        const std::int64_t index = rest % axis.size;
        rest /= axis.size;
        inside = inside && index >= axis.low && index < axis.high;
        offset += index * axis.stride;
      }
      all.push_back(inside ? memory.at(static_cast<std::size_t>(offset)) : static_cast<T>(plain_.access.fill));
    }
    return all;
  }

  template <class T>
  void check_rows(const std::vector<T>& memory, const std::vector<T>& expected) {
    std::vector<std::int64_t> divisors;
    for (std::int64_t n = 1; n <= numel(); ++n)
      if (numel() % n == 0) divisors.push_back(n);
    const std::int64_t columns = divisors[static_cast<std::size_t>(between(0, std::ssize(divisors) - 1))];
    const std::int64_t rows = numel() / columns, row = between(0, rows - 1), column = between(0, columns - 1);
    const std::int64_t part = between(1, columns - column), group = between(1, 16);
    std::vector<T> own(static_cast<std::size_t>(group * columns));
    const RowsInMemory found = RowReader(view, memory.data(), sizeof(T), columns)
                                   .rows(row, rows - row, group, column, part, reinterpret_cast<char*>(own.data()),
                                         columns * static_cast<std::int64_t>(sizeof(T)));
    REQUIRE(found.rows >= 1);
    REQUIRE(found.rows <= rows - row);
    for (std::int64_t r = 0; r < found.rows; ++r)
      for (std::int64_t j = 0; j < part; ++j)
        REQUIRE(reinterpret_cast<const T*>(found.data + r * found.stride)[j] ==
                expected[static_cast<std::size_t>((row + r) * columns + column + j)]);
  }

  std::mt19937 random_;
  PlacedView plain_;  // the same, as it was made
  std::int64_t lowest_ = 0, highest_ = 0;
};

}  // namespace

TEST_CASE("rows of any view are read as they are", "[views]") {
  int short_runs = 0, parts_of_axes = 0, padded = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    CAPTURE(seed);
    AnyView any(seed);
    any.check_copies<float>();
    any.check_copies<double>();
    const PlacedView& view = any.view;
    if (view.offsets.empty()) continue;
    ++short_runs;
    parts_of_axes += std::ssize(view.offsets) < view.block * view.access.axes[view.axis].size;
    padded += view.access.bounded();
  }
  CHECK(short_runs > 800);
  CHECK(parts_of_axes > 20);
  CHECK(padded > 100);
}

TEST_CASE("the offsets of short runs are found where runs are short, and where they fit", "[views]") {
  const auto offsets = [](std::vector<Axis> axes) {
    PlacedView view;
    view.access.axes = std::move(axes);
    view.find_offsets();
    return view.offsets;
  };
  const auto whole = [](std::int64_t size, std::int64_t stride) { return Axis{size, stride, 0, size, false}; };
  CHECK(offsets({whole(3, 8), whole(2, 1)}) == std::vector<std::int32_t>{0, 1, 8, 9, 16, 17});
  CHECK(offsets({whole(2, -5), whole(2, 0), whole(2, 3)}) == std::vector<std::int32_t>{0, 3, 0, 3, -5, -2, -5, -2});
  CHECK(offsets({whole(1000, 2), whole(2, 1)}).size() == 256);
  CHECK(offsets({whole(3, 100), whole(64, 1)}).empty());                   // long runs
  CHECK(offsets({whole(3, 8), Axis{3, 1, 0, 2, true}}).empty());           // what is around it
  CHECK(offsets({whole(3, std::int64_t{1} << 31), whole(2, 1)}).empty());  // too far apart
  CHECK(offsets({whole(7, 3)}).empty());
}

}  // namespace xgrad::fused::row_reader_test
