#pragma once

#include <sys/types.h>

#include <cstddef>

namespace xgrad::detail {

/// The system calls of an OutputFile. Tests replace them by calls that fail.
struct FileCalls {
  int (*open)(int directory, const char* name, int flags, mode_t mode);
  ssize_t (*write)(int descriptor, const void* from, std::size_t bytes);
  int (*sync)(int descriptor);
  int (*close)(int descriptor);
  int (*link)(int descriptor, int directory, const char* name);  // gives a name to a file without one
  int (*rename)(int directory, const char* from, const char* to);
};
extern FileCalls file_calls;

}  // namespace xgrad::detail
