// PNG, PGM and PPM. The first byte says whether the rest is the file or, as checksums would stop nearly everything
// else, the header and the rows of a PNG that is made of them.

#include "autograd/tape/tensor.hpp"
#include "data/image.hpp"
#include "tests/data/picture.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

/// A PNG of chunks whose kinds, lengths and contents follow each other, the last one of pixels to be compressed.
std::string png(Bytes bytes) {
  const char kinds[][5] = {"PLTE", "tRNS", "gAMA", "bKGD", "sBIT", "tEXt", "iCCP", "acTL"};
  std::string header = std::string(3, '\0') + static_cast<char>(bytes.byte()) + std::string(3, '\0');
  for (int i = 0; i < 6; ++i) header += static_cast<char>(bytes.byte());
  std::string all = "\x89PNG\r\n\x1a\n" + test::chunk("IHDR", header);
  for (int count = bytes.below(4); count > 0; --count) {
    const char* kind = kinds[bytes.below(8)];
    std::string contents;
    for (int size = bytes.below(32); size > 0; --size) contents += static_cast<char>(bytes.byte());
    all += test::chunk(kind, contents);
  }
  return all + test::chunk("IDAT", test::zlib(std::string(bytes.rest()))) + test::chunk("IEND", "");
}

}  // namespace

void run(std::string_view input) {
  Bytes bytes(input);
  const int choice = bytes.byte();
  const std::string contents = choice & 4 ? png(bytes) : std::string(bytes.rest());
  const data::ImageOptions options{static_cast<data::ImageChannels>(choice & 3 ? (choice & 3) - 1 : 0)};
  refused([&] {
    const Tensor x = data::load_image(as_file(contents), options);
    require(x.ndim() == 3);
    for (const float value : x.to_vector<float>()) require(value >= 0 && value <= 1);
  });
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const int kind : {0, 2, 4, 6})
    for (const int depth : {8, 16}) {
      test::Picture picture;
      picture.kind = kind;
      picture.depth = depth;
      picture.interlaced = depth == 16;
      all.push_back(" " + picture.png());
      const std::string header{3, static_cast<char>(depth), static_cast<char>(kind), 0, 0, 0, 0};
      all.push_back("\4" + std::string("\5\0\0\0", 4) + header + picture.rows(0, 1, 0, 1));
    }
  for (const char* text :
       {" P2\n# grey\n2 2\n9\n0 1 2 9\n", " P3 1 1 255 1 2 3", " P5 2 1 255 ab", " P6\n1 1\n65535\nabcdef"})
    all.push_back(text);
  return all;
}

}  // namespace xgrad::fuzz
