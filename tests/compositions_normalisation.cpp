// Normalisation over the features of an example, and over a batch.

#include "nn/normalisation.hpp"
#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor vector = known({3}), matrix = known({2, 3}), whole = tensor({{1, 2}, {3, 4}});
constexpr double eps = 0.125;

struct Moments {
  Real mean = 0, variance = 0;  // biased
};
Moments moments_of(const List& x) {
  Moments found;
  for (const Real each : x) found.mean += each / static_cast<Real>(x.size());
  for (const Real each : x) found.variance += (each - found.mean) * (each - found.mean) / static_cast<Real>(x.size());
  return found;
}
Real normalised(Real x, const Moments& by) { return (x - by.mean) / std::sqrt(by.variance + static_cast<Real>(eps)); }

// The elements whose first axes have these places, or those of a channel, which is axis 1.
List of_example(const Array& x, const Places& at, std::int64_t axes) {
  List elements;
  build(x.shape, [&](const Places& from) {
    if (std::equal(at.begin(), at.end() - axes, from.begin())) elements.push_back(x.at(from));
    return Real{0};
  });
  return elements;
}
List of_channel(const Array& x, std::int64_t channel) {
  List elements;
  build(x.shape, [&](const Places& from) {
    if (from[1] == channel) elements.push_back(x.at(from));
    return Real{0};
  });
  return elements;
}

// The last so many axes, with weight and bias if they are inputs, too.
Case layer_case(const Shape& from, const Shape& shape, bool scaled) {
  std::vector<Input> inputs{{from}};
  if (scaled) inputs.insert(inputs.end(), {{shape}, {shape}});
  return any_case(
      [=](const Xs& x) { return nn::layer_norm(x[0], shape, scaled ? x[1] : Tensor(), scaled ? x[2] : Tensor(), eps); },
      inputs, from,
      [=](const Arrays& x, const Places& at) {
        const Real y = normalised(x[0].at(at), moments_of(of_example(x[0], at, shape.ndim())));
        const Places place(at.end() - shape.ndim(), at.end());
        return scaled ? y * x[1].at(place) + x[2].at(place) : y;
      });
}

// The same without a mean.
Case root_mean_square_case(const Shape& from, const Shape& shape, bool scaled) {
  std::vector<Input> inputs{{from}};
  if (scaled) inputs.push_back({shape});
  return any_case([=](const Xs& x) { return nn::rms_norm(x[0], shape, scaled ? x[1] : Tensor(), eps); }, inputs, from,
                  [=](const Arrays& x, const Places& at) {
                    const List elements = of_example(x[0], at, shape.ndim());
                    Moments found;
                    for (const Real each : elements) found.variance += each * each / static_cast<Real>(elements.size());
                    const Real y = normalised(x[0].at(at), found);
                    return scaled ? y * x[1].at(Places(at.end() - shape.ndim(), at.end())) : y;
                  });
}

// Over groups of channels of each example; without a number of groups, over each channel.
Case group_case(const Shape& from, std::optional<std::int64_t> given, bool scaled) {
  std::vector<Input> inputs{{from}};
  if (scaled) inputs.insert(inputs.end(), {{{from[1]}}, {{from[1]}}});
  const std::int64_t groups = given.value_or(from[1]);
  return any_case(
      [=](const Xs& x) {
        const Tensor weight = scaled ? x[1] : Tensor(), bias = scaled ? x[2] : Tensor();
        return given ? nn::group_norm(x[0], groups, weight, bias, eps) : nn::instance_norm(x[0], weight, bias, eps);
      },
      inputs, from,
      [=](const Arrays& x, const Places& at) {
        const std::int64_t each = from[1] / groups;
        List elements;
        build(from, [&](const Places& other) {
          if (other[0] == at[0] && other[1] / each == at[1] / each) elements.push_back(x[0].at(other));
          return Real{0};
        });
        const Real y = normalised(x[0].at(at), moments_of(elements));
        return scaled ? y * x[1].at({at[1]}) + x[2].at({at[1]}) : y;
      });
}

// In training, by the statistics of the batch.
Case batch_case(const Shape& from, bool scaled) {
  std::vector<Input> inputs{{from}};
  if (scaled) inputs.insert(inputs.end(), {{{from[1]}}, {{from[1]}}});
  return any_case(
      [=](const Xs& x) {
        const nn::BatchNormOptions options{
            .weight = scaled ? x[1] : Tensor(), .bias = scaled ? x[2] : Tensor(), .eps = eps};
        return nn::batch_norm(x[0], {}, {}, options).output;
      },
      inputs, from,
      [=](const Arrays& x, const Places& at) {
        const Real y = normalised(x[0].at(at), moments_of(of_channel(x[0], at[1])));
        return scaled ? y * x[1].at({at[1]}) + x[2].at({at[1]}) : y;
      });
}

// Otherwise, by those that are given.
Case running_case(const Shape& from) {
  return any_case([](const Xs& x) { return nn::batch_norm(x[0], x[1], x[2], {.training = false, .eps = eps}).output; },
                  {{from}, {{from[1]}}, {{from[1]}, 0.5, 2}}, from,
                  [](const Arrays& x, const Places& at) {
                    return normalised(x[0].at(at), {x[1].at({at[1]}), x[2].at({at[1]})});
                  });
}

