#pragma once

#include <string>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// Samples along the first axis of `inputs`, and what belongs to each along the first axis of `labels`.
struct Dataset {
  Tensor inputs;
  Tensor labels;

  /// GraphError for a Dataset that holds nothing.
  std::int64_t size(const Location& where = Location::current()) const { return inputs.size(0, where); }
};

enum class Split { train, test };

/// The handwritten digits of LeCun, Cortes and Burges: images [N, 784] as float32 in [0, 1], labels [N] as int64, 0 to
/// 9. `directory` holds the four IDX files under their usual names, with or without `.gz`. IoError when one is missing;
/// FormatError when a file is damaged or the two do not belong together; IndexError for a label above 9.
Dataset mnist(const std::string& directory, Split split, const Location& where = Location::current());

/// Ten kinds of clothes in the same format (Xiao, Rasul, Vollgraf, "Fashion-MNIST", 2017).
Dataset fashion_mnist(const std::string& directory, Split split, const Location& where = Location::current());

/// Where the files of MNIST are: `given`, or the directory that the environment variable XGRAD_DATA names; if neither
/// is set, the cache `~/.cache/xgrad/mnist` or else `embedded`, the part of MNIST that comes with the sources. IoError
/// when they are not there, telling what is missing and how to supply it.
std::string find_mnist(const std::string& given = "", const std::string& embedded = "data/mnist-small",
                       const Location& where = Location::current());

/// The same for Fashion-MNIST, which the Debian package dataset-fashion-mnist supplies.
std::string find_fashion_mnist(const std::string& given = "", const Location& where = Location::current());

}  // namespace xgrad::data
