#include "data/dataset.hpp"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "tests/data/files.hpp"

namespace dataset_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

const std::string embedded = XGRAD_SOURCE_DIR "/data/mnist-small";

std::string idx(const std::vector<int>& sizes, const std::string& elements) {
  std::string bytes{'\0', '\0', '\x08', static_cast<char>(sizes.size())};
  for (const int size : sizes) bytes += std::string{'\0', '\0', '\0', static_cast<char>(size)};
  return bytes + elements;
}

void write_test_split(const Directory& directory, const std::string& images, const std::string& labels) {
  write_file(directory / "t10k-images-idx3-ubyte", images);
  write_file(directory / "t10k-labels-idx1-ubyte", labels);
}

/// Sets an environment variable for as long as it lives.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    const char* before = ::getenv(name);
    was_set_ = before != nullptr;
    before_ = before ? before : "";
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() { was_set_ ? ::setenv(name_, before_.c_str(), 1) : ::unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  bool was_set_;
  std::string before_;
};

}  // namespace

TEST_CASE("the embedded part of MNIST is read", "[dataset]") {
  const data::Dataset train = data::mnist(embedded, data::Split::train),
                      test = data::mnist(embedded, data::Split::test);
  CHECK(train.inputs.shape() == Shape{10000, 784});
  CHECK(train.inputs.dtype() == float32);
  CHECK(train.labels.shape() == Shape{10000});
  CHECK(train.labels.dtype() == int64);
  CHECK(test.size() == 2000);
  const auto labels = train.labels.data<std::int64_t>();
  CHECK(std::vector<std::int64_t>(labels.begin(), labels.begin() + 10) ==
        std::vector<std::int64_t>{5, 0, 4, 1, 9, 2, 1, 3, 1, 4});
  double sum = 0;
  float largest = 0;
  for (const float pixel : train.inputs.data<float>()) {
    sum += pixel;
    largest = std::max(largest, pixel);
  }
  CHECK(largest == 1.0f);
  CHECK(sum / static_cast<double>(train.inputs.numel()) == Approx(0.13).margin(0.01));
}

TEST_CASE("images and labels become Tensors", "[dataset]") {
  const Directory directory;
  write_test_split(directory, idx({2, 1, 2}, std::string("\0\x33\x66\xff", 4)), idx({2}, "\3\7"));
  const data::Dataset dataset = data::fashion_mnist(directory.path(), data::Split::test);
  CHECK(dataset.inputs.shape() == Shape{2, 2});
  CHECK(dataset.inputs.to_vector<float>() == std::vector<float>{0.0f, 0.2f, 0.4f, 1.0f});
  CHECK(dataset.labels.to_vector() == std::vector<double>{3, 7});
}

TEST_CASE("images and labels that do not belong together are refused", "[dataset]") {
  const Directory directory;
  const auto load = [&] { data::mnist(directory.path(), data::Split::test); };
  CHECK_THAT(message_of<IoError>(load), Contains("t10k-images-idx3-ubyte") && Contains("mnist: "));
  write_test_split(directory, idx({2, 1, 1}, "ab"), idx({3}, "\1\2\3"));
  CHECK_THAT(message_of<FormatError>(load), Contains("2 images") && Contains("3 labels"));
  write_test_split(directory, idx({2, 1, 1}, "ab"), idx({2}, "\1\12"));
  CHECK_THAT(message_of<IndexError>(load), Contains("label 1 is 10"));
  write_test_split(directory, idx({2, 1}, "ab"), idx({2}, "\1\1"));
  CHECK_THAT(message_of<FormatError>(load), Contains("does not hold images"));
  write_test_split(directory, idx({2, 1, 1}, "ab"), idx({2, 1}, "\1\1"));
  CHECK_THAT(message_of<FormatError>(load), Contains("does not hold labels"));
}

TEST_CASE("MNIST is looked for in the given place, the environment, the cache, and the sources", "[dataset]") {
  const Directory directory;
  const Environment cache("XDG_CACHE_HOME", directory.path());
  const Environment nowhere("XGRAD_DATA", "");
  CHECK(data::find_mnist("", embedded) == embedded);
  std::filesystem::create_directories(directory / "xgrad");
  std::filesystem::copy(embedded, directory / "xgrad/mnist", std::filesystem::copy_options::recursive);
  CHECK(data::find_mnist("", embedded) == directory / "xgrad/mnist");
  {
    const Environment data("XGRAD_DATA", embedded);
    CHECK(data::find_mnist("", "none") == embedded);
    CHECK(data::find_mnist(directory / "xgrad/mnist") == directory / "xgrad/mnist");
  }
  std::filesystem::remove(directory / "xgrad/mnist/t10k-labels-idx1-ubyte.gz");
  CHECK(data::find_mnist("", embedded) == embedded);
}

TEST_CASE("when MNIST is nowhere, the error tells what is missing and how to supply it", "[dataset]") {
  const Directory directory;
  const Environment cache("XDG_CACHE_HOME", directory.path());
  const Environment nowhere("XGRAD_DATA", "");
  const std::string message = message_of<IoError>([&] { data::find_mnist("", directory / "none"); });
  CHECK_THAT(message, Contains("xgrad/mnist") && Contains("/none") && Contains("--data DIR") &&
                          Contains("XGRAD_DATA") &&
                          Contains("65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"));
  // The checksums are those that a download is checked by.
  const std::string sums = read_file(XGRAD_SOURCE_DIR "/data/mnist.sha256");
  CHECK(std::count(sums.begin(), sums.end(), '\n') == 4);
  for (std::size_t begin = 0; begin < sums.size(); begin = sums.find('\n', begin) + 1)
    CHECK_THAT(message, Contains(sums.substr(begin, sums.find('\n', begin) - begin)));
  // A place that was asked for is not replaced by another.
  CHECK_THAT(message_of<IoError>([&] { data::find_mnist(directory.path(), embedded); }),
             Contains("train-images-idx3-ubyte") && !Contains("mnist-small"));
  CHECK_THAT(message_of<IoError>([&] { data::find_fashion_mnist(directory.path()); }),
             Contains("dataset-fashion-mnist"));
}

}  // namespace dataset_test
