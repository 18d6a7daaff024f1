// Compares xgrad with libtorch, case by case, in one process:
//
//     compare [--threads N] [--filter REGEX] [--seconds S] [--list]
//     compare --serve [--threads N]
//
// prints `case<TAB>xgrad_us<TAB>libtorch_us<TAB>ratio`: medians of repetitions that alternate between the two. Before a
// case is timed, both sides run three times and their results are compared; a difference is reported, and the program
// ends with status 1. On more than one thread libtorch is measured in three ways, with its own threads, with those of
// BLAS, and alone, and its best median counts. Both sides use the same BLAS, with the kernels that are the fastest here
// (see blas_core.hpp), which is said on stderr. With --serve another program says what to run (see serve.hpp).

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <regex>
#include <string>

#include "benchmarks/blas_core.hpp"
#include "benchmarks/measure.hpp"
#include "benchmarks/serve.hpp"
#include "benchmarks/sides.hpp"

using namespace benchmarks;

namespace {

struct Options {
  int threads = 1;
  std::string filter;
  double seconds = 1;
  bool list = false, serve = false;
};

[[noreturn]] void usage() {
  std::fputs("usage: compare [--threads N] [--filter REGEX] [--seconds S] [--list] [--serve]\n", stderr);
  std::exit(2);
}

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--list" || name == "--serve") {
      (name == "--list" ? options.list : options.serve) = true;
      continue;
    }
    if (i + 1 == count) usage();
    const std::string value = arguments[++i];
    if (name == "--threads")
      options.threads = std::atoi(value.c_str());
    else if (name == "--filter")
      options.filter = value;
    else if (name == "--seconds")
      options.seconds = std::atof(value.c_str());
    else
      usage();
  }
  if (options.threads < 1 || !(options.seconds > 0)) usage();
  return options;
}

Cases xgrad_cases() {
  Cases cases;
  xgrad_side::add_training(cases);
  xgrad_side::add_graphs(cases);
  xgrad_side::add_functions(cases);
  xgrad_side::add_elementwise(cases);
  xgrad_side::add_movement(cases);
  xgrad_side::add_products(cases);
  xgrad_side::add_optimisers(cases);
  xgrad_side::add_derivatives(cases);
  xgrad_side::add_operations(cases);
  xgrad_side::add_networks(cases);
  xgrad_side::add_arrangements(cases);
  return cases;
}

Cases libtorch_cases() {
  Cases cases;
  libtorch_side::add_training(cases);
  libtorch_side::add_graphs(cases);
  libtorch_side::add_functions(cases);
  libtorch_side::add_elementwise(cases);
  libtorch_side::add_movement(cases);
  libtorch_side::add_products(cases);
  libtorch_side::add_optimisers(cases);
  libtorch_side::add_derivatives(cases);
  libtorch_side::add_operations(cases);
  libtorch_side::add_networks(cases);
  libtorch_side::add_arrangements(cases);
  return cases;
}

/// What libtorch is measured with: its own threads, and those of BLAS.
std::vector<Setting> libtorch_settings(int threads) {
  const auto setting = [](int own, int blas) { return Setting{[own] { libtorch_side::set_threads(own); }, blas}; };
  if (threads == 1) return {setting(1, 1)};
  return {setting(1, 1), setting(threads, threads), setting(1, threads)};
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string(arguments[1]) == blas_trial) return try_blas();
  const Options options = parse(count, arguments);
  if (!options.list) choose_blas_core(arguments);
  const std::regex filter(options.filter);
  const Cases ours = xgrad_cases(), theirs = libtorch_cases();
  const Setting own{[&] { xgrad_side::set_threads(options.threads); }, 1};
  if (options.serve)
    return serve({{"xgrad", {&ours, {own}}}, {"libtorch", {&theirs, libtorch_settings(options.threads)}}});
  bool all_agree = true;
  for (const auto& each : ours.all()) {
    if (!options.filter.empty() && !std::regex_search(each.name, filter)) continue;
    const auto* counterpart = theirs.find(each.name);
    if (counterpart == nullptr) {
      std::fprintf(stderr, "%s: libtorch's side is missing\n", each.name.c_str());
      return 1;
    }
    if (options.list) {
      std::printf("%s\n", each.name.c_str());
      continue;
    }
    const auto result = compare({each.make(), {own}}, {counterpart->make(), libtorch_settings(options.threads)},
                                each.tolerance, options.seconds);
    if (!result.difference.empty()) {
      std::fprintf(stderr, "%s: the results differ: %s\n", each.name.c_str(), result.difference.c_str());
      all_agree = false;
      continue;
    }
    std::printf("%s\t%.2f\t%.2f\t%.3f\n", each.name.c_str(), result.first_us, result.second_us,
                result.first_us / result.second_us);
    std::fflush(stdout);
  }
  return all_agree ? 0 : 1;
}
