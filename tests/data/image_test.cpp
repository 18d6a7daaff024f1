#include "data/image.hpp"

#include "tests/data/files.hpp"
#include "tests/data/picture.hpp"

namespace image_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

Tensor load(const std::string& bytes, data::ImageChannels channels = data::ImageChannels::as_stored) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return data::load_image(directory / "file", {.channels = channels});
}

template <class E = FormatError>
std::string refusal(const std::string& bytes) {
  return message_of<E>([&] { load(bytes); });
}

std::vector<float> values(const Tensor& x) { return x.to_vector<float>(); }

}  // namespace

TEST_CASE("PNG images of every kind and depth are read, interlaced or not", "[image]") {
  for (const int kind : {0, 2, 4, 6})
    for (const int depth : {1, 2, 4, 8, 16})
      for (const bool interlaced : {false, true})
        for (const auto& [width, height] : {std::pair{1u, 1u}, {5u, 3u}, {17u, 11u}, {2u, 9u}}) {
          if (kind != 0 && depth < 8) continue;
          Picture picture{.width = width, .height = height, .depth = depth, .kind = kind, .interlaced = interlaced};
          picture.sample = [&](auto y, auto x, int c) {
            return (y * 12345 + x * 777 + static_cast<std::uint32_t>(c) * 99) & ((1u << depth) - 1);
          };
          INFO("kind " << kind << ", depth " << depth << ", interlaced " << interlaced << ", " << width << " wide");
          const Tensor image = load(picture.png());
          CHECK(image.shape() == Shape{picture.channels(), height, width});
          CHECK(image.dtype() == float32);
          CHECK(values(image) == picture.values());
        }
}

TEST_CASE("palettes become colours, and what is transparent gets an alpha channel", "[image]") {
  Picture picture{.width = 3, .height = 1, .depth = 2, .kind = 3};
  picture.sample = [](auto, auto x, int) { return 2 - x; };
  picture.before = chunk("PLTE", std::string("\0\0\0\xff\x33\0\x66\x99\xcc", 9));
  CHECK(values(load(picture.png())) == std::vector<float>{0.4f, 1, 0, 0.6f, 0.2f, 0, 0.8f, 0, 0});
  picture.before += chunk("tRNS", "\x33\xff");
  const Tensor image = load(picture.png());
  CHECK(image.shape() == Shape{4, 1, 3});
  CHECK(values(image) == std::vector<float>{0.4f, 1, 0, 0.6f, 0.2f, 0, 0.8f, 0, 0, 1, 1, 0.2f});
  Picture grey{.width = 2, .height = 1};
  grey.sample = [](auto, auto x, int) { return x * 51; };
  grey.before = chunk("tRNS", std::string("\0\x33", 2));
  CHECK(values(load(grey.png())) == std::vector<float>{0, 0.2f, 1, 0});
}

TEST_CASE("what a PNG says about looks changes no value", "[image]") {
  Picture picture;
  picture.before = chunk("gAMA", big_endian(45455)) + chunk("sRGB", std::string(1, '\0')) + chunk("tEXt", "a note") +
                   chunk("iCCP", "x");
  picture.after = chunk("tIME", "nonsense");
  CHECK(values(load(picture.png())) == picture.values());
}

TEST_CASE("PGM and PPM images are read, in text and in bytes, of 8 and 16 bits", "[image]") {
  const Tensor grey = load("P5 3 2 255\n" + std::string("\0\x33\xff\x66\x99\xcc", 6));
  CHECK(grey.shape() == Shape{1, 2, 3});
  CHECK(values(grey) == std::vector<float>{0, 0.2f, 1, 0.4f, 0.6f, 0.8f});
  CHECK(values(load("P2\n# a comment\n3\t2 # another\n255 0 51 255\n102 153 204\n")) == values(grey));
  CHECK(values(load("P5 2 1 65535\n" + std::string("\0\0\xff\xff", 4))) == std::vector<float>{0, 1});
  CHECK(values(load("P5 2 1 1000\n" + std::string("\1\xf4\x03\xe8", 4))) == std::vector<float>{0.5f, 1});
  CHECK(values(load("P5 2 1 4\n\1\4")) == std::vector<float>{0.25f, 1});
  const Tensor colour = load("P6\n2 1\n255\n" + std::string("\xff\0\x33\0\x66\xff", 6));
  CHECK(colour.shape() == Shape{3, 1, 2});
  CHECK(values(colour) == std::vector<float>{1, 0, 0, 0.4f, 0.2f, 1});
  CHECK(values(load("P3 2 1 255 255 0 51 0 102 255 ")) == values(colour));
  // The single space before the samples may look like a sample, and a sample like a space or a comment.
  CHECK(values(load("P5 2 1 255\n\n#")) == std::vector<float>{10.0f / 255, 35.0f / 255});
}

