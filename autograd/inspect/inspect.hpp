#pragma once

// inspect/: sees what happened, after the fact.
//   in:  a Tensor, or the tape as it is.
//   out: text: where a NaN comes from, why a gradient is missing, zero or tiny, what the tape keeps.
//
// Nothing here changes a value, a history or what is pending.

#include "autograd/inspect/explain.hpp"
#include "autograd/inspect/ledger.hpp"
#include "autograd/inspect/why_nan.hpp"