// What the running statistics become, of which a quarter is new.
Case statistics_case(const Shape& from, bool of_mean) {
  return any_case(
      [of_mean](const Xs& x) {
        const nn::BatchNormalised found = nn::batch_norm(x[0], x[1], x[2], {.momentum = 0.25});
        return of_mean ? found.mean : found.variance;
      },
      {{from}, {{from[1]}}, {{from[1]}, 0.5, 2}}, {from[1]},
      [of_mean](const Arrays& x, const Places& at) {
        const List elements = of_channel(x[0], at[0]);
        const auto count = static_cast<Real>(elements.size());
        const Moments found = moments_of(elements);
        return of_mean ? 0.75L * x[1].at(at) + 0.25L * found.mean
                       : 0.75L * x[2].at(at) + 0.25L * found.variance * count / (count - 1);
      });
}

}  // namespace

std::vector<Composition> normalisation_compositions() {
  const std::string equation = "(x − mean) / √(variance + eps) weight + bias";
  return {
      {.call = "nn::layer_norm(x, shape, weight, bias, eps = 1e-5)",
       .equation = equation + ", over the last axes",
       .cases = {layer_case({2, 3}, {3}, false), layer_case({2, 2, 3}, {2, 3}, true), layer_case({2, 1, 4}, {4}, true),
                 layer_case({0, 3}, {3}, true)},
       .refusals = {refuses<ShapeError>([] { return nn::layer_norm(matrix, {2}); }),
                    refuses<ShapeError>([] { return nn::layer_norm(matrix, {3}, known({2})); }),
                    refuses<DTypeError>([] { return nn::layer_norm(whole, {2}); })}},
      {.call = "nn::rms_norm(x, shape, weight, eps = 1e-5)",
       .equation = "x / √(mean of x² + eps) weight, over the last axes",
       .cases = {root_mean_square_case({2, 3}, {3}, false), root_mean_square_case({2, 2, 3}, {2, 3}, true),
                 root_mean_square_case({2, 1, 4}, {4}, true), root_mean_square_case({0, 3}, {3}, true)},
       .refusals = {refuses<ShapeError>([] { return nn::rms_norm(matrix, {2}); }),
                    refuses<ShapeError>([] { return nn::rms_norm(matrix, {}); }),
                    refuses<ShapeError>([] { return nn::rms_norm(matrix, {3}, known({2})); }),
                    refuses<DTypeError>([] { return nn::rms_norm(whole, {2}); })}},
      {.call = "nn::group_norm(x, groups, weight, bias, eps = 1e-5)",
       .equation = equation + ", of each group of the channels of an example",
       .cases = {group_case({2, 4}, 2, false), group_case({2, 6, 3}, 3, true), group_case({1, 2, 2, 3}, 1, true),
                 group_case({1, 2, 3}, 2, false), group_case({0, 4, 2}, 2, true)},
       .refusals = {refuses<ShapeError>([] { return nn::group_norm(vector, 1); }),
                    refuses<ValueError>([] { return nn::group_norm(matrix, 2); }),
                    refuses<ValueError>([] { return nn::group_norm(matrix, 0); }),
                    refuses<ValueError>([] { return nn::group_norm(matrix, 3); }),
                    refuses<ShapeError>([] { return nn::group_norm(matrix, 1, known({2})); }),
                    refuses<ShapeError>([] { return nn::group_norm(matrix, 1, {}, known({1})); }),
                    refuses<DTypeError>([] { return nn::group_norm(whole, 1); })}},
      {.call = "nn::instance_norm(x, weight, bias, eps = 1e-5)",
       .equation = equation + ", of each channel of an example",
       .cases = {group_case({2, 3, 4}, {}, false), group_case({1, 2, 2, 3}, {}, true), group_case({2, 1, 3}, {}, true),
                 group_case({0, 2, 3}, {}, true)},
       .refusals = {refuses<ShapeError>([] { return nn::instance_norm(vector); }),
                    refuses<ValueError>([] { return nn::instance_norm(matrix); }), refuses<ValueError>([] {
                      return nn::instance_norm(known({1, 2, 0}));
                    }),
                    refuses<ShapeError>([] {
                      return nn::instance_norm(known({1, 2, 3}), known({3}));
                    }),
                    refuses<DTypeError>([] { return nn::instance_norm(whole); })}},
      {.call = "nn::batch_norm(x, running_mean, running_variance, {.weight, .bias, .training, .momentum, .eps})",
       .equation = equation + ", of each channel",
       .cases = {batch_case({3, 2}, false), batch_case({2, 2, 1, 2}, true), running_case({3, 2}), running_case({0, 2})},
       .refusals = {refuses<ValueError>([] {
                      return nn::batch_norm(known({1, 3}), {}, {});
                    }),
                    refuses<ValueError>([] { return nn::batch_norm(matrix, {}, {}, {.training = false}); }),
                    refuses<ShapeError>([] { return nn::batch_norm(vector, {}, {}); }),
                    refuses<ShapeError>([] { return nn::batch_norm(matrix, known({2}), {}); })}},
      {.call = "nn::batch_norm(...).mean, .variance",
       .equation = "(1 − momentum) old + momentum new",
       .cases = {statistics_case({3, 2}, true), statistics_case({3, 2}, false), statistics_case({2, 2, 1}, true)},
       .refusals = {refuses<DTypeError>([] { return nn::batch_norm(whole, {}, {}); })},
       .constant = "statistics",
       .never_empty = "there are none of an empty batch"},
  };
}

}  // namespace xgrad::catalogue
