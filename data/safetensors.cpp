#include "data/safetensors.hpp"

#include "autograd/core/fail.hpp"
#include "data/reading.hpp"
#include "data/safetensors_file.hpp"

namespace xgrad::data {

namespace {

constexpr const char* loading = "load";
constexpr const char* saving = "save";

}  // namespace

void save(const std::string& path, const std::vector<NamedTensor>& tensors, const Metadata& metadata,
          const SaveOptions& options, const Location& where) {
  write_image(path, make_image(tensors, metadata, options, saving, where), saving, where);
}

void save(const std::string& path, const Stateful& object, const SaveOptions& options, const Location& where) {
  save(path, object.state(), state_notes(), options, where);
}

std::vector<NamedTensor> load(const std::string& path, const Location& where) {
  return reading(loading, path, where, [&] { return SafetensorsFile(loading, path, where).read(); });
}

LoadReport load(const std::string& path, Stateful& object, const LoadOptions& options, const Location& where) {
  return reading(loading, path, where, [&] {
    SafetensorsFile file(loading, path, where);
    check_version(file.metadata(), loading, path, where);
    const std::vector<NamedTensor> present = object.state();
    const std::vector<bool> needed = needed_values(file.names(), present, options, loading, where);
    FittedState fitted = fit_state(file.read(needed), present, options, loading, where);
    object.load_state(fitted.state, where);
    return std::move(fitted.report);
  });
}

Metadata load_metadata(const std::string& path, const Location& where) {
  return reading(loading, path, where, [&] { return SafetensorsFile(loading, path, where).metadata(); });
}

}  // namespace xgrad::data
