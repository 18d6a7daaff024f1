#include <zlib.h>

#include <algorithm>

#include "autograd/core/fail.hpp"
#include "data/zip.hpp"
#include "data/zip_format.hpp"

namespace xgrad::data {

namespace {

using namespace zip;

/// Counts and sums up what is written to it.
class Checksum final : public ByteSink {
 public:
  void write(const void* from, std::uint64_t bytes) override {
    sum = crc32_z(sum, static_cast<const Bytef*>(from), bytes);
    size += bytes;
  }
  uLong sum = 0;
  std::uint64_t size = 0;
};

/// What the two headers of a member have in common, from the version to the length of the extra field.
std::string common(const ZipMember& member) {
  const bool ascii = std::ranges::all_of(member.name, [](char c) { return static_cast<signed char>(c) >= 0; });
  std::string bytes;
  append<std::uint16_t>(bytes, 20);  // version 2.0 can read it
  append<std::uint16_t>(bytes, ascii ? 0 : flag_utf8);
  append<std::uint16_t>(bytes, stored);
  append<std::uint16_t>(bytes, 0);             // 0:00
  append<std::uint16_t>(bytes, (1 << 5) | 1);  // 1 January 1980
  append<std::uint32_t>(bytes, member.checksum);
  append<std::uint32_t>(bytes, member.packed);
  append<std::uint32_t>(bytes, member.size);
  append<std::uint16_t>(bytes, member.name.size());
  append<std::uint16_t>(bytes, 0);  // no extra field
  return bytes;
}

}  // namespace

void ZipWriter::check_offset() const {
  check<LimitError>(offset_ < beyond_32, where_, operation_, ": ", printable(path_),
                    " would have 4 GiB or more, which needs a zip64 archive; save a safetensors file");
}

void ZipWriter::add(const std::string& name, const std::function<void(ByteSink&)>& contents) {
  check<LimitError>(members_.size() + 1 < beyond_16 && name.size() <= beyond_16, where_, operation_, ": ",
                    printable(path_), " would have more members, or longer names, than an archive can have");
  Checksum sum;
  contents(sum);
  const ZipMember member{name, false, static_cast<std::uint32_t>(sum.sum), sum.size, sum.size, offset_};
  offset_ += local_size + name.size() + sum.size;
  check_offset();
  std::string header;
  append<std::uint32_t>(header, local_signature);
  file_.write(header + common(member) + name);
  contents(file_);
  members_.push_back(member);
}

void ZipWriter::finish() {
  std::string directory;
  for (const ZipMember& member : members_) {
    append<std::uint32_t>(directory, directory_signature);
    append<std::uint16_t>(directory, 20);  // version 2.0, of no particular system
    directory += common(member);
    directory.append(10, '\0');  // no comment, on the first disk, no attributes
    append<std::uint32_t>(directory, member.start);
    directory += member.name;
  }
  const std::uint64_t start = offset_, size = directory.size();
  offset_ += size;
  check_offset();
  append<std::uint32_t>(directory, end_signature);
  append<std::uint32_t>(directory, 0);  // one disk
  append<std::uint16_t>(directory, members_.size());
  append<std::uint16_t>(directory, members_.size());
  append<std::uint32_t>(directory, size);
  append<std::uint32_t>(directory, start);
  append<std::uint16_t>(directory, 0);  // no comment
  file_.write(directory);
}

}  // namespace xgrad::data
