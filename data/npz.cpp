#include "data/npz.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <unordered_map>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"
#include "data/npy_array.hpp"
#include "data/npy_header.hpp"
#include "data/reading.hpp"
#include "data/zip.hpp"

namespace xgrad::data {

namespace {

constexpr const char* npz_loading = "load_npz";
constexpr const char* npz_saving = "save_npz";
constexpr const char* extension = ".npy";

/// In the order of their names.
std::vector<const NamedTensor*> file_order(const std::vector<NamedTensor>& tensors, const Location& where) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) {
    const std::string& name = tensor.name;
    check<GraphError>(tensor.value.defined(), where, npz_saving, ": ", printable(name), " is undefined");
    check<ValueError>(is_utf8(name) && name.find('\0') == std::string::npos, where, npz_saving, ": the name ",
                      printable(name), " is not UTF-8, or contains a zero byte");
    order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, &NamedTensor::name);
  const auto twice = std::ranges::adjacent_find(order, {}, &NamedTensor::name);
  if (twice != order.end())
    fail<ValueError>(where, npz_saving, ": the name ", printable((*twice)->name), " is given twice");
  return order;
}

/// The names of the arrays that the members are.
std::vector<std::string> names_of(const std::vector<ZipMember>& members, const std::string& path,
                                  const Location& where) {
  std::vector<std::string> names;
  for (const ZipMember& member : members) {
    check<FormatError>(member.name.ends_with(extension), where, npz_loading, ": ", printable(path), ": the member ",
                       printable(member.name), " is not an array: its name does not end in ", extension);
    names.push_back(member.name.substr(0, member.name.size() - std::strlen(extension)));
  }
  return names;
}

/// As it is called in messages.
std::string name_of(const ZipMember& member, const std::string& path) { return path + ": " + member.name; }

Tensor read_array(InputFile& file, const ZipMember& member, const std::string& path, const Location& where) {
  ZipContents contents(file, member, npz_loading, path, where);
  Tensor array = read_npy(contents, npz_loading, name_of(member, path), where);
  contents.expect_end();
  return array;
}

/// Refuses arrays that do not fit before any of them is inflated: by their headers, with all differences.
void check_fit(InputFile& file, const std::vector<ZipMember>& members, const std::vector<std::string>& names,
               const std::vector<bool>& needed, const std::vector<NamedTensor>& present, const LoadOptions& options,
               const std::string& path, const Location& where) {
  std::unordered_map<std::string_view, const Tensor*> places;
  for (const auto& [name, value] : present) places.emplace(name, &value);
  const std::vector<std::string> renamed = options.rename.apply(names, npz_loading, where);
  std::vector<NamedTensor> announced;
  bool fits = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    announced.push_back({names[i], Tensor()});
    if (!needed[i]) continue;
    ZipContents contents(file, members[i], npz_loading, path, where);
    const NpyHeader header = read_npy_header(contents, npz_loading, name_of(members[i], path), where);
    DType dtype = tensor_dtype(header.layout.type);
    if (const auto place = places.find(renamed[i]); place != places.end()) {
      const Tensor& value = *place->second;
      if (options.cast && is_floating(dtype) && is_floating(value.dtype())) dtype = value.dtype();
      fits = fits && header.shape == value.shape() && dtype == value.dtype();
    }
    // It stands for the array in messages alone: nobody reads its elements, for there are none.
    announced.back().value = make_leaf(header.shape, dtype, Buffer::adopt(nullptr, 0, nullptr), where);
  }
  if (!fits)
    match_state(present, fit_state(announced, present, options, npz_loading, where).state, "load_state", where);
}

}  // namespace

std::vector<NamedTensor> load_npz(const std::string& path, const Location& where) {
  return reading(npz_loading, path, where, [&] {
    InputFile file(npz_loading, path, where);
    const std::vector<ZipMember> members = read_zip_directory(file, npz_loading, path, where);
    const std::vector<std::string> names = names_of(members, path, where);
    std::vector<NamedTensor> tensors;
    for (std::size_t i = 0; i < members.size(); ++i)
      tensors.push_back({names[i], read_array(file, members[i], path, where)});
    return tensors;
  });
}

LoadReport load_npz(const std::string& path, Stateful& object, const LoadOptions& options, const Location& where) {
  return reading(npz_loading, path, where, [&] {
    InputFile file(npz_loading, path, where);
    const std::vector<ZipMember> members = read_zip_directory(file, npz_loading, path, where);
    const std::vector<std::string> names = names_of(members, path, where);
    const std::vector<NamedTensor> present = object.state();
    const std::vector<bool> needed = needed_values(names, present, options, npz_loading, where);
    check_fit(file, members, names, needed, present, options, path, where);
    std::vector<NamedTensor> tensors;
    for (std::size_t i = 0; i < members.size(); ++i)
      tensors.push_back({names[i], needed[i] ? read_array(file, members[i], path, where) : Tensor()});
    FittedState fitted = fit_state(tensors, present, options, npz_loading, where);
    object.load_state(fitted.state, where);
    return std::move(fitted.report);
  });
}

void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, const NpzOptions& options,
              const Location& where) {
  check<ValueError>(options.floats != FloatStorage::bfloat16, where, npz_saving,
                    ": numpy has no bfloat16; save a safetensors file, or float16");
  const auto order = file_order(tensors, where);
  std::vector<Tensor> values;
  for (const NamedTensor* tensor : order) values.push_back(tensor->value);
  evaluate(values, where);
  OutputFile file(npz_saving, path, where);
  ZipWriter archive(file, options.deflate, npz_saving, path, where);
  for (const NamedTensor* tensor : order) {
    const ElementType type = stored_type(tensor->value.dtype(), options.floats);
    archive.add(tensor->name + extension, [&](ByteSink& sink) { write_npy(sink, tensor->value, type); });
  }
  archive.finish();
  file.commit();
}

void save_npz(const std::string& path, const Stateful& object, const NpzOptions& options, const Location& where) {
  save_npz(path, object.state(), options, where);
}

}  // namespace xgrad::data