TEST_CASE("channels are made of those that there are, if that is asked for", "[image]") {
  Picture picture{.width = 2, .height = 1, .kind = 6};
  picture.sample = [](auto, auto x, int c) { return x == 0 ? 255u : c == 0 ? 255u : 0u; };
  CHECK(load(picture.png(), data::ImageChannels::colour).shape() == Shape{3, 1, 2});
  CHECK(values(load(picture.png(), data::ImageChannels::colour)) == std::vector<float>{1, 1, 1, 0, 1, 0});
  const std::vector<float> grey = values(load(picture.png(), data::ImageChannels::grey));
  CHECK(grey[0] == Approx(1));
  CHECK(grey[1] == Approx(0.299));
  CHECK(values(load("P5 2 1 255\n\x33\xff", data::ImageChannels::colour)) ==
        std::vector<float>{0.2f, 1, 0.2f, 1, 0.2f, 1});
  Picture with_alpha{.width = 2, .height = 1, .kind = 4};
  with_alpha.sample = [](auto, auto x, int c) { return c == 0 ? 51 * x : 7u; };
  CHECK(values(load(with_alpha.png(), data::ImageChannels::grey)) == std::vector<float>{0, 0.2f});
}

TEST_CASE("a damaged PNG is refused, wherever the damage is", "[image]") {
  const Directory directory;
  const auto read = [](const std::string& path) { data::load_image(path); };
  Picture picture{.width = 9, .height = 5, .kind = 2, .interlaced = true};
  check_truncations(picture.png(), directory / "file", read);
  const std::string whole = picture.png();
  for (std::size_t bit = 0; bit < whole.size() * 8; bit += 3) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    write_file(directory / "file", changed);
    INFO("bit " << bit);
    CHECK_THROWS_AS(read(directory / "file"), FormatError);
  }
  CHECK_THAT(refusal(whole + "x"), Contains("goes on after its end"));
  CHECK_THAT(refusal(whole.substr(0, whole.size() - 12)), Contains("ends at byte"));
  CHECK_THAT(refusal("GIF89a.."), Contains("neither a PNG nor a PGM or PPM"));
  Picture none;
  none.after = none.before = chunk("ABCD", "an unknown critical chunk");
  CHECK_THAT(refusal(none.png()), Contains("is damaged before byte"));
}

TEST_CASE("an image that asks for more than its file can hold is refused before memory is taken", "[image]") {
  Picture picture;
  std::string bytes = picture.png();
  for (const std::uint32_t side : {0x7fffffffu, 100000u}) {
    const std::string header = big_endian(side) + big_endian(side) + std::string("\x10\6\0\0\0", 5);
    bytes.replace(8, 25, chunk("IHDR", header));
    CHECK_THAT(refusal(bytes), Contains("can hold"));
  }
  bytes.replace(8, 25, chunk("IHDR", big_endian(0x80000000) + big_endian(1) + std::string("\x8\0\0\0\0", 5)));
  refusal(bytes);
  bytes.replace(8, 25, chunk("IHDR", big_endian(0) + big_endian(1) + std::string("\x8\0\0\0\0", 5)));
  refusal(bytes);
  CHECK_THAT(refusal("P5 2147483647 2147483647 65535\nx"), Contains("do not fit"));
  CHECK_THAT(refusal("P2 2147483647 2147483647 255\n1 "), Contains("do not fit"));
}

TEST_CASE("a PGM or PPM image that is not what it says is refused", "[image]") {
  const Directory directory;
  const auto read = [](const std::string& path) { data::load_image(path); };
  check_truncations("P5 3 2 255\n123456", directory / "file", read);
  check_truncations("P3 1 2 255\n1 2 3 40 50 60\n", directory / "file", read);
  CHECK_THAT(refusal("P5 3 2 255\n1234567"), Contains("do not fit the 7 bytes"));
  CHECK_THAT(refusal("P2 1 1 255\n1 2\n"), Contains("something after its samples"));
  CHECK_THAT(refusal("P2 1 1 255\n256\n"), Contains("beyond its bounds"));
  CHECK_THAT(refusal("P5 1 1 99\nd"), Contains("beyond the largest value"));
  CHECK_THAT(refusal("P2 1 1 255\n-1\n"), Contains("no number"));
  CHECK_THAT(refusal("P2 1 1 255\n1.5\n"), Contains("no space behind"));
  CHECK_THAT(refusal("P2 1 1 99999999999999999999\n1\n"), Contains("beyond its bounds"));
  for (const char* header : {"P5 0 1 255\n", "P5 1 0 255\n", "P5 1 1 0\n", "P5 1 1 65536\nxx", "P5 1 1 255#\nx",
                             "P1 1 1\n1", "P7\n", "P", "P5", "P5 -1 1 255\nx", "P5 3000000000 1 255\nx"})
    refusal(header);
}

TEST_CASE("what cannot be opened as an image is refused with the reason", "[image]") {
  check_unreadable([](const std::string& path) { data::load_image(path); });
}

}  // namespace image_test
