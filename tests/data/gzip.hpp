#pragma once

#include <zlib.h>

#include <string>

namespace xgrad::test {

/// The bytes as one stream of zlib's; `window` is negative for one without a header, as in zip archives.
inline std::string deflated(const std::string& bytes, int window, int level = Z_DEFAULT_COMPRESSION) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, bytes.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// The bytes as one gzip stream.
inline std::string gzip(const std::string& bytes, int level = Z_DEFAULT_COMPRESSION) {
  return deflated(bytes, MAX_WBITS + 16, level);
}

}  // namespace xgrad::test
