#include "data/dataset.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string_view>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/tape/record.hpp"
#include "data/idx_header.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

struct MnistFile {
  const char* name;
  const char* sha256;  // of the uncompressed file
};
constexpr MnistFile mnist_files[] = {
    {"train-images-idx3-ubyte", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
    {"train-labels-idx1-ubyte", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
    {"t10k-images-idx3-ubyte", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
    {"t10k-labels-idx1-ubyte", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}};

bool exists(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0;
}

/// The file in `directory`, compressed or not; empty when it is not there.
std::string locate(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  return exists(path) ? path : exists(path + ".gz") ? path + ".gz" : "";
}

bool holds_all(const std::string& directory) {
  for (const MnistFile& file : mnist_files)
    if (locate(directory, file.name).empty()) return false;
  return true;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string cache_directory() {
  const std::string cache = environment("XDG_CACHE_HOME");
  return (cache.empty() ? environment("HOME") + "/.cache" : cache) + "/xgrad/mnist";
}

constexpr const char* reading_idx = "load_idx";

/// Calls `take` with every byte of the file's elements and its number.
template <class Take>
void for_each_byte(Contents& file, std::uint64_t count, Take take) {
  std::vector<unsigned char> piece(std::min<std::uint64_t>(piece_size, count));
  for (std::uint64_t done = 0; done < count;) {
    const std::uint64_t now = std::min<std::uint64_t>(count - done, piece.size());
    file.read(piece.data(), now);
    for (std::uint64_t i = 0; i < now; ++i) take(piece[i], done + i);
    done += now;
  }
  file.expect_end();
}

Tensor read_images(const std::string& path, const Location& where) {
  Contents file(reading_idx, path, where);
  const auto [type, stored] = read_idx_header(file, reading_idx, path, where);
  check<FormatError>(type == ElementType::u8 && stored.ndim() == 3, where, printable(path),
                     " does not hold images: 3 axes of bytes are expected, got shape ", stored);
  const Shape shape{stored[0], stored[1] * stored[2]};
  check_shape(shape, sizeof(float), "mnist", where);
  const auto count = static_cast<std::size_t>(shape.numel());
  const Buffer buffer = Buffer::allocate(count * sizeof(float), "mnist", where);
  auto* pixels = static_cast<float*>(buffer.data());
  for_each_byte(file, count, [&](unsigned char byte, std::size_t i) { pixels[i] = static_cast<float>(byte) / 255.0f; });
  return make_leaf(shape, float32, buffer, where);
}

Tensor read_labels(const std::string& path, const Location& where) {
  Contents file(reading_idx, path, where);
  const auto [type, shape] = read_idx_header(file, reading_idx, path, where);
  check<FormatError>(type == ElementType::u8 && shape.ndim() == 1, where, printable(path),
                     " does not hold labels: 1 axis of bytes is expected, got shape ", shape);
  const auto count = static_cast<std::size_t>(shape.numel());
  const Buffer buffer = Buffer::allocate(count * sizeof(std::int64_t), "mnist", where);
  auto* labels = static_cast<std::int64_t*>(buffer.data());
  for_each_byte(file, count, [&](unsigned char byte, std::size_t i) {
    check<IndexError>(byte < 10, where, printable(path), ": label ", i, " is ", int{byte}, ", there are 10 classes");
    labels[i] = byte;
  });
  return make_leaf(shape, int64, buffer, where);
}

Dataset load_split(const char* name, const std::string& directory, Split split, const Location& where) {
  const CallScope scope(name, where);
  const int first = split == Split::train ? 0 : 2;
  std::string paths[2];
  for (int i = 0; i < 2; ++i) {
    paths[i] = locate(directory, mnist_files[first + i].name);
    check<IoError>(!paths[i].empty(), where, printable(directory), " has no ", mnist_files[first + i].name,
                   ", nor the same with .gz");
  }
  Dataset dataset{reading(name, paths[0], where, [&] { return read_images(paths[0], where); }),
                  reading(name, paths[1], where, [&] { return read_labels(paths[1], where); })};
  check<FormatError>(dataset.labels.size(0) == dataset.size(), where, printable(paths[0]), " holds ", dataset.size(),
                     " images, ", printable(paths[1]), " ", dataset.labels.size(0), " labels");
  return dataset;
}

/// The first of these directories that holds the four files.
std::string first_complete(const char* name, const std::vector<std::string>& places, const std::string& remedy,
                           const Location& where) {
  for (const std::string& place : places)
    if (holds_all(place)) return place;
  Text text;
  text << name << ": the four IDX files were not found. Looked in:";
  for (const std::string& place : places) {
    text << "\n  " << printable(place) << ", which lacks";
    for (const MnistFile& file : mnist_files)
      if (locate(place, file.name).empty()) text << ' ' << file.name;
  }
  fail<IoError>(where, text.str(), "\n", remedy, "\n");
}

}  // namespace

Dataset mnist(const std::string& directory, Split split, const Location& where) {
  return load_split("mnist", directory, split, where);
}

Dataset fashion_mnist(const std::string& directory, Split split, const Location& where) {
  return load_split("fashion_mnist", directory, split, where);
}

std::string find_mnist(const std::string& given, const std::string& embedded, const Location& where) {
  const std::string cache = cache_directory();
  Text remedy;
  remedy << "Give a directory that has them (--data DIR, or the environment variable XGRAD_DATA), or put them into "
         << printable(cache) << ", gzip-compressed or not. Names, and sha256 when uncompressed:";
  for (const MnistFile& file : mnist_files) remedy << "\n  " << file.sha256 << "  " << file.name;
  const std::string chosen = given.empty() ? environment("XGRAD_DATA") : given;
  if (!chosen.empty()) return first_complete("mnist", {chosen}, remedy.str(), where);
  return first_complete("mnist", {cache, embedded}, remedy.str(), where);
}

std::string find_fashion_mnist(const std::string& given, const Location& where) {
  return first_complete("fashion_mnist", {given.empty() ? "/usr/share/datasets/fashion-mnist" : given},
                        "Give a directory that has them (--data DIR), or install the Debian package "
                        "dataset-fashion-mnist.",
                        where);
}

}  // namespace xgrad::data
