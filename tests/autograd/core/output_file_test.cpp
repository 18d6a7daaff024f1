#include "autograd/core/output_file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "autograd/core/file_calls.hpp"
#include "tests/data/files.hpp"
#include "tests/skip.hpp"

namespace output_file_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;
using detail::file_calls;

namespace {

/// The system calls are what they were when this goes.
class Calls {
 public:
  Calls() : before_(file_calls) {}
  ~Calls() { file_calls = before_; }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  const detail::FileCalls& real() const { return before_; }

 private:
  detail::FileCalls before_;
};

constinit const detail::FileCalls* real = nullptr;
int failing = -1;  // which of the calls fails from now on
int reason = 0;
std::string order;  // a letter for each call

template <class Call>
auto counted(char letter, Call call) -> decltype(call()) {
  order += letter;
  if (static_cast<int>(order.size()) - 1 != failing) return call();
  errno = reason;
  return -1;
}

bool is_directory(int descriptor) {
  struct stat status;
  return ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
}

bool names_all_files = false;
std::filesystem::path removed_directory;

int open_it(int directory, const char* name, int flags, mode_t mode) {
  if (names_all_files && (flags & O_TMPFILE) == O_TMPFILE) return errno = EOPNOTSUPP, -1;
  return real->open(directory, name, flags, mode);
}

/// Files are made, and calls counted, in one of two ways.
void use_way(const Calls& calls, bool named) {
  real = &calls.real();
  names_all_files = named;
  failing = -1;
  order.clear();
  file_calls.open = open_it;
  file_calls.write = [](int file, const void* from, std::size_t bytes) {
    return counted('w', [&] { return real->write(file, from, bytes); });
  };
  file_calls.sync = [](int file) { return counted(is_directory(file) ? 'd' : 's', [&] { return real->sync(file); }); };
  file_calls.close = [](int file) {
    const int result = real->close(file);
    return counted('c', [&] { return result; });
  };
  file_calls.link = [](int file, int directory, const char* name) {
    return counted('l', [&] { return real->link(file, directory, name); });
  };
  file_calls.rename = [](int directory, const char* from, const char* to) {
    return counted('r', [&] { return real->rename(directory, from, to); });
  };
}

void write(const std::string& path, const std::string& text) {
  OutputFile file("save", path, Location::current());
  file.write(text);
  file.commit();
}

mode_t mode_of(const std::string& path) {
  struct stat status;
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a file is forced to the disk before it has its name, and its directory afterwards", "[output_file]") {
  const Directory directory;
  const std::string path = directory / "file";
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    write(path, "one");
    CHECK(order == (named ? "wscrd" : "wscld"));
    order.clear();
    write(path, "two");
    CHECK(order == (named ? "wscrd" : "wscllrd"));  // a link replaces nothing, a name does
    CHECK(read_file(path) == "two");
    REQUIRE(::unlink(path.c_str()) == 0);
  }
}

TEST_CASE("whichever call fails while a file is written, the old one or the whole new one is there", "[output_file]") {
  const Directory directory;
  const std::string path = directory / "file";
  for (const bool named : {false, true}) {
    for (const bool replaces : {false, true}) {
      for (const int error : {ENOSPC, EIO}) {
        for (int call = 0;; ++call) {
          const Calls calls;
          if (replaces) write_file(path, "old");
          use_way(calls, named);
          failing = call;
          reason = error;
          std::string message;
          try {
            write(path, "new");
          } catch (const IoError& refusal) {
            message = refusal.what();
            CHECK((dynamic_cast<const NoRoomError*>(&refusal) != nullptr) == (error == ENOSPC));
          }
          INFO("named " << named << ", replaces " << replaces << ", call " << call << " of " << order << ": "
                        << message);
          if (static_cast<int>(order.size()) <= call) break;
          const char failed = order[static_cast<std::size_t>(call)];
          // That a new file cannot be linked at once is what happens where another has the name.
          CHECK(message.empty() == (failed == 'l' && order.back() == 'd'));
          if (failed == 'd') CHECK_THAT(message, Contains("was written, but its directory cannot be forced"));
          const bool whole = failed == 'd' || message.empty();
          CHECK(directory.names().size() == (replaces || whole ? 1 : 0));
          if (replaces || whole) CHECK(read_file(path) == (whole ? "new" : "old"));
          ::unlink(path.c_str());
        }
        ::unlink(path.c_str());
      }
    }
  }
}

