#include <fcntl.h>
#include <unistd.h>

#include "autograd/ops/create.hpp"
#include "data/checksum.hpp"
#include "data/safetensors.hpp"
#include "tests/data/files.hpp"

namespace safetensors_checksum_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

std::string sum_of(const std::string& text) {
  data::Checksum checksum;
  checksum.add(text.data(), text.size());
  return checksum.text();
}

std::string saved(const std::vector<NamedTensor>& tensors, const data::Metadata& metadata = {}) {
  const Directory directory;
  data::save(directory / "file", tensors, metadata);
  return read_file(directory / "file");
}

std::string with_header(const std::string& json, const std::string& elements) {
  return bytes_of(std::uint64_t{json.size()}) + json + elements;
}

std::string header_of(const std::string& bytes) {
  std::uint64_t length;
  std::memcpy(&length, bytes.data(), 8);
  return bytes.substr(8, length);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("checksums are those of XXH3 with 64 bits", "[checksum]") {
  CHECK(sum_of("") == "2d06800538d394c2");  // from the specification's own tests
  CHECK(sum_of("a") == "e6c632b61e964e1f");
  CHECK(sum_of("abc") == "78af5f94892f3950");
  data::Checksum parts;
  for (const char c : std::string("abc")) parts.add(&c, 1);
  CHECK(parts.text() == sum_of("abc"));
}

TEST_CASE("every flipped bit of a file is noticed", "[checksum]") {
  std::vector<NamedTensor> tensors = {{"hidden.weight", full({16, 37}, 0.37)},
                                      {"hidden.bias", arange(8)},
                                      {"mask", tensor({true, false, true})},
                                      {"quote \" and \n, \xc3\xa9", tensor({1e300, -0.0}, float64)},
                                      {"empty", zeros({0, 3})}};
  for (int i = 0; i < 8; ++i) tensors.push_back({"block." + std::to_string(i) + ".gain", ones({3})});
  const std::string whole = saved(tensors, {{"format", "xgrad"}, {"version", "1"}, {"note", "a \"b\" \\u00e9"}});
  CHECK(whole.size() * 8 >= 29'760);
  const Directory directory;
  const std::string path = directory / "file";
  write_file(path, whole);
  const int file = ::open(path.c_str(), O_RDWR);
  std::size_t unnoticed = 0, failed = 0;
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    const auto at = static_cast<off_t>(bit / 8);
    const char before = whole[bit / 8], flipped = static_cast<char>(before ^ (1 << bit % 8));
    failed += ::pwrite(file, &flipped, 1, at) != 1;
    try {
      data::load(path);
      ++unnoticed;
      UNSCOPED_INFO("bit " << bit % 8 << " of byte " << at);
    } catch (const Error&) {
    }
    failed += ::pwrite(file, &before, 1, at) != 1;
  }
  ::close(file);
  CHECK(failed == 0);
  CHECK(read_file(path) == whole);
  CHECK(unnoticed == 0);
}

TEST_CASE("a damaged tensor is named, and one that is not loaded does no harm", "[checksum]") {
  const Directory directory;
  std::string bytes = saved({{"a", tensor({1.0, 2.0})}, {"b", tensor({3.0})}});
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  write_file(directory / "file", bytes);
  CHECK_THAT(message_of<FormatError>([&] { data::load(directory / "file"); }),
             Contains("tensor 'b' does not have the checksum") && Contains("_test.cpp:"));
  CHECK(data::load_metadata(directory / "file").empty());
}

TEST_CASE("files without checksums load, those that were written anew with the old ones do not", "[checksum]") {
  const Directory directory;
  const std::string path = directory / "file";
  const std::string bytes = saved({{"a", tensor({1.0, 2.0})}}), json = header_of(bytes);
  const std::string elements = bytes.substr(8 + json.size());
  // without notes, as a program writes it that drops them
  const std::string bare = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  write_file(path, with_header(bare, elements));
  CHECK(data::load(path)[0].value.to_vector() == std::vector<double>{1, 2});
  // with the notes, but in another order or with other spaces
  write_file(path, with_header(json + "        ", elements));
  CHECK_THAT(message_of<FormatError>([&] { data::load(path); }), Contains("another program has written it anew"));
  write_file(path, with_header(replaced(json, R"("xxh3_64.header":)", R"("xxh3_64.header": )"), elements));
  CHECK_THAT(message_of<FormatError>([&] { data::load(path); }), Contains("xxh3_64.header and xxh3_64.tensors"));
  // with one of the two
  write_file(path, with_header(replaced(json, "xxh3_64.header", "xxh3_64_header"), elements));
  message_of<FormatError>([&] { data::load(path); });
  write_file(path, with_header(replaced(json, "xxh3_64.tensors", "xxh3_64_tensors"), elements));
  message_of<FormatError>([&] { data::load(path); });
}

TEST_CASE("the checksums are notes of the file's own", "[checksum]") {
  const Directory directory;
  const data::Metadata notes{{"k", "v"}};
  data::save(directory / "file", std::vector<NamedTensor>{{"a", ones({2})}}, notes);
  CHECK(data::load_metadata(directory / "file") == notes);
  for (const char* key : {"xxh3_64.header", "xxh3_64.tensors"})
    CHECK_THAT(message_of<ValueError>([&] {
                 data::save(directory / "other", std::vector<NamedTensor>{}, {{key, ""}});
               }),
               Contains("is reserved"));
  // tensors may have such names, and notes such texts
  const std::vector<NamedTensor> tensors = {{"xxh3_64.header", ones({1})}, {R"("xxh3_64.header":")", ones({2})}};
  data::save(directory / "file", tensors, {{"a", R"("xxh3_64.header":"0123456789abcdef")"}});
  CHECK(data::load(directory / "file").size() == 2);
}

TEST_CASE("what could not be loaded is not saved", "[checksum]") {
  const Directory directory;
  const std::string path = directory / "file";
  const Tensor empty = zeros({0});
  std::vector<NamedTensor> many;
  for (int i = 0; i < 100'000; ++i) many.push_back({std::to_string(i), empty});
  data::save(path, many);
  CHECK(data::load(path).size() == 100'000);
  many.push_back({"one more", empty});
  CHECK_THAT(message_of<LimitError>([&] { data::save(path, many); }), Contains("100001 tensors for one file"));
  const std::string longest(4096, 'n');
  data::save(path, std::vector<NamedTensor>{{longest, empty}});
  CHECK(data::load(path)[0].name == longest);
  CHECK_THAT(message_of<LimitError>([&] {
               data::save(path, std::vector<NamedTensor>{{longest + 'n', empty}});
             }),
             Contains("has 4097 bytes, the most is 4096"));
  CHECK(data::load(path)[0].name == longest);
  data::Metadata notes;
  for (int i = 0; i < 100'998; ++i) notes[std::to_string(i)] = "";
  data::save(path, std::vector<NamedTensor>{}, notes);
  CHECK(data::load_metadata(path).size() == 100'998);
  notes["one more"] = "";
  CHECK_THAT(message_of<LimitError>([&] { data::save(path, std::vector<NamedTensor>{}, notes); }),
             Contains("100999 notes for one file, the most is 100998"));
}

}  // namespace safetensors_checksum_test
