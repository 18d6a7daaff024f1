#include "data/safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "autograd/ops/create.hpp"
#include "data/checksum.hpp"
#include "tests/data/files.hpp"
#include "tests/sanitized.hpp"

namespace safetensors_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

std::string file_of(const std::string& json, const std::string& elements = "") {
  return bytes_of(std::uint64_t{json.size()}) + json + elements;
}

std::vector<NamedTensor> load(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file", bytes);
  return data::load(directory / "file");
}

template <class E = FormatError>
std::string refusal(const std::string& bytes) {
  return message_of<E>([&] { load(bytes); });
}

/// A header for one tensor.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"x":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
}

std::string saved(const std::vector<NamedTensor>& tensors, const data::Metadata& metadata = {}) {
  const Directory directory;
  data::save(directory / "file", tensors, metadata);
  return read_file(directory / "file");
}

/// A model of two values.
struct Pair : Stateful {
  Tensor a = tensor({1.0, 2.0}), b = tensor(3);

  std::vector<NamedTensor> state() const override { return {{"a", a}, {"b", b}}; }
  void load_state(const std::vector<NamedTensor>& tensors, const Location& where) override {
    const std::vector<Tensor> values = match_state(state(), tensors, "load_state", where);
    a = values[0];
    b = values[1];
  }
};

const std::string four = std::string(4, '\0');

}  // namespace

