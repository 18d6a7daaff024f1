#include "data/idx.hpp"

#include "data/idx_header.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

Tensor load_idx(const std::string& path, const Location& where) {
  constexpr const char* operation = "load_idx";
  return reading(operation, path, where, [&] {
    Contents file(operation, path, where);
    const IdxHeader header = read_idx_header(file, operation, path, where);
    Tensor array = read_elements(file, {header.type, true}, header.shape, operation, path, where);
    file.expect_end();
    return array;
  });
}

}  // namespace xgrad::data
