#pragma once

// parallel/: training on many processes, on one machine or several, by MPI.
//   in:  Tensors of each rank, or a model and its optimiser.
//   out: what the ranks make of them together, or a CommunicationError on all of them.

#include "parallel/about.hpp"
#include "parallel/checkpoint.hpp"
#include "parallel/collectives.hpp"
#include "parallel/communicator.hpp"
#include "parallel/error.hpp"
#include "parallel/replicas.hpp"
