#pragma once

// Every reader of files, with a file of its kind, for what must hold for all of them.

#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/ops/create.hpp"
#include "data/idx.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "data/safetensors.hpp"
#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"

namespace xgrad::test {

struct Reader {
  std::string name;
  std::string bytes;                                                  // of a file
  std::function<void(const std::string& path)> read;                  // and forget
  std::function<std::vector<double>(const std::string& path)> load;  // all values
};

/// A reader of one Tensor, or of named ones.
template <class Load>
Reader reader(const std::string& name, const std::string& bytes, Load load) {
  return {name, bytes, [load](const std::string& path) { load(path); },
          [load](const std::string& path) {
            std::vector<double> all;
            const auto loaded = load(path);
            if constexpr (std::is_same_v<decltype(loaded), const Tensor>)
              all = loaded.to_vector();
            else
              for (const auto& [key, tensor] : loaded)
                for (const double value : tensor.to_vector()) all.push_back(value);
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
  const auto load_idx = [](const std::string& path) { return data::load_idx(path); };
  const auto load_npz = [](const std::string& path) { return data::load_npz(path); };
  return {reader("load_idx", idx, load_idx),
          reader("load_idx, compressed", gzip(idx.substr(0, 20)) + gzip(idx.substr(20)), load_idx),
          reader("load_npy", bytes_written([&](const std::string& path) { data::save_npy(path, x); }),
                 [](const std::string& path) { return data::load_npy(path); }),
          reader("load_npz", bytes_written([&](const std::string& path) { data::save_npz(path, named); }), load_npz),
          reader("load_npz, compressed",
                 bytes_written([&](const std::string& path) { data::save_npz(path, named, {.deflate = true}); }),
                 load_npz),
          reader("load", bytes_written([&](const std::string& path) { data::save(path, named, {{"a", "note"}}); }),
                 [](const std::string& path) { return data::load(path); })};
}

}  // namespace xgrad::test
