#include "data/npy.hpp"

#include "autograd/ops/create.hpp"
#include "tests/data/files.hpp"

namespace npy_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;

namespace {

std::string npy(const std::string& dictionary, const std::string& elements, int major = 1, int minor = 0) {
  const auto length = static_cast<std::uint32_t>(dictionary.size());
  return "\x93NUMPY" + std::string{static_cast<char>(major), static_cast<char>(minor)} +
         (major == 1 ? bytes_of(static_cast<std::uint16_t>(length)) : bytes_of(length)) + dictionary + elements;
}

std::string dictionary(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }\n";
}

Tensor load(const std::string& bytes) {
  const Directory directory;
  write_file(directory / "file.npy", bytes);
  return data::load_npy(directory / "file.npy");
}

template <class E = FormatError>
std::string refusal(const std::string& bytes) {
  return message_of<E>([&] { load(bytes); });
}

const std::string one_float = bytes_of(1.5f);

}  // namespace

TEST_CASE("a npy file of each element type is read", "[npy]") {
  CHECK(load(npy(dictionary("<f4", "(1,)"), one_float)).dtype() == float32);
  CHECK(load(npy(dictionary("<f8", "(1,)"), bytes_of(-2.5))).item() == -2.5);
  CHECK(load(npy(dictionary("<i8", "(1,)"), bytes_of(std::int64_t{-3}))).item() == -3);
  CHECK(load(npy(dictionary("<i4", "(1,)"), bytes_of(std::int32_t{-4}))).dtype() == int64);
  CHECK(load(npy(dictionary("<u4", "(1,)"), bytes_of(std::uint32_t{4000000000}))).item() == 4e9);
  CHECK(load(npy(dictionary("<i2", "(1,)"), bytes_of(std::int16_t{-5}))).item() == -5);
  CHECK(load(npy(dictionary("<u2", "(1,)"), bytes_of(std::uint16_t{60000}))).item() == 60000);
  const Tensor large =
      load(npy(dictionary("<u8", "(2,)"), bytes_of(std::uint64_t{INT64_MAX}) + bytes_of(std::uint64_t{0})));
  CHECK(large.dtype() == int64);
  CHECK(large.to_vector<std::int64_t>() == std::vector<std::int64_t>{INT64_MAX, 0});
  CHECK(load(npy(dictionary("|i1", "(2,)"), "\xff\1")).to_vector() == std::vector<double>{-1, 1});
  CHECK(load(npy(dictionary("|u1", "(2,)"), "\xff\1")).to_vector() == std::vector<double>{255, 1});
  const Tensor half = load(npy(dictionary("<f2", "(1,)"), bytes_of(std::uint16_t{0x3e00})));
  CHECK(half.dtype() == float32);
  CHECK(half.item() == 1.5);
  const Tensor flags = load(npy(dictionary("|b1", "(2,)"), std::string("\0\1", 2)));
  CHECK(flags.dtype() == boolean);
  CHECK(flags.to_vector() == std::vector<double>{0, 1});
  CHECK_THAT(refusal(npy(dictionary("|b1", "(2,)"), "\1\2")), Contains("element 1 of a bool array is 2"));
}

TEST_CASE("a uint64 beyond int64 is a ValueError that says which", "[npy]") {
  const std::string elements = bytes_of(std::uint64_t{7}) + bytes_of(std::uint64_t{1} << 63);
  CHECK_THAT(refusal<ValueError>(npy(dictionary("<u8", "(2,)"), elements)),
             Contains("element 1 is 9223372036854775808, beyond what int64 holds"));
}

