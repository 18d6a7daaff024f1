#include "autograd/engine/programs/violation.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace xgrad::fused {

namespace {

bool ends_at_start() {
#ifdef XGRAD_SANITIZED
  return true;
#else
  const char* wish = std::getenv("XGRAD_ON_VIOLATION");
  return wish != nullptr && std::string(wish) == "end";
#endif
}

std::atomic<bool>& ends() {
  static std::atomic<bool> value{ends_at_start()};
  return value;
}

std::atomic<std::int64_t> count{0};
std::atomic<Verification> chosen{Verification::always};

}  // namespace

void violated(const char* rule) { throw Unverified(rule); }

void violated(const char* what, std::int64_t number, const char* rule) {
  throw Unverified(std::string(what) + ' ' + std::to_string(number) + ": " + rule);
}

void report(const Unverified& violation) {
  const std::int64_t before = count++;
  if (ends() || before == 0)
    std::fprintf(stderr, "xgrad: a fault of the engine was found before it ran (%s); the reference kernels take over\n",
                 violation.what());
  if (ends()) std::abort();
}

std::int64_t violation_count() { return count; }
void end_on_violation(bool end) { ends() = end; }

void set_verification(Verification verification) { chosen = verification; }
Verification verification() { return chosen; }

}  // namespace xgrad::fused
