#include "data/checksum.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <new>

namespace xgrad::data {

struct Checksum::State {
  XXH3_state_t hash;
};

Checksum::Checksum() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->hash); }
Checksum::~Checksum() = default;

void Checksum::add(const void* from, std::uint64_t bytes) {
  if (bytes > 0) XXH3_64bits_update(&state_->hash, from, bytes);
}

std::string Checksum::text() const {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(XXH3_64bits_digest(&state_->hash)));
  return digits;
}

}  // namespace xgrad::data
