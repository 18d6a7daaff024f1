// Broadcasting and its transpose, for every pair of shapes with up to three axes of 0 to 3.

#include <catch2/catch.hpp>
#include <optional>

#include "autograd/autograd.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::broadcasting_test {
namespace {

using Index = std::vector<std::int64_t>;

std::vector<Shape> all_shapes() {
  std::vector<Shape> shapes{{}};
  for (std::size_t first = 0, axes = 0; axes < 3; ++axes) {
    const std::size_t last = shapes.size();
    for (; first < last; ++first)
      for (const std::int64_t size : {0, 1, 2, 3}) {
        std::vector<std::int64_t> sizes(shapes[first].begin(), shapes[first].end());
        sizes.push_back(size);
        shapes.push_back(sizes);
      }
  }
  return shapes;
}

// The rule of numpy, as the book says it.
std::optional<Shape> joined(const Shape& a, const Shape& b) {
  const std::int64_t ndim = std::max(a.ndim(), b.ndim());
  Shape shape = Shape::filled(ndim, 1);
  for (std::int64_t axis = 0; axis < ndim; ++axis) {
    const std::int64_t i = axis - (ndim - a.ndim()), j = axis - (ndim - b.ndim());
    const std::int64_t p = i < 0 ? 1 : a[i], q = j < 0 ? 1 : b[j];
    if (p != q && p != 1 && q != 1) return {};
    shape[axis] = p == 1 ? q : p;
  }
  return shape;
}

// Where the element of the joined shape comes from.
std::size_t source(const Shape& from, const Index& index) {
  std::int64_t offset = 0;
  const auto added = static_cast<std::int64_t>(index.size()) - from.ndim();
  for (std::int64_t axis = 0; axis < from.ndim(); ++axis)
    offset = offset * from[axis] + (from[axis] == 1 ? 0 : index[static_cast<std::size_t>(axis + added)]);
  return static_cast<std::size_t>(offset);
}

Tensor whole_numbers(const Shape& shape, int start) {
  std::vector<double> numbers;
  for (std::int64_t i = 0; i < shape.numel(); ++i) numbers.push_back(static_cast<double>((i * 7 + start) % 13));
  return tensor(numbers, shape, float64);
}

TEST_CASE("a binary operation and its gradients equal tile, then sum, for all 7225 pairs of shapes") {
  const std::vector<Shape> shapes = all_shapes();
  REQUIRE(shapes.size() == 85);
  int fitting = 0;
  for (const Shape& left : shapes)
    for (const Shape& right : shapes) {
      const Tensor a = track(whole_numbers(left, 1)), b = track(whole_numbers(right, 4));
      const std::optional<Shape> shape = joined(left, right);
      if (!shape) {
        CHECK_THROWS_AS(a * b, ShapeError);
        continue;
      }
      ++fitting;
      const Tensor y = a * b, g = whole_numbers(*shape, 2);
      const auto x = array_of(a), z = array_of(b), seeds = array_of(g);
      std::vector<double> value, da(x.elements.size()), db(z.elements.size());
      build(*shape, [&](const Index& index) {
        const std::size_t i = source(left, index), j = source(right, index);
        value.push_back(static_cast<double>(x.elements[i] * z.elements[j]));
        da[i] += static_cast<double>(seeds.at(index) * z.elements[j]);
        db[j] += static_cast<double>(seeds.at(index) * x.elements[i]);
        return Real{0};
      });
      const std::vector<Tensor> inputs{a, b};
      const auto gradients = differentiate({&y, 1}, {&g, 1}, inputs);
      const bool right_shapes = y.shape() == *shape && gradients[0].shape() == left && gradients[1].shape() == right;
      const bool right_values =
          y.to_vector() == value && gradients[0].to_vector() == da && gradients[1].to_vector() == db;
      if (!right_shapes || !right_values) FAIL_CHECK("shapes " << describe(a).str() << " and " << describe(b).str());
    }
  CHECK(fitting > 2000);
}

TEST_CASE("where broadcasts its three operands together") {
  const Tensor mask = tensor({{true}, {false}}), a = track(tensor({1, 2, 3}, float64)), b = track(tensor(5.0, float64));
  const Tensor y = where(mask, a, b);
  CHECK(y.shape() == Shape{2, 3});
  CHECK(y.to_vector() == std::vector<double>{1, 2, 3, 5, 5, 5});
  const auto gradients = grad(sum(y), std::vector<Tensor>{a, b});
  CHECK(gradients[0].to_vector() == std::vector<double>{1, 1, 1});
  CHECK(gradients[1].item() == 3);
}

TEST_CASE("second derivatives through broadcasting") {
  const Tensor a = track(tensor({{1.0}, {2.0}}, float64)), b = track(tensor({3.0, 4.0, 5.0}, float64));
  const Tensor loss = sum(a * a * b * b * b);
  const Tensor da = grad(loss, a, {.create_graph = true});  // 2 a sum(b^3)
  CHECK(da.to_vector() == std::vector<double>{432, 864});
  CHECK(grad(sum(da), b).to_vector() == std::vector<double>{162, 288, 450});  // 6 sum(a) b^2
}

}  // namespace
}  // namespace xgrad::catalogue::broadcasting_test
