#pragma once

// The records of a zip archive, which its reader and its writer share. Numbers are little-endian.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace xgrad::data::zip {

constexpr std::uint32_t local_signature = 0x04034b50, directory_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr std::uint32_t end64_signature = 0x06064b50, locator_signature = 0x07064b50;
constexpr std::size_t local_size = 30, directory_size = 46, end_size = 22, end64_size = 56, locator_size = 20;
constexpr std::uint16_t stored = 0, deflated = 8;
constexpr std::uint16_t flag_encrypted = 1, flag_utf8 = 1 << 11;
// What stands where a number is found in a zip64 record, and the extra field that is one.
constexpr std::uint32_t beyond_32 = 0xffffffff;
constexpr std::uint16_t beyond_16 = 0xffff;
constexpr std::uint16_t zip64_field = 1;
constexpr std::uint16_t version = 20, zip64_version = 45;

template <class T>
T number_at(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <class T>
void append(std::string& bytes, std::uint64_t number) {
  const T value = static_cast<T>(number);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

}  // namespace xgrad::data::zip
