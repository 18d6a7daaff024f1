// Many random networks, on several processes:
//
//     random_networks [first:count] [--processes N] [--modes N] [--failures N] [--brief]
//
// prints how far it is, a report of each of the first failures, the seeds that fail, and what failed how often. With
// --brief it goes on to the last seed, and prints one line for each failure. It prints the seeds that are
// ill-conditioned, too, and fails if there are too many (see conditioning.hpp).

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "tests/autograd/engine/networks/check.hpp"
#include "tests/autograd/engine/networks/conditioning.hpp"

using namespace xgrad::networks;

namespace {

struct Options {
  Seeds seeds{0, 2000};
  std::uint64_t processes = 1;
  int modes = 5;
  std::size_t most_failures = 10;
  bool brief = false;
};

Options parse(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    const auto number = [&] {
      if (++i == count) throw std::invalid_argument(argument + " needs a number");
      return std::stoull(arguments[i]);
    };
    if (argument == "--processes") {
      options.processes = std::max<std::uint64_t>(1, number());
    } else if (argument == "--modes") {
      options.modes = static_cast<int>(number());
    } else if (argument == "--failures") {
      options.most_failures = number();
    } else if (argument == "--brief") {
      options.brief = true;
    } else {
      options.seeds = parse_seeds(argument);
    }
  }
  return options;
}

// A line for each seed begun and done, one for each thing checked, and the reports, which end with an empty line.
void work(const Options& options, std::uint64_t first, std::FILE* out) {
  std::size_t failing = 0;
  for (std::uint64_t seed = first; seed < options.seeds.first + options.seeds.count; seed += options.processes) {
    std::fprintf(out, "begin %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(out);
    Tally tally;
    const auto failures = check_network(seed, options.modes, tally);
    for (const auto& [name, checked] : tally.checked)
      std::fprintf(out, "checked %d %d %s\n", checked, tally.failed[name], name.c_str());
    for (const std::string& line : tally.ill_conditioned) std::fprintf(out, "ill-conditioned %s\n", line.c_str());
    if (options.brief) {
      for (const Failure& failure : failures) std::fprintf(out, "report\n%s\n\n", headline(failure).c_str());
    } else if (!failures.empty()) {
      ++failing;
      std::fprintf(out, "report\n");
      for (std::size_t i = 1; i < failures.size(); ++i) std::fprintf(out, "%s\n", headline(failures[i]).c_str());
      std::fprintf(out, "%s\n", report(failures.front()).c_str());
    }
    std::fprintf(out, failures.empty() ? "done\n" : "failed\n");
    std::fflush(out);
    if (failing >= options.most_failures) return;
  }
}

struct Worker {
  pid_t process = 0;
  std::FILE* from = nullptr;
  std::uint64_t seed = 0;
  bool busy = false;
};

Worker begin(const Options& options, std::uint64_t first) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no process");
  if (process == 0) {
    close(ends[0]);
    std::FILE* out = fdopen(ends[1], "w");
    work(options, first, out);
    std::fclose(out);
    _exit(0);
  }
  close(ends[1]);
  return {process, fdopen(ends[0], "r"), 0, false};
}

struct Outcome {
  std::map<std::string, std::pair<int, int>> kinds;  // checked, failed
  std::set<std::uint64_t> failing, crashing;
  std::uint64_t done = 0, ill_conditioned = 0;
};

std::string read_line(std::FILE* from) {
  std::string line;
  for (int c = std::fgetc(from); c != EOF; c = std::fgetc(from)) {
    line += static_cast<char>(c);
    if (c == '\n') break;
  }
  return line;
}

// Takes in what a worker says of one seed; whether it goes on.
bool follow(Worker& worker, Outcome& outcome) {
  for (std::string line = read_line(worker.from); !line.empty(); line = read_line(worker.from)) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "begin") {
      words >> worker.seed;
      worker.busy = true;
    } else if (word == "checked") {
      int checked = 0, failed = 0;
      words >> checked >> failed >> std::ws;
      std::string name;
      std::getline(words, name);
      outcome.kinds[name].first += checked;
      outcome.kinds[name].second += failed;
    } else if (word == "ill-conditioned") {
      ++outcome.ill_conditioned;
      std::cout << line << std::flush;
    } else if (word == "report") {
      for (line = read_line(worker.from); !line.empty() && line != "\n"; line = read_line(worker.from))
        std::cout << line;
      std::cout.flush();
    } else {
      if (word == "failed") outcome.failing.insert(worker.seed);
      worker.busy = false;
      ++outcome.done;
      return true;
    }
  }
  return false;
}

void print(const Outcome& outcome) {
  // Only now: what evaluates has threads, and a process with threads is not to be forked.
  for (const std::uint64_t seed : outcome.crashing)
    std::cout << "the program of seed " << seed << ", which ended its process:\n" << listing({.seed = seed}) << '\n';
  std::cout << outcome.done << " seeds, " << outcome.failing.size() << " of which fail:";
  for (const std::uint64_t seed : outcome.failing) std::cout << ' ' << seed;
  std::cout << "\n and " << outcome.ill_conditioned << " of which are ill-conditioned"
            << (are_too_many(outcome.ill_conditioned, outcome.done) ? ", which is too many" : "");
  std::cout << "\n checked  failed\n";
  for (const auto& [name, counts] : outcome.kinds) {
    char line[64];
    std::snprintf(line, sizeof line, "%8d%8d  ", counts.first, counts.second);
    std::cout << line << name << '\n';
  }
}

int check_all(const Options& options) {
  std::vector<Worker> workers;
  for (std::uint64_t share = 0; share < options.processes; ++share)
    workers.push_back(begin(options, options.seeds.first + share));
  Outcome outcome;
  while (!workers.empty()) {
    for (std::size_t i = 0; i < workers.size();) {
      if (follow(workers[i], outcome)) {
        ++i;
        continue;
      }
      int status = 0;
      waitpid(workers[i].process, &status, 0);
      if (status != 0) {
        std::cout << "seed " << workers[i].seed << " ended its process with status " << status << std::endl;
        outcome.failing.insert(workers[i].seed);
        outcome.crashing.insert(workers[i].seed);
      }
      std::fclose(workers[i].from);
      if (status != 0)
        workers[i] = begin(options, workers[i].seed + options.processes);
      else
        workers.erase(workers.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (outcome.done % 1000 < options.processes && outcome.done > 0)
      std::cout << outcome.done << " seeds done, " << outcome.failing.size() << " fail" << std::endl;
  }
  print(outcome);
  return outcome.failing.empty() && !are_too_many(outcome.ill_conditioned, outcome.done) ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return check_all(parse(count, arguments));
  } catch (const std::exception& error) {
    std::cerr << "random_networks: " << error.what() << '\n';
    return 2;
  }
}
