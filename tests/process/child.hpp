#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "tests/sanitized.hpp"

extern char** environ;

namespace xgrad {

/// How a process ended, and what it wrote.
struct Ended {
  int status = 0;
  std::string output;
  bool well() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
};

inline std::ostream& operator<<(std::ostream& out, const Ended& ended) {
  if (WIFSIGNALED(ended.status)) return out << "ended by signal " << WTERMSIG(ended.status) << "\n" << ended.output;
  return out << "exit code " << WEXITSTATUS(ended.status) << "\n" << ended.output;
}

/// Waits for a process of ours, which an alarm ends that hangs.
inline Ended waited_for(pid_t child) {
  Ended ended;
  REQUIRE(waitpid(child, &ended.status, 0) == child);
  return ended;
}

/// Runs these test cases, hidden ones mostly, in a process of their own: this program once more, with `settings`
/// (`NAME=value`) in its environment. What the process asks for counts as asked by the test that runs it (see
/// tests/settings_asked_test.cpp).
inline Ended run_apart(const std::string& tests, const std::vector<std::string>& settings = {}) {
  for (const char* setting : {"XGRAD_ENGINE", "XGRAD_ISA", "XGRAD_TIER"}) static_cast<void>(std::getenv(setting));
  std::string path = "/tmp/xgrad_child_XXXXXX";
  const int file = mkstemp(path.data());
  REQUIRE(file >= 0);
  unlink(path.c_str());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, 1);
  posix_spawn_file_actions_adddup2(&actions, file, 2);
  std::vector<char*> environment;
  for (const std::string& setting : settings) environment.push_back(const_cast<char*>(setting.c_str()));
  for (char** each = environ; *each; ++each)  // the first of a name counts
    if (std::string(*each).rfind("XGRAD_ASKED=", 0) != 0) environment.push_back(*each);
  environment.push_back(nullptr);
  std::string program = "xgrad_tests", names = tests;
  char* const arguments[] = {program.data(), names.data(), nullptr};
  pid_t child = 0;
  REQUIRE(posix_spawn(&child, "/proc/self/exe", &actions, nullptr, arguments, environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
  Ended ended = waited_for(child);
  lseek(file, 0, SEEK_SET);
  char part[4096];
  for (ssize_t count; (count = read(file, part, sizeof part)) > 0;)
    ended.output.append(part, static_cast<std::size_t>(count));
  close(file);
  return ended;
}

/// Ends the process, which is one apart, if it hangs.
inline void end_if_it_hangs() { alarm(240); }

/// Runs `body` in a fork of this process; it is well if `body` returns true.
template <class Body>
pid_t fork_off(Body body) {
  const pid_t child = fork();
  if (child != 0) return child;
  end_if_it_hangs();
  bool well = false;
  try {
    well = body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  _exit(well ? 0 : 3);
}

/// A line of /proc/self/status, in KiB: VmRSS, VmHWM.
inline long status_of_process(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);)
    if (line.rfind(name + ":", 0) == 0) return std::atol(line.c_str() + name.size() + 1);
  return -1;
}

}  // namespace xgrad
