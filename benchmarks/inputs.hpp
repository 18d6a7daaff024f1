#pragma once

// What both sides start from: the same numbers for the same arguments.

#include <cstdint>
#include <string>
#include <vector>

namespace benchmarks {

std::vector<float> uniform(std::int64_t count, int seed, float low, float high);
std::vector<std::int64_t> classes(std::int64_t count, std::int64_t number_of_classes, int seed);
/// Weights [out, in] and biases [out] of linear layers of these sizes, drawn from U(-1/sqrt(in), 1/sqrt(in)).
std::vector<std::vector<float>> layers(const std::vector<std::int64_t>& sizes);

// The parameters of the cases, and their names.

struct Training {
  std::vector<std::int64_t> sizes;  ///< of the input and of each layer's output
  std::string optimiser;
  std::int64_t batch;
  std::string name() const;
};
const std::vector<Training>& trainings();

/// Numbers of rows and columns that functions are applied to.
struct Extent {
  std::int64_t rows, columns;
  std::string name() const { return std::to_string(rows) + "x" + std::to_string(columns); }
  std::int64_t numel() const { return rows * columns; }
};
inline const std::vector<Extent> extents = {{64, 4096}, {256, 1024}, {4096, 10}};

struct Update {
  std::string optimiser;
  std::int64_t parameters;
  std::string name() const { return "optimiser/" + optimiser + "/" + std::to_string(parameters / 1'000'000) + "M"; }
};
const std::vector<Update>& updates();

/// Products of matrices [m, k] and [k, n], perhaps a batch of them.
struct Product {
  std::int64_t batch, m, k, n;  ///< batch 0: none
  std::string name() const;
};
const std::vector<Product>& products();

/// Those of a polynomial of degree 20, from the constant one on.
inline const std::vector<float> polynomial_coefficients = uniform(21, 7, -1, 1);

/// Batch sizes that come in turn.
inline const std::vector<std::int64_t> varying_batches = {64, 32, 48, 17};

/// Of the many small parameters that are updated together: each once [32, 32] and once [32].
inline constexpr int small_parameters = 100;

inline constexpr double clipping_norm = 1;
inline constexpr double sgd_rate = 0.01, momentum_rate = 0.01, momentum_decay = 0.9, adaptive_rate = 1e-3;

}  // namespace benchmarks
