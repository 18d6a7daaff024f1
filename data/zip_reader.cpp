#include <algorithm>
#include <string_view>
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
};

std::string read_at(InputFile& file, std::uint64_t offset, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  file.seek(offset);
  file.read(text.data(), bytes);
  return text;
}

/// The records that end an archive; nothing comes after the comment of the last one.
struct End {
  std::uint64_t at, members, size, start;
};

/// The zip64 record that stands before the last one, whose numbers it has in full; none there unless its locator is.
void read_end64(InputFile& file, End& end, const Context& context) {
  if (end.at < locator_size) return;
  const std::string locator = read_at(file, end.at - locator_size, locator_size);
  if (number_at<std::uint32_t>(locator.data()) != locator_signature) return;
  const auto at = number_at<std::uint64_t>(locator.data() + 8);
  const std::uint64_t last = end.at - locator_size;
  context.require(at <= last && last - at >= end64_size,
                  ": the zip64 record that ends the archive is announced at byte ", at, ", where it cannot be");
  const std::string record = read_at(file, at, end64_size);
  const char* bytes = record.data();
  const bool there =
      number_at<std::uint32_t>(bytes) == end64_signature && number_at<std::uint64_t>(bytes + 4) == last - at - 12;
  context.require(there, ": the zip64 record that ends the archive is not at byte ", at);
  const End full{at, number_at<std::uint64_t>(bytes + 32), number_at<std::uint64_t>(bytes + 40),
                 number_at<std::uint64_t>(bytes + 48)};
  const bool one_disk = number_at<std::uint64_t>(bytes + 16) == 0 &&  // of this record and of the directory
                        number_at<std::uint64_t>(bytes + 24) == full.members &&
                        number_at<std::uint32_t>(locator.data() + 4) == 0;
  context.require(one_disk, ": the archive is in several parts");
  const bool agree = (end.members == beyond_16 || end.members == full.members) &&
                     (end.size == beyond_32 || end.size == full.size) &&
                     (end.start == beyond_32 || end.start == full.start);
  context.require(agree, ": the two records that end the archive contradict each other");
  end = full;
}

End read_end(InputFile& file, const Context& context) {
  constexpr std::uint64_t longest_comment = 0xffff;
  const std::uint64_t length = std::min(file.size(), end_size + longest_comment);
  const std::string tail = read_at(file, file.size() - length, length);
  for (std::uint64_t comment = 0; comment + end_size <= length; ++comment) {
    const std::uint64_t at = length - end_size - comment;
    const char* record = tail.data() + at;
    if (number_at<std::uint32_t>(record) != end_signature || number_at<std::uint16_t>(record + 20) != comment) continue;
    End end{file.size() - length + at, number_at<std::uint16_t>(record + 10), number_at<std::uint32_t>(record + 12),
            number_at<std::uint32_t>(record + 16)};
    const bool one_disk =
        number_at<std::uint32_t>(record + 4) == 0 && number_at<std::uint16_t>(record + 8) == end.members;
    context.require(one_disk, ": the archive is in several parts");
    read_end64(file, end, context);
    context.require(end.start <= end.at && end.size == end.at - end.start, ": the archive's directory is announced as ",
                    end.size, " bytes from byte ", end.start, " on, its end is at byte ", end.at);
    return end;
  }
  context.require(false, " is not a zip archive, or cut off: the record at its end is not there");
  return {};
}

/// Puts the numbers of a zip64 extra field in the place of those that the record has no room for.
void read_zip64_field(std::string_view extra, ZipMember& member, const Context& context) {
  std::uint64_t* const numbers[] = {&member.size, &member.packed, &member.start};
  if (std::ranges::none_of(numbers, [](const auto* number) { return *number == beyond_32; })) return;
  while (extra.size() >= 4) {
    const auto id = number_at<std::uint16_t>(extra.data());
    const std::size_t length = number_at<std::uint16_t>(extra.data() + 2);
    if (length > extra.size() - 4) break;
    std::string_view field = extra.substr(4, length);
    extra.remove_prefix(4 + length);
    if (id != zip64_field) continue;
    bool complete = true;
    for (std::uint64_t* number : numbers) {
      if (*number != beyond_32) continue;
      complete = complete && field.size() >= 8;
      if (!complete) break;
      *number = number_at<std::uint64_t>(field.data());
      field.remove_prefix(8);
    }
    if (complete) return;
  }
  context.require(false, ": the member ", printable(member.name), " lacks the zip64 field with its sizes");
}

