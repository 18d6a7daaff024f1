#include "data/csv.hpp"

#include <cmath>
#include <locale>

#include "data/csv_number.hpp"
#include "report/curve.hpp"
#include "tests/data/files.hpp"
#include "tests/data/gzip.hpp"

namespace csv_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;
using data::CsvOptions;
using data::CsvTable;
using data::CsvType;

namespace {

CsvTable load(const std::string& text, const CsvOptions& options = {}) {
  const Directory directory;
  write_file(directory / "file.csv", text);
  return data::load_csv(directory / "file.csv", options);
}

template <class E = FormatError>
std::string refusal(const std::string& text, const CsvOptions& options = {}) {
  return message_of<E>([&] { load(text, options); });
}

std::vector<double> column(const CsvTable& table, const std::string& name) { return table[name].values.to_vector(); }

/// One number as a field of each type.
template <class T>
data::Reading read(const std::string& text, T& value, bool non_finite = false) {
  return data::read_number(text, '.', non_finite, value);
}

}  // namespace

TEST_CASE("the columns of a CSV file become Tensors", "[csv]") {
  const CsvTable table = load("x,y\n1,2.5\n-3,4e2\n");
  REQUIRE(table.columns.size() == 2);
  CHECK(table.rows() == 2);
  CHECK(table.columns[1].name == "y");
  CHECK(table["x"].values.dtype() == float32);
  CHECK(table["x"].values.shape() == Shape{2});
  CHECK(column(table, "x") == std::vector<double>{1, -3});
  CHECK(column(table, "y") == std::vector<double>{2.5, 400});
  CHECK(table.matrix().shape() == Shape{2, 2});
  CHECK(table.matrix().to_vector() == std::vector<double>{1, 2.5, -3, 400});
  CHECK(table.matrix({"y"}).to_vector() == std::vector<double>{2.5, 400});
  CHECK_THAT(message_of<IndexError>([&] { table.at("z"); }), Contains("no column 'z'"));
}

TEST_CASE("columns are chosen, and have the types that are asked for", "[csv]") {
  const std::string text = "name,count,size,flag\nrose,3,1.5,true\nlily,4,2.5,0\nrose,-9223372036854775808,0.1,FALSE\n";
  const CsvTable table =
      load(text, {.columns = {"flag", "name", "size", "count"},
                  .type = CsvType::float64,
                  .types = {{"name", CsvType::category}, {"count", CsvType::int64}, {"flag", CsvType::boolean}}});
  CHECK(table.columns[0].name == "flag");
  CHECK(table["flag"].values.dtype() == boolean);
  CHECK(column(table, "flag") == std::vector<double>{1, 0, 0});
  CHECK(table["name"].values.dtype() == int64);
  CHECK(column(table, "name") == std::vector<double>{0, 1, 0});
  CHECK(table["name"].categories == std::vector<std::string>{"rose", "lily"});
  CHECK(table["size"].values.to_vector<double>() == std::vector<double>{1.5, 2.5, 0.1});
  CHECK(table["count"].values.to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 4, INT64_MIN});
  CHECK(load(text, {.columns = {"size"}}).columns.size() == 1);
  const CsvTable headless = load("1,2\n3,4\n", {.header = false, .columns = {"1"}});
  CHECK(column(headless, "1") == std::vector<double>{2, 4});
  for (const CsvOptions& wrong : {CsvOptions{.columns = {"none"}},
                                  {.types = {{"none", CsvType::int64}}},
                                  {.columns = {"size", "size"}},
                                  {.separator = '"'},
                                  {.separator = '\n'},
                                  {.separator = '.'},
                                  {.decimal = 'x'},
                                  {.separator = ',', .decimal = ','}})
    refusal<ValueError>(text, wrong);
  CHECK_THAT(refusal("a,b,a\n1,2,3\n"), Contains("2 columns named 'a'"));
  CHECK(column(load("a,b,a\n1,2,3\n", {.columns = {"b"}}), "b") == std::vector<double>{2});
}

