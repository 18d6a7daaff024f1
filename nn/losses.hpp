#pragma once

// Losses. Those of single elements take an output and a target of the same shape and dtype (ShapeError, DTypeError:
// nothing is broadcast in silence). Every loss throws ValueError for the mean of an empty batch.

#include "nn/classification.hpp"
#include "nn/losses/binary.hpp"
#include "nn/losses/ctc.hpp"
#include "nn/losses/divergences.hpp"
#include "nn/losses/focal.hpp"
#include "nn/losses/margins.hpp"
#include "nn/losses/mined_triplets.hpp"
#include "nn/losses/overlap.hpp"
#include "nn/losses/regression.hpp"
#include "nn/losses/similarity.hpp"
#include "nn/reduction.hpp"
