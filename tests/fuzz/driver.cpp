// What libFuzzer calls. `TARGET --seeds DIR` writes the seeds, and ends.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

[[noreturn]] void end(const char* what) {
  std::perror(what);
  std::exit(1);
}

void write_seeds(const std::filesystem::path& directory) {
  std::filesystem::create_directories(directory);
  int number = 0;
  for (const std::string& seed : seeds()) {
    std::ofstream file(directory / ("seed-" + std::to_string(number++)), std::ios::binary);
    file << seed << std::flush;
    if (!file) end("a seed cannot be written");
  }
}

}  // namespace

const std::string& as_file(std::string_view contents) {
  static const int descriptor = ::memfd_create("input", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (descriptor < 0 || ::ftruncate(descriptor, static_cast<off_t>(contents.size())) != 0 ||
      ::pwrite(descriptor, contents.data(), contents.size(), 0) != static_cast<ssize_t>(contents.size()))
    end("an input cannot be written");
  return path;
}

std::string scratch_path() {
  static const std::string directory = [] {
    std::string name = "/dev/shm/xgrad-fuzz-XXXXXX";
    if (!::mkdtemp(name.data())) end("no directory in memory");
    return name;
  }();
  static const int at_end =
      std::atexit([] { std::filesystem::remove_all(std::filesystem::path(scratch_path()).parent_path()); });
  static_cast<void>(at_end);
  return directory + "/file";
}

std::string contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::int64_t Bytes::whole() {
  const std::uint8_t first = byte();
  if (first < 240) return std::int64_t{first % 16} - (first < 192 ? 0 : 8);
  using Limits = std::numeric_limits<std::int64_t>;
  constexpr std::int64_t extreme[] = {
      Limits::min(), Limits::max(),         -Limits::max(),        Limits::max() - 1,
      1 << 16,       std::int64_t{1} << 31, std::int64_t{1} << 32, std::int64_t{1} << 61};
  return first < 248 ? extreme[first - 240] : std::int64_t{byte()} << (first - 248) * 8;
}

std::string_view Bytes::text() {
  const std::size_t end_of_text = std::min(rest_.find('\0'), rest_.size());
  const std::string_view text = rest_.substr(0, end_of_text);
  rest_.remove_prefix(std::min(end_of_text + 1, rest_.size()));
  return text;
}

}  // namespace xgrad::fuzz

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
  if (*count == 3 && std::strcmp((*arguments)[1], "--seeds") == 0) {
    xgrad::fuzz::write_seeds((*arguments)[2]);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) noexcept {
  xgrad::fuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
