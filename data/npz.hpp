#pragma once

#include <string>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/load_options.hpp"
#include "data/save_options.hpp"

namespace xgrad::data {

/// Reads a .npz file, as numpy.savez and numpy.savez_compressed write it: a zip archive whose member `name.npy` is the
/// array `name`. Element types are those of `load_npy`. IoError when it cannot be read; FormatError when it is damaged,
/// not exactly what its directory says, encrypted, or holds something else; LimitError when it asks for more than can
/// be held, and for archives of 4 GiB and more (zip64).
std::vector<NamedTensor> load_npz(const std::string& path, const Location& where = Location::current());
/// Reads the state of a model or an optimiser, as `load` does.
LoadReport load_npz(const std::string& path, Stateful& object, const LoadOptions& options = {},
                    const Location& where = Location::current());

/// Writes named tensors as a .npz file, not compressed. Equal tensors give equal bytes, whatever their order. The file
/// appears whole or not at all: IoError otherwise, and what was there before stays. ValueError for a name that is given
/// twice, is not UTF-8 or contains a zero byte, and for bfloat16, which numpy has not; LimitError beyond 4 GiB.
void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, const SaveOptions& options = {},
              const Location& where = Location::current());
/// Writes the state of a model or an optimiser.
void save_npz(const std::string& path, const Stateful& object, const SaveOptions& options = {},
              const Location& where = Location::current());

}  // namespace xgrad::data