ZipMember parse_member(const char* record, std::string name, std::string_view extra, const Context& context) {
  const auto flags = number_at<std::uint16_t>(record + 8), method = number_at<std::uint16_t>(record + 10);
  context.require(!(flags & flag_encrypted), ": the member ", printable(name), " is encrypted");
  context.require(method == stored || method == deflated, ": the member ", printable(name), " is compressed by method ",
                  method, ", known are 0 (stored) and 8 (deflated)");
  context.require(number_at<std::uint16_t>(record + 34) == 0, ": the archive is in several parts");
  ZipMember member{std::move(name),
                   method == deflated,
                   number_at<std::uint32_t>(record + 16),
                   number_at<std::uint32_t>(record + 20),
                   number_at<std::uint32_t>(record + 24),
                   number_at<std::uint32_t>(record + 42)};
  read_zip64_field(extra, member, context);
  const bool possible = member.deflated ? member.size <= most_inflated(member.packed) : member.size == member.packed;
  context.require(possible, ": the member ", printable(member.name), " cannot have ", member.size, " bytes in ",
                  member.packed);
  return member;
}

void check_disjoint(const std::vector<ZipMember>& members, std::uint64_t end, const Context& context) {
  std::vector<const ZipMember*> order;
  for (const ZipMember& member : members) order.push_back(&member);
  std::ranges::sort(order, {}, &ZipMember::start);
  std::uint64_t at = 0;
  for (const ZipMember* member : order) {
    const std::uint64_t least = local_size + member->name.size();
    const bool apart = member->start >= at && member->start <= end && end - member->start >= least &&
                       end - member->start - least >= member->packed;
    context.require(apart, ": the member ", printable(member->name), " at byte ", member->start,
                    " overlaps another one, or the directory");
    at = member->start + least + member->packed;
  }
}

}  // namespace

std::vector<ZipMember> read_zip_directory(InputFile& file, const char* operation, const std::string& path,
                                          const Location& where) {
  const Context context{operation, path, where};
  const End end = read_end(file, context);
  context.require(end.members <= end.size / directory_size, ": ", end.members,
                  " members are announced, the archive's directory has ", end.size, " bytes");
  constexpr std::uint64_t longest_directory = 100'000'000;
  check<LimitError>(end.members <= most_zip_members && end.size <= longest_directory, where, operation, ": ",
                    printable(path), " has ", end.members, " members, named in ", end.size, " bytes; the most are ",
                    most_zip_members, " and ", longest_directory);
  const std::string bytes = read_at(file, end.start, end.size);
  std::vector<ZipMember> members;
  std::unordered_set<std::string> names;
  std::size_t at = 0;
  while (members.size() < end.members) {
    const char* record = bytes.data() + at;
    const bool fits = bytes.size() - at >= directory_size && number_at<std::uint32_t>(record) == directory_signature;
    context.require(fits, ": the archive's directory is damaged at byte ", end.start + at);
    const std::size_t name = number_at<std::uint16_t>(record + 28);
    const std::size_t extra = number_at<std::uint16_t>(record + 30);
    const std::size_t length = directory_size + name + extra + number_at<std::uint16_t>(record + 32);
    context.require(bytes.size() - at >= length, ": the archive's directory is damaged at byte ", end.start + at);
    const std::string_view field(record + directory_size + name, extra);
    members.push_back(parse_member(record, bytes.substr(at + directory_size, name), field, context));
    context.require(names.insert(members.back().name).second, ": the member ", printable(members.back().name),
                    " is there twice");
    at += length;
  }
  context.require(at == bytes.size(), ": the archive's directory has something after its members, at byte ",
                  end.start + at);
  check_disjoint(members, end.start, context);
  return members;
}

}  // namespace xgrad::data
