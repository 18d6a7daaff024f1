#pragma once

// Files for the tests of the readers: made, spoilt, and cleaned away.

#include <stdlib.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "autograd/core/error.hpp"
#include "autograd/tape/tensor.hpp"

namespace xgrad::test {

/// A new directory that goes with this object.
class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "xgrad-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    return names;
  }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(file.good());
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What `call` throws as an E, with its text; everything else fails the test.
template <class E, class Call>
std::string message_of(Call call) {
  std::string message;
  try {
    call();
    FAIL("nothing was thrown");
  } catch (const E& error) {
    message = error.what();
  } catch (const Error& error) {
    FAIL("another error was thrown: " << error.what());
  }
  return message;
}

/// Little-endian bytes of a number.
template <class T>
std::string bytes_of(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// A reader must refuse a file that stops anywhere, with FormatError, and must not change its mind at the end.
template <class Load>
void check_truncations(const std::string& whole, const std::string& path, Load load) {
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO("the first " << length << " bytes of " << whole.size());
    write_file(path, whole.substr(0, length));
    CHECK_THROWS_AS(load(path), FormatError);
  }
  write_file(path, whole);
  CHECK_NOTHROW(load(path));
}

/// What is not a readable file is an IoError with the reason and the path.
template <class Load>
void check_unreadable(Load load) {
  using Catch::Contains;
  const Directory directory;
  CHECK_THAT(message_of<IoError>([&] { load(directory / "missing"); }),
             Contains("No such file") && Contains("missing") && Contains("_test.cpp"));
  CHECK_THAT(message_of<IoError>([&] { load(directory.path()); }), Contains("Is a directory"));
  const std::string pipe = directory / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_THAT(message_of<IoError>([&] { load(pipe); }), Contains("Not a file"));
  CHECK_THAT(message_of<IoError>([&] { load(directory / std::string(5000, 'x')); }), Contains("File name too long"));
  write_file(directory / "empty", "");
  message_of<FormatError>([&] { load(directory / "empty"); });
}

}  // namespace xgrad::test
