#include "data/idx.hpp"

#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"

namespace idx_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

std::string header(int type, const std::vector<std::uint32_t>& sizes) {
  std::string bytes{'\0', '\0', static_cast<char>(type), static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes)
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes;
}

std::string refusal(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return message_of<FormatError>([&] { data::load_idx(directory / "file"); });
}

Tensor load(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return data::load_idx(directory / "file");
}

const std::string six_bytes = header(8, {2, 3}) + std::string("\1\2\3\4\5\xff", 6);

}  // namespace

TEST_CASE("an IDX file of each element type is read", "[idx]") {
  const Tensor bytes = load(six_bytes);
  CHECK(bytes.dtype() == int64);
  CHECK(bytes.shape() == Shape{2, 3});
  CHECK(bytes.to_vector() == std::vector<double>{1, 2, 3, 4, 5, 255});
  CHECK(load(header(9, {2}) + "\xff\1").to_vector() == std::vector<double>{-1, 1});
  CHECK(load(header(0x0B, {2}) + std::string("\xff\xfe\1\0", 4)).to_vector() == std::vector<double>{-2, 256});
  CHECK(load(header(0x0C, {1}) + std::string("\0\1\0\0", 4)).to_vector() == std::vector<double>{65536});
  const Tensor single = load(header(0x0D, {1}) + std::string("\x3f\xc0\0\0", 4));
  CHECK(single.dtype() == float32);
  CHECK(single.item() == 1.5);
  const Tensor wide = load(header(0x0E, {1}) + std::string("\xbf\xf8\0\0\0\0\0\0", 8));
  CHECK(wide.dtype() == float64);
  CHECK(wide.item() == -1.5);
  CHECK(load(header(8, {0, 3})).shape() == Shape{0, 3});
}

TEST_CASE("a gzip-compressed IDX file is read like a plain one", "[idx]") {
  CHECK(load(gzip(six_bytes)).to_vector() == load(six_bytes).to_vector());
}

TEST_CASE("several gzip streams are read as one, and anything else behind one is refused", "[idx]") {
  const std::string first = gzip(six_bytes.substr(0, 9)), second = gzip(six_bytes.substr(9));
  CHECK(load(first + second).to_vector() == load(six_bytes).to_vector());
  CHECK(load(gzip("") + first + gzip("") + second + gzip("")).to_vector() == load(six_bytes).to_vector());
  const std::string whole = gzip(six_bytes);
  CHECK_THAT(refusal(whole + "xyz"), Contains("has 3 bytes behind its end that are not"));
  CHECK_THAT(refusal(whole + "\x1f"), Contains("has 1 bytes behind its end"));
  CHECK_THAT(refusal(whole + std::string(1 << 17, '\0')), Contains("has 131072 bytes behind its end"));
  CHECK_THAT(refusal(whole + whole), Contains("goes on after byte 18"));
  refusal(whole + whole.substr(0, 12));
  refusal(first + "x" + second);
}

TEST_CASE("what cannot be opened as an IDX file is refused with the reason", "[idx]") {
  check_unreadable([](const std::string& path) { data::load_idx(path); });
}

TEST_CASE("a damaged IDX header is refused at its place", "[idx]") {
  CHECK_THAT(refusal("abcdefgh"), Contains("byte 0"));
  CHECK_THAT(refusal(header(7, {1}) + "x"), Contains("byte 2") && Contains("unknown element type 7"));
  CHECK_THAT(refusal(header(8, {})), Contains("byte 3") && Contains("0 axes"));
  CHECK_THAT(refusal(std::string("\0\0\x08\xff", 4) + std::string(2000, '\1')), Contains("255 axes"));
}

TEST_CASE("an IDX file with too few or too many elements is refused with both counts", "[idx]") {
  CHECK_THAT(refusal(header(8, {2, 3}) + "12345"), Contains("needs 6 bytes") && Contains("the file has 5"));
  CHECK_THAT(refusal(six_bytes + "x"), Contains("needs 6 bytes") && Contains("the file has 7"));
  CHECK_THAT(refusal(gzip(six_bytes + "x")), Contains("goes on after byte 18 of its contents"));
  CHECK_THAT(refusal(gzip(header(8, {2, 3}) + "12345")),
             Contains("ends at byte 17 of its contents, where 1 more bytes should be"));
  CHECK_THAT(refusal(gzip(header(8, {100000, 10000}) + "1")), Contains("compressed bytes can hold"));
}

TEST_CASE("an IDX shape beyond what can be held is a LimitError", "[idx]") {
  const Directory directory;
  write_file(directory / "file", header(8, {0xffffffff, 0xffffffff, 0xffffffff}));
  message_of<LimitError>([&] { data::load_idx(directory / "file"); });
}

TEST_CASE("an IDX file that stops anywhere is refused", "[idx]") {
  const Directory directory;
  const auto load = [](const std::string& path) { data::load_idx(path); };
  check_truncations(six_bytes, directory / "plain", load);
  check_truncations(gzip(six_bytes), directory / "compressed", load);
  // Between two streams, too, unless the first one is everything.
  const std::string first = gzip(six_bytes.substr(0, 9)), second = gzip(six_bytes.substr(9));
  check_truncations(first + second, directory / "two", load);
}

TEST_CASE("damaged or doubled gzip compression is named", "[idx]") {
  std::string damaged = gzip(header(8, {1000}) + std::string(1000, 'x'));
  damaged[damaged.size() - 6] ^= 1;  // in the checksum
  CHECK_THAT(refusal(damaged), Contains("gzip-compressed, but damaged"));
  CHECK_THAT(refusal(gzip(gzip(six_bytes))), Contains("gzip-compressed twice"));
}

}  // namespace idx_test
