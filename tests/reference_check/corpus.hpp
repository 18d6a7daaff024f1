#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"
#include "tests/reference_check/record.hpp"

namespace xgrad::reference {

/// There is no corpus where one was expected.
struct UnusableCorpus : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A folder of reference values: `index.json`, and the tensors it names, each in a .npy file of its own or all in
/// `tensors.safetensors` under the names of these files.
class Corpus {
 public:
  /// UnusableCorpus when the folder or its index cannot be read.
  explicit Corpus(const std::string& folder);
  ~Corpus();

  const std::vector<Record>& cases() const { return cases_; }
  /// An entry of `problems`; FormatError when there is none of this name.
  Record problem(const std::string& name) const;

  /// The tensor of a file; IoError or FormatError when it cannot be had.
  Tensor tensor(const std::string& file) const;
  /// The tensor that `record` names under `key`, compared with its `dtype` (for `file`) and `shape` where given.
  Tensor tensor(const Record& record, const std::string& key = "file") const;
  /// Every file that the index names, once each.
  std::vector<std::string> files() const;

 private:
  std::string folder_;
  std::unique_ptr<nlohmann::json> index_;
  std::vector<Record> cases_;
  std::map<std::string, Tensor> packed_;
};

/// Writes the corpus of `from` to the folder `to` as index.json and tensors.safetensors.
void pack(const std::string& from, const std::string& to);

}  // namespace xgrad::reference
