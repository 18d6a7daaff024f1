#include "data/safetensors.hpp"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "autograd/core/fail.hpp"
#include "autograd/tape/entry.hpp"
#include "data/file.hpp"
#include "data/reading.hpp"
#include "data/safetensors_header.hpp"

namespace xgrad::data {

namespace {

constexpr const char* loading = "load";
constexpr const char* saving = "save";
constexpr std::uint64_t longest_header = 100'000'000;
constexpr int state_version = 1;

/// In the order of their bytes: wide elements first, so that all are aligned, then by name.
std::vector<const NamedTensor*> file_order(const std::vector<NamedTensor>& tensors, FloatStorage floats,
                                           const Location& where) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) {
    check<GraphError>(tensor.value.defined(), where, saving, ": ", printable(tensor.name), " is undefined");
    check<ValueError>(tensor.name != "__metadata__" && is_utf8(tensor.name), where, saving, ": the name ",
                      printable(tensor.name), tensor.name == "__metadata__" ? " is reserved" : " is not UTF-8");
    order.push_back(&tensor);
  }
  const auto key = [&](const NamedTensor* tensor) {
    return std::tuple(-int(item_size(stored_type(tensor->value.dtype(), floats))), tensor->name);
  };
  std::sort(order.begin(), order.end(), [&](auto* a, auto* b) { return key(a) < key(b); });
  std::vector<std::string> names;
  for (const NamedTensor* tensor : order) names.push_back(tensor->name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) fail<ValueError>(where, saving, ": the name ", printable(*twice), " is given twice");
  return order;
}

void check_metadata(const Metadata& metadata, const Location& where) {
  for (const auto& [key, value] : metadata)
    check<ValueError>(is_utf8(key) && is_utf8(value), where, saving, ": the metadata ", printable(key),
                      " is not UTF-8");
}

SafetensorsHeader read_header(InputFile& file, const std::string& path, const Location& where) {
  check<FormatError>(file.size() >= 8, where, loading, ": ", printable(path), " has ", file.size(),
                     " bytes, a safetensors file has at least 8");
  std::uint64_t length;
  file.read(&length, 8);
  const std::uint64_t left = file.size() - 8;
  check<FormatError>(length <= left && length <= longest_header, where, loading, ": ", printable(path),
                     ": a header of ", length, " bytes is announced at byte 0, ",
                     length <= left ? "the most allowed is " : "the file has ", length <= left ? longest_header : left);
  std::string json(length, '\0');
  file.read(json.data(), length);
  return parse_safetensors_header(json, left - length, path, where);
}

/// Files that `save` wrote for a model or an optimiser carry a version, so that later ones are recognised.
void check_version(const Metadata& metadata, const std::string& path, const Location& where) {
  const auto format = metadata.find("format"), version = metadata.find("version");
  if (format == metadata.end() || format->second != "xgrad" || version == metadata.end()) return;
  check<FormatError>(version->second == std::to_string(state_version), where, loading, ": ", printable(path),
                     " has version ", printable(version->second), ", known is version ", state_version);
}

/// Those that are needed; the others stay undefined.
std::vector<NamedTensor> read_tensors(InputFile& file, const SafetensorsHeader& header, const std::vector<bool>& needed,
                                      const std::string& path, const Location& where) {
  std::vector<NamedTensor> tensors;
  const std::uint64_t data = file.offset();
  for (const auto& item : header.items) {
    const bool wanted = needed[tensors.size()];
    if (wanted && file.offset() != data + item.begin) file.seek(data + item.begin);
    const std::string name = path + ": " + item.name;
    tensors.push_back(
        {item.name, wanted ? read_elements(file, {item.type}, item.shape, loading, name, where) : Tensor()});
  }
  return tensors;
}

}  // namespace

void save(const std::string& path, const std::vector<NamedTensor>& tensors, const Metadata& metadata,
          const SaveOptions& options, const Location& where) {
  const auto order = file_order(tensors, options.floats, where);
  check_metadata(metadata, where);
  std::vector<Tensor> values;
  for (const NamedTensor* tensor : order) values.push_back(tensor->value);
  evaluate(values, where);
  SafetensorsHeader header{{}, metadata};
  std::uint64_t at = 0;
  for (const NamedTensor* tensor : order) {
    const ElementType type = stored_type(tensor->value.dtype(), options.floats);
    const std::uint64_t end = at + static_cast<std::uint64_t>(tensor->value.numel()) * item_size(type);
    header.items.push_back({tensor->name, type, tensor->value.shape(), at, end});
    at = end;
  }
  const std::string json = write_safetensors_header(header);
  const std::uint64_t length = json.size();
  check<LimitError>(length <= longest_header, where, saving, ": the header has ", length, " bytes, the most is ",
                    longest_header);
  OutputFile file(saving, path, where);
  file.write(&length, 8);
  file.write(json);
  for (std::size_t i = 0; i < order.size(); ++i) write_elements(file, values[i], header.items[i].type);
  file.commit();
}

void save(const std::string& path, const Stateful& object, const SaveOptions& options, const Location& where) {
  save(path, object.state(), {{"format", "xgrad"}, {"version", std::to_string(state_version)}}, options, where);
}

std::vector<NamedTensor> load(const std::string& path, const Location& where) {
  return reading(loading, path, where, [&] {
    InputFile file(loading, path, where);
    const SafetensorsHeader header = read_header(file, path, where);
    return read_tensors(file, header, std::vector<bool>(header.items.size(), true), path, where);
  });
}

LoadReport load(const std::string& path, Stateful& object, const LoadOptions& options, const Location& where) {
  return reading(loading, path, where, [&] {
    InputFile file(loading, path, where);
    const SafetensorsHeader header = read_header(file, path, where);
    check_version(header.metadata, path, where);
    const std::vector<NamedTensor> present = object.state();
    std::vector<std::string> names;
    for (const auto& item : header.items) names.push_back(item.name);
    const std::vector<bool> needed = needed_values(names, present, options, loading, where);
    FittedState fitted = fit_state(read_tensors(file, header, needed, path, where), present, options, loading, where);
    object.load_state(fitted.state, where);
    return std::move(fitted.report);
  });
}

Metadata load_metadata(const std::string& path, const Location& where) {
  return reading(loading, path, where, [&] {
    InputFile file(loading, path, where);
    return read_header(file, path, where).metadata;
  });
}

}  // namespace xgrad::data