TEST_CASE("fields in quotes hold separators, line ends and quotes", "[csv]") {
  const CsvTable table =
      load("\"a \"\"b\"\"\",c\n\"x,y\r\nz\",\"1\"\n\"\"\"\",2\n", {.types = {{"a \"b\"", CsvType::category}}});
  CHECK(table["a \"b\""].categories == std::vector<std::string>{"x,y\r\nz", "\""});
  CHECK(column(table, "c") == std::vector<double>{1, 2});
  CHECK_THAT(refusal("a\n\"1\n2\n"), Contains("a quoted field in the record of line 2 does not end"));
  CHECK_THAT(refusal("a\n\"1\"2\n"), Contains("line 2 has something between a closing quote"));
  CHECK_THAT(refusal("a\n1\"2\"\n"), Contains("line 2 has a quote inside a field"));
  // Lines are counted as an editor does, inside quotes, too.
  CHECK_THAT(refusal("a,b\n\"1\n\n\",2\nx,y\n", {.columns = {"b"}}), Contains("line 5, column 2 ('b'): 'y'"));
}

TEST_CASE("lines may end in CRLF, the last one in nothing, and a byte order mark may stand at the start", "[csv]") {
  for (const char* text : {"a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\n1,2", "a,b\r\n1,2", "a,b\n1,2\r", "a,b\n1,2\n\n\r\n\n",
                           "\xef\xbb\xbf"
                           "a,b\n1,2\n",
                           "a,b\n 1\t, +2 \n", "\xef\xbb\xbf\"a\",b\n\"1\",2\n"}) {
    const CsvTable table = load(text);
    CHECK(column(table, "a") == std::vector<double>{1});
    CHECK(column(table, "b") == std::vector<double>{2});
  }
  CHECK(load("a,b\n").matrix().shape() == Shape{0, 2});
  CHECK(load("a,b").rows() == 0);
  CHECK_THAT(refusal("a,b\n1,2\n\n3,4\n"), Contains("line 3 is blank"));
  CHECK_THAT(refusal("\na,b\n1,2\n"), Contains("line 1 is blank"));
  CHECK_THAT(refusal("a,b\r1,2\r"), Contains("a carriage return inside"));
  CHECK_THAT(refusal(""), Contains("is empty"));
  CHECK_THAT(refusal(std::string("a,b\n1,\0\n", 8)), Contains("line 2 has a zero byte"));
  CHECK_THAT(refusal("a\n\x1b\n"), Contains("line 2 has a control character"));
  CHECK_THAT(refusal(std::string("\xff\xfe"
                                 "a\0,\0",
                                 6)),
             Contains("UTF-16"));
}

TEST_CASE("records of other lengths than the first one are refused", "[csv]") {
  CHECK_THAT(refusal("a,b\n1,2\n3\n"), Contains("line 3 has 1 field, the first one has 2"));
  CHECK_THAT(refusal("a,b\n1,2,3\n"), Contains("line 2 has 3 fields, the first one has 2"));
  CHECK_THAT(refusal("a,b\n1,2\n3,4,\n"), Contains("line 3 has 3 fields"));
  CHECK_THAT(refusal("a;b\n1;2\n3\n", {.separator = ';'}), Contains("line 3"));
}

