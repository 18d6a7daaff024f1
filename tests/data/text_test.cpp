#include "data/text.hpp"

#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"

namespace text_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

using Lines = std::vector<std::string>;

template <class Load>
auto loaded(const std::string& bytes, Load load) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return load(directory / "file");
}

std::string text(const std::string& bytes) {
  return loaded(bytes, [](const std::string& path) { return data::load_text(path); });
}
Lines lines(const std::string& bytes) {
  return loaded(bytes, [](const std::string& path) { return data::load_lines(path); });
}
Tensor bytes_in(const std::string& bytes) {
  return loaded(bytes, [](const std::string& path) { return data::load_bytes(path); });
}

}  // namespace

TEST_CASE("a text is read byte by byte, compressed or not", "[text]") {
  const std::string whole = std::string("a\r\nb\0c\xff\n", 8);
  CHECK(text(whole) == whole);
  CHECK(text(gzip(whole)) == whole);
  CHECK(text(gzip(whole) + gzip("more")) == whole + "more");
  CHECK(text("\xef\xbb\xbf"
             "text\xef\xbb\xbf") == "text\xef\xbb\xbf");
  CHECK(text("").empty());
  const std::string large(300000, 'x');
  CHECK(text(gzip(large)) == large);
}

TEST_CASE("lines end in LF or CRLF, the last one perhaps in nothing", "[text]") {
  CHECK(lines("one\ntwo\r\n\nfour") == Lines{"one", "two", "", "four"});
  CHECK(lines("one\n") == Lines{"one"});
  CHECK(lines("\n") == Lines{""});
  CHECK(lines("").empty());
  CHECK(lines("\xef\xbb\xbf").empty());
  CHECK(lines("\xef\xbb\xbf"
              "a\r") == Lines{"a"});
  CHECK(lines(gzip("a\nb\n")) == Lines{"a", "b"});
  const std::string large(100000, 'x');
  CHECK(lines(large + "\r\n" + large + "\n") == Lines{large, large});
}

TEST_CASE("the bytes of a file are a Tensor", "[text]") {
  const Tensor bytes = bytes_in(std::string("a\0\xff", 3));
  CHECK(bytes.dtype() == int64);
  CHECK(bytes.to_vector() == std::vector<double>{97, 0, 255});
  CHECK(bytes_in(gzip("ab")).to_vector() == std::vector<double>{97, 98});
  CHECK(bytes_in("").shape() == Shape{0});
  CHECK(bytes_in(gzip(std::string(200000, 'y'))).shape() == Shape{200000});
}

TEST_CASE("a damaged compressed text is refused", "[text]") {
  const Directory directory;
  const auto check_all = [&](const std::string& bytes, const std::string& message) {
    write_file(directory / "file", bytes);
    CHECK_THAT(message_of<FormatError>([&] { data::load_text(directory / "file"); }), Contains(message));
    CHECK_THAT(message_of<FormatError>([&] { data::load_lines(directory / "file"); }), Contains(message));
    CHECK_THAT(message_of<FormatError>([&] { data::load_bytes(directory / "file"); }), Contains(message));
  };
  const std::string whole = gzip("some text that is compressed\n");
  check_all(whole + "x", "1 bytes behind its end");
  std::string changed = whole;
  changed[whole.size() - 6] ^= 1;
  check_all(changed, "damaged");
  for (std::size_t length = 2; length < whole.size(); ++length) check_all(whole.substr(0, length), "cut off");
}

TEST_CASE("what cannot be opened as a text is refused with the reason", "[text]") {
  const Directory directory;
  CHECK_THAT(message_of<IoError>([&] { data::load_text(directory / "missing"); }),
             Contains("load_text: ") && Contains("No such file") && Contains("text_test.cpp"));
  CHECK_THAT(message_of<IoError>([&] { data::load_lines(directory.path()); }), Contains("Is a directory"));
  CHECK_THAT(message_of<ValueError>([&] { data::load_bytes(std::string("a\0b", 3)); }), Contains("a zero byte"));
}

}  // namespace text_test
