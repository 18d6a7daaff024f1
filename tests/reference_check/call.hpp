#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "autograd/core/axes.hpp"
#include "autograd/tape/tensor.hpp"
#include "tests/reference_check/record.hpp"

namespace xgrad::reference {

using Tensors = std::vector<Tensor>;

/// The inputs, by name, and the arguments of one case.
struct Call {
  std::vector<std::pair<std::string, Tensor>> inputs;
  Record args;

  bool has(const std::string& name) const;
  /// FormatError when there is no input of this name.
  const Tensor& operator[](const std::string& name) const;
  /// An input that may be absent: undefined then.
  Tensor optional(const std::string& name) const;
  /// The inputs `name.0`, `name.1`, ...
  Tensors list(const std::string& name) const;

  /// The argument `dim`: a number, a list, or all when it is absent or an empty list.
  Axes axes() const;
  std::int64_t axis() const { return args.integer("dim"); }
  KeepDims keep() const { return KeepDims{args.flag("keepdim", false)}; }
};

/// How an operation of the corpus is computed by the library.
using Rule = std::function<Tensors(const Call&)>;
using Rules = std::map<std::string, Rule>;

/// Lets a rule that reads `dim` see 0-d tensors as vectors of one element.
Rule lifted(Rule rule);

// One table per family.
void add_elementwise(Rules& rules);
void add_reductions(Rules& rules);
void add_products(Rules& rules);
void add_shapes(Rules& rules);
void add_indexing(Rules& rules);
void add_losses(Rules& rules);
void add_clipping(Rules& rules);

/// Every operation the library has.
const Rules& rules();

}  // namespace xgrad::reference
