#include "data/npz.hpp"

#include <algorithm>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "data/npy_array.hpp"
#include "data/zip.hpp"

namespace xgrad::data {

namespace {

constexpr const char* loading = "load_npz";
constexpr const char* saving = "save_npz";
constexpr const char* extension = ".npy";

/// Bytes in memory, read like a file.
class MemoryBytes final : public ByteSource {
 public:
  MemoryBytes(const std::vector<char>& bytes, const std::string& name, const Location& where)
      : bytes_(bytes), name_(name), where_(where) {}
  std::uint64_t size() const override { return bytes_.size(); }
  std::uint64_t offset() const override { return offset_; }
  void read(void* to, std::uint64_t bytes) override {
    check<FormatError>(bytes <= bytes_.size() - offset_, where_, loading, ": ", printable(name_), " ends at byte ",
                       bytes_.size(), ", where ", bytes - (bytes_.size() - offset_), " more bytes should be");
    if (bytes > 0) std::memcpy(to, bytes_.data() + offset_, bytes);
    offset_ += bytes;
  }

 private:
  const std::vector<char>& bytes_;
  const std::string& name_;
  Location where_;
  std::uint64_t offset_ = 0;
};

/// In the order of their names.
std::vector<const NamedTensor*> file_order(const std::vector<NamedTensor>& tensors, const Location& where) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) {
    const std::string& name = tensor.name;
    check<GraphError>(tensor.value.defined(), where, saving, ": ", printable(name), " is undefined");
    check<ValueError>(is_utf8(name) && name.find('\0') == std::string::npos, where, saving, ": the name ",
                      printable(name), " is not UTF-8, or contains a zero byte");
    order.push_back(&tensor);
  }
  std::ranges::sort(order, {}, &NamedTensor::name);
  const auto twice = std::ranges::adjacent_find(order, {}, &NamedTensor::name);
  if (twice != order.end())
    fail<ValueError>(where, saving, ": the name ", printable((*twice)->name), " is given twice");
  return order;
}

/// The names of the arrays that the members are.
std::vector<std::string> names_of(const std::vector<ZipMember>& members, const std::string& path,
                                  const Location& where) {
  std::vector<std::string> names;
  for (const ZipMember& member : members) {
    check<FormatError>(member.name.ends_with(extension), where, loading, ": ", printable(path), ": the member ",
                       printable(member.name), " is not an array: its name does not end in ", extension);
    names.push_back(member.name.substr(0, member.name.size() - std::strlen(extension)));
  }
  return names;
}

Tensor read_array(InputFile& file, const ZipMember& member, const std::string& path, const Location& where) {
  const std::string name = path + ": " + member.name;
  const std::vector<char> contents = read_zip_member(file, member, loading, path, where);
  MemoryBytes bytes(contents, name, where);
  return read_npy(bytes, loading, name, where);
}

}  // namespace

std::vector<NamedTensor> load_npz(const std::string& path, const Location& where) {
  InputFile file(loading, path, where);
  const std::vector<ZipMember> members = read_zip_directory(file, loading, path, where);
  const std::vector<std::string> names = names_of(members, path, where);
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < members.size(); ++i)
    tensors.push_back({names[i], read_array(file, members[i], path, where)});
  return tensors;
}

LoadReport load_npz(const std::string& path, Stateful& object, const LoadOptions& options, const Location& where) {
  InputFile file(loading, path, where);
  const std::vector<ZipMember> members = read_zip_directory(file, loading, path, where);
  const std::vector<std::string> names = names_of(members, path, where);
  const std::vector<NamedTensor> present = object.state();
  const std::vector<bool> needed = needed_values(names, present, options, loading, where);
  std::vector<NamedTensor> tensors;
  for (std::size_t i = 0; i < members.size(); ++i)
    tensors.push_back({names[i], needed[i] ? read_array(file, members[i], path, where) : Tensor()});
  FittedState fitted = fit_state(tensors, present, options, loading, where);
  object.load_state(fitted.state, where);
  return std::move(fitted.report);
}

void save_npz(const std::string& path, const std::vector<NamedTensor>& tensors, const SaveOptions& options,
              const Location& where) {
  check<ValueError>(options.floats != FloatStorage::bfloat16, where, saving,
                    ": numpy has no bfloat16; save a safetensors file, or float16");
  const auto order = file_order(tensors, where);
  std::vector<Tensor> values;
  for (const NamedTensor* tensor : order) values.push_back(tensor->value);
  evaluate(values, where);
  OutputFile file(saving, path, where);
  ZipWriter archive(file, saving, path, where);
  for (const NamedTensor* tensor : order) {
    const ElementType type = stored_type(tensor->value.dtype(), options.floats);
    archive.add(tensor->name + extension, [&](ByteSink& sink) { write_npy(sink, tensor->value, type); });
  }
  archive.finish();
  file.commit();
}

void save_npz(const std::string& path, const Stateful& object, const SaveOptions& options, const Location& where) {
  save_npz(path, object.state(), options, where);
}

}  // namespace xgrad::data
