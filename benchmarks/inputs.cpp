#include "benchmarks/inputs.hpp"

#include <cmath>
#include <random>

namespace benchmarks {

std::vector<float> uniform(std::int64_t count, int seed, float low, float high) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = low + (high - low) * static_cast<float>(generator() >> 8) * 0x1p-24f;
  return numbers;
}

std::vector<std::int64_t> classes(std::int64_t count, std::int64_t number_of_classes, int seed) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  for (std::int64_t& number : numbers) number = static_cast<std::int64_t>(generator()) % number_of_classes;
  return numbers;
}

std::vector<std::vector<float>> layers(const std::vector<std::int64_t>& sizes) {
  std::vector<std::vector<float>> parameters;
  for (std::size_t i = 1; i < sizes.size(); ++i) {
    const float bound = 1 / std::sqrt(static_cast<float>(sizes[i - 1]));
    const int seed = 100 * static_cast<int>(i);
    parameters.push_back(uniform(sizes[i] * sizes[i - 1], seed, -bound, bound));
    parameters.push_back(uniform(sizes[i], seed + 1, -bound, bound));
  }
  return parameters;
}

std::string Training::name() const {
  std::string text = "train";
  for (std::size_t i = 0; i < sizes.size(); ++i) text += (i == 0 ? "/" : "-") + std::to_string(sizes[i]);
  return text + "/" + optimiser + "/batch" + std::to_string(batch);
}

const std::vector<Training>& trainings() {
  static const std::vector<Training> all = [] {
    std::vector<Training> list;
    for (const std::int64_t batch : {32, 64, 256}) list.push_back({{784, 128, 10}, "sgd", batch});
    for (const std::int64_t batch : {64, 256})
      for (const char* optimiser : {"sgd", "momentum", "adam"}) list.push_back({{784, 512, 512, 10}, optimiser, batch});
    return list;
  }();
  return all;
}

const std::vector<Update>& updates() {
  static const std::vector<Update> all = {{"sgd", 1'000'000},      {"momentum", 1'000'000}, {"adam", 1'000'000},
                                          {"adagrad", 1'000'000},  {"rmsprop", 1'000'000},  {"adam", 10'000'000},
                                          {"adagrad", 10'000'000}, {"rmsprop", 10'000'000}};
  return all;
}

std::string Product::name() const {
  return "product/" + (batch == 0 ? "" : std::to_string(batch) + "x") + std::to_string(m) + "x" + std::to_string(k) +
         "x" + std::to_string(n);
}

const std::vector<Product>& products() {
  static const std::vector<Product> all = {
      {0, 17, 31, 23}, {0, 5, 300, 7}, {0, 100, 100, 100}, {1000, 4, 4, 4}, {64, 32, 32, 32}};
  return all;
}

}  // namespace benchmarks
