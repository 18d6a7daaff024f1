#pragma once

#include <unistd.h>

#include <cstdio>
#include <string>

namespace xgrad {

/// What is written to stderr while it runs.
template <class Body>
std::string written(Body&& body) {
  std::fflush(stderr);
  const int before = dup(2);
  std::FILE* const file = std::tmpfile();
  dup2(fileno(file), 2);
  body();
  std::fflush(stderr);
  dup2(before, 2);
  close(before);
  std::rewind(file);
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

}  // namespace xgrad
