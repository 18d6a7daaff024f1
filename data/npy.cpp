#include "data/npy.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"
#include "data/file.hpp"
#include "data/npy_array.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

Tensor load_npy(const std::string& path, const Location& where) {
  constexpr const char* operation = "load_npy";
  return reading(operation, path, where, [&] {
    InputFile file(operation, path, where);
    return read_npy(file, operation, path, where);
  });
}

void save_npy(const std::string& path, const Tensor& tensor, const Location& where) {
  constexpr const char* operation = "save_npy";
  check<GraphError>(tensor.defined(), where, operation, ": the Tensor is undefined");
  evaluate(tensor, where);
  OutputFile file(operation, path, where);
  write_npy(file, tensor, stored_type(tensor.dtype(), FloatStorage::exact));
  file.commit();
}

}  // namespace xgrad::data
