#pragma once

#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::reference {

/// How far a value may be from the reference: |a - b| <= absolute + relative * |b|.
struct Tolerance {
  double relative;
  double absolute;
  Tolerance times(double factor) const { return {relative * factor, absolute * factor}; }
};

/// What is wrong with a case; empty when nothing is.
class Findings {
 public:
  /// Compares element by element; infinities and NaN must be equal in kind. Notes the worst element.
  void compare(const std::string& what, const Tensor& got, const Tensor& expected, Tolerance tolerance);
  void compare(const std::string& what, double got, double expected, Tolerance tolerance);
  void note(std::string finding) { findings_.push_back(std::move(finding)); }

  bool empty() const { return findings_.empty(); }
  /// On one line; the first few, and how many more there are.
  std::string to_string() const;

 private:
  std::vector<std::string> findings_;
};

}  // namespace xgrad::reference
