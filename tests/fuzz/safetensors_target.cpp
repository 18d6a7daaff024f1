// Safetensors: what is accepted is the same after it was saved and loaded.

#include "autograd/autograd.hpp"
#include "data/safetensors.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

std::string file(const std::string& header, const std::string& elements) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> 8 * i);
  return bytes + header + elements;
}

}  // namespace

void run(std::string_view input) {
  refused([&] { data::load_metadata(as_file(input)); });
  refused([&] {
    const std::vector<NamedTensor> tensors = data::load(as_file(input));
    const std::string first = written([&](const std::string& path) { data::save(path, tensors); });
    const std::vector<NamedTensor> again = data::load(as_file(first));
    require(again.size() == tensors.size());
    require(first == written([&](const std::string& path) { data::save(path, again); }));
  });
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  const std::pair<const char*, int> types[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                                               {"U64", 8}, {"I32", 4}, {"U32", 4}, {"I16", 2},  {"U16", 2},
                                               {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
  for (const auto& [type, size] : types)
    all.push_back(file("{\"a\":{\"dtype\":\"" + std::string(type) + "\",\"shape\":[2],\"data_offsets\":[0," +
                           std::to_string(2 * size) + "]}}",
                       std::string(static_cast<std::size_t>(2 * size), '\1')));
  all.push_back(written([](const std::string& path) {
    data::save(path, std::vector<NamedTensor>{{"a.weight", tensor({1.0, 2.0})}, {"b", zeros({2, 0}, int64)}},
               {{"note", "caf\xc3\xa9"}});
  }));
  return all;
}

}  // namespace xgrad::fuzz
