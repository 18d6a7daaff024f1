#pragma once

#include <cstdint>

#include "autograd/tape/operand.hpp"
#include "autograd/tape/tensor.hpp"
#include "parallel/communicator.hpp"

namespace xgrad::parallel {

// What ranks compute together. Each of them records the same at the same line of the program, with a Tensor of the same
// shape and dtype: everything else is a CommunicationError on all ranks. It happens when it is recorded, for the others
// wait for it; the Tensor that comes in is evaluated. What comes out is an entry of the tape like any other one, and
// its derivative is the collective that is its transpose: what is differentiated is the sum over the ranks of each
// rank's loss, by what each rank has itself. So derivatives flow between ranks, of every order, and every rank has to
// walk back wherever one does. Inside a checkpoint nothing is exchanged again on the way back.
//
// Sums are put together by a tree over the ranks, whatever arrives first: the same bits on every rank and in every run.

enum class Reduce {
  sum,
  mean,  ///< the sum over the number of ranks
  max,   ///< equal ones share the derivative; NaN is the greatest
};

/// y = x_0 + ... + x_{K-1}, on every rank. Derivative: the sum of all cotangents. DTypeError for masks, and for the
/// mean of int64.
Tensor all_reduce(const Operand& x, const Communicator& ranks, Reduce how = Reduce::sum);
/// y = x_0 + ... + x_{K-1} on the root, zeros elsewhere. Derivative: the root's cotangent, on every rank.
Tensor reduce(const Operand& x, const Communicator& ranks, int root = 0);
/// y = x of the root. Derivative: the sum of all cotangents on the root, zeros elsewhere.
Tensor broadcast(const Operand& x, const Communicator& ranks, int root = 0);
/// Rank r's part of the sum: y = (x_0 + ... + x_{K-1})[r n .. (r + 1) n] for x of K n rows. ShapeError unless there
/// are. Derivative: all_gather.
Tensor reduce_scatter(const Operand& x, const Communicator& ranks);
/// y = x_0, ..., x_{K-1} one after the other along the first axis, on every rank. Derivative: reduce_scatter.
Tensor all_gather(const Operand& x, const Communicator& ranks);
/// y = x of rank r - distance, round the ring: sends to r + distance. Derivative: the same the other way round.
Tensor send_receive(const Operand& x, const Communicator& ranks, std::int64_t distance = 1);

}  // namespace xgrad::parallel
