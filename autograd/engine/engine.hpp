#pragma once

#include <initializer_list>
#include <span>
#include <string>

#include "autograd/core/location.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad {

/// Chooses what computes values: "fused" (the default: what is recorded is planned, fused and remembered) or
/// "reference" (every primitive's own kernel, in tape order). The environment variable XGRAD_ENGINE chooses at start.
/// ValueError for an unknown name. Not to be called while other threads evaluate.
void set_engine(const std::string& name, const Location& where = Location::current());
/// The name of the engine in use.
const std::string& engine();

/// Chooses how the fused engine runs its programs: "compiled" (the default: interpreted at first, as machine code once
/// they have seen many elements or run many times), "interpreted", or "compile-at-once" (as machine code from the first
/// run). Values do not depend on it. Where there is no machine code (another processor, a build without Xbyak, memory
/// that must not be executed) programs stay interpreted. The environment variable XGRAD_TIER chooses at start.
/// ValueError for an unknown name. Not to be called while other threads evaluate.
void set_tier(const std::string& name, const Location& where = Location::current());
/// The name of the tier in use.
const std::string& tier();

/// Chooses the instruction set of the fused engine: "avx512", "avx2" or "generic" (what every processor of the
/// architecture has). At the start it is the widest that this processor and this build have, or the value of the
/// environment variable XGRAD_ISA. Values may differ in their last places between sets. Before a set is used, each of
/// its operations is compared with its scalar meaning, in less than a millisecond; where one is wrong at the start, the
/// next smaller set is taken, with a line on stderr. ValueError for an unknown name, for a set that is not available,
/// and for one that computes wrong numbers. Not to be called while other threads evaluate. about().instruction_set is
/// the one in use.
void set_instruction_set(const std::string& name, const Location& where = Location::current());

/// How many threads one evaluation may use, the calling one included. At first this is the environment variable
/// XGRAD_NUM_THREADS, or else the number of processors that this process may use. Results do not depend on it.
/// ValueError unless `count` is 1 to 1024; ThreadError inside a body of parallel().
void set_num_threads(int count, const Location& where = Location::current());
/// The number of threads one evaluation may use. ValueError if XGRAD_NUM_THREADS is no such number.
int num_threads();

/// What evaluating these Tensors would do now, as text, without doing it: a line for each program, product and kernel
/// in the order in which they run, with its entries, the bytes of what it reads and writes, its arithmetic, and why
/// what reads a result of another one is not fused with it. GraphError for an undefined Tensor.
std::string plan(std::span<const Tensor> tensors, const Location& where = Location::current());
inline std::string plan(const Tensor& tensor, const Location& where = Location::current()) {
  return plan(std::span<const Tensor>(&tensor, 1), where);
}
inline std::string plan(std::initializer_list<Tensor> tensors, const Location& where = Location::current()) {
  return plan(std::span<const Tensor>(tensors.begin(), tensors.size()), where);
}

/// Evaluates, and may write results over the memory of `donated` Tensors. Each is held by this list and by one owner,
/// who lets go of it afterwards; memory is overwritten only if no other handle and no entry that stays can read the old
/// value. When it throws, no donated Tensor has changed.
void evaluate(std::span<const Tensor> tensors, std::span<const Tensor> donated, const Location& where);

/// Makes the next evaluation compute this Tensor, too, if somebody still holds it then: a loss with its gradients.
void evaluate_with_next(const Tensor& tensor) noexcept;

}  // namespace xgrad
