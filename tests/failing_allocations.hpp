#pragma once

#include <cstdint>

namespace xgrad::test {

/// Lets the allocation of this thread fail that comes after so many others; none if negative.
void fail_allocation(std::int64_t after);

}  // namespace xgrad::test
