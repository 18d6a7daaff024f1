// CSV and text: the first bytes are the options of CSV and whether the rest is compressed.

#include "autograd/tape/tensor.hpp"
#include "data/csv.hpp"
#include "data/text.hpp"
#include "tests/data/gzip.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

void run(std::string_view input) {
  Bytes bytes(input);
  const int choice = bytes.byte(), type = bytes.below(5);
  data::CsvOptions options;
  options.type = static_cast<data::CsvType>(type);
  options.header = choice & 1;
  if (choice & 2) options.separator = ';';
  if (choice & 4) options.decimal = ',';
  if (choice & 8) options.fill = 0;
  if (choice & 16) options.missing = {"NA"};
  if (choice & 32) options.non_finite = true;
  if (choice & 64) options.columns = {options.header ? "a" : "0"};
  const std::string contents = choice & 128 ? test::gzip(std::string(bytes.rest()), 1) : std::string(bytes.rest());
  refused([&] {
    const data::CsvTable table = data::load_csv(as_file(contents), options);
    for (const data::CsvColumn& column : table.columns) column.values.to_vector();
    table.matrix();
  });
  refused([&] {
    const std::string text = data::load_text(as_file(contents));
    std::size_t most = 0;
    for (const std::string& line : data::load_lines(as_file(contents))) most += line.size() + 1;
    require(most <= text.size() + 1);
    require(data::load_bytes(as_file(contents)).numel() >= static_cast<std::int64_t>(text.size()));
  });
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  const std::string plain = "a,b\n1,2.5e3\r\n-3,\"4\"\n";
  std::vector<std::string> all = {"\x01\0"s + plain,
                                  "\x81\0"s + plain,
                                  "\x01\x01"s + "\xef\xbb\xbf" + plain,
                                  "\x06\0"s + "1,5;2\n3;4,25\n",
                                  "\x39\x02"s + "a,b\nNA,\n7,8\n",
                                  "\x39\0"s + "a,b\nnan,inf\n-inf,1e-400\n",
                                  "\x41\x03"s + "b,a\n0,true\n1,false\n",
                                  "\x01\x04"s + "a\n\"red, \"\"deep\"\"\"\n\"two\nlines\"\n\n",
                                  "\0\0"s + test::gzip("1\n2\n")};
  return all;
}

}  // namespace xgrad::fuzz
