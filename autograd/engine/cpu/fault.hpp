#pragma once

// Faults that the tests plant in the engine, to see whether they notice them: tests/autograd/engine/mutants/. The
// library is built without them. For the tests the engine is built a second time, and the environment variable
// XGRAD_FAULT turns one of them on. A header that tests include must have none, because it would be compiled in two
// ways.

namespace xgrad::fused {

#ifdef XGRAD_PLANTED_FAULTS
/// Whether this fault is turned on.
bool planted(const char* fault) noexcept;
#else
consteval bool planted(const char*) { return false; }
#endif

}  // namespace xgrad::fused
