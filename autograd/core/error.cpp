#include "autograd/core/error.hpp"

#include <cstring>

#include "autograd/core/fail.hpp"

namespace xgrad {

std::string finish_message(const std::string& text, const Location& where) {
  const char* file = where.file_name();
  if (const char* slash = std::strrchr(file, '/')) file = slash + 1;
  std::string message;
  const CallScope* scope = CallScope::current();
  if (scope && text.rfind(std::string(scope->name()) + ":", 0) != 0) message = std::string(scope->name()) + ": ";
  return message + text + ", at " + file + ":" + std::to_string(where.line());
}

}  // namespace xgrad
