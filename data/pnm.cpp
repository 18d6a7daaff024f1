// Netpbm's images (pgm(5), ppm(5)): P2 and P3 are numbers in text, P5 and P6 bytes. Own code: Netpbm's library ends the
// program when a file is damaged.

#include <algorithm>
#include <memory>

#include "autograd/core/fail.hpp"
#include "data/image_target.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

class PnmReader {
 public:
  PnmReader(InputFile& file, const std::string& path, const Location& where)
      : file_(file), path_(path), where_(where), piece_(std::make_unique<unsigned char[]>(piece_size)) {}

  Tensor read(ImageChannels channels) {
    get();
    const int kind = get() - '0';
    const bool text = kind < 4;
    ImageHeader header{0, 0, kind % 3 == 0 ? 3 : 1, 0};
    header.width = number(INT32_MAX);
    header.height = number(INT32_MAX);
    header.largest = number(65535);
    require(header.width > 0 && header.height > 0 && header.largest > 0, "a size or a largest value of 0");
    if (!text) require(is_space(get()), "no single space before the samples");
    check_size(header, text);
    ImageTarget target(header, channels, path_, where_);
    std::uint32_t samples[3];
    for (std::int64_t row = 0; row < header.height; ++row)
      for (std::int64_t column = 0; column < header.width; ++column) {
        for (std::int64_t channel = 0; channel < header.channels; ++channel)
          samples[channel] = text ? number(header.largest) : sample(header.largest);
        target.put(row, column, samples);
      }
    // What is cut off inside the last number is a number, too.
    if (text) require(is_space(peek()), "no space behind its last number");
    if (text) skip();
    require(peek() == end_of_file, "something after its samples");
    return target.finish(where_);
  }

 private:
  static constexpr int end_of_file = -1;
  static bool is_space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  void require(bool condition, const char* what) const {
    check<FormatError>(condition, where_, image_operation, ": ", printable(path_), " has ", what, ", at byte ", taken_);
  }
  int peek() {
    if (at_ == have_) {
      have_ = file_.read_some(piece_.get(), piece_size);
      at_ = 0;
    }
    return at_ < have_ ? piece_[at_] : end_of_file;
  }
  int get() {
    const int c = peek();
    check<FormatError>(c != end_of_file, where_, image_operation, ": ", printable(path_), " ends at byte ", taken_,
                       ", where more should be");
    ++at_;
    ++taken_;
    return c;
  }
  /// Spaces, and comments up to the end of a line.
  void skip() {
    for (bool comment = false; peek() != end_of_file; get()) {
      const int c = peek();
      comment = c == '#' || (comment && c != '\n' && c != '\r');
      if (!comment && !is_space(c)) return;
    }
  }
  std::uint32_t number(std::uint32_t largest) {
    skip();
    const bool digit = peek() >= '0' && peek() <= '9';
    if (peek() != end_of_file) require(digit, "no number where one should be");
    std::uint64_t value = static_cast<std::uint64_t>(get() - '0');
    while (peek() >= '0' && peek() <= '9') {
      value = value * 10 + static_cast<std::uint64_t>(get() - '0');
      require(value <= UINT32_MAX, "a number beyond its bounds");
    }
    require(value <= largest, "a number beyond its bounds");
    return static_cast<std::uint32_t>(value);
  }
  std::uint32_t sample(std::uint32_t largest) {
    auto value = static_cast<std::uint32_t>(get());
    if (largest > 255) value = value << 8 | static_cast<std::uint32_t>(get());
    require(value <= largest, "a sample beyond the largest value");
    return value;
  }
  /// Before any memory is taken: of text, a sample takes two bytes at least, but for the last one.
  void check_size(const ImageHeader& header, bool text) const {
    std::uint64_t samples = static_cast<std::uint64_t>(header.width);
    const bool fits = multiply(samples, static_cast<std::uint64_t>(header.height)) &&
                      multiply(samples, static_cast<std::uint64_t>(header.channels) * 2);
    const std::uint64_t left = file_.size() - std::min(taken_, file_.size());
    const std::uint64_t bytes = text || header.largest > 255 ? samples : samples / 2;
    const bool enough = fits && (text ? bytes <= left + 1 : bytes == left);
    check<FormatError>(enough, where_, image_operation, ": ", printable(path_), ": ", header.height, " rows of ",
                       header.width, " pixels do not fit the ", left, " bytes after its header");
  }

  InputFile& file_;
  const std::string& path_;
  Location where_;
  std::unique_ptr<unsigned char[]> piece_;
  std::size_t at_ = 0, have_ = 0;
  std::uint64_t taken_ = 0;
};

}  // namespace

Tensor load_pnm(InputFile& file, const ImageOptions& options, const std::string& path, const Location& where) {
  return PnmReader(file, path, where).read(options.channels);
}

}  // namespace xgrad::data