TEST_CASE("the example of the format's own documentation is read", "[safetensors]") {
  std::string elements;
  for (int i = 1; i <= 4; ++i) elements += bytes_of(std::int32_t{i});
  const auto tensors = load(file_of(R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})", elements));
  REQUIRE(tensors.size() == 1);
  CHECK(tensors[0].name == "test");
  CHECK(tensors[0].value.shape() == Shape{2, 2});
  CHECK(tensors[0].value.dtype() == int64);
  CHECK(tensors[0].value.to_vector() == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("tensors of every dtype and shape are saved and loaded", "[safetensors]") {
  const std::vector<NamedTensor> tensors = {{"f32", tensor({{1.5, -0.0}, {NAN, INFINITY}})},
                                            {"f64", tensor({1e300}, float64)},
                                            {"i64", tensor({1, -2, 3})},
                                            {"bool", tensor({true, false, true})},
                                            {"scalar", tensor(2.5)},
                                            {"empty", zeros({0, 3})},
                                            {"", ones({1})},
                                            {"quote \" and \n newline, \xc3\xa9", ones({1})},
                                            {std::string(4096, 'n'), ones({1})}};
  const Directory directory;
  data::save(directory / "file", tensors);
  const auto loaded = data::load(directory / "file");
  REQUIRE(loaded.size() == tensors.size());
  for (const NamedTensor& original : tensors) {
    const auto found = std::find_if(loaded.begin(), loaded.end(), [&](auto& t) { return t.name == original.name; });
    REQUIRE(found != loaded.end());
    CHECK(found->value.shape() == original.value.shape());
    REQUIRE(found->value.dtype() == original.value.dtype());
    dispatch(original.value.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const auto a = original.value.data<T>(), b = found->value.data<T>();
      CHECK((a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0));
    });
  }
}

TEST_CASE("narrow element types are widened, others refused by name", "[safetensors]") {
  const auto value = [](const std::string& dtype, const std::string& elements) {
    const std::string size = std::to_string(elements.size());
    return load(file_of(one("\"" + dtype + "\"", "[1]", "[0," + size + "]"), elements))[0].value;
  };
  const auto half = [](std::uint16_t bits) { return bytes_of(bits); };
  CHECK(value("F16", half(0x3e00)).item() == 1.5);
  CHECK(value("F16", half(0x3e00)).dtype() == float32);
  CHECK(value("F16", half(0xc000)).item() == -2);
  CHECK(value("F16", half(0x0001)).item() == std::ldexp(1.0, -24));
  CHECK(value("F16", half(0x7bff)).item() == 65504);
  CHECK(value("F16", half(0xfc00)).item() == -INFINITY);
  CHECK(std::isnan(value("F16", half(0x7c01)).item()));
  CHECK(std::signbit(value("F16", half(0x8000)).item()));
  CHECK(value("BF16", half(0x3fc0)).item() == 1.5);
  CHECK(value("BF16", half(0xff80)).item() == -INFINITY);
  CHECK(value("U8", "\xff").item() == 255);
  CHECK(value("I32", bytes_of(std::int32_t{-7})).item() == -7);
  for (const char* dtype : {"F8_E4M3", "C64", "f32", "F4", ""})
    CHECK_THAT(refusal(file_of(one(std::string("\"") + dtype + "\"", "[]", "[0,4]"), four)),
               Contains("is not supported") && Contains("'x'"));
  CHECK_THAT(refusal(file_of(one("\"BOOL\"", "[1]", "[0,1]"), "\2")), Contains("bool array is 2"));
}

TEST_CASE("floats are saved as 16 bits each when that is asked for, all else as it is", "[safetensors]") {
  const Directory directory;
  const std::vector<NamedTensor> tensors = {{"a", tensor({1.0 / 3, 70000.0, NAN, -1e-9})},
                                            {"b", tensor({1.0 / 3, 1e300}, float64)},
                                            {"c", tensor({1, 2})},
                                            {"d", tensor({true})},
                                            {"e", zeros({0, 3})},
                                            {"f", full({200000}, 0.1)}};
  const auto loaded = [&](data::FloatStorage floats) {
    data::save(directory / "file", tensors, {}, {.floats = floats});
    std::map<std::string, Tensor> found;
    for (const NamedTensor& item : data::load(directory / "file")) found.emplace(item.name, item.value);
    for (const char* name : {"a", "b", "e", "f"}) CHECK(found.at(name).dtype() == float32);
    CHECK(found.at("c").to_vector() == std::vector<double>{1, 2});
    CHECK(found.at("d").dtype() == boolean);
    CHECK(found.at("e").shape() == Shape{0, 3});
    CHECK(std::isnan(found.at("a").to_vector()[2]));
    CHECK(found.at("f").to_vector() == std::vector<double>(200000, found.at("f").to_vector()[0]));
    return found;
  };
  auto half = loaded(data::FloatStorage::float16);
  CHECK(half.at("a").to_vector()[0] == 0x1.554p-2);
  CHECK(half.at("a").to_vector()[1] == INFINITY);
  CHECK(std::signbit(half.at("a").to_vector()[3]));
  CHECK(half.at("b").to_vector() == std::vector<double>{0x1.554p-2, INFINITY});
  auto bfloat = loaded(data::FloatStorage::bfloat16);
  CHECK(bfloat.at("a").to_vector()[0] == 0x1.56p-2);
  CHECK(bfloat.at("a").to_vector()[1] == 70144);
  CHECK(bfloat.at("b").to_vector() == std::vector<double>{0x1.56p-2, INFINITY});
  // wide elements first: those of 8 bytes, then those of 2
  const std::string bytes = read_file(directory / "file");
  CHECK(bytes.find(R"("c":{"dtype":"I64","shape":[2],"data_offsets":[0,16]})") != std::string::npos);
  CHECK(bytes.find(R"("a":{"dtype":"BF16","shape":[4],"data_offsets":[16,24]})") != std::string::npos);
}

TEST_CASE("the bytes of a file depend on its tensors only", "[safetensors]") {
  const NamedTensor a{"a", tensor({1, 2})}, b{"b", tensor({true})}, c{"c", tensor({1.0, 2.0})}, d{"d", tensor({3.0})};
  const std::string bytes = saved({a, b, c, d}, {{"k", "v"}});
  CHECK(bytes == saved({d, c, b, a}, {{"k", "v"}}));
  const std::string elements =
      bytes_of(std::int64_t{1}) + bytes_of(std::int64_t{2}) + bytes_of(1.0f) + bytes_of(2.0f) + bytes_of(3.0f) + "\1";
  const auto sum = [](const std::string& text) {
    data::Checksum checksum;
    checksum.add(text.data(), text.size());
    return checksum.text();
  };
  const std::string sums = sum(elements.substr(0, 16)) + ' ' + sum(elements.substr(16, 8)) + ' ' +
                           sum(elements.substr(24, 4)) + ' ' + sum(elements.substr(28));
  std::string json = R"({"__metadata__":{"k":"v","xxh3_64.header":"0000000000000000","xxh3_64.tensors":")" + sums +
                     R"("},"a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},)"
                     R"("c":{"dtype":"F32","shape":[2],"data_offsets":[16,24]},)"
                     R"("d":{"dtype":"F32","shape":[1],"data_offsets":[24,28]},)"
                     R"("b":{"dtype":"BOOL","shape":[1],"data_offsets":[28,29]}})";
  while (json.size() % 8 != 0) json += ' ';
  json.replace(json.find(std::string(16, '0')), 16, sum(bytes_of(std::uint64_t{json.size()}) + json));
  CHECK(bytes == file_of(json, elements));
  CHECK(bytes == saved(load(bytes), {{"k", "v"}}));
  CHECK(load(saved({})).empty());
}

