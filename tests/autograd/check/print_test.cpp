#include "autograd/check/print.hpp"

#include <catch2/catch.hpp>
#include <regex>

#include "autograd/autograd.hpp"

namespace xgrad::print_test {
namespace {

std::string place(int line) { return "print_test.cpp:" + std::to_string(line); }

TEST_CASE("a tape is printed an entry per line, in tape order") {
  const int line = __LINE__;
  const Parameter w(tensor({1.0, 2.0}));
  const Tensor y = mean(w * w);
  CHECK(print_tape(y) == "%0 = leaf() [2] f32 tracked, " + place(line + 1) +
                             "\n"
                             "%1 = mul(%0, %0) [2] f32 tracked, " +
                             place(line + 2) +
                             "\n"
                             "%2 = sum(%1) [1] f32 tracked, axes=[0], in mean, " +
                             place(line + 2) +
                             "\n"
                             "%3 = reshape(%2) [] f32 tracked, in mean, " +
                             place(line + 2) +
                             "\n"
                             "%4 = full() [] f32, value=2, in mean, " +
                             place(line + 2) +
                             "\n"
                             "%5 = div(%3, %4) [] f32 tracked, in mean, " +
                             place(line + 2) + "\n");
  CHECK_FALSE(y.evaluated());
}

TEST_CASE("a long tape is cut in the middle, and a deep one needs no stack") {
  Tensor x = Parameter(tensor({1.0}));
  for (int i = 0; i < 30000; ++i) x = -x;
  const std::string text = print_tape(x, 10);
  CHECK(std::count(text.begin(), text.end(), '\n') == 11);
  CHECK(text.find("... 29991 more ...\n") != std::string::npos);
  CHECK(text.find("%0 = leaf") == 0);
  CHECK(text.find("%30000 = neg(%29999)") != std::string::npos);
  const std::string dot = tape_dot(x, 10);
  CHECK(dot.find("// 29991 more") != std::string::npos);
}

TEST_CASE("a tape is drawn as a graph") {
  const Tensor a = track(tensor({1.0, 2.0})), y = a * exp(a);
  const std::string dot = tape_dot(y);
  CHECK(dot.rfind("digraph tape {", 0) == 0);
  CHECK(dot.find("n2 [label=\"%2 exp\\n[2] f32 tracked, " + place(__LINE__ - 3) + "\", style=bold];") !=
        std::string::npos);
  CHECK(dot.find("n2 -> n3;") != std::string::npos);
  CHECK(dot.find("n1 -> n3;") != std::string::npos);
  CHECK(dot.back() == '\n');
}

TEST_CASE("the history of an evaluated untracked Tensor ends with it") {
  const Tensor y = tensor({1.0}) * 2;
  y.item();
  const std::string text = print_tape(y);
  CHECK(text.rfind("%0 = mul() [1] f32", 0) == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

}  // namespace
}  // namespace xgrad::print_test
