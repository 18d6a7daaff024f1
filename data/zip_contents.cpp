#include <zlib.h>

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "data/zip.hpp"
#include "data/zip_format.hpp"

namespace xgrad::data {

ZipContents::ZipContents(InputFile& file, const ZipMember& member, const char* operation, const std::string& path,
                         const Location& where)
    : file_(file), member_(member), operation_(operation), path_(path), where_(where) {
  // Sizes and checksum stand in the directory; here they may be missing, for the writer may not have known them yet.
  char local[zip::local_size];
  file.seek(member.start);
  file.read(local, sizeof local);
  std::string name(zip::number_at<std::uint16_t>(local + 26), '\0');
  const bool same = zip::number_at<std::uint32_t>(local) == zip::local_signature && name.size() == member.name.size() &&
                    zip::number_at<std::uint16_t>(local + 8) == (member.deflated ? zip::deflated : zip::stored);
  require(same, "is not where the archive's directory has it");
  file.read(name.data(), name.size());
  require(name == member.name, "is not where the archive's directory has it");
  const std::uint64_t start = file.offset() + zip::number_at<std::uint16_t>(local + 28);
  require(start <= file.size() && member.packed <= file.size() - start, "goes on beyond the end of the archive");
  file.seek(start);
  if (member.deflated)
    inflation_.emplace(file, member.packed, Inflation::Wrapping::none, "has deflated members", operation, path, where);
}

void ZipContents::require(bool condition, const char* what) const {
  check<FormatError>(condition, where_, operation_, ": ", printable(path_), ": the member ", printable(member_.name),
                     " ", what);
}

void ZipContents::read(void* to, std::uint64_t bytes) {
  const std::uint64_t left = member_.size - offset_;
  check<FormatError>(bytes <= left, where_, operation_, ": ", printable(path_), ": the member ",
                     printable(member_.name), " ends at byte ", member_.size, ", where ", bytes - left,
                     " more bytes should be");
  if (inflation_)
    require(inflation_->read_some(to, bytes) == bytes, "is damaged: its deflated bytes give fewer than are announced");
  else
    file_.read(to, bytes);
  checksum_ = static_cast<std::uint32_t>(crc32_z(checksum_, static_cast<const Bytef*>(to), bytes));
  offset_ += bytes;
}

void ZipContents::expect_end() {
  require(offset_ == member_.size, "goes on after what it should hold");
  if (inflation_) {
    char more;
    const bool ended = inflation_->read_some(&more, 1) == 0 && inflation_->ended() && inflation_->left() == 0;
    require(ended, "is damaged: its deflated bytes give more than are announced, or do not end");
  }
  require(checksum_ == member_.checksum, "is damaged: its checksum is not the one that is announced");
}

}  // namespace xgrad::data
