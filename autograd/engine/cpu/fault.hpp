#pragma once

// Faults that the tests plant in the engine, to see that they notice: tests/autograd/engine/mutants/. The library is
// built without them; in the engine that is built a second time for the tests the environment variable XGRAD_FAULT says
// which of them is there. What tests include must have none, or it would be compiled in two ways.

namespace xgrad::fused {

#ifdef XGRAD_PLANTED_FAULTS
/// Whether this is the fault that is there.
bool planted(const char* fault) noexcept;
#else
consteval bool planted(const char*) { return false; }
#endif

}  // namespace xgrad::fused
