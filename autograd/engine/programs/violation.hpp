#pragma once

// What happens when a verifier finds that something breaks a rule that the engine is about to run.

#include <cstdint>
#include <stdexcept>

namespace xgrad::fused {

/// Something that is about to run breaks a rule, which the message names. It is a fault of the engine.
struct Unverified : std::logic_error {
  using std::logic_error::logic_error;
};

/// Throws Unverified.
[[noreturn]] void violated(const char* rule);
/// Throws Unverified for the thing with this number: "pointer 3: rule".
[[noreturn]] void violated(const char* what, std::int64_t number, const char* rule);

/// Counts the violation, and ends the program if end_on_violation() says so; else prints the first one to stderr.
void report(const Unverified& violation);
/// The number of violations that were reported.
std::int64_t violation_count();
/// Sets whether a violation ends the program; else the reference kernels compute that part. At the start it does in
/// sanitizer builds and where the environment variable XGRAD_ON_VIOLATION is "end".
void end_on_violation(bool end);

/// Whether plans are verified: always, except in measurements (never) and in tests of violations (reject: all plans
/// fail verification).
enum class Verification : std::uint8_t { always, never, reject };
void set_verification(Verification verification);
Verification verification();

}  // namespace xgrad::fused