TEST_CASE("what is not a number is refused at its line and column", "[csv]") {
  for (const char* text :
       {"abc", "2x",  "0x10", "1e999",     "-1e39", "1 2",   "1,5",   "--1", "+-1",    "+",       "-",   ".", "1e",
        "1e+", "nan", "inf",  "-Infinity", "NA",    "1_000", "1'000", "٣",   "nan(1)", "infinit", "1d3", "1f"}) {
    INFO(text);
    CHECK_THAT(refusal("a;b\n1;2\n3;" + std::string(text) + "\n", {.separator = ';'}),
               Contains("line 3, column 2 ('b'): '" + std::string(text) + "'"));
  }
  CHECK_THAT(refusal("a\n1\n99999999999999999999\n", {.type = CsvType::int64}),
             Contains("beyond what its dtype holds"));
  for (const char* text : {"1.0", "1.", "1e3", "0x1", "true", "nan", "inf"})
    CHECK_THAT(refusal("a\n" + std::string(text) + "\n", {.type = CsvType::int64, .non_finite = true}),
               Contains("is not a whole number"));
  for (const char* text : {"2", "yes", "t", "-1", "1.0"})
    CHECK_THAT(refusal("a\n" + std::string(text) + "\n", {.type = CsvType::boolean}), Contains("none of 0, 1"));
}

TEST_CASE("numbers are rounded to the nearest one, from beyond too", "[csv]") {
  float single = -7;
  double wide = -7;
  for (const char* text : {"1e-46", "0.000000000000000000000000000000000000000000000001", "1e-999999999999999999999",
                           "123e-400", "1e-400"}) {
    INFO(text);
    CHECK(read(text, single) == data::Reading::number);
    CHECK(single == 0);
  }
  CHECK(read("-1e-400", wide) == data::Reading::number);
  CHECK(std::signbit(wide));
  CHECK(read("1e-45", single) == data::Reading::number);
  CHECK(single == 0x1p-149f);
  CHECK(read("0.1", single) == data::Reading::number);
  CHECK(single == 0.1f);
  // Once, and not first to double: half way between two floats but for a little.
  CHECK(read("1.000000059604644775390625000000000000001", single) == data::Reading::number);
  CHECK(single == 1 + 0x1p-23f);
  CHECK(read("1.7976931348623157e308", wide) == data::Reading::number);
  CHECK(read("1.8e308", wide) == data::Reading::beyond);
  CHECK(read("0." + std::string(400, '0') + "1e800", wide) == data::Reading::beyond);
  CHECK(read(std::string(400, '9'), wide) == data::Reading::beyond);
  CHECK(read("0e999999", wide) == data::Reading::number);
  CHECK(read("3.5e38", single) == data::Reading::beyond);
}

TEST_CASE("nan and infinities are numbers where that is asked for", "[csv]") {
  const std::vector<double> all = column(load("a\nnan\n-inf\nInfinity\nNaN\n", {.non_finite = true}), "a");
  CHECK((std::isnan(all[0]) && std::isnan(all[3])));
  CHECK(all[1] == -INFINITY);
  CHECK(all[2] == INFINITY);
}

TEST_CASE("a missing value is an error, or what it is filled with", "[csv]") {
  CHECK_THAT(refusal("a,b\n1,\n"), Contains("line 2, column 2 ('b'): '' has no value"));
  CHECK_THAT(refusal("a,b\n1, \n"), Contains("has no value"));
  CHECK_THAT(refusal("a,b\n1,\"\"\n"), Contains("has no value"));
  const CsvTable table = load("a,b,c,d\n1,,NA,?\nNA,2,x,1\n",
                              {.types = {{"b", CsvType::int64}, {"c", CsvType::category}, {"d", CsvType::boolean}},
                               .missing = {"NA", "?"},
                               .fill = 0});
  CHECK(column(table, "a") == std::vector<double>{1, 0});
  CHECK(column(table, "b") == std::vector<double>{0, 2});
  CHECK(column(table, "c") == std::vector<double>{0, 0});
  CHECK(column(table, "d") == std::vector<double>{0, 1});
  CHECK(std::isnan(column(load("a\nNA\n", {.missing = {"NA"}, .fill = NAN}), "a")[0]));
  refusal<ValueError>("a\n1\n", {.type = CsvType::int64, .fill = NAN});
  refusal<ValueError>("a\n1\n", {.type = CsvType::int64, .fill = 0.5});
  refusal<ValueError>("a\n1\n", {.type = CsvType::boolean, .fill = 2});
  refusal<ValueError>("a\n1\n", {.type = CsvType::float32, .fill = 1e300});
}

