#pragma once

// The tape, its operations and its derivatives: all a program needs to differentiate.

#include "autograd/core/buffer.hpp"
#include "autograd/core/error.hpp"
#include "autograd/core/random.hpp"
#include "autograd/engine/about.hpp"
#include "autograd/engine/budget.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/engine/threads.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape/memory_report.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/cotangents.hpp"
#include "autograd/transform/functional.hpp"
#include "autograd/transform/grad.hpp"
#include "autograd/transform/vmap.hpp"
