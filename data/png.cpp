#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <exception>
#include <vector>

#include "autograd/core/fail.hpp"
#include "data/image_target.hpp"
#include "data/inflation.hpp"

namespace xgrad::data {

namespace {

/// libpng reports errors by a jump, over which nothing may be left that has a destructor: C++ calls it in `call` alone,
/// with functions that hold nothing, and what was thrown while it read is thrown again behind the jump.
class PngReader {
 public:
  PngReader(InputFile& file, const std::string& path, const Location& where) : file_(file), path_(path), where_(where) {
    png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, on_error, on_warning, this, allocate, release);
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      raise();
    }
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Tensor read(ImageChannels channels) {
    call([this] { begin(); });
    check_size();
    call([this] { expand(); });
    const ImageHeader header{static_cast<std::int64_t>(height()), static_cast<std::int64_t>(width()),
                             png_get_channels(png_, info_), png_get_bit_depth(png_, info_) == 16 ? 65535u : 255u};
    ImageTarget target(header, channels, path_, where_);
    std::vector<png_byte> row(png_get_rowbytes(png_, info_));
    const bool interlaced = png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
    // Each pass of an interlaced image is a small image of its own, whose pixels lie apart in the whole one.
    for (unsigned pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); ++pass) {
      const unsigned rows = interlaced ? PNG_PASS_ROWS(height(), pass) : height();
      const unsigned columns = interlaced ? PNG_PASS_COLS(width(), pass) : width();
      if (columns == 0) continue;
      for (unsigned y = 0; y < rows; ++y) {
        png_byte* const to = row.data();
        call([this, to] { png_read_row(png_, to, nullptr); });
        const auto at = static_cast<std::int64_t>(interlaced ? PNG_ROW_FROM_PASS_ROW(y, pass) : y);
        for (unsigned x = 0; x < columns; ++x)
          put(target, header, row.data(), at, x, interlaced ? PNG_COL_FROM_PASS_COL(x, pass) : x);
      }
    }
    call([this] { png_read_end(png_, nullptr); });
    check<FormatError>(file_.offset() == file_.size(), where_, image_operation, ": ", printable(path_),
                       " goes on after its end, at byte ", file_.offset());
    return target.finish(where_);
  }

 private:
  template <class Function>
  void call(Function function) {
    if (setjmp(png_jmpbuf(png_)) == 0)
      function();
    else
      raise();
  }
  [[noreturn]] void raise() {
    if (thrown_) std::rethrow_exception(thrown_);
    check<LimitError>(lacking_ == 0, where_, image_operation, ": ", printable(path_), ": there are no ", lacking_,
                      " bytes of memory to read it");
    fail<FormatError>(where_, image_operation, ": ", printable(path_), " is damaged before byte ", file_.offset(), ": ",
                      message_);
  }

  static PngReader& self(png_structp png) { return *static_cast<PngReader*>(png_get_error_ptr(png)); }
  [[noreturn]] static void on_error(png_structp png, png_const_charp message) {
    char* const to = self(png).message_;
    for (std::size_t i = 0; i + 1 < sizeof message_ && message[i] != '\0'; ++i) to[i] = message[i];
    png_longjmp(png, 1);
  }
  static void on_warning(png_structp, png_const_charp) {}
  static png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
    void* memory = std::malloc(bytes);
    if (!memory) static_cast<PngReader*>(png_get_mem_ptr(png))->lacking_ = bytes;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
  static void read_bytes(png_structp png, png_bytep to, std::size_t bytes) {
    if (!self(png).read_quietly(to, bytes)) png_error(png, "it cannot be read");
  }
  bool read_quietly(png_bytep to, std::size_t bytes) noexcept {
    try {
      file_.read(to, bytes);
      return true;
    } catch (...) {
      thrown_ = std::current_exception();
      return false;
    }
  }

  unsigned width() const { return png_get_image_width(png_, info_); }
  unsigned height() const { return png_get_image_height(png_, info_); }

  /// Reads what stands before the pixels. What says how they look is left out, but for their transparency.
  void begin() {
    static constexpr png_byte left_out[] =
        "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";
    png_set_read_fn(png_, this, read_bytes);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(png_, 0);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, left_out, static_cast<int>(sizeof left_out / 5));
    png_read_info(png_, info_);
  }
  /// To 8 or 16 bits for each of grey or red, green and blue, and alpha where something is transparent.
  void expand() {
    const int kind = png_get_color_type(png_, info_);
    if (kind == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (kind == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(png_);
    if (png_get_valid(png_, info_, PNG_INFO_tRNS) != 0) png_set_tRNS_to_alpha(png_);
    png_read_update_info(png_, info_);
  }
  /// Before any memory is taken.
  void check_size() const {
    std::uint64_t bits = std::uint64_t{png_get_bit_depth(png_, info_)} * png_get_channels(png_, info_);
    const bool fits = multiply(bits, width()) && multiply(bits, height());
    check<FormatError>(fits && bits / 8 <= most_inflated(file_.size()), where_, image_operation, ": ", printable(path_),
                       ": ", height(), " rows of ", width(), " pixels are more than ", file_.size(),
                       " compressed bytes can hold");
  }
  static void put(ImageTarget& target, const ImageHeader& header, const png_byte* row, std::int64_t y, unsigned from,
                  std::int64_t to) {
    std::uint32_t samples[4];
    const auto channels = static_cast<std::size_t>(header.channels);
    for (std::size_t channel = 0; channel < channels; ++channel) {
      const std::size_t i = from * channels + channel;
      samples[channel] = header.largest > 255 ? std::uint32_t{row[2 * i]} << 8 | row[2 * i + 1] : row[i];
    }
    target.put(y, to, samples);
  }

  InputFile& file_;
  const std::string& path_;
  Location where_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::exception_ptr thrown_;
  std::size_t lacking_ = 0;
  char message_[200] = {};
};

}  // namespace

Tensor load_png(InputFile& file, const ImageOptions& options, const std::string& path, const Location& where) {
  return PngReader(file, path, where).read(options.channels);
}

}  // namespace xgrad::data
