// Would the tests notice a fault of the engine? Each fault of the table is planted, one at a time, and the tests named
// there must fail; without a fault they must pass.
//
//     mutants PROGRAM [--share 1/4] [--only FAULT]
//
// PROGRAM is the tests over the engine with faults. Prints what caught each fault.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>

#include "autograd/engine/cpu/instruction_set.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "tests/autograd/engine/mutants/child.hpp"
#include "tests/autograd/engine/mutants/table.hpp"

using namespace xgrad;
using namespace xgrad::mutants;

namespace {

constexpr int most_seconds = 240;  // a fault may make a test go on for ever; a busy machine does not

struct Options {
  std::string program, only;
  std::size_t share = 0, shares = 1;
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto next = [&]() -> std::string {
      if (++i == count) throw std::invalid_argument(argument + " needs something after it");
      return arguments[i];
    };
    if (argument == "--share") {
      const std::string text = next();
      if (std::sscanf(text.c_str(), "%zu/%zu", &options.share, &options.shares) != 2 || options.share < 1 ||
          options.share > options.shares)
        throw std::invalid_argument("a share is such as 1/4, not '" + text + '\'');
      --options.share;
    } else if (argument == "--only") {
      options.only = next();
    } else {
      options.program = argument;
    }
  }
  if (options.program.empty()) throw std::invalid_argument("which program are the tests?");
  return options;
}

bool is_there(Needs needs) {
  const bool compiled = fused::has_machine_code();
  const bool avx2 = fused::has(fused::InstructionSet::avx2), avx512 = fused::has(fused::InstructionSet::avx512);
  if (needs == Needs::machine_code) return compiled && (avx2 || avx512);
  return needs == Needs::nothing || (needs == Needs::avx2 ? avx2 : avx512);
}

Outcome run_tests(const Options& options, const Tests& tests, const std::string& fault) {
  std::vector<std::string> environment = tests.environment;
  environment.insert(environment.end(), {"XGRAD_NUM_THREADS=2", "XGRAD_ON_VIOLATION=end"});
  if (!fault.empty()) environment.push_back("XGRAD_FAULT=" + fault);
  return run(options.program, {tests.specification, "--abort", "--warn", "NoTests"}, environment, most_seconds);
}

std::vector<std::string> key_of(const Tests& tests) {
  std::vector<std::string> key = tests.environment;
  key.push_back(tests.specification);
  return key;
}

/// The name of the test that failed, or what else ended the program.
std::string told(const Outcome& outcome) {
  if (outcome.how == Outcome::How::timed_out) return "it went on and on";
  std::smatch found;
  static const std::regex violation("a fault of the engine was found before it ran \\(([^\n]*)\\);");
  if (std::regex_search(outcome.output, found, violation)) return "the verifier: " + found[1].str();
  static const std::regex heading("-{79}\n(\\S[^\n]*)\n");
  std::string text = std::regex_search(outcome.output, found, heading) ? found[1].str() : "the end of the program";
  if (outcome.how == Outcome::How::killed) text += " (signal " + std::to_string(outcome.number) + ")";
  return text;
}

class Report {
 public:
  explicit Report(const Options& options) : options_(options) {}

  void check(const Mutant& mutant) {
    const std::string text = outcome_of(mutant);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::printf("  %-70s %s (%.1f s)\n", mutant.fault.c_str(), text.c_str(), seconds);
    std::fflush(stdout);
  }
  void end() const {
    std::printf("%d mutants: %d caught, %d not, %d could not be made here\n", caught_ + survived_ + absent_, caught_,
                survived_, absent_);
  }
  bool good() const { return survived_ == 0 && caught_ > 0; }

 private:
  std::string outcome_of(const Mutant& mutant) {
    begin_ = std::chrono::steady_clock::now();
    if (!is_there(mutant.needs)) {
      ++absent_;
      return "NOT HERE: this build or processor does not have it";
    }
    const std::string without = outcome_without(mutant.caught_by);
    if (!without.empty()) {
      ++survived_;
      return without;
    }
    const Outcome outcome = run_tests(options_, mutant.caught_by, mutant.fault);
    const bool caught = outcome.how != Outcome::How::passed;
    ++(caught ? caught_ : survived_);
    return caught ? told(outcome) : "NOT CAUGHT by " + mutant.caught_by.specification;
  }
  /// What is wrong with the tests when there is no fault; nothing, as a rule.
  std::string outcome_without(const Tests& tests) {
    const auto [at, fresh] = without_.try_emplace(key_of(tests));
    if (!fresh) return at->second;
    const Outcome outcome = run_tests(options_, tests, "");
    if (outcome.how != Outcome::How::passed)
      at->second = "NOTHING SHOWN: without a fault, too, these fail: " + told(outcome);
    else if (outcome.output.find("SKIPPED:") != std::string::npos)
      at->second = "NOTHING SHOWN: a test does not run here";
    return at->second;
  }

  const Options& options_;
  std::map<std::vector<std::string>, std::string> without_;
  std::chrono::steady_clock::time_point begin_;
  int caught_ = 0, survived_ = 0, absent_ = 0;
};

/// The faults that the sources of the engine name.
std::set<std::string> named_in_sources() {
  std::set<std::string> names;
  const std::regex call("planted\\(\\s*\"([^\"]*)\"");
  for (const auto& file : std::filesystem::recursive_directory_iterator(XGRAD_SOURCE_DIR "/autograd/engine")) {
    if (!file.is_regular_file()) continue;
    std::stringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), call), end; at != end; ++at)
      names.insert((*at)[1].str());
  }
  return names;
}

/// Whether the table has those faults that are in the sources, each once.
bool is_complete() {
  std::set<std::string> sources = named_in_sources(), table;
  bool complete = !sources.empty();
  const auto tell = [&](const std::string& fault, const char* what) {
    std::printf("'%s' %s\n", fault.c_str(), what);
    complete = false;
  };
  for (const Room& room : rooms())
    for (const Mutant& mutant : room.mutants) {
      if (!table.insert(mutant.fault).second) tell(mutant.fault, "is in the table twice");
      if (!sources.contains(mutant.fault)) tell(mutant.fault, "is in no source of the engine");
    }
  for (const std::string& fault : sources)
    if (!table.contains(fault)) tell(fault, "is not in the table");
  return complete;
}

int check(const Options& options) {
  const bool complete = is_complete();
  Report report(options);
  // What the same tests catch is in one share: without a fault they run once.
  std::map<std::vector<std::string>, std::size_t> shares;
  for (const Room& room : rooms()) {
    std::printf("%s\n", room.name.c_str());
    for (const Mutant& mutant : room.mutants) {
      const std::size_t number = shares.try_emplace(key_of(mutant.caught_by), shares.size()).first->second;
      if (options.only.empty() ? number % options.shares == options.share : mutant.fault == options.only)
        report.check(mutant);
    }
  }
  report.end();
  return complete && report.good() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  for (const char* variable : {"XGRAD_ENGINE", "XGRAD_TIER", "XGRAD_ISA"})
    if (std::getenv(variable) != nullptr) {
      std::printf("SKIPPED: mutants are caught in the usual settings, which %s is none of\n", variable);
      return 0;
    }
  try {
    return check(parse(count, arguments));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mutants: %s\n", error.what());
    return 2;
  }
}
