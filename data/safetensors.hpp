#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "autograd/tape/state.hpp"
#include "autograd/tape/tensor.hpp"
#include "data/load_options.hpp"
#include "data/save_options.hpp"

namespace xgrad::data {

/// Notes in a file beside its tensors.
using Metadata = std::map<std::string, std::string>;

/// Writes named tensors as a safetensors file: a JSON header, then the elements, little-endian and row-major. Equal
/// tensors give equal bytes, whatever their order. The file appears whole or not at all: IoError otherwise, and what
/// was there before stays. ValueError for a name that is given twice, reserved, or not UTF-8.
void save(const std::string& path, const std::vector<NamedTensor>& tensors, const Metadata& metadata = {},
          const SaveOptions& options = {}, const Location& where = Location::current());
/// Writes the state of a model or an optimiser. PyTorch loads that of a model by the same names.
void save(const std::string& path, const Stateful& object, const SaveOptions& options = {},
          const Location& where = Location::current());

/// Reads a safetensors file: F32, F64, I64 and BOOL as they are; F16 and BF16 become float32, all other whole numbers
/// int64. IoError when it cannot be read; FormatError when it is not exactly what its header says; ValueError for a U64
/// beyond int64; LimitError when the header asks for more than can be held, or has more than 100,000 tensors.
std::vector<NamedTensor> load(const std::string& path, const Location& where = Location::current());
/// Reads the state of a model or an optimiser. Unless the file has exactly the names, shapes and dtypes that `object`
/// has, or what `options` ask for, nothing changes and the FormatError lists all differences.
LoadReport load(const std::string& path, Stateful& object, const LoadOptions& options = {},
                const Location& where = Location::current());

/// The notes in a safetensors file.
Metadata load_metadata(const std::string& path, const Location& where = Location::current());

}  // namespace xgrad::data
