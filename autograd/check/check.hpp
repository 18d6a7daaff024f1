#pragma once

// check/: checks derivatives and prints the tape.
//   in:  a function and inputs.
//   out: whether its derivatives are right, and where they are not.
//
// Looking after derivatives: checking them, printing the tape, finding where a NaN began. The matchers for Catch2 are
// in autograd/check/matcher.hpp.

#include "autograd/check/close.hpp"
#include "autograd/check/finite.hpp"
#include "autograd/check/gradient_check.hpp"
#include "autograd/check/print.hpp"
