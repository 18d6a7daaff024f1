// Zip archives of arrays. The first byte says whether the rest is the archive or, as checksums would stop nearly
// everything else, one member of an archive that is made around it.

#include <zlib.h>

#include "autograd/autograd.hpp"
#include "data/npz.hpp"
#include "tests/data/gzip.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

std::string little(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(number >> 8 * i);
  return text;
}

std::string archive(const std::string& member, bool compressed) {
  const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(member.data()), member.size());
  const std::string packed = compressed ? test::deflated(member, -MAX_WBITS, 1) : member, name = "x.npy";
  const std::string common = little(20, 2) + little(0, 2) + little(compressed ? 8 : 0, 2) + little(0, 4) +
                             little(sum, 4) + little(packed.size(), 4) + little(member.size(), 4) +
                             little(name.size(), 2) + little(0, 2);
  const std::string local = "PK\3\4" + common + name + packed;
  const std::string central = "PK\1\2" + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) +
                              little(0, 4) + little(0, 4) + name;
  return local + central + "PK\5\6" + little(0, 4) + little(1, 2) + little(1, 2) + little(central.size(), 4) +
         little(local.size(), 4) + little(0, 2);
}

}  // namespace

void run(std::string_view input) {
  if (input.empty()) return;
  std::string contents(input.substr(1));
  if (input[0] == 's' || input[0] == 'd') contents = archive(contents, input[0] == 'd');
  refused([&] {
    const std::vector<NamedTensor> tensors = data::load_npz(as_file(contents));
    const std::string first = written([&](const std::string& path) { data::save_npz(path, tensors); });
    const std::vector<NamedTensor> again = data::load_npz(as_file(first));
    require(again.size() == tensors.size());
    require(first == written([&](const std::string& path) { data::save_npz(path, again); }));
  });
}

std::vector<std::string> seeds() {
  using namespace std::string_literals;
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
  const std::string npy = "\x93NUMPY\1\0"s + little(header.size(), 2) + header + std::string(8, '\1');
  const std::string two = written([](const std::string& path) {
    data::save_npz(path, std::vector<NamedTensor>{{"a.weight", tensor({1.0, 2.0})}, {"b", zeros({2, 0}, int64)}});
  });
  return {"s" + npy, "d" + npy, " " + archive(npy, false), " " + archive(npy, true), " " + two};
}

}  // namespace xgrad::fuzz
