#include "data/npz.hpp"

#include <zlib.h>

#include <cmath>
#include <map>

#include "autograd/ops/create.hpp"
#include "data/npy.hpp"
#include "data/zip.hpp"
#include "nn/linear.hpp"
#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"

namespace npz_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

/// As members of an archive are.
std::string compressed(const std::string& bytes) { return test::deflated(bytes, -MAX_WBITS, 9); }

/// A member of an archive, and what its two headers say of it.
struct Member {
  std::string name, contents;
  bool deflated = false;
  std::uint16_t flags = 0, method = deflated ? 8 : 0, local_method = method;
  std::string local_name = name, local_extra = "", comment = "";
  std::string packed = deflated ? compressed(contents) : contents;
  std::uint32_t checksum = checksum_of(contents);
  std::uint32_t packed_size = static_cast<std::uint32_t>(packed.size());
  std::uint32_t size = static_cast<std::uint32_t>(contents.size());
  std::uint16_t local_extra_size = static_cast<std::uint16_t>(local_extra.size());
  std::int64_t start = -1;  // where it is

  static std::uint32_t checksum_of(const std::string& bytes) {
    return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }
};

/// What stands at the end of an archive; -1 where it is what it should be.
struct End {
  std::int64_t members = -1, size = -1, start = -1;
  std::uint16_t disk = 0;
  std::string comment = "";
};

template <class T>
std::string number(std::uint64_t value) {
  return bytes_of(static_cast<T>(value));
}

std::string sizes(const Member& m) {
  return bytes_of(m.checksum) + bytes_of(m.packed_size) + bytes_of(m.size) + number<std::uint16_t>(m.name.size());
}

std::string archive(const std::vector<Member>& members, const End& end = {}) {
  std::string bytes, directory;
  for (const Member& m : members) {
    directory += "PK\1\2" + std::string("\x14\0\x14\0", 4) + bytes_of(m.flags) + bytes_of(m.method) +
                 std::string(4, '\0') + sizes(m) + number<std::uint16_t>(0) + number<std::uint16_t>(m.comment.size()) +
                 std::string(8, '\0') + number<std::uint32_t>(m.start < 0 ? bytes.size() : std::uint64_t(m.start)) +
                 m.name + m.comment;
    // the sizes are left to the directory, as they may be
    bytes += "PK\3\4" + std::string("\x14\0", 2) + bytes_of(m.flags) + bytes_of(m.local_method) +
             std::string(4 + 12, '\0') + number<std::uint16_t>(m.local_name.size()) + bytes_of(m.local_extra_size) +
             m.local_name + m.local_extra + m.packed;
  }
  const auto or_else = [](std::int64_t given, std::size_t right) { return given < 0 ? right : std::size_t(given); };
  const std::size_t count = or_else(end.members, members.size());
  return bytes + directory + "PK\5\6" + bytes_of(end.disk) + bytes_of(end.disk) + number<std::uint16_t>(count) +
         number<std::uint16_t>(count) + number<std::uint32_t>(or_else(end.size, directory.size())) +
         number<std::uint32_t>(or_else(end.start, bytes.size())) + number<std::uint16_t>(end.comment.size()) +
         end.comment;
}

std::string npy(const Tensor& tensor) {
  const Directory directory;
  data::save_npy(directory / "file", tensor);
  return read_file(directory / "file");
}

const std::string& array() {
  static const std::string bytes = npy(tensor({1.5, 2.5}));
  return bytes;
}

std::vector<NamedTensor> load(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file.npz", bytes);
  return data::load_npz(directory / "file.npz");
}

template <class E = FormatError>
std::string refusal(const std::string& bytes) {
  return message_of<E>([&] { load(bytes); });
}

std::map<std::string, Tensor> by_name(const std::vector<NamedTensor>& tensors) {
  std::map<std::string, Tensor> found;
  for (const auto& [name, value] : tensors) CHECK(found.emplace(name, value).second);
  return found;
}

}  // namespace

