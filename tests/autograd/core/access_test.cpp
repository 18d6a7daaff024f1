// Where elements lie after movements, against movements of the numbers of elements themselves.

#include "autograd/core/access.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <vector>

namespace access_test {

using namespace xgrad;

namespace {

constexpr std::int64_t around = -1;  // what is read where there is no element

/// A Tensor of the numbers of the elements that it was at first, moved by plain loops.
struct Plain {
  std::vector<std::int64_t> sizes, elements;

  explicit Plain(const Shape& shape) : sizes(shape.begin(), shape.end()) {
    for (std::int64_t i = 0; i < shape.numel(); ++i) elements.push_back(i);
  }
  std::vector<std::int64_t> index_of(std::size_t flat, const std::vector<std::int64_t>& of) const {
    std::vector<std::int64_t> index(of.size());
    for (std::size_t k = of.size(); k-- > 0;) {
      index[k] = static_cast<std::int64_t>(flat) % of[k];
      flat /= static_cast<std::size_t>(of[k]);
    }
    return index;
  }
  /// Element i of the result is that at from(i), which may be outside.
  template <class From>
  void move(const std::vector<std::int64_t>& to, From from) {
    std::vector<std::int64_t> moved(static_cast<std::size_t>(Shape(to).numel()), around);
    for (std::size_t i = 0; i < moved.size(); ++i) {
      const std::vector<std::int64_t> index = from(index_of(i, to));
      std::int64_t flat = 0;
      bool inside = true;
      for (std::size_t k = 0; k < sizes.size(); ++k) {
        inside = inside && index[k] >= 0 && index[k] < sizes[k];
        flat = flat * sizes[k] + index[k];
      }
      if (inside) moved[i] = elements[static_cast<std::size_t>(flat)];
    }
    sizes = to;
    elements = std::move(moved);
  }
};

std::vector<std::int64_t> elements_of(const Access& access) {
  std::int64_t count = 1;
  for (const Access::Axis& axis : access.axes) count *= axis.size;
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t at = access.offset, rest = i;
    bool inside = true;
    for (std::size_t k = access.axes.size(); k-- > 0;) {
      const Access::Axis& axis = access.axes[k];
      const std::int64_t index = rest % axis.size;
      rest /= axis.size;
      at += index * axis.stride;
      inside = inside && index >= axis.low && index < axis.high;
    }
    found.push_back(inside ? at : around);
  }
  return found;
}

class Movement {
 public:
  explicit Movement(unsigned seed) : random_(seed) {}

