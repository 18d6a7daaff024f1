#include "data/file.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "autograd/ops/create.hpp"
#include "data/safetensors.hpp"
#include "tests/data/files.hpp"

namespace file_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

/// While it lives, no file can grow beyond `bytes`: the write that would is cut short, the next one fails.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

void save(const std::string& path, double value, std::int64_t count = 8) {
  data::save(path, std::vector<NamedTensor>{{"x", full({count}, value)}});
}

/// The one value of a file that `save` wrote.
double saved_value(const std::string& path) {
  const Tensor x = data::load(path).at(0).value;
  const std::vector<double> values = x.to_vector();
  for (const double value : values)
    if (value != values[0]) FAIL("a mixture of two files");
  return values[0];
}

/// As it stands in messages.
std::string text_of(const std::string& text) {
  std::ostringstream out;
  out << printable(text);
  return out.str();
}

}  // namespace

TEST_CASE("when the disk is full at any byte, the old file stays and nothing else does", "[file]") {
  const Directory directory;
  const std::string path = directory / "file";
  save(path, 1);
  const std::string before = read_file(path);
  for (rlim_t bytes = 0; bytes < before.size(); ++bytes) {
    bool refused = false;
    {
      const FileSizeLimit limit(bytes);
      try {
        save(path, 2);
      } catch (const IoError&) {
        refused = true;
      }
    }
    INFO("room for " << bytes << " bytes");
    CHECK(refused);
    CHECK(read_file(path) == before);
    CHECK(directory.names().size() == 1);
  }
  save(path, 2);
  CHECK(saved_value(path) == 2);
}

TEST_CASE("a process killed at any time while saving leaves a whole file", "[file]") {
  const Directory directory;
  const std::string path = directory / "file";
  save(path, -1, 50000);
  for (int round = 0; round < 40; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int i = 0;; ++i) save(path, i, 50000);
    }
    REQUIRE(child > 0);
    ::usleep(static_cast<useconds_t>(500 + round * 337));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    INFO("round " << round);
    CHECK(saved_value(path) >= -1);
  }
}

TEST_CASE("of two processes that save to one path, one wins whole", "[file]") {
  const Directory directory;
  const std::string path = directory / "file";
  pid_t children[2];
  for (int i = 0; i < 2; ++i) {
    children[i] = ::fork();
    if (children[i] == 0) {
      for (int k = 0; k < 20; ++k) save(path, i, 20000);
      ::_exit(0);
    }
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  const double value = saved_value(path);
  CHECK((value == 0 || value == 1));
  CHECK(directory.names().size() == 1);
}

TEST_CASE("saving where it cannot work is an IoError, and what is there stays", "[file]") {
  const Directory directory;
  save(directory / "target", 1);
  REQUIRE(::symlink("target", (directory / "link").c_str()) == 0);
  CHECK_THAT(message_of<IoError>([&] { save(directory / "link", 2); }), Contains("symbolic link"));
  CHECK(saved_value(directory / "target") == 1);
  CHECK(saved_value(directory / "link") == 1);
  CHECK_THAT(message_of<IoError>([&] { save(directory.path(), 2); }), Contains("is a directory"));
  CHECK_THAT(message_of<IoError>([&] { save(directory / "none/file", 2); }), Contains("No such file"));
  CHECK_THAT(message_of<IoError>([&] { save(directory / std::string(5000, 'x'), 2); }), Contains("name too long"));
  CHECK_THAT(message_of<IoError>([&] { save("/proc/file", 2); }), Contains("cannot be created"));
  CHECK(directory.names().size() == 2);
}

TEST_CASE("a path with a zero byte is refused, not cut off", "[file]") {
  const Directory directory;
  save(directory / "file", 1);
  const std::string path = directory / std::string("file\0more", 9);
  CHECK_THAT(message_of<ValueError>([&] { data::load(path); }), Contains("load: the path") && Contains("zero byte"));
  CHECK_THAT(message_of<ValueError>([&] { save(path, 2); }), Contains("file\\x00more' contains a zero byte"));
  CHECK(saved_value(directory / "file") == 1);
}

TEST_CASE("text in messages is short and printable", "[file]") {
  CHECK(text_of("plain") == "'plain'");
  CHECK(text_of("a\nb\x7f") == "'a\\x0ab\\x7f'");
  CHECK(text_of(std::string(1000, 'x')).size() == 205);
}

TEST_CASE("a product that does not fit is noticed", "[file]") {
  std::uint64_t a = std::uint64_t{1} << 31;
  CHECK(data::multiply(a, std::uint64_t{1} << 31));
  CHECK(a == std::uint64_t{1} << 62);
  CHECK_FALSE(data::multiply(a, 2));
  CHECK_FALSE(data::multiply(a, 4));
}

}  // namespace file_test
