#pragma once

// Activations: compositions, so their derivatives of every order come out of the tape. NaN stays NaN.
//
// Those whose other arguments have defaults are function objects: handed on, as to Sequential, they keep their
// defaults.

#include "autograd/ops/compose.hpp"
#include "autograd/ops/elementwise.hpp"
#include "nn/activations/gates.hpp"
#include "nn/activations/rectifiers.hpp"
#include "nn/activations/shrinkage.hpp"
#include "nn/activations/sigmoids.hpp"
#include "nn/activations/softmaxes.hpp"

namespace xgrad::nn {

using xgrad::celu;
using xgrad::elu;
using xgrad::Gelu;
using xgrad::gelu;
using xgrad::glu;
using xgrad::gumbel_softmax;
using xgrad::hardshrink;
using xgrad::hardsigmoid;
using xgrad::hardswish;
using xgrad::hardtanh;
using xgrad::leaky_relu;
using xgrad::log_softmax;
using xgrad::logsigmoid;
using xgrad::mish;
using xgrad::prelu;
using xgrad::relu;
using xgrad::relu6;
using xgrad::selu;
using xgrad::sigmoid;
using xgrad::silu;
using xgrad::softmax;
using xgrad::softmax2d;
using xgrad::softmin;
using xgrad::softplus;
using xgrad::softshrink;
using xgrad::softsign;
using xgrad::tanh;
using xgrad::tanhshrink;
using xgrad::threshold;

}  // namespace xgrad::nn
