#pragma once

// The two halves of saving, so that the second one can go on in another thread, and the whole of loading.
//
// A file of this library has two notes of its own among its metadata: `xxh3_64.tensors`, the checksums of the tensors'
// bytes in the order of the file, and `xxh3_64.header`, that of the first eight bytes and the header, in which these 16
// digits are taken as 0. Where one of the two is there, both must be, and both must be right. So no single damage, to
// the names of the notes neither, goes unnoticed, and files without them load as ever.

#include <string>
#include <vector>

#include "data/safetensors.hpp"
#include "data/safetensors_header.hpp"

namespace xgrad::data {

/// What is to be written: nothing about it can be wrong any more, and all of it is evaluated.
struct SafetensorsImage {
  SafetensorsHeader header;
  std::vector<Tensor> values;  // in the order of the file
};

/// Checks and evaluates. Errors are those of `save`.
SafetensorsImage make_image(const std::vector<NamedTensor>& tensors, const Metadata& metadata,
                            const SaveOptions& options, const char* operation, const Location& where);

/// Writes the file; touches no handle, so that any thread may.
void write_image(const std::string& path, const SafetensorsImage& image, const char* operation, const Location& where);

/// What a file with the state of an object says about itself, so that later versions are recognised.
Metadata state_notes();
/// FormatError for another version.
void check_version(const Metadata& metadata, const char* operation, const std::string& path, const Location& where);

/// A file that is open, with its header read and checked.
class SafetensorsFile {
 public:
  SafetensorsFile(const char* operation, const std::string& path, const Location& where);

  const Metadata& metadata() const { return header_.metadata; }
  std::vector<std::string> names() const;
  /// Those that are needed, checked; the others stay undefined.
  std::vector<NamedTensor> read(const std::vector<bool>& needed);
  std::vector<NamedTensor> read() { return read(std::vector<bool>(header_.items.size(), true)); }

 private:
  void take_checksums(const std::string& json);

  const char* operation_;
  std::string path_;
  Location where_;
  InputFile file_;
  SafetensorsHeader header_;
  std::vector<std::string> checksums_;  // of the tensors; none in a file that has none
};

}  // namespace xgrad::data
