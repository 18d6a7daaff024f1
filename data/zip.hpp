#pragma once

// Zip archives (PKWARE, ".ZIP File Format Specification", APPNOTE 6.3) as far as .npz files need them: members that are
// stored or deflated, in one file of less than 4 GiB.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data/file.hpp"

namespace xgrad::data {

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

/// The contents of a member. FormatError when they are damaged, or not what the directory says.
std::vector<char> read_zip_member(InputFile& file, const ZipMember& member, const char* operation,
                                  const std::string& path, const Location& where);

/// Writes members that are stored, dated 1980-01-01, which is what zip has for no date.
class ZipWriter {
 public:
  ZipWriter(OutputFile& file, const char* operation, const std::string& path, const Location& where)
      : file_(file), operation_(operation), path_(path), where_(where) {}
  /// `contents` writes the same bytes each time it is called, which is twice: once for the checksum. LimitError when
  /// the archive grows beyond what it can be without zip64.
  void add(const std::string& name, const std::function<void(ByteSink&)>& contents);
  /// Writes the directory.
  void finish();

 private:
  void check_offset() const;

  OutputFile& file_;
  const char* operation_;
  const std::string& path_;
  Location where_;
  std::uint64_t offset_ = 0;
  std::vector<ZipMember> members_;
};

}  // namespace xgrad::data
