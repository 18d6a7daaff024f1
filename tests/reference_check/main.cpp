// reference_check DIR [CASE...]: checks the library against a corpus of reference values (tests/reference/README.md).
// reference_check --pack DIR OUT: writes the corpus as two files.

#include <algorithm>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "tests/reference_check/call.hpp"
#include "tests/reference_check/check.hpp"

namespace {

using namespace xgrad::reference;

constexpr int success = 0, failure = 1, unusable = 2;

// The library does not claim to have the operation.
bool is_unsupported(const Record& record) {
  return record.text("section") == "ops" && !rules().contains(record.text("op"));
}

Findings check(const Corpus& corpus, const Record& record) {
  const std::string section = record.text("section");
  if (section == "ops") return check_operation(corpus, record);
  if (section == "optim") return check_optimiser(corpus, record);
  if (section == "sched") return check_schedule(corpus, record);
  if (section == "train") return check_training(corpus, record);
  if (section == "program") return check_program(corpus, record);
  Findings findings;
  findings.note("unknown section " + section);
  return findings;
}

struct Counts {
  int passed = 0, failed = 0, unsupported = 0;
};

void run(const Corpus& corpus, const Record& record, Counts& counts) {
  Findings findings;
  try {
    if (is_unsupported(record)) {
      ++counts.unsupported;
      return;
    }
    findings = check(corpus, record);
  } catch (const std::bad_alloc&) {
    findings.note("out of memory");
  } catch (const std::exception& error) {
    findings.note(error.what());
  }
  ++(findings.empty() ? counts.passed : counts.failed);
  if (findings.empty()) return;
  std::string line = record.text("name") + ": " + findings.to_string();
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::cout << "FAIL " << line << '\n';
}

int run_all(const std::string& folder, const std::vector<std::string>& names) {
  const Corpus corpus(folder);
  Counts counts;
  for (const std::string& name : names)
    if (std::none_of(corpus.cases().begin(), corpus.cases().end(),
                     [&](const Record& record) { return record.text("name") == name; }))
      throw UnusableCorpus(folder + ": there is no case " + name);
  for (const Record& record : corpus.cases())
    if (names.empty() || std::find(names.begin(), names.end(), record.text("name")) != names.end())
      run(corpus, record, counts);
  std::cout << counts.passed << " passed, " << counts.failed << " failed, " << counts.unsupported << " unsupported"
            << std::endl;
  return counts.failed > 0 ? failure : success;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 3 && arguments[0] == "--pack") {
      pack(arguments[1], arguments[2]);
      return success;
    }
    if (!arguments.empty() && !arguments[0].starts_with("--"))
      return run_all(arguments[0], {arguments.begin() + 1, arguments.end()});
    std::cerr << "usage: reference_check DIR [CASE...]\n       reference_check --pack DIR OUT\n";
  } catch (const std::exception& error) {
    std::cerr << "reference_check: " << error.what() << '\n';
  }
  return unusable;
}
