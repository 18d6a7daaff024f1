#pragma once

// The ways in which one program can be evaluated, none of which may change a bit of it.

#include <cstddef>
#include <string>
#include <vector>

#include "tests/autograd/engine/networks/builder.hpp"

namespace xgrad::networks {

/// In which order the roots of a step are evaluated.
enum class Order {
  together,     ///< all at once
  one_by_one,   ///< each alone, in tape order
  reversed,     ///< each alone, the latest first
  in_parts,     ///< some of them, then the rest
  loss_first,   ///< the loss is read before its gradients are recorded
  as_recorded,  ///< some of what has a name, as soon as it has one
  by_update,    ///< by nothing but the step of the optimiser
};

struct Mode {
  std::string name;
  Order order = Order::together;
  bool eager = false;
  int held = -1;             ///< how many per cent of the named values are held; -1: as the program itself says
  bool prints = false;       ///< some value, in the middle
  bool keeps = false;        ///< losses, gradients and whatever is held, until the end
  bool drops_roots = false;  ///< the loss and the gradients, once the step is taken
  const char* engine = "fused";
  const char* tier = nullptr;
  int threads = 1;
  std::size_t budget = 0;
  bool after_other_data = false;  ///< the same program was run before, with other numbers
  std::uint64_t salt = 0;         ///< for what is drawn
};

/// What the others are compared with bit for bit: everything at once.
const Mode& plain_mode();
/// The reference kernels.
const Mode& reference_mode();
/// The same, with whatever has a name held: what is kept for gradients (see kept.hpp) is compared with that.
const Mode& kept_mode();
/// All other modes.
const std::vector<Mode>& all_modes();
/// Several of them at once.
Mode mixed_mode(std::uint64_t seed);

}  // namespace xgrad::networks
