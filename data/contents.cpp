#include "data/contents.hpp"

#include "autograd/core/fail.hpp"

namespace xgrad::data {

namespace {

constexpr unsigned char gzip_magic[] = {0x1f, 0x8b};

}  // namespace

Contents::Contents(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where), file_(operation, path, where) {
  rewind();
}

void Contents::rewind() {
  inflation_.reset();
  offset_ = 0;
  file_.seek(0);
  unsigned char start[2] = {};
  file_.read_some(start, 2);
  file_.seek(0);
  if (start[0] == gzip_magic[0] && start[1] == gzip_magic[1])
    inflation_.emplace(file_, file_.size(), Inflation::Wrapping::gzip, "is gzip-compressed", operation_, path_, where_);
}

std::uint64_t Contents::size() const { return inflation_ ? most_inflated(file_.size()) : file_.size(); }

std::uint64_t Contents::read_some(void* to, std::uint64_t bytes) {
  std::uint64_t have = 0;
  if (!inflation_) {
    have = file_.read_some(to, bytes);
  } else {
    while (have < bytes) {
      have += inflation_->read_some(static_cast<char*>(to) + have, bytes - have);
      if (!inflation_->ended() || inflation_->left() == 0) break;
      check<FormatError>(inflation_->continues_with(gzip_magic[0], gzip_magic[1]), where_, operation_, ": ",
                         printable(path_), " is gzip-compressed, but has ", inflation_->left(),
                         " bytes behind its end that are not");
      inflation_->restart();
    }
  }
  offset_ += have;
  return have;
}

void Contents::read(void* to, std::uint64_t bytes) {
  const std::uint64_t got = read_some(to, bytes);
  check<FormatError>(got == bytes, where_, operation_, ": ", printable(path_), " ends at byte ", offset_,
                     inflation_ ? " of its contents" : "", ", where ", bytes - got, " more bytes should be");
}

void Contents::expect_end() {
  char more;
  const std::uint64_t end = offset_;
  check<FormatError>(read_some(&more, 1) == 0, where_, operation_, ": ", printable(path_), " goes on after byte ", end,
                     inflation_ ? " of its contents" : "", ", where it should end");
}

}  // namespace xgrad::data
