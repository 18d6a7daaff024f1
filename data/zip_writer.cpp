#include <zlib.h>

#include <algorithm>
#include <new>

#include "autograd/core/fail.hpp"
#include "data/reading.hpp"
#include "data/zip.hpp"
#include "data/zip_format.hpp"

namespace xgrad::data {

namespace {

using namespace zip;

/// Counts and sums up what is written to it.
class Crc32 final : public ByteSink {
 public:
  void write(const void* from, std::uint64_t bytes) override {
    sum = crc32_z(sum, static_cast<const Bytef*>(from), bytes);
    size += bytes;
  }
  uLong sum = 0;
  std::uint64_t size = 0;
};

/// Deflates what is written to it, and writes that.
class Deflation final : public ByteSink {
 public:
  explicit Deflation(ByteSink& to) : to_(to) {
    // Negative: the stream gets no header of its own.
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Deflation() { deflateEnd(&stream_); }
  Deflation(const Deflation&) = delete;
  Deflation& operator=(const Deflation&) = delete;

  void write(const void* from, std::uint64_t bytes) override {
    constexpr std::uint64_t most = 1 << 30;  // zlib counts in 32 bits
    const auto* at = static_cast<const Bytef*>(from);
    for (std::uint64_t done = 0; done < bytes; done += most) {
      stream_.next_in = const_cast<Bytef*>(at + done);
      stream_.avail_in = static_cast<uInt>(std::min(most, bytes - done));
      drain(Z_NO_FLUSH);
    }
  }
  void finish() { drain(Z_FINISH); }

 private:
  void drain(int flush) {
    int code = Z_OK;
    do {
      stream_.next_out = packed_;
      stream_.avail_out = sizeof packed_;
      code = deflate(&stream_, flush);
      to_.write(packed_, sizeof packed_ - stream_.avail_out);
    } while (stream_.avail_out == 0 || (flush == Z_FINISH && code != Z_STREAM_END));
  }

  ByteSink& to_;
  z_stream stream_{};
  Bytef packed_[piece_size];
};

/// Writes what there is in two sinks at once.
class Both final : public ByteSink {
 public:
  Both(ByteSink& first, ByteSink& second) : first_(first), second_(second) {}
  void write(const void* from, std::uint64_t bytes) override {
    first_.write(from, bytes);
    second_.write(from, bytes);
  }

 private:
  ByteSink& first_;
  ByteSink& second_;
};

}  // namespace

/// The numbers that the header of a member, in the directory with where it starts, has no room for.
std::string ZipWriter::extra(const ZipMember& member, bool with_start) const {
  std::string numbers;
  if (beyond(member.size) || beyond(member.packed)) {
    append<std::uint64_t>(numbers, member.size);
    append<std::uint64_t>(numbers, member.packed);
  }
  if (with_start && beyond(member.start)) append<std::uint64_t>(numbers, member.start);
  std::string field;
  if (numbers.empty()) return field;
  append<std::uint16_t>(field, zip64_field);
  append<std::uint16_t>(field, numbers.size());
  return field + numbers;
}

/// What the two headers of a member have in common, from the version to the length of the extra field.
std::string ZipWriter::common(const ZipMember& member, bool with_start) const {
  const bool ascii = std::ranges::all_of(member.name, [](char c) { return static_cast<signed char>(c) >= 0; });
  const bool large = beyond(member.size) || beyond(member.packed);
  const std::string field = extra(member, with_start);
  std::string bytes;
  append<std::uint16_t>(bytes, field.empty() ? version : zip64_version);
  append<std::uint16_t>(bytes, ascii ? 0 : flag_utf8);
  append<std::uint16_t>(bytes, member.deflated ? deflated : stored);
  append<std::uint16_t>(bytes, 0);             // 0:00
  append<std::uint16_t>(bytes, (1 << 5) | 1);  // 1 January 1980
  append<std::uint32_t>(bytes, member.checksum);
  append<std::uint32_t>(bytes, large ? beyond_32 : member.packed);
  append<std::uint32_t>(bytes, large ? beyond_32 : member.size);
  append<std::uint16_t>(bytes, member.name.size());
  append<std::uint16_t>(bytes, field.size());
  return bytes;
}

void ZipWriter::write(const std::string& bytes) {
  file_.write(bytes);
  offset_ += bytes.size();
}

void ZipWriter::add(const std::string& name, const std::function<void(ByteSink&)>& contents) {
  check<LimitError>(name.size() < beyond_16, where_, operation_, ": ", printable(path_), ": the name ", printable(name),
                    " is longer than an archive can have");
  check<LimitError>(members_.size() < most_zip_members, where_, operation_, ": ", printable(path_), " has more than ",
                    most_zip_members, " members");
  Crc32 whole, packed;
  if (deflate_) {
    Deflation deflation(packed);
    Both both(whole, deflation);
    contents(both);
    deflation.finish();
  } else {
    contents(whole);
  }
  const ZipMember member{
      name, deflate_, static_cast<std::uint32_t>(whole.sum), deflate_ ? packed.size : whole.size, whole.size, offset_};
  std::string header;
  append<std::uint32_t>(header, local_signature);
  write(header + common(member, false) + name + extra(member, false));
  if (deflate_) {
    Deflation deflation(file_);
    contents(deflation);
    deflation.finish();
  } else {
    contents(file_);
  }
  offset_ += member.packed;
  members_.push_back(member);
}

void ZipWriter::finish() {
  const std::uint64_t start = offset_;
  for (const ZipMember& member : members_) {
    std::string record;
    append<std::uint32_t>(record, directory_signature);
    append<std::uint16_t>(record, version);  // of no particular system
    record += common(member, true);
    record.append(10, '\0');  // no comment, on the first disk, no attributes
    append<std::uint32_t>(record, beyond(member.start) ? beyond_32 : member.start);
    write(record + member.name + extra(member, true));
  }
  const std::uint64_t size = offset_ - start, count = members_.size();
  const bool large = beyond(start) || beyond(size) || count >= limits_.members;
  std::string end;
  if (large) {
    append<std::uint32_t>(end, end64_signature);
    append<std::uint64_t>(end, end64_size - 12);
    append<std::uint16_t>(end, zip64_version);
    append<std::uint16_t>(end, zip64_version);
    append<std::uint64_t>(end, 0);  // one disk
    for (const std::uint64_t number : {count, count, size, start}) append<std::uint64_t>(end, number);
    append<std::uint32_t>(end, locator_signature);
    append<std::uint32_t>(end, 0);
    append<std::uint64_t>(end, offset_);
    append<std::uint32_t>(end, 1);  // disk
  }
  append<std::uint32_t>(end, end_signature);
  append<std::uint32_t>(end, 0);  // one disk
  append<std::uint16_t>(end, large ? beyond_16 : count);
  append<std::uint16_t>(end, large ? beyond_16 : count);
  append<std::uint32_t>(end, large ? beyond_32 : size);
  append<std::uint32_t>(end, large ? beyond_32 : start);
  append<std::uint16_t>(end, 0);  // no comment
  write(end);
}

}  // namespace xgrad::data
