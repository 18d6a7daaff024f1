// Readers take the memory of their result and little more: measured in processes of their own, by what the system
// counts.

#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "autograd/core/buffer.hpp"
#include "data/dataset.hpp"
#include "tests/data/readers.hpp"
#include "tests/sanitized.hpp"

namespace memory_test {

using namespace xgrad;
using namespace xgrad::test;

namespace {

/// A number of KiB in /proc/self/status.
std::size_t kib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(name + ":", 0) == 0) return std::stoul(line.substr(name.size() + 1));
  return 0;
}

/// How many bytes more than before a process takes at its most while it calls `load`; it must not throw but a
/// FormatError. It has called it before, so that its code is there, and what was free is given back, so that nothing
/// hides in it.
template <class Load>
std::size_t peak_of(Load load) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto call = [&] {
      try {
        load();
      } catch (const FormatError&) {
      }
    };
    std::size_t bytes = SIZE_MAX;
    try {
      call();
      release_pooled_memory();
      ::malloc_trim(0);
      std::ofstream("/proc/self/clear_refs") << 5;  // the peak is what there is now
      const std::size_t before = kib("VmRSS");
      call();
      bytes = (kib("VmHWM") - std::min(before, kib("VmHWM"))) * 1024;
    } catch (...) {
    }
    [[maybe_unused]] const auto written = ::write(ends[1], &bytes, sizeof bytes);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::size_t bytes = SIZE_MAX;
  const auto got = ::read(ends[0], &bytes, sizeof bytes);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  REQUIRE(got == sizeof bytes);
  REQUIRE(bytes != SIZE_MAX);
  return bytes;
}

/// At most 1.2 times the result and a MiB.
template <class Load>
void check_peak(const std::string& name, std::size_t result, Load load) {
  const std::size_t peak = peak_of(load);
  INFO(name << " takes " << peak << " bytes for a result of " << result);
  if (!sanitized) CHECK(peak <= result + result / 5 + (1 << 20));
  if (!sanitized) CHECK(peak + (1 << 20) >= result);  // it is measured at all
}

constexpr std::size_t million = 1 << 20;

std::string idx_of_bytes(std::size_t count) {
  std::string bytes("\0\0\x08\1", 4);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(count >> shift);
  return bytes + std::string(count, 'x');
}

std::string npy_of(const std::string& descr, const std::string& fortran, const std::string& shape, std::size_t bytes) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + "}";
  return "\x93NUMPY" + std::string("\1\0", 2) + bytes_of(static_cast<std::uint16_t>(header.size())) + header +
         std::string(bytes, '\0');
}

}  // namespace

TEST_CASE("IDX files are read in the memory of their Tensors", "[memory]") {
  const Directory directory;
  const std::string idx = idx_of_bytes(8 * million);
  write_file(directory / "plain", idx);
  write_file(directory / "compressed", gzip(idx));
  CHECK(read_file(directory / "compressed").size() < 20000);
  for (const char* name : {"plain", "compressed"})
    check_peak(name, 64 * million, [&] { data::load_idx(directory / name); });
}

TEST_CASE("a compressed file that announces little gives little, however much is in it", "[memory]") {
  const Directory directory;
  std::string idx = idx_of_bytes(64 * million);
  idx.replace(4, 4, std::string("\0\0\0\x10", 4));
  write_file(directory / "file", gzip(idx));
  check_peak("sixteen of 64 million bytes", 0, [&] { data::load_idx(directory / "file"); });
}

TEST_CASE("a compressed file that announces much and has little is refused in little memory", "[memory]") {
  const Directory directory;
  std::string idx = idx_of_bytes(64 * million).substr(0, 8) + std::string(million, 'x');
  // Damage that keeps the compressed file large: it could hold what it announces.
  write_file(directory / "file", gzip(idx) + std::string(million, 'x'));
  check_peak("a million of 64 million bytes", 8 * million, [&] { data::load_idx(directory / "file"); });
}

TEST_CASE("npy files are read in the memory of their Tensors", "[memory]") {
  const Directory directory;
  const auto check_file = [&](const std::string& descr, const std::string& fortran, std::size_t width) {
    write_file(directory / "file", npy_of(descr, fortran, "(1024, 4096)", 4 * million * width));
    const std::size_t result = 4 * million * (descr == "<f2" || descr == "<f4" || descr == ">f4" ? 4 : 8);
    check_peak(descr + " " + fortran, result, [&] { data::load_npy(directory / "file"); });
  };
  check_file("<f4", "False", 4);
  check_file(">f4", "False", 4);
  check_file("<f8", "True", 8);
  check_file("|u1", "False", 1);
  check_file("|u1", "True", 1);
  check_file("<f2", "False", 2);
}

TEST_CASE("npz and safetensors files are read in the memory of their Tensors", "[memory]") {
  const Directory directory;
  const std::vector<NamedTensor> zeros_there = {{"x", zeros({8 * million})}};
  data::save_npz(directory / "stored", zeros_there);
  data::save_npz(directory / "deflated", zeros_there, {.deflate = true});
  data::save(directory / "exact", zeros_there);
  data::save(directory / "narrow", zeros_there, {}, {.floats = data::FloatStorage::bfloat16});
  for (const char* name : {"stored", "deflated"})
    check_peak(name, 32 * million, [&] { data::load_npz(directory / name); });
  for (const char* name : {"exact", "narrow"}) check_peak(name, 32 * million, [&] { data::load(directory / name); });
}

TEST_CASE("MNIST is read in the memory of its Tensors", "[memory]") {
  const Directory directory;
  std::string images = idx_of_bytes(16 * million);
  images[3] = 3;
  images.replace(4, 4, std::string("\0\1\0\0\0\0\0\x10\0\0\0\x10", 12));
  std::string labels = idx_of_bytes(65536).substr(0, 8) + std::string(65536, '\1');
  write_file(directory / "train-images-idx3-ubyte", images);
  write_file(directory / "train-labels-idx1-ubyte.gz", gzip(labels));
  check_peak("mnist", 64 * million + 65536 * 8, [&] { data::mnist(directory.path(), data::Split::train); });
}

TEST_CASE("images, tables and bytes are read in the memory of their Tensors", "[memory]") {
  const Directory directory;
  write_file(directory / "png",
             Picture{.width = 2000, .height = 1000, .depth = 16, .kind = 2, .interlaced = true}.png());
  check_peak("PNG", 2 * 3 * 4'000'000, [&] { data::load_image(directory / "png"); });
  write_file(directory / "pgm", "P5 4096 1024 255\n" + std::string(4 * million, 'x'));
  check_peak("PGM", 16 * million, [&] { data::load_image(directory / "pgm"); });
  std::string table = "a,b,c,d\n";
  for (int i = 0; i < 1 << 20; ++i) table += "1,2,3,4\n";
  write_file(directory / "csv", table);
  write_file(directory / "csv.gz", gzip(table));
  for (const char* name : {"csv", "csv.gz"}) check_peak(name, 16 * million, [&] { data::load_csv(directory / name); });
  write_file(directory / "bytes", gzip(std::string(4 * million, 'x')));
  check_peak("bytes", 32 * million, [&] { data::load_bytes(directory / "bytes"); });
  write_file(directory / "lines", gzip(std::string(million, '\n')));
  check_peak("lines", million * sizeof(std::string), [&] { data::load_lines(directory / "lines"); });
  check_peak("text", 4 * million, [&] { data::load_text(directory / "bytes"); });
}

}  // namespace memory_test
