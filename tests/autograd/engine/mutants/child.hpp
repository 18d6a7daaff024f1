#pragma once

#include <string>
#include <vector>

namespace xgrad::mutants {

/// How a program ended.
struct Outcome {
  enum class How { passed, failed, killed, timed_out };
  How how = How::passed;
  int number = 0;  // the exit status, or the signal
  std::string output;
};

/// Runs a program with these arguments and changes of the environment, and takes in what it writes. Variables of xgrad
/// that this process has do not reach it.
Outcome run(const std::string& program, const std::vector<std::string>& arguments,
            const std::vector<std::string>& environment, int seconds);

}  // namespace xgrad::mutants
