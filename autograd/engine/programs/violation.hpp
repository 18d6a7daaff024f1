#pragma once

// What happens when the verifier finds that something the engine is about to run breaks a rule.

#include <cstdint>
#include <stdexcept>

namespace xgrad::fused {

/// Something that is about to run breaks a rule, which the message names: a fault of the engine itself.
struct Unverified : std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws Unverified.
[[noreturn]] void violated(const char* rule);
/// The same, of the thing with this number: "pointer 3: rule".
[[noreturn]] void violated(const char* what, std::int64_t number, const char* rule);

/// Counts the violation. Ends the program if end_on_violation() says so; else the first one is told on stderr.
void report(const Unverified& violation);
/// How many have been reported.
std::int64_t violation_count();
/// Whether a violation ends the program, as it does from the start in sanitizer builds and where the environment
/// variable XGRAD_ON_VIOLATION is "end", or is left to the reference kernels.
void end_on_violation(bool end);

/// Whether plans are verified: always, but for measurements (never) and tests of what a violation leads to (reject).
enum class Verification : std::uint8_t { always, never, reject };
void set_verification(Verification verification);
Verification verification();

}  // namespace xgrad::fused
