#include "autograd/core/error.hpp"

#include <cstring>

#include "autograd/core/fail.hpp"
#include "autograd/core/no_memory.hpp"

namespace xgrad {

std::string place(const Location& where) {
  const char* file = where.file_name();
  if (const char* slash = std::strrchr(file, '/')) file = slash + 1;
  return std::string(file) + ":" + std::to_string(where.line());
}

std::string finish_message(const std::string& text, const Location& where) {
  std::string message;
  const CallScope* scope = CallScope::current();
  if (scope && text.rfind(std::string(scope->name()) + ":", 0) != 0) message = std::string(scope->name()) + ": ";
  return message + text + ", at " + place(where);
}

void no_memory(const char* operation, const Location& where) {
  fail<LimitError>(where, operation, ": there is no memory left for it");
}

}  // namespace xgrad
