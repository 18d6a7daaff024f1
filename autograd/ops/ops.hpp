#pragma once

#include "autograd/ops/any_all.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/einsum.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/masked.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