TEST_CASE("metadata is kept", "[safetensors]") {
  const Directory directory;
  const data::Metadata metadata{{"epoch", "3"}, {"note", "\"quoted\"\n"}};
  data::save(directory / "file", std::vector<NamedTensor>{}, metadata);
  CHECK(data::load_metadata(directory / "file") == metadata);
}

TEST_CASE("names that a file cannot have are refused on saving", "[safetensors]") {
  const Directory directory;
  const auto save = [&](const std::vector<NamedTensor>& tensors) { data::save(directory / "file", tensors); };
  const Tensor x = ones({1});
  CHECK_THAT(message_of<ValueError>([&] {
               save({{"a", x}, {"b", ones({1}, float64)}, {"a", ones({1}, int64)}});
             }),
             Contains("'a' is given twice"));
  CHECK_THAT(message_of<ValueError>([&] { save({{"__metadata__", x}}); }), Contains("reserved"));
  for (const char* name : {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80"})
    CHECK_THAT(message_of<ValueError>([&] { save({{name, x}}); }), Contains("not UTF-8"));
  message_of<GraphError>([&] { save({{"undefined", Tensor()}}); });
  CHECK(directory.names().empty());
}

TEST_CASE("a header of impossible length is refused", "[safetensors]") {
  for (std::size_t length = 0; length < 8; ++length)
    CHECK_THAT(refusal(std::string(length, '{')), Contains("at least 8"));
  CHECK_THAT(refusal(bytes_of(std::uint64_t{0})), Contains("does not start with '{'"));
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{100'000'001}, ~std::uint64_t{0}, ~std::uint64_t{7}})
    CHECK_THAT(refusal(bytes_of(length) + "{}"), Contains("is announced"));
}

TEST_CASE("a header that is not the right JSON is refused", "[safetensors]") {
  for (const char* json : {"{", "[]", " {}", "{}x", "{}{}", "\"x\"", "{\"\xff\":{}}", "{'x':{}}", "{\"x\":}"})
    refusal(file_of(json));
  for (const char* json : {"{\"x\":1}", "{\"x\":null}", "{\"x\":[]}", "{\"x\":\"y\"}", "{\"x\":true}", "{\"x\":{}}",
                           R"({"__metadata__":{"a":1}})", R"({"__metadata__":{"a":{}}})", R"({"__metadata__":[]})"})
    CHECK_THAT(refusal(file_of(json)), Contains("the header has"));
  std::string deep = "{\"x\":";
  for (int i = 0; i < 100000; ++i) deep += "{\"x\":";
  refusal(file_of(deep));
  refusal(file_of("{\"x\":" + std::string(100000, '[')));
  refusal(file_of(R"({"x":{"dtype":"F32","shape":)" + std::string(100000, '[')));
}

TEST_CASE("a header that says something twice is refused", "[safetensors]") {
  const std::string tensor = R"("x":{"dtype":"F32","shape":[],"data_offsets":[0,4]})";
  CHECK_THAT(refusal(file_of("{" + tensor + "," + tensor + "}", four)), Contains("a name given twice"));
  CHECK_THAT(refusal(file_of(R"({"x":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}})", four)),
             Contains("a field given twice"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{"a":"1","a":"2"}})")), Contains("metadata key given twice"));
  CHECK_THAT(refusal(file_of(R"({"__metadata__":{},"__metadata__":{}})")), Contains("a name given twice"));
}

TEST_CASE("a tensor needs its three fields and no other", "[safetensors]") {
  CHECK_THAT(refusal(file_of(R"({"x":{"dtype":"F32","shape":[]}})", four)),
             Contains("no dtype, shape or data_offsets"));
  CHECK_THAT(refusal(file_of(R"({"x":{"shape":[],"data_offsets":[0,4]}})", four)), Contains("no dtype"));
  CHECK_THAT(refusal(file_of(R"({"x":{"dtype":"F32","shape":[],"data_offsets":[0,4],"y":1}})", four)),
             Contains("an unknown field"));
}

