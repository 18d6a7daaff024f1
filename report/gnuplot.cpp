#include "report/gnuplot.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "autograd/core/output_file.hpp"

extern char** environ;

namespace xgrad::report {

namespace {

/// A file under the directory for temporary files, which goes with this object.
class ScriptFile {
 public:
  explicit ScriptFile(const std::string& text) {
    const char* directory = std::getenv("TMPDIR");
    path_ = std::string(directory && *directory ? directory : "/tmp") + "/xgrad-XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
    if (!file) return;
    const bool put = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    written_ = std::fclose(file) == 0 && put;
  }
  ~ScriptFile() { ::unlink(path_.c_str()); }
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;

  bool written() const { return written_; }
  std::string& path() { return path_; }

 private:
  std::string path_;
  bool written_ = false;
};

std::nullopt_t refuse(const char* reason) {
  std::fprintf(stderr, "No picture was drawn: %s.\n", reason);
  return std::nullopt;
}

/// All that comes out of a pipe.
std::string read_all(int descriptor) {
  std::string text;
  char part[1 << 14];
  for (;;) {
    const ssize_t count = ::read(descriptor, part, sizeof part);
    if (count > 0) text.append(part, static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) return text;
  }
}

/// What gnuplot writes to its standard output.
std::optional<std::string> run(const std::string& script) {
  ScriptFile file(script);
  if (!file.written()) return refuse("its script cannot be written to the directory for temporary files");
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return refuse("gnuplot cannot be started");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string program = "gnuplot";
  char* arguments[] = {program.data(), file.path().data(), nullptr};
  pid_t child;
  const int error = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string drawn = error == 0 ? read_all(ends[0]) : "";
  ::close(ends[0]);
  if (error == ENOENT) return refuse("gnuplot is not installed (Debian: apt-get install gnuplot-nox)");
  if (error != 0) return refuse("gnuplot cannot be started");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return refuse("gnuplot was lost");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || drawn.empty()) return refuse("gnuplot failed");
  return drawn;
}

}  // namespace

bool write_picture(const std::string& script, const char* operation, const std::string& path, const Location& where) {
  OutputFile picture(operation, path, where);
  const std::optional<std::string> drawn = run(script);
  if (!drawn) return false;
  picture.write(*drawn);
  picture.commit();
  return true;
}

std::string gnuplot_string(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\n') {
      result += "'.\"\\n\".'";  // only double quotes know of line ends
      continue;
    }
    if (c == '\'') result += '\'';  // doubled inside single quotes
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "'";
}

}  // namespace xgrad::report
