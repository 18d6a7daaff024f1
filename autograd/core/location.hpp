#pragma once

#include <cstdint>
#include <source_location>

namespace xgrad {

/// A place in the user's program: file and line of the call that recorded an entry.
#ifdef __cpp_lib_source_location
using Location = std::source_location;
#else
// Stands in for std::source_location, which the standard library does not have for clang before 15.
class Location {
 public:
  static constexpr Location current(std::uint_least32_t line = __builtin_LINE(),
                                    std::uint_least32_t column = __builtin_COLUMN(),
                                    const char* file = __builtin_FILE()) noexcept {
    Location here;
    here.line_ = line;
    here.column_ = column;
    here.file_ = file;
    return here;
  }
  constexpr Location() noexcept = default;
  constexpr std::uint_least32_t line() const noexcept { return line_; }
  constexpr std::uint_least32_t column() const noexcept { return column_; }
  constexpr const char* file_name() const noexcept { return file_; }

 private:
  std::uint_least32_t line_ = 0, column_ = 0;
  const char* file_ = "";
};
#endif

/// Names the library call in progress, so that entries and errors inside a composition point at the
/// user's line and not into the library. Only the outermost scope of a thread counts.
class CallScope {
 public:
  CallScope(const char* name, const Location& where) noexcept : name_(name), where_(where), outer_(current_) {
    if (!outer_) current_ = this;
  }
  /// Takes the place of the call in progress: the call that recorded something which is computed now.
  enum Recorded { recorded };
  CallScope(const char* name, const Location& where, Recorded) noexcept : name_(name), where_(where), outer_(current_) {
    current_ = this;
  }
  ~CallScope() {
    if (current_ == this) current_ = outer_;
  }
  CallScope(const CallScope&) = delete;
  CallScope& operator=(const CallScope&) = delete;

  const char* name() const { return name_; }
  const Location& where() const { return where_; }

  /// The outermost call of this thread, or null.
  static const CallScope* current() noexcept { return current_; }
  /// The location that errors name: that of the outermost call, else `where`.
  static const Location& blame(const Location& where) noexcept { return current_ ? current_->where_ : where; }

 private:
  const char* name_;
  Location where_;
  const CallScope* outer_;  // the scope around it, or null
  static inline constinit thread_local const CallScope* current_ = nullptr;
};

}  // namespace xgrad
