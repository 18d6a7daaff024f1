// Archives with zip64 records: what larger ones need, in small ones.

#include "autograd/ops/create.hpp"
#include "data/npy.hpp"
#include "data/npz.hpp"
#include "data/zip.hpp"
#include "tests/data/files.hpp"

namespace zip64_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

class Text final : public ByteSink {
 public:
  using ByteSink::write;
  void write(const void* from, std::uint64_t bytes) override { text.append(static_cast<const char*>(from), bytes); }
  std::string text;
};

std::string npy(const Tensor& tensor) {
  const Directory directory;
  data::save_npy(directory / "file", tensor);
  return read_file(directory / "file");
}

/// Two arrays, with the records that an archive beyond the limits has.
std::string archive(data::ZipLimits limits, bool deflate = false) {
  const std::string path = "file", a = npy(tensor({1.5, 2.5})), b = npy(arange(40));
  Text text;
  data::ZipWriter writer(text, deflate, "save", path, Location::current(), limits);
  writer.add("a.npy", [&](ByteSink& sink) { sink.write(a); });
  writer.add("b.npy", [&](ByteSink& sink) { sink.write(b); });
  writer.finish();
  return text.text;
}

std::vector<NamedTensor> load(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return data::load_npz(directory / "file");
}

std::string refusal(const std::string& bytes) {
  return message_of<FormatError>([&] { load(bytes); });
}

void check_arrays(const std::string& bytes) {
  const std::vector<NamedTensor> arrays = load(bytes);
  REQUIRE(arrays.size() == 2);
  CHECK(arrays[0].name == "a");
  CHECK(arrays[0].value.to_vector() == std::vector<double>{1.5, 2.5});
  CHECK(arrays[1].value.to_vector() == arange(40).to_vector());
}

const data::ZipLimits none{.size = 0, .members = 0};

}  // namespace

TEST_CASE("archives with zip64 records that another program wrote are read", "[zip64]") {
  // Python's zipfile (3.11) with force_zip64, and with its limits lowered to 10 bytes and one member.
  const auto arrays = data::load_npz(XGRAD_SOURCE_DIR "/tests/data/fixtures/zip64.npz");
  REQUIRE(arrays.size() == 3);
  CHECK(arrays[0].value.to_vector() == std::vector<double>{1.5, 2.5});
  CHECK(arrays[1].name == "deflated");
  CHECK(arrays[1].value.to_vector() == arange(40).to_vector());
  CHECK(arrays[2].value.to_vector() == std::vector<double>{-1});
}

TEST_CASE("an archive has zip64 records where it must, and is read back", "[zip64]") {
  for (const bool deflate : {false, true}) {
    const std::string plain = archive({}, deflate);
    CHECK(plain.find("PK\6\6") == std::string::npos);
    check_arrays(plain);
    // Everything is beyond the limit, or one member, where the other starts, where the directory is, or the number of
    // members.
    const std::size_t directory = plain.find("PK\1\2"), second = plain.find("PK\3\4", 4);
    for (const data::ZipLimits& limits :
         {none, data::ZipLimits{.size = 300}, {.size = second}, {.size = directory}, {.members = 2}}) {
      const std::string large = archive(limits, deflate);
      INFO("limits of " << limits.size << " bytes, " << limits.members << " members");
      CHECK(large.find("PK\6\6") != std::string::npos);
      check_arrays(large);
    }
    CHECK(archive({.size = std::max<std::size_t>(directory, npy(arange(40)).size()) + 1, .members = 3}, deflate) ==
          plain);
  }
}

TEST_CASE("more members than 16 bits count are saved and loaded", "[zip64]") {
  const Directory directory;
  std::vector<NamedTensor> many;
  const Tensor x = tensor(1.0);
  for (int i = 0; i < 65536; ++i) many.push_back({std::to_string(i), x});
  data::save_npz(directory / "file", many);
  CHECK(data::load_npz(directory / "file").size() == 65536);
}

TEST_CASE("an archive with zip64 records that stops anywhere is refused", "[zip64]") {
  const Directory directory;
  check_truncations(archive(none, true), directory / "file", [](const std::string& path) { data::load_npz(path); });
}

TEST_CASE("zip64 records that cannot be are refused", "[zip64]") {
  const std::string whole = archive(none);
  const std::size_t end = whole.size() - 22, locator = end - 20, record = locator - 56;
  const auto changed = [&](std::size_t at, const std::string& bytes) {
    std::string text = whole;
    return text.replace(at, bytes.size(), bytes);
  };
  const auto number = [](std::uint64_t value) { return bytes_of(value); };
  check_arrays(changed(locator, "PK\6\7"));
  CHECK_THAT(refusal(changed(locator, "xx")), Contains("directory is announced"));
  for (const std::uint64_t at : {std::uint64_t{0}, std::uint64_t(record + 1), std::uint64_t(end), UINT64_MAX})
    CHECK_THAT(refusal(changed(locator + 8, number(at))), Contains("the zip64 record that ends the archive"));
  CHECK_THAT(refusal(changed(locator + 4, "\1")), Contains("several parts"));
  CHECK_THAT(refusal(changed(record + 16, "\1")), Contains("several parts"));
  CHECK_THAT(refusal(changed(record + 4, number(45))), Contains("is not at byte"));
  CHECK_THAT(refusal(changed(record + 24, number(3))), Contains("several parts"));
  CHECK_THAT(refusal(changed(record + 24, number(3) + number(3))), Contains("damaged"));
  CHECK_THAT(refusal(changed(record + 24, number(UINT64_MAX) + number(UINT64_MAX))), Contains("are announced"));
  for (const std::uint64_t wrong : {std::uint64_t{0}, std::uint64_t{1} << 63, UINT64_MAX})
    for (const std::size_t field : {record + 40, record + 48})
      CHECK_THAT(refusal(changed(field, number(wrong))), Contains("directory is announced"));
  CHECK_THAT(refusal(changed(end + 10, std::string("\7\0", 2))), Contains("several parts"));
  CHECK_THAT(refusal(changed(end + 12, std::string("\7\0\0\0", 4))), Contains("contradict"));
  // In the directory: the sizes and the start of the first member.
  const std::size_t first = whole.find("PK\1\2") + 46 + 5 + 4;
  for (const std::size_t field : {first, first + 8, first + 16})
    for (const std::uint64_t wrong : {std::uint64_t{1}, std::uint64_t{1} << 63, UINT64_MAX})
      refusal(changed(field, number(wrong)));
  CHECK_THAT(refusal(changed(first - 4, "\2")), Contains("lacks the zip64 field"));
  CHECK_THAT(refusal(changed(first - 2, "\x10")), Contains("lacks the zip64 field"));
  CHECK_THAT(refusal(changed(first - 2, "\x60")), Contains("lacks the zip64 field"));
}

TEST_CASE("a changed bit of a zip64 archive is refused, or changes nothing", "[zip64]") {
  const Directory directory;
  const std::string whole = archive(none, true);
  for (std::size_t bit = 0; bit < whole.size() * 8; bit += 13) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    write_file(directory / "file", changed);
    try {
      const auto arrays = data::load_npz(directory / "file");
      INFO("bit " << bit);
      REQUIRE(arrays.size() == 2);
      CHECK(arrays[0].value.to_vector() == std::vector<double>{1.5, 2.5});
    } catch (const FormatError&) {
    } catch (const LimitError&) {
    }
  }
}

}  // namespace zip64_test
