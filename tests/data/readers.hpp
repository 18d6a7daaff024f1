#pragma once

// Every reader of files, with a file of its kind, for what must hold for all of them.

#include <functional>
#include <string>
#include <vector>

#include "autograd/ops/create.hpp"
#include "data/csv.hpp"
#include "data/idx.hpp"
#include "data/image.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "data/safetensors.hpp"
#include "data/text.hpp"
#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"
#include "tests/data/picture.hpp"

namespace xgrad::test {

struct Reader {
  std::string name;
  std::string bytes;                                                 // of a file
  std::function<void(const std::string& path)> read;                 // and forget
  std::function<std::vector<double>(const std::string& path)> load;  // all values
};

inline void append(std::vector<double>& all, const Tensor& tensor) {
  for (const double value : tensor.to_vector()) all.push_back(value);
}
inline void append(std::vector<double>& all, const std::string& text) {
  all.insert(all.end(), text.begin(), text.end());
}
inline void append(std::vector<double>& all, const NamedTensor& named) { append(all, named.value); }
inline void append(std::vector<double>& all, const data::CsvColumn& column) { append(all, column.values); }
template <class T>
void append(std::vector<double>& all, const std::vector<T>& each) {
  for (const T& one : each) append(all, one);
}

template <class Load>
Reader reader(const std::string& name, const std::string& bytes, Load load) {
  return {name, bytes, [load](const std::string& path) { load(path); },
          [load](const std::string& path) {
            std::vector<double> all;
            append(all, load(path));
            return all;
          }};
}

/// The bytes that `save` writes at a path.
template <class Save>
std::string bytes_written(Save save) {
  const Directory directory;
  save(directory / "file");
  return read_file(directory / "file");
}

inline std::vector<Reader> readers() {
  const Tensor x = tensor({{1.5, -2.0}, {3.0, 4.0}});
  const std::vector<NamedTensor> named = {{"x", x}, {"y", tensor({1, 2, 3})}};
  const std::string idx = std::string("\0\0\x08\1\0\0\0\x28", 8) + std::string(40, 'x');
  const std::string csv = "a,b\n1,2\n3,\"4\"\n5,6\n";
  const auto load_csv = [](const std::string& path) { return data::load_csv(path).columns; };
  const auto load_image = [](const std::string& path) { return data::load_image(path); };
  const auto load_bytes = [](const std::string& path) { return data::load_bytes(path); };
  const auto load_idx = [](const std::string& path) { return data::load_idx(path); };
  const auto load_npz = [](const std::string& path) { return data::load_npz(path); };
  return {
      reader("load_idx", idx, load_idx),
      reader("load_idx, compressed", gzip(idx.substr(0, 20)) + gzip(idx.substr(20)), load_idx),
      reader("load_npy", bytes_written([&](const std::string& path) { data::save_npy(path, x); }),
             [](const std::string& path) { return data::load_npy(path); }),
      reader("load_npz", bytes_written([&](const std::string& path) { data::save_npz(path, named); }), load_npz),
      reader("load_npz, compressed",
             bytes_written([&](const std::string& path) { data::save_npz(path, named, {.deflate = true}); }), load_npz),
      reader("load", bytes_written([&](const std::string& path) {
               data::save(path, named, {{"a", "note"}});
             }),
             [](const std::string& path) { return data::load(path); }),
      reader("load_csv", csv, load_csv),
      reader("load_csv, compressed", gzip(csv), load_csv),
      reader("load_image, PGM", "P2 3 1 255\n1 2 3\n", load_image),
      reader("load_image, PNG", Picture{.kind = 6, .interlaced = true}.png(), load_image),
      reader("load_bytes", "some bytes", load_bytes),
      reader("load_bytes, compressed", gzip("some bytes"), load_bytes),
      reader("load_text", gzip("some text"), [](const std::string& path) { return data::load_text(path); }),
      reader("load_lines", "a line\nanother\n", [](const std::string& path) { return data::load_lines(path); })};
}

}  // namespace xgrad::test
