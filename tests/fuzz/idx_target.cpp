// IDX: the first byte says whether the rest is the file, or what the file holds compressed.

#include "autograd/tape/tensor.hpp"
#include "data/idx.hpp"
#include "tests/data/gzip.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

void run(std::string_view input) {
  if (input.empty()) return;
  std::string contents(input.substr(1));
  if (input[0] == 'z') contents = test::gzip(contents, 1);
  refused([&] {
    const Tensor x = data::load_idx(as_file(contents));
    require(x.numel() <= 2000 * static_cast<std::int64_t>(contents.size()));
    x.to_vector();
  });
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  const std::string bytes = "\0\0\x08\x02\0\0\0\x02\0\0\0\x03\x01\x02\x03\x04\x05\xff"s;
  std::vector<std::string> all = {" "s + bytes,
                                  "z"s + bytes,
                                  " "s + test::gzip(bytes),
                                  " "s + test::gzip(bytes) + test::gzip(""s),
                                  " \0\0\x09\x01\0\0\0\0"s,
                                  " \0\0\x0b\x01\0\0\0\x01\x80\0"s,
                                  " \0\0\x0c\x01\0\0\0\x01\x80\0\0\0"s,
                                  " \0\0\x0d\x01\0\0\0\x01\x7f\xc0\0\0"s,
                                  "z\0\0\x0e\x03\0\0\0\x01\0\0\0\x01\0\0\0\x01\x3f\xf0\0\0\0\0\0\0"s};
  return all;
}

}  // namespace xgrad::fuzz
