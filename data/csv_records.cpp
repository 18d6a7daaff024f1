#include "data/csv_records.hpp"

#include "autograd/core/fail.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

constexpr int end_of_file = -1;
constexpr std::size_t longest_record = 16 << 20, most_fields = 1'000'000;

}  // namespace

CsvRecords::CsvRecords(Contents& file, char separator, const char* operation, const std::string& path,
                       const Location& where)
    : file_(file),
      separator_(separator),
      operation_(operation),
      path_(path),
      where_(where),
      piece_(std::make_unique_for_overwrite<char[]>(piece_size)) {
  refill();
  if (std::string_view(piece_.get(), have_).substr(0, 3) == "\xef\xbb\xbf") at_ = 3;
}

void CsvRecords::refuse(const char* what) const {
  fail<FormatError>(where_, operation_, ": ", printable(path_), ": line ", lines_, " has ", what);
}

void CsvRecords::refill() {
  have_ = file_.read_some(piece_.get(), piece_size);
  at_ = 0;
}

int CsvRecords::peek() {
  if (at_ == have_) refill();
  return at_ < have_ ? static_cast<unsigned char>(piece_[at_]) : end_of_file;
}

int CsvRecords::get() {
  const int c = peek();
  if (c != end_of_file) ++at_;
  if (c == '\n') ++lines_;
  if (c == '\0') refuse("a zero byte; is it text in UTF-16?");
  if (c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t') refuse("a control character");
  return c;
}

CsvRecords::Place CsvRecords::quoted(int c) {
  if (c == end_of_file)
    fail<FormatError>(where_, operation_, ": ", printable(path_), ": a quoted field in the record of line ", line_,
                      " does not end");
  if (c == '"') {
    if (peek() != '"') return Place::closed;
    get();
  }
  text_ += static_cast<char>(c);
  return Place::quoted;
}

CsvRecords::Place CsvRecords::unquoted(int c, Place place) {
  if (c == separator_) {
    ends_.push_back(text_.size());
    return Place::start;
  }
  if (c == '\r') {
    const int following = peek();
    if (following != '\n' && following != end_of_file) refuse("a carriage return inside a field");
    return place;
  }
  if (c == '"') {
    if (place != Place::start) refuse("a quote inside a field; a field with quotes is quoted, and doubles them");
    return Place::quoted;
  }
  if (place == Place::closed) refuse("something between a closing quote and the end of the field");
  text_ += static_cast<char>(c);
  return Place::plain;
}

bool CsvRecords::next() {
  text_.clear();
  ends_.clear();
  line_ = lines_;
  Place place = Place::start;
  for (;;) {
    const int c = get();
    check<LimitError>(text_.size() < longest_record && ends_.size() < most_fields, where_, operation_, ": ",
                      printable(path_), ": the record of line ", line_, " has more than ", longest_record, " bytes or ",
                      most_fields, " fields");
    if (place == Place::quoted) {
      place = quoted(c);
    } else if (c != '\n' && c != end_of_file) {
      place = unquoted(c, place);
    } else if (place == Place::start && ends_.empty()) {
      if (c == end_of_file) return false;
      if (blank_ == 0) blank_ = line_;
      line_ = lines_;
    } else {
      ends_.push_back(text_.size());
      check<FormatError>(blank_ == 0, where_, operation_, ": ", printable(path_), ": line ", blank_,
                         " is blank, and others follow; an empty field alone is written in quotes");
      return true;
    }
  }
}

}  // namespace xgrad::data