TEST_CASE("shapes and offsets are whole numbers that can be held", "[safetensors]") {
  for (const char* shape :
       {"[-1]", "[1.5]", "[1e400]", "[\"3\"]", "[null]", "null", "3", "\"3\"", "{}", "[[1]]", "[1e0]"})
    refusal(file_of(one("\"F32\"", shape, "[0,4]"), four));
  for (const char* offsets : {"[0]", "[0,4,4]", "[-0.0,4]", "[0,\"4\"]", "4", "[]", "[[0,4]]"})
    refusal(file_of(one("\"F32\"", "[]", offsets), four));
  refusal(file_of(one("\"F32\"", "[18446744073709551616]", "[0,4]"), four));
  refusal<LimitError>(file_of(one("\"F32\"", "[18446744073709551615]", "[0,4]"), four));
  refusal<LimitError>(file_of(one("\"F32\"", "[65536,65536,65536,65536]", "[0,0]")));
  refusal<LimitError>(file_of(one("\"U8\"", "[9223372036854775807]", "[0,9223372036854775807]")));
  std::string axes = "[1";
  for (int i = 0; i < 100; ++i) axes += ",1";
  CHECK_THAT(refusal(file_of(one("\"F32\"", axes + "]", "[0,4]"), four)), Contains("more axes"));
}

TEST_CASE("all element types of the format that a Tensor can hold are read", "[safetensors]") {
  const auto value = [](const std::string& dtype, const std::string& bytes) {
    return load(file_of(one('"' + dtype + '"', "[1]", "[0," + std::to_string(bytes.size()) + "]"), bytes))[0].value;
  };
  CHECK(value("I8", "\xfe").item() == -2);
  CHECK(value("U8", "\xfe").item() == 254);
  CHECK(value("I16", bytes_of(std::int16_t{-300})).item() == -300);
  CHECK(value("U16", bytes_of(std::uint16_t{65000})).item() == 65000);
  CHECK(value("I32", bytes_of(std::int32_t{-70000})).item() == -70000);
  CHECK(value("U32", bytes_of(std::uint32_t{4000000000})).item() == 4e9);
  CHECK(value("I64", bytes_of(std::int64_t{INT64_MIN})).to_vector<std::int64_t>()[0] == INT64_MIN);
  CHECK(value("U64", bytes_of(std::uint64_t{INT64_MAX})).to_vector<std::int64_t>()[0] == INT64_MAX);
  CHECK_THAT(refusal<ValueError>(file_of(one("\"U64\"", "[1]", "[0,8]"), std::string(8, '\xff'))),
             Contains("element 0 is 18446744073709551615, beyond what int64 holds"));
  for (const char* dtype : {"I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64"})
    CHECK(value(dtype, std::string(dtype[1] == '8'   ? 1
                                   : dtype[1] == '1' ? 2
                                   : dtype[1] == '3' ? 4
                                                     : 8,
                                   '\0'))
              .dtype() == int64);
  CHECK(value("F16", bytes_of(std::uint16_t{0x3e00})).dtype() == float32);
  CHECK(value("BF16", bytes_of(std::uint16_t{0x3fc0})).item() == 1.5);
  CHECK(value("F64", bytes_of(1e300)).item() == 1e300);
  CHECK(value("BOOL", "\1").dtype() == boolean);
}