  /// One movement of both. Whether the access says that it could be done.
  bool operator()(Access& access, Plain& plain) {
    const std::int64_t axis = below(static_cast<std::int64_t>(plain.sizes.size()));
    const auto k = static_cast<std::size_t>(axis);
    switch (below(7)) {
      case 0:
        return slice(access, plain, axis, k);
      case 1:
        access.flip(axis);
        plain.move(plain.sizes, [&](auto index) { return index[k] = plain.sizes[k] - 1 - index[k], index; });
        return true;
      case 2:
        return permute(access, plain);
      case 3:
        return pad(access, plain, axis, k);
      case 4:
        return broadcast(access, plain, k);
      case 5:
        return windows(access, plain, axis, k);
      default:
        return reshape(access, plain);
    }
  }

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<unsigned>(n)); }

  bool slice(Access& access, Plain& plain, std::int64_t axis, std::size_t k) {
    const std::int64_t size = plain.sizes[k], start = below(size), step = 1 + below(3);
    const std::int64_t count = 1 + below((size - 1 - start) / step + 1);
    access.slice(axis, start, step, count);
    std::vector<std::int64_t> to = plain.sizes;
    to[k] = count;
    plain.move(to, [&](auto index) { return index[k] = start + index[k] * step, index; });
    return true;
  }
  bool permute(Access& access, Plain& plain) {
    std::vector<std::int64_t> order(plain.sizes.size()), to;
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
    std::shuffle(order.begin(), order.end(), random_);
    access.permute(order);
    for (const std::int64_t from : order) to.push_back(plain.sizes[static_cast<std::size_t>(from)]);
    plain.move(to, [&](auto index) {
      auto from = index;
      for (std::size_t i = 0; i < order.size(); ++i) from[static_cast<std::size_t>(order[i])] = index[i];
      return from;
    });
    return true;
  }
  bool pad(Access& access, Plain& plain, std::int64_t axis, std::size_t k) {
    const std::int64_t before = below(3), after = below(3);
    if (!access.pad(axis, before, after, 0.5)) return false;
    std::vector<std::int64_t> to = plain.sizes;
    to[k] += before + after;
    plain.move(to, [&](auto index) { return index[k] -= before, index; });
    return true;
  }
  bool broadcast(Access& access, Plain& plain, std::size_t k) {
    if (plain.sizes[k] != 1 || plain.elements.size() > 500) return true;
    std::vector<std::int64_t> to = plain.sizes;
    to[k] = 1 + below(4);
    access.broadcast(to);
    plain.move(to, [&](auto index) { return index[k] = 0, index; });
    return true;
  }
  bool windows(Access& access, Plain& plain, std::int64_t axis, std::size_t k) {
    const std::int64_t size = plain.sizes[k], places = 1 + below(3), distance = 1 + below(2), step = 1 + below(2);
    const std::int64_t reach = (places - 1) * distance + 1;
    if (reach > size || plain.elements.size() > 500) return true;
    const std::int64_t count = (size - reach) / step + 1, before = below(axis + 1);
    if (!access.windows(axis, count, step, places, distance, before)) return false;
    std::vector<std::int64_t> to = plain.sizes;
    to[k] = count;
    to.insert(to.begin() + before, places);
    plain.move(to, [&](auto index) {
      const std::int64_t place = index[static_cast<std::size_t>(before)];
      index.erase(index.begin() + before);
      return index[k] = index[k] * step + place * distance, index;
    });
    return true;
  }
  bool reshape(Access& access, Plain& plain) {
    std::vector<std::int64_t> to;
    auto rest = static_cast<std::int64_t>(plain.elements.size());
    for (std::int64_t i = 0; i < 3; ++i) {
      std::int64_t size = 1 + below(rest);
      while (rest % size != 0) --size;
      to.push_back(size);
      rest /= size;
    }
    to.push_back(rest);
    if (!access.reshape(to)) return false;
    plain.sizes = to;
    return true;
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("an access says where each element lies after any movements", "[access]") {
  std::size_t moved = 0, refused = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    const Shape shapes[] = {{4, 6}, {2, 3, 4}, {12}, {1, 5}, {3, 1, 2, 2}};
    const Shape& shape = shapes[seed % std::size(shapes)];
    Access access(shape);
    Plain plain(shape);
    Movement move(seed);
    for (unsigned i = 0; i < 1 + random() % 6; ++i) {
      if (!move(access, plain)) {
        ++refused;
        break;
      }
      ++moved;
      REQUIRE(access.shape() == Shape(plain.sizes));
      REQUIRE(elements_of(access) == plain.elements);
      CHECK(access.lies_within(shape.numel()));
      Access joined = access;
      joined.coalesce();
      CHECK(elements_of(joined) == plain.elements);
      bool consecutive = true;
      for (std::size_t k = 0; k < plain.elements.size(); ++k)
        consecutive = consecutive && plain.elements[k] != around &&
                      plain.elements[k] == plain.elements[0] + static_cast<std::int64_t>(k);
      if (access.is_contiguous()) CHECK(consecutive);
    }
  }
  CHECK(moved > 5000);
  CHECK(refused > 100);
}

TEST_CASE("an access tells what reaches beyond a memory", "[access]") {
  Access access(Shape{4, 5});
  access.slice(0, 1, 1, 3);
  CHECK(access.lies_within(20));
  CHECK_FALSE(access.lies_within(19));
  access.offset = -6;
  CHECK_FALSE(access.lies_within(100));
  Access padded(Shape{4});
  REQUIRE(padded.pad(0, 2, 3, 0));
  CHECK(padded.lies_within(4));
  CHECK_FALSE(padded.lies_within(3));
  CHECK_FALSE(padded.pad(0, 1, 0, 1.5));  // another number around what has one already
  CHECK_FALSE(padded.is_contiguous());
}

}  // namespace access_test
