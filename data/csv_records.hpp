#pragma once

// Records of a CSV file (RFC 4180). Own code: a library that keeps to pieces of bounded size, tells the place of an
// error and knows no locale is not among those that are kept; numbers are std::from_chars's work.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "data/contents.hpp"

namespace xgrad::data {

/// Reads one record after the other: fields between separators, up to the end of a line (LF or CRLF). What stands in
/// quotes may hold separators, line ends and, doubled, quotes. A byte order mark at the start is skipped, and so are
/// blank lines at the end.
class CsvRecords {
 public:
  CsvRecords(Contents& file, char separator, const char* operation, const std::string& path, const Location& where);

  /// Goes on to the next record; false at the end. FormatError for quotes that do not close or stand inside a field, a
  /// blank line before others, a carriage return alone, and control characters; LimitError for a record of more than 16
  /// MiB or a million fields.
  bool next();
  std::size_t size() const { return ends_.size(); }
  std::string_view operator[](std::size_t field) const {
    const std::size_t begin = field == 0 ? 0 : ends_[field - 1];
    return std::string_view(text_).substr(begin, ends_[field] - begin);
  }
  /// The line that the record begins in, from 1.
  std::uint64_t line() const { return line_; }

 private:
  enum class Place { start, plain, quoted, closed };
  int peek();
  int get();
  void refill();
  Place quoted(int c);
  Place unquoted(int c, Place place);
  [[noreturn]] void refuse(const char* what) const;

  Contents& file_;
  char separator_;
  const char* operation_;
  const std::string& path_;
  Location where_;
  std::unique_ptr<char[]> piece_;
  std::size_t at_ = 0, have_ = 0;
  std::uint64_t line_ = 0, lines_ = 1, blank_ = 0;  // of the record, of what is read, of a blank line
  std::string text_;                                // the fields, one behind the other
  std::vector<std::size_t> ends_;
};

}  // namespace xgrad::data