TEST_CASE("a header full of notes is refused early", "[safetensors]") {
  std::string notes = "{\"__metadata__\":{";
  for (int i = 0; i < 3'000'000; ++i) notes += '"' + std::to_string(i) + "\":\"\",";
  notes.back() = '}';
  const std::string bytes = file_of(notes + "}");
  const Directory directory;
  write_file(directory / "file", bytes);
  double least = 1e9;  // seconds of the processor, which others may slow down
  for (int round = 0; round < 3; ++round) {
    const std::clock_t start = std::clock();
    CHECK_THAT(message_of<LimitError>([&] { data::load(directory / "file"); }), Contains("keys of metadata"));
    least = std::min(least, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  CHECK(least < (sanitized ? 5 : 0.1));
}

TEST_CASE("the tensors fill the file without holes and overlaps", "[safetensors]") {
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"x":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
           R"(},"y":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}";
  };
  CHECK(load(file_of(two("[4,8]", "[0,4]"), four + four))[0].name == "y");
  CHECK_THAT(refusal(file_of(two("[0,4]", "[0,4]"), four)), Contains("starts at byte 0") && Contains("'y'"));
  CHECK_THAT(refusal(file_of(two("[0,4]", "[2,6]"), four + "xx")), Contains("starts at byte 2"));
  CHECK_THAT(refusal(file_of(two("[0,4]", "[5,9]"), four + four + "x")), Contains("starts at byte 5"));
  CHECK_THAT(refusal(file_of(two("[1,5]", "[5,9]"), four + four + "x")), Contains("starts at byte 1"));
  CHECK_THAT(refusal(file_of(two("[0,4]", "[8,4]"), four)), Contains("needs 4 bytes"));
  CHECK_THAT(refusal(file_of(two("[0,4]", "[4,8]"), four)), Contains("take 8 bytes") && Contains("has 4"));
  CHECK_THAT(refusal(file_of(two("[0,4]", "[4,8]"), four + four + "PK")), Contains("the file has 10"));
  CHECK_THAT(refusal(file_of(one("\"F32\"", "[2]", "[0,4]"), four)), Contains("needs 8 bytes"));
}

TEST_CASE("names are bounded in length and number, and escaped in messages", "[safetensors]") {
  const auto named = [](const std::string& name) {
    return "{\"" + name + R"(":{"dtype":"F32","shape":[],"data_offsets":[0,5]}})";
  };
  CHECK_THAT(refusal(file_of(named("a\\u0007\\nb"), four)), Contains("'a\\x07\\x0ab'"));
  CHECK(refusal<LimitError>(file_of(named(std::string(1 << 20, 'n')), four)).size() < 1000);
  std::string many = "{";
  for (int i = 0; i < 100001; ++i)
    many += '"' + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},)";
  many.back() = '}';
  refusal<LimitError>(file_of(many));
}

TEST_CASE("a safetensors file that stops anywhere is refused", "[safetensors]") {
  const Directory directory;
  check_truncations(saved({{"a", tensor({1.0, 2.0})}, {"b", tensor({3})}}), directory / "file",
                    [](const std::string& path) { data::load(path); });
}

TEST_CASE("what cannot be opened as a safetensors file is refused with the reason", "[safetensors]") {
  check_unreadable([](const std::string& path) { data::load(path); });
}

TEST_CASE("the state of an object is saved and loaded", "[safetensors]") {
  const Directory directory;
  Pair original, other;
  original.a = tensor({5.0, 6.0});
  data::save(directory / "pair", original);
  data::load(directory / "pair", other);
  CHECK(other.a.to_vector() == original.a.to_vector());
  CHECK(other.b.item() == 3);
}

TEST_CASE("a state that does not fit changes nothing and lists every difference", "[safetensors]") {
  const Directory directory;
  Pair pair;
  data::save(directory / "file", std::vector<NamedTensor>{{"a", zeros({3})}, {"c", zeros({1})}});
  const std::string message = message_of<FormatError>([&] { data::load(directory / "file", pair); });
  CHECK_THAT(message, Contains("[3]") && Contains("[2]") && Contains("b") && Contains("c"));
  CHECK(pair.a.to_vector() == std::vector<double>{1, 2});
  std::string bytes = saved({{"a", zeros({2})}, {"b", tensor(4)}});
  bytes.pop_back();  // the last element is damaged
  write_file(directory / "file", bytes);
  message_of<FormatError>([&] { data::load(directory / "file", pair); });
  CHECK(pair.a.to_vector() == std::vector<double>{1, 2});
  CHECK(pair.b.item() == 3);
}

TEST_CASE("a state of a newer version is refused with both versions", "[safetensors]") {
  const Directory directory;
  Pair pair;
  data::save(directory / "file", pair.state(), {{"format", "xgrad"}, {"version", "2"}});
  CHECK_THAT(message_of<FormatError>([&] { data::load(directory / "file", pair); }),
             Contains("version '2'") && Contains("version 1"));
}

}  // namespace safetensors_test
