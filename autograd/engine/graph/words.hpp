#pragma once

// Entries described as words, for the key of a plan and for finding equal entries.

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "autograd/tape/entry.hpp"

namespace xgrad::fused {

/// Appends words to a vector. make_room() grows it; `put` does not check, for speed.
class Words : public Fields {
 public:
  explicit Words(std::vector<std::uint64_t>& words)
      : words_(words), next_(words.data()), end_(words.data() + words.size()) {}
  void make_room(std::size_t count) {
    if (static_cast<std::size_t>(end_ - next_) < count) [[unlikely]]
      grow(count);
  }
  void put(std::uint64_t word) { *next_++ = word; }
  void put(std::uint64_t first, std::uint64_t second) {
    next_[0] = first;
    next_[1] = second;
    next_ += 2;
  }
  void add(std::uint64_t word) {
    make_room(1);
    put(word);
  }
  void add(const Shape& shape) {
    make_room(1 + static_cast<std::size_t>(shape.ndim()));
    put(static_cast<std::uint64_t>(shape.ndim()));
    for (const std::int64_t size : shape) put(static_cast<std::uint64_t>(size));
  }
  std::size_t size() const { return static_cast<std::size_t>(next_ - words_.data()); }
  /// Drops all words after the first `size`.
  void cut_to(std::size_t size) { next_ = words_.data() + size; }
  std::uint64_t& operator[](std::size_t i) { return words_[i]; }
  const std::uint64_t* data() const { return words_.data(); }

  void field(const char*, std::int64_t value) override { add(static_cast<std::uint64_t>(value)); }
  void field(const char*, double value) override { add(std::bit_cast<std::uint64_t>(value)); }
  void field(const char*, const Shape& value) override { add(value); }

 private:
  void grow(std::size_t count) {
    const std::size_t used = size();
    words_.resize(2 * words_.size() + count);
    next_ = words_.data() + used;
    end_ = words_.data() + words_.size();
  }

  std::vector<std::uint64_t>& words_;
  std::uint64_t *next_, *end_;
};

/// A word for the primitive of an entry, different for each type.
inline std::uint64_t vtable_of(const Entry& entry) {
  std::uint64_t vtable;
  std::memcpy(&vtable, static_cast<const void*>(entry.primitive), sizeof vtable);
  return vtable;
}

}  // namespace xgrad::fused
