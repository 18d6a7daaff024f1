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

inline constexpr double sgd_rate = 0.01, momentum_rate = 0.01, momentum_decay = 0.9, adaptive_rate = 1e-3;

}  // namespace benchmarks