TEST_CASE("writing goes on after a signal and after a part", "[output_file]") {
  const Directory directory;
  const Calls calls;
  use_way(calls, false);
  file_calls.write = [](int file, const void* from, std::size_t) -> ssize_t {
    order += 'w';
    if (order.size() % 2 == 1) return errno = EINTR, -1;
    return real->write(file, from, 1);
  };
  static int interruptions = 3;
  file_calls.sync = [](int file) {
    if (interruptions-- > 0) return errno = EINTR, -1;
    return real->sync(file);
  };
  write(directory / "file", "some text");
  CHECK(read_file(directory / "file") == "some text");
}

TEST_CASE("a file that is replaced hands on its permissions, a new one has what umask leaves", "[output_file]") {
  const Directory directory;
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    const std::string path = directory / (named ? "named" : "nameless");
    const mode_t before = ::umask(027);
    write(path, "one");
    ::umask(before);
    CHECK(mode_of(path) == 0640);
    for (const mode_t mode : {0600u, 0644u, 0606u, 0755u}) {
      REQUIRE(::chmod(path.c_str(), mode) == 0);
      write(path, "two");
      CHECK(mode_of(path) == mode);
    }
  }
}

TEST_CASE("a file that is replaced hands on its owner and its group", "[output_file]") {
  if (::geteuid() != 0) return skip("only root gives files away");
  const Directory directory;
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    const std::string path = directory / (named ? "named" : "nameless");
    write(path, "one");
    REQUIRE(::chown(path.c_str(), 12345, 23456) == 0);
    REQUIRE(::chmod(path.c_str(), 04755) == 0);
    write(path, "two");
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_uid == 12345 && status.st_gid == 23456 && (status.st_mode & 07777) == 04755));
    CHECK(read_file(path) == "two");
  }
}

TEST_CASE("what replacing would not treat as its owner expects is refused", "[output_file]") {
  const Directory directory;
  write(directory / "file", "old");
  REQUIRE(::link((directory / "file").c_str(), (directory / "other").c_str()) == 0);
  CHECK_THAT(message_of<IoError>([&] { write(directory / "file", "new"); }), Contains("one of several hard links"));
  REQUIRE(::unlink((directory / "other").c_str()) == 0);
  REQUIRE(::chmod((directory / "file").c_str(), 0444) == 0);
  CHECK_THAT(message_of<IoError>([&] { write(directory / "file", "new"); }), Contains("it is read-only"));
  CHECK(read_file(directory / "file") == "old");
  REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
  CHECK_THAT(message_of<IoError>([&] { write(directory / "pipe", "new"); }), Contains("not a regular file"));
  CHECK_THAT(message_of<IoError>([&] { write(directory.path() + "/", "new"); }), Contains("a directory"));
  CHECK_THAT(message_of<IoError>([&] { write("", "new"); }), Contains("no name"));
  CHECK_THAT(message_of<ValueError>([&] { write(directory / std::string("a\0b", 3), "new"); }),
             Contains("a\\x00b' contains a zero byte"));
  CHECK(directory.names().size() == 2);
}

TEST_CASE("what a user may not write is refused, and stays", "[output_file]") {
  if (::geteuid() != 0) return skip("only root becomes another user");
  const Directory directory;
  for (const char* name : {"closed", "open"}) REQUIRE(::mkdir((directory / name).c_str(), 0755) == 0);
  REQUIRE(::chmod((directory / "open").c_str(), 0777) == 0);
  REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
  write(directory / "open/theirs", "old");
  write(directory / "open/everyone's", "old");
  REQUIRE(::chmod((directory / "open/theirs").c_str(), 0644) == 0);
  REQUIRE(::chmod((directory / "open/everyone's").c_str(), 0666) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto refused = [&](const char* name, const char* text) {
      try {
        write(directory / name, "new");
      } catch (const IoError& error) {
        return std::string(error.what()).find(text) != std::string::npos;
      }
      return false;
    };
    const bool all = ::setgid(65534) == 0 && ::setuid(65534) == 0 && refused("closed/file", "Permission denied") &&
                     refused("open/theirs", "it is read-only") &&
                     refused("open/everyone's", "because its owner and group cannot be kept");
    ::_exit(all ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(read_file(directory / "open/theirs") + read_file(directory / "open/everyone's") == "oldold");
  CHECK(std::filesystem::is_empty(directory / "closed"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory / "open"), {}) == 2);
}

TEST_CASE("a name may be as long as the file system allows", "[output_file]") {
  const Directory directory;
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    const std::string path = directory / std::string(255, named ? 'x' : 'y');
    for (const char* text : {"one", "two"}) {
      write(path, text);
      CHECK(read_file(path) == text);
    }
    CHECK_THAT(message_of<IoError>([&] { write(path + "z", "new"); }), Contains("File name too long"));
  }
}

