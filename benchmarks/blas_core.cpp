#include "benchmarks/blas_core.hpp"

#include <cblas.h>
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "benchmarks/inputs.hpp"

namespace benchmarks {

namespace {

constexpr const char* variable = "OPENBLAS_CORETYPE";
constexpr const char* chosen_here = "XGRAD_BENCHMARK_CORE";  // set where this program has set the variable

const char* core_in_use() {
  const auto name = reinterpret_cast<const char* (*)()>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  return name ? name() : nullptr;
}

/// Those that this processor can run.
std::vector<std::string> candidates() {
  std::vector<std::string> all = {"Nehalem"};
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) all.insert(all.end(), {"Haswell", "Zen"});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl"))
    all.push_back("SkylakeX");
  return all;
}

/// c = a b, or with b transposed; a single row or column by the product of a matrix and a vector.
template <class T>
void multiply(int m, int n, int k, bool turned, const T* a, const T* b, T* c) {
  const CBLAS_TRANSPOSE second = turned ? CblasTrans : CblasNoTrans;
  constexpr auto matrices = [] {
    if constexpr (sizeof(T) == 4) return &cblas_sgemm;
    if constexpr (sizeof(T) == 8) return &cblas_dgemm;
  }();
  constexpr auto vector = [] {
    if constexpr (sizeof(T) == 4) return &cblas_sgemv;
    if constexpr (sizeof(T) == 8) return &cblas_dgemv;
  }();
  if (n == 1)
    vector(CblasRowMajor, CblasNoTrans, m, k, 1, a, k, b, 1, 0, c, 1);
  else if (m == 1)
    vector(CblasRowMajor, turned ? CblasNoTrans : CblasTrans, turned ? n : k, turned ? k : n, 1, b, turned ? k : n, a,
           1, 0, c, 1);
  else
    matrices(CblasRowMajor, CblasNoTrans, second, m, n, k, 1, a, k, b, turned ? k : n, 0, c, n);
}

template <class T>
bool is_right(int m, int n, int k, bool turned) {
  const auto numbers = [](int count, int seed) {
    const std::vector<float> drawn = uniform(count, seed, -1, 1);
    return std::vector<T>(drawn.begin(), drawn.end());
  };
  const std::vector<T> a = numbers(m * k, 1), b = numbers(k * n, 2);
  std::vector<T> c(static_cast<std::size_t>(m * n));
  multiply(m, n, k, turned, a.data(), b.data(), c.data());
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int l = 0; l < k; ++l)
        sum += static_cast<double>(a[static_cast<std::size_t>(i * k + l)]) *
               static_cast<double>(b[static_cast<std::size_t>(turned ? j * k + l : l * n + j)]);
      // k products of numbers up to 1, rounded k times.
      const double bound = k * (sizeof(T) == 4 ? 0x1p-23 : 0x1p-52) * k;
      if (!(std::abs(static_cast<double>(c[static_cast<std::size_t>(i * n + j)]) - sum) <= bound)) return false;
    }
  return true;
}

bool all_are_right() {
  constexpr int sizes[] = {1, 5, 16, 33, 70, 129};
  for (const bool turned : {false, true})
    for (const int m : sizes)
      for (const int n : sizes)
        for (const int k : sizes)
          if (!is_right<float>(m, n, k + 3, turned) || !is_right<double>(m, n, k + 3, turned)) return false;
  return true;
}

std::string path_of_this_program() {
  std::string path(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return path;
}

}  // namespace

int try_blas() {
  if (const auto one = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) one(1);
  if (!all_are_right()) return 1;
  constexpr int n = 512;
  const std::vector<float> a = uniform(n * n, 1, -1, 1), b = uniform(n * n, 2, -1, 1);
  std::vector<float> c(n * n);
  double best = 1e9;
  for (int i = 0; i < 25; ++i) {
    const auto start = std::chrono::steady_clock::now();
    multiply(n, n, n, false, a.data(), b.data(), c.data());
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::printf("%s %.1f\n", core_in_use() ? core_in_use() : "unknown", 2e-9 * n * n * n / best);
  return 0;
}

std::string blas_in_use() {
  return core_in_use() ? std::string("OpenBLAS, ") + core_in_use() : std::string("not OpenBLAS");
}

void choose_blas_core(char** arguments) {
  if (!core_in_use()) {
    std::fputs("BLAS: not OpenBLAS; its kernels are what they are\n", stderr);
    return;
  }
  if (std::getenv(variable)) {
    std::fprintf(stderr, "BLAS: OpenBLAS with the kernels of %s, as %s says\n", core_in_use(),
                 std::getenv(chosen_here) ? "the fastest here" : variable);
    return;
  }
  const std::string path = path_of_this_program();
  std::string fastest;
  double most = 0;
  for (const std::string& candidate : candidates()) {
    const std::string command = std::string(variable) + "=" + candidate + " '" + path + "' " + blas_trial;
    std::FILE* const trial = popen(command.c_str(), "r");
    char name[64] = "";
    double speed = 0;
    const bool told = trial && std::fscanf(trial, "%63s %lf", name, &speed) == 2;
    if (!trial || pclose(trial) != 0 || !told) {
      std::fprintf(stderr, "BLAS: the kernels of %s are wrong here\n", candidate.c_str());
      continue;
    }
    std::fprintf(stderr, "BLAS: the kernels of %s make %.1f GFLOP/s\n", name, speed);
    if (speed > most) most = speed, fastest = candidate;
  }
  if (fastest.empty()) return;
  setenv(variable, fastest.c_str(), 1);
  setenv(chosen_here, "1", 1);
  execv(path.c_str(), arguments);
  std::perror("BLAS: this program cannot be begun anew");
}

}  // namespace benchmarks