TEST_CASE("a npy file of either byte order is read", "[npy]") {
  const auto reversed = [](std::string bytes) { return std::string(bytes.rbegin(), bytes.rend()); };
  CHECK(load(npy(dictionary(">f4", "(1,)"), reversed(one_float))).item() == 1.5);
  CHECK(load(npy(dictionary(">f8", "(1,)"), reversed(bytes_of(-2.5)))).item() == -2.5);
  CHECK(load(npy(dictionary(">f2", "(1,)"), "\x3e" + std::string(1, '\0'))).item() == 1.5);
  CHECK(load(npy(dictionary(">i8", "(1,)"), reversed(bytes_of(std::int64_t{-3})))).item() == -3);
  CHECK(load(npy(dictionary(">i4", "(1,)"), reversed(bytes_of(std::int32_t{-4})))).item() == -4);
  CHECK(load(npy(dictionary(">i2", "(2,)"), std::string("\xff\xfe\1\2", 4))).to_vector() ==
        std::vector<double>{-2, 258});
  CHECK(load(npy(dictionary(">u2", "(1,)"), "\xff\xfe")).item() == 65534);
  CHECK(load(npy(dictionary(">u4", "(1,)"), "\xff\xff\xff\xfe")).item() == 4294967294.0);
  CHECK(load(npy(dictionary(">u8", "(1,)"), std::string("\0\0\0\0\0\0\1\2", 8))).item() == 258);
  CHECK_THAT(refusal<ValueError>(npy(dictionary(">u8", "(1,)"), std::string(8, '\xff'))), Contains("element 0"));
  // Of single bytes there is one order only; '=' and nothing are this machine's, '|' says that there is none.
  for (const char* descr : {">b1", "<b1", "=b1", "b1"})
    CHECK(load(npy(dictionary(descr, "(2,)"), std::string("\0\1", 2))).to_vector() == std::vector<double>{0, 1});
  for (const char* descr : {">i1", "<i1", "|i1"}) CHECK(load(npy(dictionary(descr, "(1,)"), "\xfe")).item() == -2);
  for (const char* descr : {"=f4", "f4", "|f4"}) CHECK(load(npy(dictionary(descr, "(1,)"), one_float)).item() == 1.5);
  // Both at once, in more than one piece: x[i][j] = 70000 j + i
  std::string elements;
  for (int j = 0; j < 3; ++j)
    for (int i = 0; i < 70000; ++i) elements += reversed(bytes_of(std::int32_t{70000 * j + i}));
  const Tensor matrix = load(npy(dictionary(">i4", "(70000, 3)", "True"), elements));
  std::int64_t wrong = 0;
  const auto values = matrix.data<std::int64_t>();
  for (std::int64_t i = 0; i < 70000; ++i)
    for (std::int64_t j = 0; j < 3; ++j) wrong += values[static_cast<std::size_t>(i * 3 + j)] != 70000 * j + i;
  CHECK(wrong == 0);
}

TEST_CASE("a scalar and an empty npy array are read", "[npy]") {
  CHECK(load(npy(dictionary("<f4", "()"), one_float)).shape() == Shape{});
  CHECK(load(npy(dictionary("<f4", "(0, 5)"), "")).shape() == Shape{0, 5});
}

TEST_CASE("an array in Fortran order is read as what it means", "[npy]") {
  // [[0, 1, 2], [10, 11, 12]] with the first axis moving fastest
  std::string elements;
  for (const double x : {0.0, 10.0, 1.0, 11.0, 2.0, 12.0}) elements += bytes_of(x);
  const Tensor matrix = load(npy(dictionary("<f8", "(2, 3)", "True"), elements));
  CHECK(matrix.shape() == Shape{2, 3});
  CHECK(matrix.to_vector() == std::vector<double>{0, 1, 2, 10, 11, 12});
  // x[i][j][k] = 100 i + 10 j + k
  elements.clear();
  std::vector<double> expected;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) elements += bytes_of(static_cast<std::int16_t>(100 * i + 10 * j + k));
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 4; ++k) expected.push_back(100 * i + 10 * j + k);
  CHECK(load(npy(dictionary("<i2", "(2, 3, 4)", "True"), elements)).to_vector() == expected);
}

TEST_CASE("a npy header may be written in any way that Python takes", "[npy]") {
  CHECK(load(npy("{ \t'shape':(1 , ) ,\n\"fortran_order\" :False,'descr':\"<f4\"}   \n", one_float)).item() == 1.5);
  CHECK(load(npy(dictionary("<f4", "(1,)"), one_float, 2)).item() == 1.5);
  CHECK(load(npy(dictionary("<f4", "(1,)"), one_float, 3)).item() == 1.5);
}

