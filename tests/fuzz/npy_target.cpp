// NPY: what is accepted is the same after it was saved and loaded.

#include "autograd/autograd.hpp"
#include "data/npy.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

std::string npy(const std::string& header, const std::string& elements, char version = 1) {
  using namespace std::string_literals;
  const std::string text = header + "\n";
  return "\x93NUMPY"s + version + "\0"s + static_cast<char>(text.size()) + (version == 1 ? "\0"s : "\0\0\0"s) + text +
         elements;
}

}  // namespace

void run(std::string_view input) {
  refused([&] {
    const Tensor x = data::load_npy(as_file(input));
    const std::string first = written([&](const std::string& path) { data::save_npy(path, x); });
    const Tensor again = data::load_npy(as_file(first));
    require(again.shape() == x.shape() && again.dtype() == x.dtype());
    require(first == written([&](const std::string& path) { data::save_npy(path, again); }));
  });
}

std::vector<std::string> seeds() {
  std::vector<std::string> all;
  for (const char* descr :
       {"<f8", ">f8", "<f4", "<f2", ">f2", "<i8", "<u8", ">i4", "<u4", "<i2", "<u2", "|i1", "|u1", "|b1"})
    for (const char* order : {"False", "True"})
      all.push_back(npy("{'descr': '" + std::string(descr) + "', 'fortran_order': " + order + ", 'shape': (2, 3), }",
                        std::string(static_cast<std::size_t>(6 * (descr[2] - '0')), '\1')));
  all.push_back(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }", std::string(8, '\0'), 2));
  all.push_back(npy("{'shape': (0, 5), 'descr': '<i8', 'fortran_order': False}", "", 3));
  return all;
}

}  // namespace xgrad::fuzz
