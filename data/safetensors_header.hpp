#pragma once

// The JSON header of a safetensors file: which tensors the file holds, and where.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/elements.hpp"
#include "data/safetensors.hpp"

namespace xgrad::data {

constexpr std::size_t most_tensors = 100'000, longest_name = 4096;
// Room for a note about each tensor and some more; a header that is full of notes takes seconds to read.
constexpr std::size_t most_metadata = most_tensors + 1000;

struct SafetensorsHeader {
  struct Item {
    std::string name;
    ElementType type;
    Shape shape;
    std::uint64_t begin;  // in the bytes after the header
    std::uint64_t end;
  };
  std::vector<Item> items;  // in the order of their bytes
  Metadata metadata;
};

/// Reads a header for a file with `bytes` bytes after it. FormatError unless the tensors fill these bytes exactly,
/// without holes and overlaps, under distinct names; LimitError for what is beyond all use.
SafetensorsHeader parse_safetensors_header(const std::string& json, std::uint64_t bytes, const std::string& path,
                                           const Location& where);

/// The header as JSON, padded with spaces to a multiple of 8 bytes.
std::string write_safetensors_header(const SafetensorsHeader& header);

}  // namespace xgrad::data