TEST_CASE("archives that numpy wrote are read, compressed or not", "[npz]") {
  for (const char* name : {"numpy_savez.npz", "numpy_savez_compressed.npz"}) {
    INFO(name);
    auto found = by_name(data::load_npz(std::string(XGRAD_SOURCE_DIR "/tests/data/fixtures/") + name));
    CHECK(found.size() == 9);
    CHECK(found["weight"].dtype() == float32);
    CHECK(found["weight"].to_vector() == std::vector<double>{0, 0.25, 0.5, 0.75, 1, 1.25});
    CHECK(found["fortran"].dtype() == float64);
    CHECK(found["fortran"].to_vector() == std::vector<double>{0, 1, 2, 3, 4, 5});
    CHECK(found["counts"].to_vector() == std::vector<double>{1, -2, 3});
    CHECK(found["small"].dtype() == int64);
    CHECK(found["mask"].dtype() == boolean);
    CHECK(found["scalar"].shape() == Shape{});
    CHECK(found["empty"].shape() == Shape{0, 3});
    CHECK(found["half"].to_vector() == std::vector<double>{1.5, -2});
    CHECK(found["layer.0.bias"].to_vector() == std::vector<double>(300, 1.0));
  }
}

TEST_CASE("a saved npz file is read back the same", "[npz]") {
  const Directory directory;
  const std::string path = directory / "file.npz";
  const std::vector<NamedTensor> tensors = {{"z", tensor({{1.5, -0.0}, {NAN, INFINITY}})},
                                            {"f64", tensor({1e300}, float64)},
                                            {"i64", tensor({1, -2, 3})},
                                            {"bool", tensor({true, false})},
                                            {"scalar", tensor(2.5)},
                                            {"", zeros({0, 3})},
                                            {"a/b.npy", ones({1})},
                                            {"\xc3\xa9", ones({1})}};
  data::save_npz(path, tensors);
  const auto found = by_name(data::load_npz(path));
  REQUIRE(found.size() == tensors.size());
  for (const auto& [name, value] : tensors) {
    CHECK(found.at(name).shape() == value.shape());
    REQUIRE(found.at(name).dtype() == value.dtype());
    dispatch(value.dtype(), [&, given = value, name = name](auto zero) {
      const auto a = given.template data<decltype(zero)>();
      const Tensor loaded = found.at(name);
      const auto b = loaded.template data<decltype(zero)>();
      CHECK((a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0));
    });
  }
  CHECK(directory.names().size() == 1);
  data::save_npz(path, std::vector<NamedTensor>{});
  CHECK(data::load_npz(path).empty());
}

TEST_CASE("the bytes of a npz file are those of its members, in the order of their names", "[npz]") {
  const Directory directory;
  const NamedTensor a{"a", tensor({1, 2})}, b{"b", tensor({1.5, 2.5})};
  const auto saved = [&](const std::vector<NamedTensor>& tensors) {
    data::save_npz(directory / "file", tensors);
    return read_file(directory / "file");
  };
  const std::string bytes = saved({b, a});
  CHECK(bytes == saved({a, b}));
  const std::string first = npy(a.value), date = std::string("\0\0\x21\0", 4);
  const std::string start = "PK\3\4" + std::string("\x14\0\0\0\0\0", 6) + date + bytes_of(Member::checksum_of(first)) +
                            bytes_of(static_cast<std::uint32_t>(first.size())) +
                            bytes_of(static_cast<std::uint32_t>(first.size())) + std::string("\5\0\0\0", 4) + "a.npy";
  CHECK(bytes.substr(0, start.size() + first.size()) == start + first);
  CHECK(bytes.size() == 2 * (30 + 46 + 2 * 5) + first.size() + array().size() + 22);
}

TEST_CASE("a model is saved as npz and loaded, as float16 too", "[npz]") {
  const Directory directory;
  const std::string path = directory / "linear.npz";
  nn::Linear linear(3, 2), other(3, 2), narrow(3, 2);
  data::save_npz(path, linear);
  data::load_npz(path, other);
  CHECK(other.weight.value().to_vector() == linear.weight.value().to_vector());
  data::save_npz(path, linear, {.floats = data::FloatStorage::float16});
  CHECK(read_file(path).find("'descr': '<f2'") != std::string::npos);
  data::load_npz(path, narrow);
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(narrow.weight.value().to_vector()[i] == Approx(linear.weight.value().to_vector()[i]).epsilon(1e-3));
  nn::Linear larger(4, 2);
  CHECK_THAT(message_of<FormatError>([&] { data::load_npz(path, larger); }),
             Contains("1 difference") && Contains("weight: expected [2, 4] f32, got [2, 3] f32"));
}

