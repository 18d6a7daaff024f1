#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

std::vector<Composition> all_of(std::initializer_list<std::vector<Composition> (*)()> parts) {
  std::vector<Composition> rows;
  for (auto* part : parts)
    for (Composition& row : part()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace

const std::vector<Group>& groups() {
  static const std::vector<Group> all{
      {"Elementwise", elementwise_compositions()},
      {"Reductions and statistics", statistics_compositions()},
      {"Movement and arrangement", all_of({movement_compositions, shape_compositions})},
      {"Indices and masks", indexing_compositions()},
      {"Products", product_compositions()},
      {"Windows, convolution and pooling", all_of({window_compositions, pooling_compositions, resizing_compositions})},
      {"Order and scans", order_compositions()},
      {"Linear algebra", all_of({linalg_compositions, matrix_compositions})},
      {"Densities and divergences", density_compositions()},
      {"Making Tensors, random numbers", all_of({creation_compositions, draw_compositions})},
      {"Activations", activation_compositions()},
      {"Normalisation", normalisation_compositions()},
      {"Attention and positions", attention_compositions()},
      {"Losses", loss_compositions()},
      {"The tape", {}}};
  return all;
}

namespace {

// By numpy's rule.
Shape broadcast(const std::vector<Shape>& shapes) {
  std::vector<std::int64_t> sizes;
  for (const Shape& shape : shapes) {
    while (i64(sizes.size()) < shape.ndim()) sizes.insert(sizes.begin(), 1);
    const std::int64_t added = i64(sizes.size()) - shape.ndim();
    for (std::int64_t axis = 0; axis < shape.ndim(); ++axis)
      if (shape[axis] != 1) sizes[u(axis + added)] = shape[axis];
  }
  return sizes;
}

Real broadcast_element(const Array& x, Places index) {
  index.erase(index.begin(), index.end() - x.shape.ndim());
  for (std::int64_t axis = 0; axis < x.shape.ndim(); ++axis)
    if (x.shape[axis] == 1) index[u(axis)] = 0;
  return x.at(index);
}

Array map_elements(const Arrays& xs, const std::function<Real(const List&)>& element) {
  std::vector<Shape> shapes;
  for (const Array& x : xs) shapes.push_back(x.shape);
  return build(broadcast(shapes), [&](const Places& index) {
    List at;
    for (const Array& x : xs) at.push_back(broadcast_element(x, index));
    return element(at);
  });
}

}  // namespace

std::vector<Case> elementwise(std::function<Tensor(const Xs&)> f, const std::vector<Range>& ranges,
                              std::function<Real(const List&)> element) {
  // Shapes of the first operand, and of the others.
  std::vector<std::pair<Shape, Shape>> shapes{{{}, {}}, {{5}, {5}}, {{2, 1, 3}, {2, 1, 3}}, {{0, 2}, {0, 2}}};
  if (ranges.size() > 1) shapes.insert(shapes.end(), {{{2, 1}, {3}}, {{}, {2, 2}}, {{1}, {0}}});
  std::vector<Case> cases;
  for (const auto& [first, others] : shapes) {
    std::vector<Input> inputs;
    for (const Range& range : ranges)
      inputs.push_back({inputs.empty() ? first : others, range.low, range.high, range.dtype});
    cases.push_back({f, inputs, [element](const Arrays& xs) { return map_elements(xs, element); }});
  }
  return cases;
}

namespace {

Case reduction_case(const Reduction& f, const Shape& shape, const Places& axes, KeepDims keep, Range range,
                    const std::function<Real(const List&)>& of_elements) {
  return {[=](const Xs& x) { return f(x[0], axes, keep); },
          {{shape, range.low, range.high, range.dtype}},
          [=](const Arrays& x) {
            Shape kept = x[0].shape;
            std::vector<std::int64_t> left;
            for (std::int64_t axis = 0; axis < kept.ndim(); ++axis) {
              const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
              if (!reduced) left.push_back(kept[axis]);
              if (reduced) kept[axis] = 1;
            }
            Array y = build(kept, [&](const Places& at) {
              List elements;
              build(x[0].shape, [&](const Places& from) {
                bool here = true;
                for (std::int64_t axis = 0; axis < kept.ndim(); ++axis)
                  here = here && (kept[axis] != x[0].shape[axis] || kept[axis] == 1 || from[u(axis)] == at[u(axis)]);
                if (here) elements.push_back(x[0].at(from));
                return Real{0};
              });
              return of_elements(elements);
            });
            if (keep == KeepDims::no) y.shape = left;
            return y;
          }};
}

}  // namespace

std::vector<Case> over_axes(const Reduction& f, Range range, const std::function<Real(const List&)>& of_elements,
                            bool of_nothing) {
  std::vector<Case> cases;
  const auto add = [&](const Shape& shape, const Places& axes, KeepDims keep) {
    cases.push_back(reduction_case(f, shape, axes, keep, range, of_elements));
  };
  add({5}, {0}, KeepDims::no);
  add({2, 3}, {0}, KeepDims::yes);
  add({4, 3}, {0, 1}, KeepDims::no);
  add({2, 3, 2}, {0, 2}, KeepDims::no);
  add({2, 1, 3}, {1, 2}, KeepDims::yes);
  add({3, 0}, {0}, KeepDims::no);
  if (of_nothing) add({0, 2}, {0}, KeepDims::no);
  return cases;
}

Case along_axis(std::function<Tensor(const Tensor&)> f, const Shape& shape, std::int64_t axis, Range range,
                std::function<List(const List&)> of_elements) {
  return {[f](const Xs& x) { return f(x[0]); },
          {{shape, range.low, range.high, range.dtype}},
          [axis, of_elements](const Arrays& x) {
            Shape to = x[0].shape, lines = to;
            const std::int64_t count = to[axis];
            to[axis] = i64(of_elements(List(u(count))).size());
            lines[axis] = 1;
            Array y = build(to, [](const Places&) -> Real { return 0; });
            build(lines, [&](const Places& line) {
              List elements;
              for (std::int64_t i = 0; i < count; ++i) elements.push_back(x[0].at(with(line, axis, i)));
              const List given = of_elements(elements);
              for (std::int64_t i = 0; i < to[axis]; ++i) {
                std::int64_t offset = 0;
                for (std::int64_t k = 0; k < to.ndim(); ++k) offset = offset * to[k] + (k == axis ? i : line[u(k)]);
                y.elements[u(offset)] = given[u(i)];
              }
              return Real{0};
            });
            return y;
          }};
}

Case moved(std::function<Tensor(const Tensor&)> f, const Shape& from, const Shape& to,
           std::function<Real(const Array&, const Places&)> element, Range range) {
  return {[f](const Xs& x) { return f(x[0]); },
          {{from, range.low, range.high, range.dtype}},
          [=](const Arrays& x) { return build(to, [&](const Places& index) { return element(x[0], index); }); }};
}

}  // namespace xgrad::catalogue
