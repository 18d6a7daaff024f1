#pragma once

#include <string>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/load_options.hpp"
#include "data/save_options.hpp"

namespace xgrad::data {

/// Reads a .npz file, as numpy.savez and numpy.savez_compressed write it: a zip archive, zip64 or not, whose member
/// `name.npy` is the array `name`. Element types are those of `load_npy`. What a header announces is compared with the
/// size of its member before the rest is inflated. IoError when it cannot be read; FormatError when it is damaged, not
/// exactly what its directory says, encrypted, or holds something else; ValueError for a uint64 beyond int64;
/// LimitError when it asks for more than can be held, or has more than 100,000 arrays.
std::vector<NamedTensor> load_npz(const std::string& path, const Location& where = Location::current());
/// Reads the state of a model or an optimiser, as `load` does. What does not fit is refused before it is inflated.
LoadReport load_npz(const std::string& path, Stateful& object, const LoadOptions& options = {},
                    const Location& where = Location::current());

struct NpzOptions {
  FloatStorage floats = FloatStorage::exact;  ///< not bfloat16, which numpy has not
  bool deflate = false;                       ///< compressed, as numpy.savez_compressed does it
};

/// Writes named tensors as a .npz file, a zip64 archive where it must be one. Equal tensors give equal bytes, whatever
/// their order. The file appears whole or not at all: IoError otherwise, and what was there before stays. ValueError
/// for a name that is given twice, is not UTF-8 or contains a zero byte, and for bfloat16; LimitError for what
/// `load_npz` would refuse: more than 100,000 arrays, names beyond 64 KiB.
void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, const NpzOptions& options = {},
              const Location& where = Location::current());
/// Writes the state of a model or an optimiser.
void save_npz(const std::string& path, const Stateful& object, const NpzOptions& options = {},
              const Location& where = Location::current());

}  // namespace xgrad::data