TEST_CASE("what a npz file cannot hold is refused on saving, and nothing is left", "[npz]") {
  const Directory directory;
  const auto save = [&](const std::vector<NamedTensor>& tensors, const data::NpzOptions& options = {}) {
    data::save_npz(directory / "file", tensors, options);
  };
  const Tensor x = ones({1});
  CHECK_THAT(message_of<ValueError>([&] { save({{"a", x}, {"b", x}, {"a", x}}); }), Contains("'a' is given twice"));
  CHECK_THAT(message_of<ValueError>([&] { save({{"\xff", x}}); }), Contains("not UTF-8"));
  CHECK_THAT(message_of<ValueError>([&] { save({{std::string("a\0b", 3), x}}); }), Contains("a zero byte"));
  CHECK_THAT(message_of<ValueError>([&] {
               save({{"a", x}}, {.floats = data::FloatStorage::bfloat16});
             }),
             Contains("bfloat16"));
  CHECK_THAT(message_of<LimitError>([&] { save({{std::string(70000, 'a'), x}}); }), Contains("longer than an archive"));
  message_of<GraphError>([&] { save({{"undefined", Tensor()}}); });
  CHECK(directory.names().empty());
}

TEST_CASE("compressed archives are smaller and hold the same", "[npz]") {
  const Directory directory;
  const std::vector<NamedTensor> tensors = {
      {"zeros", zeros({300, 300})}, {"none", zeros({0})}, {"x", tensor({1, 2, 3})}};
  data::save_npz(directory / "stored", tensors);
  data::save_npz(directory / "deflated", tensors, {.deflate = true});
  CHECK(read_file(directory / "deflated").size() * 50 < read_file(directory / "stored").size());
  const auto stored = by_name(data::load_npz(directory / "stored")),
             deflated = by_name(data::load_npz(directory / "deflated"));
  for (const auto& [name, value] : stored) {
    CHECK(deflated.at(name).shape() == value.shape());
    CHECK(deflated.at(name).to_vector() == value.to_vector());
  }
  data::save_npz(directory / "again", {tensors[2], tensors[0], tensors[1]}, {.deflate = true});
  CHECK(read_file(directory / "again") == read_file(directory / "deflated"));
}

TEST_CASE("an array that does not fit a model is refused before it is inflated", "[npz]") {
  const Directory directory;
  nn::Linear model(2, 3);
  // Only the header of the first one is right: reading on would find damage.
  std::string large = npy(zeros({300, 300}));
  std::string packed = compressed(large);
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x55);
  write_file(directory / "file",
             archive({{.name = "bias.npy", .contents = npy(zeros({3}))},
                      {.name = "weight.npy", .contents = large, .deflated = true, .packed = packed}}));
  CHECK_THAT(message_of<FormatError>([&] { data::load_npz(directory / "file", model); }),
             Contains("weight: expected [3, 2] f32, got [300, 300] f32") && Contains("1 difference"));
  CHECK_THAT(message_of<FormatError>([&] { data::load_npz(directory / "file"); }), Contains("damaged"));
}

TEST_CASE("members may be stored or deflated, with extra fields and comments", "[npz]") {
  const auto found = by_name(load(archive({{.name = "a.npy", .contents = array(), .local_extra = "12345678"},
                                           {.name = "b.npy", .contents = array(), .deflated = true, .comment = "c"}},
                                          {.comment = "an archive PK\5\6 of two"})));
  CHECK(found.at("a").to_vector() == std::vector<double>{1.5, 2.5});
  CHECK(found.at("b").to_vector() == std::vector<double>{1.5, 2.5});
}

TEST_CASE("a damaged member of an archive is refused", "[npz]") {
  const auto one = [](Member member) { return refusal(archive({std::move(member)})); };
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .checksum = 1}), Contains("its checksum"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .deflated = true, .checksum = 1}), Contains("its checksum"));
  for (const std::string& packed : {compressed(array()).substr(3), std::string(40, '\xff'), compressed(array()) + "x",
                                    compressed(array() + "x"), compressed(array()).substr(0, 20), std::string()})
    one({.name = "a.npy", .contents = array(), .deflated = true, .packed = packed});
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .deflated = true, .packed = "x", .size = 100000}),
             Contains("cannot have 100000 bytes in 1"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .size = 7}), Contains("cannot have 7 bytes"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .flags = 1}), Contains("is encrypted"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .method = 12}), Contains("method 12"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .local_method = 8}), Contains("is not where the archive"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .local_name = "b.npy"}), Contains("is not where the archive"));
  CHECK_THAT(one({.name = "a.npy", .contents = array(), .local_extra_size = 60000}), Contains("beyond the end"));
  CHECK_THAT(one({.name = "a.txt", .contents = array()}), Contains("does not end in .npy"));
  CHECK_THAT(one({.name = "a.npy", .contents = array() + "x"}), Contains("the file has 9") && Contains("a.npy"));
  CHECK_THAT(one({.name = "a.npy", .contents = ""}), Contains("ends at byte 0"));
  CHECK_THAT(one({.name = "a\n.npy", .contents = "x"}), Contains("a\\x0a.npy"));
}

