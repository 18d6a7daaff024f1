#include <zlib.h>

#include <algorithm>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "data/zip.hpp"
#include "data/zip_format.hpp"

namespace xgrad::data {

namespace {

using namespace zip;

/// Names the operation and the file in what it throws.
struct Context {
  const char* operation;
  const std::string& path;
  const Location& where;

  template <class... Parts>
  void require(bool condition, const Parts&... parts) const {
    check<FormatError>(condition, where, operation, ": ", printable(path), parts...);
  }
  void require_32(bool condition) const {
    check<LimitError>(condition, where, operation, ": ", printable(path),
                      " is a zip64 archive (4 GiB or 65535 members and more), which is not supported");
  }
};

std::string read_at(InputFile& file, std::uint64_t offset, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  file.seek(offset);
  file.read(text.data(), bytes);
  return text;
}

/// The last record of an archive; nothing comes after its comment.
struct End {
  std::uint64_t at, members, size, start;
};

End read_end(InputFile& file, const Context& context) {
  constexpr std::uint64_t longest_comment = 0xffff;
  const std::uint64_t length = std::min(file.size(), end_size + longest_comment);
  const std::string tail = read_at(file, file.size() - length, length);
  for (std::uint64_t comment = 0; comment + end_size <= length; ++comment) {
    const std::uint64_t at = length - end_size - comment;
    const char* record = tail.data() + at;
    if (number_at<std::uint32_t>(record) != end_signature || number_at<std::uint16_t>(record + 20) != comment) continue;
    const auto members = number_at<std::uint16_t>(record + 10);
    const auto size = number_at<std::uint32_t>(record + 12), start = number_at<std::uint32_t>(record + 16);
    context.require_32(members != beyond_16 && size != beyond_32 && start != beyond_32);
    const bool one_disk = number_at<std::uint32_t>(record + 4) == 0 && number_at<std::uint16_t>(record + 8) == members;
    context.require(one_disk, ": the archive is in several parts");
    const End end{file.size() - length + at, members, size, start};
    context.require(end.start + end.size == end.at, ": the archive's directory is announced in bytes ", end.start,
                    " to ", end.start + end.size, ", its end is at byte ", end.at);
    return end;
  }
  context.require(false, " is not a zip archive, or cut off: the record at its end is not there");
  return {};
}

ZipMember parse_member(const char* record, std::string name, const Context& context) {
  const auto flags = number_at<std::uint16_t>(record + 8), method = number_at<std::uint16_t>(record + 10);
  context.require(!(flags & flag_encrypted), ": the member ", printable(name), " is encrypted");
  context.require(method == stored || method == deflated, ": the member ", printable(name), " is compressed by method ",
                  method, ", known are 0 (stored) and 8 (deflated)");
  const auto packed = number_at<std::uint32_t>(record + 20), size = number_at<std::uint32_t>(record + 24);
  const auto start = number_at<std::uint32_t>(record + 42);
  context.require_32(packed != beyond_32 && size != beyond_32 && start != beyond_32);
  context.require(number_at<std::uint16_t>(record + 34) == 0, ": the archive is in several parts");
  constexpr std::uint64_t most_inflation = 1032;  // the best that deflate can do
  const bool possible = method == stored ? size == packed : size / most_inflation <= packed;
  context.require(possible, ": the member ", printable(name), " cannot have ", size, " bytes in ", packed);
  return {std::move(name), method == deflated, number_at<std::uint32_t>(record + 16), packed, size, start};
}

void check_disjoint(const std::vector<ZipMember>& members, std::uint64_t end, const Context& context) {
  std::vector<const ZipMember*> order;
  for (const ZipMember& member : members) order.push_back(&member);
  std::ranges::sort(order, {}, &ZipMember::start);
  std::uint64_t at = 0;
  for (const ZipMember* member : order) {
    const std::uint64_t least = local_size + member->name.size() + member->packed;
    context.require(member->start >= at && member->start + least <= end, ": the member ", printable(member->name),
                    " at byte ", member->start, " overlaps another one, or the directory");
    at = member->start + least;
  }
}

class Inflation {
 public:
  explicit Inflation(const Context& context) {
    // Negative: the stream has no header of its own.
    const int code = inflateInit2(&stream_, -MAX_WBITS);
    check<LimitError>(code == Z_OK, context.where, context.operation, ": no memory to read ", printable(context.path));
  }
  ~Inflation() { inflateEnd(&stream_); }
  Inflation(const Inflation&) = delete;
  Inflation& operator=(const Inflation&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

std::vector<char> inflated(const std::vector<char>& packed, const ZipMember& member, const Context& context) {
  Inflation inflation(context);
  z_stream& stream = inflation.stream();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  // Grows with what really comes, whatever the directory promises.
  constexpr std::size_t chunk = 1 << 20;
  std::vector<char> contents;
  int code = Z_OK;
  while (code == Z_OK) {
    const std::size_t have = contents.size(), more = std::min<std::size_t>(member.size - have, chunk);
    contents.resize(have + std::max<std::size_t>(more, 1));  // one byte too many tells that there are too many
    stream.next_out = reinterpret_cast<Bytef*>(contents.data() + have);
    stream.avail_out = static_cast<uInt>(contents.size() - have);
    code = inflate(&stream, Z_NO_FLUSH);
    contents.resize(contents.size() - stream.avail_out);
    if (contents.size() > member.size) break;
  }
  context.require(code == Z_STREAM_END && stream.avail_in == 0 && contents.size() == member.size, ": the member ",
                  printable(member.name), " is damaged: its deflated bytes do not give the ", member.size,
                  " bytes that are announced");
  return contents;
}

}  // namespace

std::vector<ZipMember> read_zip_directory(InputFile& file, const char* operation, const std::string& path,
                                          const Location& where) {
  const Context context{operation, path, where};
  const End end = read_end(file, context);
  context.require(end.members * directory_size <= end.size, ": ", end.members,
                  " members are announced, the archive's directory has ", end.size, " bytes");
  const std::string bytes = read_at(file, end.start, end.size);
  std::vector<ZipMember> members;
  std::unordered_set<std::string> names;
  std::size_t at = 0;
  while (members.size() < end.members) {
    const char* record = bytes.data() + at;
    const bool fits = bytes.size() - at >= directory_size && number_at<std::uint32_t>(record) == directory_signature;
    context.require(fits, ": the archive's directory is damaged at byte ", end.start + at);
    const std::size_t name = number_at<std::uint16_t>(record + 28);
    const std::size_t length =
        directory_size + name + number_at<std::uint16_t>(record + 30) + number_at<std::uint16_t>(record + 32);
    context.require(bytes.size() - at >= length, ": the archive's directory is damaged at byte ", end.start + at);
    members.push_back(parse_member(record, bytes.substr(at + directory_size, name), context));
    context.require(names.insert(members.back().name).second, ": the member ", printable(members.back().name),
                    " is there twice");
    at += length;
  }
  context.require(at == bytes.size(), ": the archive's directory has something after its members, at byte ",
                  end.start + at);
  check_disjoint(members, end.start, context);
  return members;
}

std::vector<char> read_zip_member(InputFile& file, const ZipMember& member, const char* operation,
                                  const std::string& path, const Location& where) {
  const Context context{operation, path, where};
  // Sizes and checksum stand in the directory; here they may be missing, for the writer may not have known them yet.
  const std::string local = read_at(file, member.start, local_size);
  const std::size_t name = number_at<std::uint16_t>(local.data() + 26);
  const std::uint64_t start = member.start + local_size + name + number_at<std::uint16_t>(local.data() + 28);
  const bool same = number_at<std::uint32_t>(local.data()) == local_signature && name == member.name.size() &&
                    number_at<std::uint16_t>(local.data() + 8) == (member.deflated ? deflated : stored) &&
                    read_at(file, member.start + local_size, name) == member.name;
  context.require(same, ": the archive's directory has the member ", printable(member.name), " at byte ", member.start,
                  ", where it is not");
  context.require(start <= file.size() && member.packed <= file.size() - start, ": the member ", printable(member.name),
                  " goes on beyond the end of the archive");
  std::vector<char> contents(member.packed);
  file.seek(start);
  file.read(contents.data(), member.packed);
  if (member.deflated) contents = inflated(contents, member, context);
  const auto checksum = crc32_z(0, reinterpret_cast<const Bytef*>(contents.data()), contents.size());
  context.require(checksum == member.checksum, ": the member ", printable(member.name),
                  " is damaged: its checksum is not the one that is announced");
  return contents;
}

}  // namespace xgrad::data
