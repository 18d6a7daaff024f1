#pragma once

#include "data/batches.hpp"
#include "data/dataset.hpp"
#include "data/idx.hpp"
#include "data/npy.hpp"
#include "data/safetensors.hpp"
