#include "report/gnuplot.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>

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

bool refuse(const char* reason) {
  std::fprintf(stderr, "No picture was drawn: %s.\n", reason);
  return false;
}

}  // namespace

bool run_gnuplot(const std::string& script) {
  ScriptFile file(script);
  if (!file.written()) return refuse("its script cannot be written to the directory for temporary files");
  std::string program = "gnuplot";
  char* arguments[] = {program.data(), file.path().data(), nullptr};
  pid_t child;
  const int error = ::posix_spawnp(&child, "gnuplot", nullptr, nullptr, arguments, environ);
  if (error == ENOENT) return refuse("gnuplot is not installed (Debian: apt-get install gnuplot-nox)");
  if (error != 0) return refuse("gnuplot cannot be started");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return refuse("gnuplot was lost");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? true : refuse("gnuplot failed");
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
