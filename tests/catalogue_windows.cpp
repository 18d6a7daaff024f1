#include "tests/catalogue.hpp"

namespace xgrad::catalogue {

namespace {

using Xs = std::vector<Tensor>;
using Arrays = std::vector<Array>;
using Index = std::vector<std::int64_t>;

// The element that stands at a place of what unfold gives (with the places in windows last), or none, around the axes.
bool find_element(const Index& unfolded, const Shape& shape, const std::vector<Window>& windows, Index& element) {
  element.assign(unfolded.begin(), unfolded.begin() + shape.ndim());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& w = windows[i];
    std::int64_t& at = element[u(w.axis)];
    at = at * w.stride + unfolded[u(shape.ndim()) + i] * w.dilation - w.before;
    if (at < 0 || at >= shape[w.axis]) return false;
  }
  return true;
}

Shape unfolded_shape(const Shape& shape, const std::vector<Window>& windows) {
  std::vector<std::int64_t> sizes(shape.begin(), shape.end());
  for (const Window& w : windows) {
    sizes[u(w.axis)] = (shape[w.axis] + w.before + w.after - w.dilation * (w.size - 1) - 1) / w.stride + 1;
    sizes.push_back(w.size);
  }
  return sizes;
}

Case unfold_case(const Shape& shape, const std::vector<Window>& windows, double value) {
  return {[=](const Xs& x) { return unfold(x[0], windows, value); },
          {{shape, -2, 2}},
          [=](const Arrays& x) {
            return build(unfolded_shape(x[0].shape, windows), [&](const Index& index) -> Real {
              Index element;
              return find_element(index, x[0].shape, windows, element) ? x[0].at(element) : Real{value};
            });
          }};
}

Case fold_case(const Shape& shape, const std::vector<Window>& windows) {
  return {[=](const Xs& x) { return fold(x[0], shape, windows); },
          {{unfolded_shape(shape, windows), -2, 2}},
          [=](const Arrays& x) {
            Array y = build(shape, [](const Index&) -> Real { return 0; });
            build(x[0].shape, [&](const Index& index) -> Real {
              Index element;
              if (!find_element(index, shape, windows, element)) return 0;
              std::int64_t offset = 0;
              for (std::int64_t axis = 0; axis < shape.ndim(); ++axis) offset = offset * shape[axis] + element[u(axis)];
              return y.elements[u(offset)] += x[0].at(index);
            });
            return y;
          }};
}

struct Sample {
  Shape shape;
  std::vector<Window> windows;
};
// {axis, size, stride, dilation, before, after}
const std::vector<Sample> samples = {
    {{7}, {{0, 3}}},
    {{7}, {{0, 2, 3, 2, 1, 2}}},
    {{2, 5, 3}, {{1, 3, 2, 1, 1, 1}}},
    {{2, 5, 4}, {{1, 2}, {2, 3, 1, 1, 1, 1}}},
    {{5, 2, 4}, {{2, 2, 2}, {0, 3, 1, 2}}},
    {{1, 3, 3}, {{0, 1}, {1, 2, 1, 1, 0, 1}, {2, 3, 1, 1, 2, 2}}},
    {{0, 4}, {{1, 2}}},
    {{2, 1}, {{1, 5, 1, 1, 3, 3}}},
};

}  // namespace

std::vector<Row> window_rows() {
  Row unfolded{"unfold", {}, 3, {}}, folded{"fold", {}, 3, {}};
  for (const auto& [shape, windows] : samples) {
    unfolded.cases.push_back(unfold_case(shape, windows, 0.5));
    folded.cases.push_back(fold_case(shape, windows));
  }
  return {unfolded, folded};
}

}  // namespace xgrad::catalogue
