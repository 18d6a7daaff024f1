#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "autograd/core/buffer.hpp"
#include "autograd/core/error.hpp"
#include "tests/data/failing_calls.hpp"
#include "tests/data/readers.hpp"
#include "tests/failing_allocations.hpp"

using namespace xgrad;
using namespace xgrad::test;

namespace {

thread_local bool active = false;
thread_local FailingReads::Plan plan;
thread_local std::int64_t count = 0;

}  // namespace

// In the place of the C library's, for this program.
extern "C" ssize_t read(int descriptor, void* to, size_t bytes) {
  if (active) {
    const std::int64_t call = count++;
    if (plan.interrupted && call % 2 == 0) {
      errno = EINTR;
      return -1;
    }
    if (call == plan.error_at) {
      errno = EIO;
      return -1;
    }
    if (plan.short_reads) bytes = std::min<size_t>(bytes, 7);
  }
  return ::syscall(SYS_read, descriptor, to, bytes);
}

namespace xgrad::test {

FailingReads::FailingReads(Plan given) {
  plan = given;
  count = 0;
  active = true;
}
FailingReads::~FailingReads() { active = false; }
std::int64_t FailingReads::calls() const { return count; }

}  // namespace xgrad::test

TEST_CASE("reads that are interrupted or short change nothing", "[reading]") {
  for (const Reader& reader : readers()) {
    INFO(reader.name);
    const Directory directory;
    write_file(directory / "file", reader.bytes);
    const std::vector<double> expected = reader.load(directory / "file");
    for (const bool interrupted : {false, true}) {
      const FailingReads reads({.interrupted = interrupted, .short_reads = true});
      CHECK(reader.load(directory / "file") == expected);
      CHECK(reads.calls() > static_cast<std::int64_t>(reader.bytes.size() / 7));
    }
  }
}

TEST_CASE("a read that fails is an IoError, whichever it is", "[reading]") {
  for (const Reader& reader : readers()) {
    const Directory directory;
    write_file(directory / "file", reader.bytes);
    for (std::int64_t call = 0;; ++call) {
      INFO(reader.name << ", call " << call);
      const FailingReads reads({.error_at = call});
      try {
        reader.load(directory / "file");
        CHECK(call > 0);
        CHECK(reads.calls() <= call);
        break;
      } catch (const IoError& error) {
        CHECK(std::string(error.what()).find("Input/output error") != std::string::npos);
      }
    }
  }
}

TEST_CASE("a file that may not be read is an IoError with the reason", "[reading]") {
  const Directory directory;
  write_file(directory / "file", "text");
  REQUIRE(::chmod((directory / "file").c_str(), 0) == 0);
  // Root may read everything: then it is somebody else, in a process of its own.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    try {
      data::load_text(directory / "file");
    } catch (const IoError& error) {
      ::_exit(std::string(error.what()).find("Permission denied") == std::string::npos ? 1 : 0);
    } catch (...) {
    }
    ::_exit(1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("memory that a reader cannot have is a LimitError, whichever it is", "[reading]") {
  for (const Reader& reader : readers()) {
    const Directory directory;
    const std::string path = directory / "file";
    write_file(path, reader.bytes);
    for (std::int64_t allocation = 0;; ++allocation) {
      INFO(reader.name << ", allocation " << allocation);
      REQUIRE(allocation < 100000);
      bool failed = false;
      std::string message;
      release_pooled_memory();
      fail_allocation(allocation);
      try {
        reader.read(path);
      } catch (const LimitError& error) {
        failed = true;
        fail_allocation(-1);
        message = error.what();
      }
      fail_allocation(-1);
      if (!failed) break;
      CHECK(message.find("readers.hpp:") != std::string::npos);
    }
  }
}
