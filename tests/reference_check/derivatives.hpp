#pragma once

#include "tests/reference_check/call.hpp"
#include "tests/reference_check/check.hpp"

namespace xgrad::reference {

/// The inputs of a case: as a Call, and those that derivatives flow to.
struct Inputs {
  struct Differentiated {
    Record record;
    Tensor value;
  };
  Call call;
  std::vector<Differentiated> differentiated;

  Inputs(const Corpus& corpus, const Record& record);
};

/// The outputs that cotangents flow to, with these.
struct Heads {
  Tensors outputs;
  Tensors cotangents;
};

/// Compares the gradients of L = sum(cotangent * output), and the Hessian-vector products of L, or for `hvp_head`
/// "square" of sum(cotangent * output^2) / 2, where the case has them.
void check_derivatives(const Corpus& corpus, const Record& record, const Heads& heads, const Inputs& inputs,
                       Findings& findings);

}  // namespace xgrad::reference
