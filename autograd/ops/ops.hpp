#pragma once

// ops/: the primitives with their rules, and what is composed of them for general use.
//   in:  Tensors.
//   out: Tensors, recorded.

#include "autograd/ops/any_all.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/convolution.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/densities.hpp"
#include "autograd/ops/distances.hpp"
#include "autograd/ops/draws.hpp"
#include "autograd/ops/einsum.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/gamma.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/interpolation.hpp"
#include "autograd/ops/linalg.hpp"
#include "autograd/ops/masked.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/matrix_functions.hpp"
#include "autograd/ops/matrix_norms.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/order.hpp"
#include "autograd/ops/orthogonal.hpp"
#include "autograd/ops/pooling.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/ops/scans.hpp"
#include "autograd/ops/scatter.hpp"
#include "autograd/ops/spectral.hpp"
#include "autograd/ops/windows.hpp"
