#include "tests/autograd/engine/mutants/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace xgrad::mutants {

namespace {

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> all;
  for (std::string& each : strings) all.push_back(each.data());
  all.push_back(nullptr);
  return all;
}

/// What the child is: never returns.
[[noreturn]] void become(const std::string& program, std::vector<std::string> arguments,
                         std::vector<std::string> environment, int output) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  arguments.insert(arguments.begin(), program);
  execve(program.c_str(), pointers(arguments).data(), pointers(environment).data());
  _exit(127);
}

std::vector<std::string> inherited() {
  std::vector<std::string> all;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (std::string(*variable).rfind("XGRAD_", 0) != 0) all.emplace_back(*variable);
  return all;
}

}  // namespace

Outcome run(const std::string& program, const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment, int seconds) {
  std::vector<std::string> variables = inherited();
  variables.insert(variables.end(), environment.begin(), environment.end());
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) become(program, arguments, variables, ends[1]);
  close(ends[1]);

  Outcome outcome;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  for (bool open = true; open;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wanted{ends[0], POLLIN, 0};
    if (left.count() <= 0 || poll(&wanted, 1, static_cast<int>(left.count())) == 0) {
      outcome.how = Outcome::How::timed_out;
      kill(child, SIGKILL);
      break;
    }
    char buffer[4096];
    const ssize_t count = read(ends[0], buffer, sizeof buffer);
    open = count > 0;
    if (open) outcome.output.append(buffer, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (outcome.how == Outcome::How::timed_out) return outcome;
  if (WIFSIGNALED(status)) return {Outcome::How::killed, WTERMSIG(status), std::move(outcome.output)};
  outcome.number = WEXITSTATUS(status);
  if (outcome.number != 0) outcome.how = Outcome::How::failed;
  return outcome;
}

}  // namespace xgrad::mutants