TEST_CASE("what a dead process was writing is removed, what a living one writes is not", "[output_file]") {
  const Directory directory;
  const Calls calls;
  use_way(calls, true);
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    OutputFile file("save", directory / "file", Location::current());
    file.write("half");
    if (::write(ready[1], "x", 1) == 1) ::pause();
    ::_exit(0);
  }
  char signal;
  REQUIRE(::read(ready[0], &signal, 1) == 1);
  REQUIRE(directory.names().size() == 1);
  write(directory / "other", "text");
  CHECK(directory.names().size() == 2);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  write_file(directory / ".xgrad-of somebody else", "");
  CHECK(directory.names().size() == 3);
  write(directory / "other", "text");
  CHECK(directory.names().size() == 2);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("directories that are made are forced to the disk, each one's name, too", "[output_file]") {
  const Directory directory;
  const Calls calls;
  use_way(calls, false);
  make_directory("save", directory / "a/b/c", Location::current());
  CHECK(order == "ddd");
  make_directory("save", directory / "a/b/c", Location::current());
  make_directory("save", ".", Location::current());
  CHECK(order == "ddd");
  make_directory("save", directory / "a/b/d/", Location::current());
  CHECK(std::filesystem::is_directory(directory / "a/b/d"));
  write_file(directory / "file", "");
  CHECK_THAT(message_of<IoError>([&] { make_directory("save", directory / "file/below", Location::current()); }),
             Contains("cannot be created: Not a directory"));
  failing = static_cast<int>(order.size());
  reason = EIO;
  CHECK_THAT(message_of<IoError>([&] { make_directory("save", directory / "e", Location::current()); }),
             Contains("cannot be forced to the disk"));
}

TEST_CASE("a file that is not finished leaves nothing", "[output_file]") {
  const Directory directory;
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    {
      OutputFile file("save", directory / "file", Location::current());
      file.write("half");
      CHECK(directory.names().size() == (named ? 1 : 0));
    }
    CHECK(directory.names().empty());
  }
}

TEST_CASE("a file that another process is about to remove is given up before anything is written", "[output_file]") {
  const Directory directory;
  const Calls calls;
  use_way(calls, true);
  // Another process locks the first file as soon as it has a name, and removes it after the writer has looked at it.
  static int other = -1, opened = 0;
  static std::string removed;
  other = -1, opened = 0;
  file_calls.open = [](int at, const char* name, int flags, mode_t mode) {
    const int file = open_it(at, name, flags, mode);
    if (file < 0 || opened++ > 0) return file;
    removed = name;
    other = ::openat(at, name, O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(other, LOCK_EX | LOCK_NB) == 0);
    return file;
  };
  file_calls.write = [](int file, const void* from, std::size_t bytes) {
    if (other >= 0) {
      std::filesystem::remove(removed_directory / removed);
      ::close(std::exchange(other, -1));
    }
    return real->write(file, from, bytes);
  };
  removed_directory = std::filesystem::path(directory / "file").parent_path();
  write(directory / "file", "whole");
  CHECK(opened == 2);
  CHECK(read_file(directory / "file") == "whole");
  CHECK(directory.names() == std::vector<std::string>{"file"});
}

TEST_CASE("of processes that write to one path at a time, one wins whole", "[output_file]") {
  const Directory directory;
  const std::string path = directory / "file";
  for (const bool named : {false, true}) {
    const Calls calls;
    use_way(calls, named);
    pid_t children[4];
    for (int i = 0; i < 4; ++i) {
      children[i] = ::fork();
      if (children[i] == 0) {
        for (int k = 0; k < 20; ++k) write(path, std::string(5000, static_cast<char>('a' + i)));
        ::_exit(0);
      }
    }
    for (const pid_t child : children) {
      int status = 1;
      ::waitpid(child, &status, 0);
      CHECK(status == 0);
    }
    const std::string text = read_file(path);
    CHECK(text == std::string(5000, text[0]));
    CHECK(directory.names().size() == 1);
  }
}

}  // namespace output_file_test
