#include "data/reading.hpp"

#include <sys/stat.h>

#include "autograd/core/fail.hpp"
#include "data/file.hpp"

namespace xgrad::data {

void refuse_memory(const char* operation, const std::string& path, const Location& where) {
  struct stat status;
  const bool known = ::stat(path.c_str(), &status) == 0;
  fail<LimitError>(where, operation, ": ", printable(path), ": there is no memory to read its ",
                   known ? static_cast<long long>(status.st_size) : 0, " bytes");
}

}  // namespace xgrad::data
