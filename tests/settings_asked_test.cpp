// Which tests the engine, the instruction set and the tier cannot matter to: those that never ask for them. The library
// asks for XGRAD_ENGINE, XGRAD_ISA and XGRAD_TIER when it first needs to know, and by `getenv` alone, whose place is
// taken here. With XGRAD_ASKED=FILE each test, in a process of its own, writes a line "XGRAD_TIER NAME" there when it
// first asks for that. `./run test` makes labels for the others, by which .ci/run leaves them out.

#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "autograd/autograd.hpp"
#include "tests/skip.hpp"

namespace {

constexpr std::array settings{"XGRAD_ENGINE", "XGRAD_ISA", "XGRAD_TIER"};
std::array<std::atomic<bool>, settings.size()> asked{};  // by this process

char* variable(const char* name) {
  static const auto next = reinterpret_cast<char* (*)(const char*)>(::dlsym(RTLD_NEXT, "getenv"));
  return next(name);
}

void write_line(const char* path, const std::string& line) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  const bool written = file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file < 0 || ::close(file) != 0 || !written) std::abort();  // without it a test would be left out
}

void note(const char* setting) {
  const char* path = variable("XGRAD_ASKED");
  if (path == nullptr) return;
  Catch::IResultCapture* const running = Catch::getCurrentContext().getResultCapture();
  if (running == nullptr || running->getCurrentTestName().empty()) {
    std::fprintf(stderr, "what all tests share asks for %s\n", setting);
    std::abort();
  }
  write_line(path, std::string(setting) + ' ' + running->getCurrentTestName() + '\n');
}

}  // namespace

extern "C" char* getenv(const char* name) noexcept {
  for (std::size_t i = 0; i < settings.size(); ++i)
    if (std::strcmp(name, settings[i]) == 0 && !asked[i].exchange(true)) note(settings[i]);
  return variable(name);
}

namespace xgrad {
namespace {

// Each in a process of its own: what another test has asked for is not asked for again.
TEST_CASE("what a test asks for is known: nothing, where nothing is computed") {
  if (std::getenv("XGRAD_EAGER")) return skip("everything is computed");
  const bool before = asked[0] || asked[1] || asked[2];
  const Tensor x = zeros({3});
  CHECK((x + x).shape() == Shape{3});
  CHECK((before || (!asked[0] && !asked[1] && !asked[2])));
}

TEST_CASE("what a test asks for is known: engine, instruction set and tier, where a program runs") {
  const Tensor x = ones({1000});
  CHECK(sum(exp(x * x + x)).item() > 0);
  CHECK(asked[0]);
  CHECK(asked[1]);
  CHECK((asked[2] || engine() == "reference"));
}

}  // namespace
}  // namespace xgrad
