#include "data/inflation.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "autograd/core/fail.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

struct Inflation::State {
  z_stream stream{};
  unsigned char packed[piece_size];
};

std::uint64_t most_inflated(std::uint64_t packed) {
  constexpr std::uint64_t best = 1032;  // 258 bytes in two bits
  return packed > UINT64_MAX / best ? UINT64_MAX : packed * best;
}

Inflation::Inflation(InputFile& file, std::uint64_t packed, Wrapping wrapping, std::string what, const char* operation,
                     const std::string& path, const Location& where)
    : file_(file),
      unread_(packed),
      what_(std::move(what)),
      operation_(operation),
      path_(path),
      where_(where),
      state_(std::make_unique_for_overwrite<State>()) {
  state_->stream.next_in = state_->packed;
  // Negative: the stream has no header of its own; 16 more: that of gzip.
  const int code = inflateInit2(&state_->stream, wrapping == Wrapping::gzip ? MAX_WBITS + 16 : -MAX_WBITS);
  check<LimitError>(code == Z_OK, where, operation, ": ", printable(path), ": there is no memory to inflate it");
}

Inflation::~Inflation() { inflateEnd(&state_->stream); }

std::uint64_t Inflation::left() const { return unread_ + state_->stream.avail_in; }

void Inflation::refuse(const char* reason) const {
  fail<FormatError>(where_, operation_, ": ", printable(path_), " ", what_, ", but damaged after byte ", given_,
                    " of its contents: ", reason);
}

/// Reads on, behind what has been read and not yet been inflated.
void Inflation::fill() {
  z_stream& stream = state_->stream;
  if (stream.avail_in > 0) std::memmove(state_->packed, stream.next_in, stream.avail_in);
  const std::uint64_t wanted = std::min<std::uint64_t>(unread_, piece_size - stream.avail_in);
  const std::uint64_t got = file_.read_some(state_->packed + stream.avail_in, wanted);
  unread_ = got < wanted ? 0 : unread_ - got;  // the file may be shorter than it was
  stream.next_in = state_->packed;
  stream.avail_in += static_cast<uInt>(got);
}

std::size_t Inflation::read_some(void* to, std::size_t bytes) {
  z_stream& stream = state_->stream;
  std::size_t have = 0;
  while (have < bytes && !ended_) {
    if (stream.avail_in == 0) {
      fill();
      if (stream.avail_in == 0) refuse("it is cut off");
    }
    const auto room = static_cast<uInt>(std::min<std::size_t>(bytes - have, 1 << 30));
    stream.next_out = static_cast<Bytef*>(to) + have;
    stream.avail_out = room;
    const int code = inflate(&stream, Z_NO_FLUSH);
    have += room - stream.avail_out;
    given_ += room - stream.avail_out;
    ended_ = code == Z_STREAM_END;
    check<LimitError>(code != Z_MEM_ERROR, where_, operation_, ": ", printable(path_),
                      ": there is no memory to inflate it");
    if (code != Z_OK && code != Z_BUF_ERROR && !ended_) refuse(stream.msg ? stream.msg : "it needs a dictionary");
  }
  return have;
}

bool Inflation::continues_with(unsigned char first, unsigned char second) {
  if (state_->stream.avail_in < 2) fill();
  const z_stream& stream = state_->stream;
  return stream.avail_in >= 2 && stream.next_in[0] == first && stream.next_in[1] == second;
}

void Inflation::restart() {
  inflateReset(&state_->stream);
  ended_ = false;
}

}  // namespace xgrad::data
