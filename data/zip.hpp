#pragma once

// Zip archives (PKWARE, ".ZIP File Format Specification", APPNOTE 6.3) as far as .npz files need them: members that are
// stored or deflated, in one file, which may be a zip64 archive. They are read and written here and not by a library,
// because those that there are read what is doubtful (members that overlap, bytes that belong to none) and write to
// files of their own, not to one that appears whole or not at all; what deflate does is zlib's work here, too.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/file.hpp"
#include "data/inflation.hpp"

namespace xgrad::data {

/// What can be read and, therefore, may be written.
constexpr std::uint64_t most_zip_members = 100000;

struct ZipMember {
  std::string name;
  bool deflated = false;
  std::uint32_t checksum = 0;  // CRC-32 of the contents
  std::uint64_t packed = 0;    // bytes in the archive
  std::uint64_t size = 0;      // bytes of the contents
  std::uint64_t start = 0;     // where its local header is
};

/// The members, in the order of the directory at the end of the archive. FormatError unless the directory is where the
/// archive says, and the members lie before it and do not overlap, under distinct names: no more comes out of an
/// archive than deflate can put into its bytes.
std::vector<ZipMember> read_zip_directory(InputFile& file, const char* operation, const std::string& path,
                                          const Location& where);

/// The contents of a member, inflated as they are read.
class ZipContents final : public ByteSource {
 public:
  /// FormatError when the member is not where the directory says.
  ZipContents(InputFile& file, const ZipMember& member, const char* operation, const std::string& path,
              const Location& where);

  std::uint64_t size() const override { return member_.size; }
  std::uint64_t offset() const override { return offset_; }
  /// FormatError when the contents are damaged, or not so long.
  void read(void* to, std::uint64_t bytes) override;
  /// FormatError unless everything has been read, and its checksum is the one that the directory has.
  void expect_end();

 private:
  void require(bool condition, const char* what) const;

  InputFile& file_;
  const ZipMember& member_;
  const char* operation_;
  const std::string& path_;
  Location where_;
  std::optional<Inflation> inflation_;
  std::uint64_t offset_ = 0;
  std::uint32_t checksum_ = 0;
};

/// From where on an archive needs zip64's records. Less than the format's own only in tests.
struct ZipLimits {
  std::uint64_t size = 0xffffffff;
  std::uint64_t members = 0xffff;
};

/// Writes members, dated 1980-01-01, which is what zip has for no date. The archive is a zip64 one where it must be.
class ZipWriter {
 public:
  ZipWriter(ByteSink& file, bool deflate, const char* operation, const std::string& path, const Location& where,
            ZipLimits limits = {})
      : file_(file), deflate_(deflate), operation_(operation), path_(path), where_(where), limits_(limits) {}
  /// `contents` writes the same bytes each time it is called, which is twice: once for sizes and checksum. LimitError
  /// for a name that is longer than an archive can have.
  void add(const std::string& name, const std::function<void(ByteSink&)>& contents);
  /// Writes the directory.
  void finish();

 private:
  bool beyond(std::uint64_t number) const { return number >= limits_.size; }
  std::string common(const ZipMember& member, bool with_start) const;
  std::string extra(const ZipMember& member, bool with_start) const;
  void write(const std::string& bytes);

  ByteSink& file_;
  bool deflate_;
  const char* operation_;
  const std::string& path_;
  Location where_;
  ZipLimits limits_;
  std::uint64_t offset_ = 0;
  std::vector<ZipMember> members_;
};

}  // namespace xgrad::data
