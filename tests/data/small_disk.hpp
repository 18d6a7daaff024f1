#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "autograd/core/file_calls.hpp"

namespace xgrad::test {

/// While it lives, the files in a directory have room for so many bytes together.
class SmallDisk {
 public:
  SmallDisk(const std::string& directory, std::uintmax_t bytes) : before_(detail::file_calls) {
    directory_ = directory;
    room = bytes;
    real_ = before_.write;
    detail::file_calls.write = [](int file, const void* from, std::size_t count) -> ssize_t {
      struct stat status;
      if (::fstat(file, &status) != 0) return -1;
      std::uintmax_t used = static_cast<std::uintmax_t>(status.st_size) + count;
      for (const auto& each : std::filesystem::directory_iterator(directory_)) used += each.file_size();
      if (used > room) return errno = ENOSPC, -1;
      return real_(file, from, count);
    };
  }
  ~SmallDisk() { detail::file_calls = before_; }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  static inline std::uintmax_t room = 0;

 private:
  static inline std::string directory_;
  static inline ssize_t (*real_)(int, const void*, std::size_t) = nullptr;
  detail::FileCalls before_;
};

}  // namespace xgrad::test