TEST_CASE("separators and decimal signs may be others, whatever the locale", "[csv]") {
  const CsvOptions german{.separator = ';', .decimal = ','};
  CHECK(column(load("a;b\n1,5;-2\n", german), "a") == std::vector<double>{1.5});
  CHECK_THAT(refusal("a;b\n1.5;2\n", german), Contains("'1.5' is not a number"));
  CHECK_THAT(refusal("a;b\n1.000,5;2\n", german), Contains("is not a number"));
  CHECK(column(load("a\tb\n1\t2\n", {.separator = '\t'}), "b") == std::vector<double>{2});
  struct Comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale(), new Comma));
  const std::vector<double> read = column(load("a\n1234.5\n"), "a");
  std::locale::global(before);
  CHECK(read == std::vector<double>{1234.5});
}

TEST_CASE("a compressed CSV file is read like a plain one, and one that is cut off is refused", "[csv]") {
  const Directory directory;
  const std::string packed = gzip("a,b\n1,2\n3,4\n");
  write_file(directory / "file", packed);
  CHECK(data::load_csv(directory / "file").matrix().to_vector() == std::vector<double>{1, 2, 3, 4});
  for (std::size_t length = 0; length < packed.size(); ++length) {
    write_file(directory / "file", packed.substr(0, length));
    CHECK_THROWS_AS(data::load_csv(directory / "file"), FormatError);
  }
}

TEST_CASE("a CSV file that stops anywhere is refused, or has what stands before", "[csv]") {
  const std::string whole = "a,\"b\"\n1,\"2\"\n3,4\n";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      const std::vector<double> values = load(whole.substr(0, length)).matrix().to_vector();
      INFO("the first " << length << " bytes");
      const std::vector<double> expected{1, 2, 3, 4};
      CHECK(std::equal(values.begin(), values.end(), expected.begin()));
    } catch (const FormatError&) {
    }
  }
}

TEST_CASE("many rows of many pieces are read", "[csv]") {
  std::string text = "a,b\n";
  for (int i = 0; i < 50000; ++i) text += std::to_string(i) + ",\"" + std::to_string(-i) + "\"\r\n";
  const CsvTable table = load(gzip(text), {.type = CsvType::int64});
  std::int64_t wrong = 0;
  const auto a = table["a"].values.data<std::int64_t>(), b = table["b"].values.data<std::int64_t>();
  REQUIRE(a.size() == 50000);
  for (std::int64_t i = 0; i < 50000; ++i)
    wrong += a[static_cast<std::size_t>(i)] != i || b[static_cast<std::size_t>(i)] != -i;
  CHECK(wrong == 0);
}

TEST_CASE("a record without end is a LimitError", "[csv]") {
  CHECK_THAT(refusal<LimitError>("a\n" + std::string(17 << 20, 'x')), Contains("the record of line 2 has more than"));
  CHECK_THAT(refusal<LimitError>("a\n\"" + std::string(17 << 20, '\n')), Contains("the record of line 2"));
  CHECK_THAT(refusal<LimitError>(gzip(std::string(2 << 20, ','))), Contains("the record of line 1"));
}

TEST_CASE("a file that write_csv wrote is read", "[csv]") {
  const Directory directory;
  report::write_csv(directory / "file", std::vector<report::Series>{{"loss", {0, 1, 2}, {1.0, 0.5, 0.25}}});
  const CsvTable table = data::load_csv(directory / "file", {.type = CsvType::float64});
  CHECK(table.columns.size() == 2);
  CHECK(column(table, "loss") == std::vector<double>{1, 0.5, 0.25});
}

TEST_CASE("what cannot be opened as a CSV file is refused with the reason", "[csv]") {
  check_unreadable([](const std::string& path) { data::load_csv(path); });
}

}  // namespace csv_test
