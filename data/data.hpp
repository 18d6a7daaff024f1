#pragma once

// data/: datasets, batches, files and checkpoints.
//   in:  files, whatever is in them.
//   out: Tensors, or a FormatError.

#include "data/batches.hpp"
#include "data/checkpoint.hpp"
#include "data/csv.hpp"
#include "data/dataset.hpp"
#include "data/idx.hpp"
#include "data/image.hpp"
#include "data/load_options.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "data/safetensors.hpp"
#include "data/save_options.hpp"
#include "data/text.hpp"