TEST_CASE("a npy file of another kind is refused", "[npy]") {
  CHECK_THAT(refusal("\x93NUMPX" + npy(dictionary("<f4", "(1,)"), one_float).substr(6)), Contains("starts otherwise"));
  CHECK_THAT(refusal(npy(dictionary("<f4", "(1,)"), one_float, 9, 9)), Contains("version 9.9"));
  for (const char* descr : {"<f0", "<c8", "|O", "<f99999999999", "<U3", "", "<", "><f4", "f", "<f16", "<V2", "<b2",
                            "<M8[s]", " <f4", "<f4 "})
    CHECK_THAT(refusal(npy(dictionary(descr, "(1,)"), one_float)), Contains("is not supported"));
  CHECK_THAT(refusal(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", one_float)),
             Contains("structured"));
}

TEST_CASE("a npy header that is longer than the file is refused before it is read", "[npy]") {
  CHECK_THAT(refusal("\x93NUMPY\1" + std::string("\0\xff\xff{", 4)), Contains("65535 bytes is announced"));
  CHECK_THAT(refusal("\x93NUMPY\2" + std::string("\0", 1) + bytes_of(std::uint32_t{0x80000000})),
             Contains("2147483648 bytes is announced"));
  CHECK_THAT(refusal(npy(std::string(70000, ' '), "", 2)), Contains("no array needs more"));
}

TEST_CASE("a npy shape beyond what can be held is a LimitError", "[npy]") {
  for (const char* shape : {"(2305843009213693953,)", "(4611686018427387904, 4)", "(4611686018427387904, 4, 0)",
                            "(99999999999999999999999,)", "(18446744073709551616,)"})
    refusal<LimitError>(npy(dictionary("<f8", shape), bytes_of(1.0)));
}

TEST_CASE("a npy shape that is not a tuple of sizes is refused", "[npy]") {
  for (const char* shape : {"(-1,)", "(abc,)", "(3junk,)", "(1e3,)", "(3L,)", "(3)", "3", "(1,,)", "(,)", "(1", "[1]",
                            "(0x1,)", "(1 1)", "(1.0,)"})
    CHECK_THAT(refusal(npy(dictionary("<f4", shape), one_float)), Contains("the header has"));
  std::string axes = "(";
  for (int i = 0; i < 1000; ++i) axes += "1,";
  CHECK_THAT(refusal(npy(dictionary("<f4", axes + ")"), one_float)), Contains("more axes"));
}

TEST_CASE("a npy header lacks nothing and repeats nothing", "[npy]") {
  CHECK_THAT(refusal(npy("{'descr': '<f4', 'shape': (1,)}", one_float)), Contains("no 'descr'"));
  CHECK_THAT(refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", one_float)),
             Contains("given twice"));
  CHECK_THAT(refusal(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", one_float)),
             Contains("unknown key"));
  CHECK_THAT(refusal(npy("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", one_float)), Contains("neither True"));
  CHECK_THAT(refusal(npy(dictionary("<f4", "(1,)") + "x", one_float)), Contains("after the dictionary"));
  CHECK_THAT(refusal(npy("", one_float)), Contains("no '{'"));
}

TEST_CASE("a npy file with too few or too many elements is refused", "[npy]") {
  CHECK_THAT(refusal(npy(dictionary("<f4", "(2,)"), one_float)), Contains("needs 8 bytes") && Contains("has 4"));
  CHECK_THAT(refusal(npy(dictionary("<f4", "(1,)"), one_float + "x")), Contains("needs 4 bytes") && Contains("has 5"));
  const Directory directory;
  check_truncations(npy(dictionary("<f4", "(1,)"), one_float), directory / "file",
                    [](const std::string& path) { data::load_npy(path); });
}

TEST_CASE("what cannot be opened as a npy file is refused with the reason", "[npy]") {
  check_unreadable([](const std::string& path) { data::load_npy(path); });
}

TEST_CASE("a saved npy file is read back the same, and has numpy's bytes", "[npy]") {
  const Directory directory;
  const std::string path = directory / "file.npy";
  for (const Tensor& original :
       {tensor({{1.5, -2.0}, {3.0, 4.0}}), tensor({{1.5, -2.0}}, float64), tensor({1, 2, 3}), tensor(2.5),
        zeros({0, 3}), tensor(std::vector<float>(100, 1.0f), Shape{1, 1, 1, 100, 1})}) {
    data::save_npy(path, original);
    const Tensor loaded = data::load_npy(path);
    CHECK(loaded.shape() == original.shape());
    CHECK(loaded.dtype() == original.dtype());
    CHECK(loaded.to_vector() == original.to_vector());
  }
  data::save_npy(path, tensor({{1, 2}, {3, 4}}, float32));
  const std::string bytes = read_file(path);
  CHECK(bytes.size() == 128 + 16);
  CHECK(bytes.substr(0, 70) ==
        std::string("\x93NUMPY\1\0v\0", 10) + "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }" + " ");
  CHECK(bytes[127] == '\n');
  CHECK(directory.names().size() == 1);
}

}  // namespace npy_test