TEST_CASE("the name of a member is a name, and never a path", "[npz]") {
  const Directory directory;
  std::vector<Member> members;
  for (const std::string& name : {std::string("../../x"), directory / "y", std::string("a\0b", 3), std::string()})
    members.push_back({.name = name + ".npy", .contents = array()});
  const auto found = by_name(load(archive(members)));
  CHECK(found.size() == 4);
  CHECK(found.contains("../../x"));
  CHECK(found.contains(std::string("a\0b", 3)));
  CHECK(directory.names().empty());
}

TEST_CASE("an archive whose members overlap or repeat is refused", "[npz]") {
  const Member a{.name = "a.npy", .contents = array()};
  Member b{.name = "b.npy", .contents = array(), .start = 0};
  CHECK_THAT(refusal(archive({a, b})), Contains("overlaps"));
  b.start = 1;
  CHECK_THAT(refusal(archive({a, b})), Contains("overlaps"));
  b.start = 1000000;
  CHECK_THAT(refusal(archive({a, b})), Contains("overlaps"));
  CHECK_THAT(refusal(archive({a, a})), Contains("'a.npy' is there twice"));
}

TEST_CASE("an archive whose directory is not where it should be is refused", "[npz]") {
  const std::vector<Member> members = {{.name = "a.npy", .contents = array()}};
  const std::string whole = archive(members);
  CHECK_THAT(refusal("x" + whole), Contains("its end is at byte"));
  CHECK_THAT(refusal(whole + "x"), Contains("not a zip archive, or cut off"));
  CHECK_THAT(refusal(archive(members, {.members = 0})), Contains("something after its members"));
  CHECK_THAT(refusal(archive(members, {.members = 2})), Contains("2 members are announced"));
  CHECK_THAT(refusal(archive(members, {.members = 60000})), Contains("60000 members are announced"));
  CHECK_THAT(refusal(archive(members, {.size = 1})), Contains("its end is at byte"));
  CHECK_THAT(refusal(archive(members, {.start = 0})), Contains("its end is at byte"));
  CHECK_THAT(refusal(archive(members, {.disk = 1})), Contains("several parts"));
  for (const End& end : {End{.members = 0xffff}, {.size = 0xffffffff}, {.start = 0xffffffff}})
    refusal(archive(members, end));
  Member large{.name = "a.npy", .contents = array()};
  large.size = large.packed_size = 0xffffffff;
  CHECK_THAT(refusal(archive({large})), Contains("lacks the zip64 field"));
  std::string spoilt = whole;
  spoilt[whole.size() - 22 - 46 - 5] = 'x';  // the signature of the member in the directory
  CHECK_THAT(refusal(spoilt), Contains("damaged at byte"));
}

TEST_CASE("an archive that stops anywhere is refused", "[npz]") {
  const Directory directory;
  check_truncations(archive({{.name = "a.npy", .contents = array(), .deflated = true}}), directory / "file",
                    [](const std::string& path) { data::load_npz(path); });
}

TEST_CASE("a changed byte of an archive is refused, or changes nothing", "[npz]") {
  const Directory directory;
  const std::string whole =
      archive({{.name = "a.npy", .contents = array(), .deflated = true}, {.name = "b.npy", .contents = array()}});
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); i += 7) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ (1 << i % 8));
    write_file(directory / "file", changed);
    try {
      for (const auto& [name, value] : data::load_npz(directory / "file"))
        CHECK(value.to_vector() == std::vector<double>{1.5, 2.5});
    } catch (const FormatError&) {
      ++refused;
    } catch (const LimitError&) {
      ++refused;
    }
  }
  CHECK(refused > whole.size() / 14);
}

TEST_CASE("what cannot be opened as a npz file is refused with the reason", "[npz]") {
  check_unreadable([](const std::string& path) { data::load_npz(path); });
}

}  // namespace npz_test
