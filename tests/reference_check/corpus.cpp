#include "tests/reference_check/corpus.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "autograd/core/error.hpp"
#include "data/npy.hpp"
#include "data/safetensors.hpp"

namespace xgrad::reference {

namespace {

namespace fs = std::filesystem;
constexpr const char* packed_name = "tensors.safetensors";

std::string read_text(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw UnusableCorpus(path + ": no such file");
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file && !file.eof()) throw UnusableCorpus(path + ": cannot be read");
  return text;
}

void collect_files(const nlohmann::json& root, std::set<std::string>& files) {
  std::vector<const nlohmann::json*> left{&root};
  while (!left.empty()) {
    const nlohmann::json& value = *left.back();
    left.pop_back();
    if (value.is_structured())
      for (const auto& element : value) left.push_back(&element);
    else if (value.is_string() && value.get_ref<const std::string&>().ends_with(".npy"))
      files.insert(value.get<std::string>());
  }
}

std::string describe_shape(const Shape& shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

}  // namespace

Corpus::Corpus(const std::string& folder) : folder_(folder), index_(std::make_unique<nlohmann::json>()) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) throw UnusableCorpus(folder + ": no such folder");
  const std::string path = folder + "/index.json";
  try {
    *index_ = nlohmann::json::parse(read_text(path));
    const Record index(*index_, "");
    if (const auto version = index.integer("version", 1); version != 1)
      throw UnusableCorpus(path + ": has version " + std::to_string(version) + ", known is version 1");
    cases_ = index.records("cases");
    if (cases_.empty()) throw UnusableCorpus(path + ": has no cases");
    for (const Record& record : cases_) record.text("name");
  } catch (const nlohmann::json::exception& problem) {
    throw UnusableCorpus(path + ": " + problem.what());
  } catch (const FormatError& problem) {
    throw UnusableCorpus(path + ": " + problem.what());
  }
  if (!fs::exists(folder + "/" + packed_name, error)) return;
  try {
    for (auto& [name, value] : data::load(folder + "/" + packed_name)) packed_.emplace(name, value);
  } catch (const Error& problem) {
    throw UnusableCorpus(problem.what());
  }
}

Corpus::~Corpus() = default;

Record Corpus::problem(const std::string& name) const { return Record(*index_, "").record("problems").record(name); }

Tensor Corpus::tensor(const std::string& file) const {
  const auto found = packed_.find(file);
  return found != packed_.end() ? found->second : data::load_npy(folder_ + "/" + file);
}

Tensor Corpus::tensor(const Record& record, const std::string& key) const {
  const std::string file = record.text(key);
  const Tensor value = tensor(file);
  if (record.has("shape")) {
    const Shape shape(record.integers("shape"));
    if (key != "params" && key != "grads" && !(value.shape() == shape))
      throw FormatError(file + " has shape " + describe_shape(value.shape()) + ", the index says " +
                        describe_shape(shape));
  }
  if (key == "file" && record.has("dtype")) {
    const std::string dtype = record.text("dtype");
    const char* got = value.dtype() == float64 ? "float64" : value.dtype() == int64 ? "int64" : name(value.dtype());
    if (dtype != got) throw FormatError(file + " has dtype " + got + ", the index says " + dtype);
  }
  return value;
}

std::vector<std::string> Corpus::files() const {
  std::set<std::string> files;
  collect_files(*index_, files);
  return {files.begin(), files.end()};
}

void pack(const std::string& from, const std::string& to) {
  const Corpus corpus(from);
  std::vector<NamedTensor> tensors;
  for (const std::string& file : corpus.files()) tensors.push_back({file, corpus.tensor(file)});
  fs::create_directories(to);
  data::save(to + "/" + packed_name, tensors);
  std::ofstream index(to + "/index.json", std::ios::binary | std::ios::trunc);
  index << read_text(from + "/index.json");
  if (!index.flush()) throw IoError(to + "/index.json: cannot be written");
}

}  // namespace xgrad::reference
