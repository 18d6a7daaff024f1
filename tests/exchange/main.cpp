// Weights from PyTorch and back: `./run exchange` runs this beside exchange.py, which says what is in the files.
//
//     exchange names         the layers that are compared
//     exchange check DIR     loads what PyTorch wrote and compares outputs and gradients
//     exchange write DIR     writes new weights, outputs and gradients, for exchange.py to compare

#include <cstdio>
#include <string>

#include "autograd/core/error.hpp"
#include "tests/exchange/measure.hpp"

using namespace xgrad;
using namespace xgrad::exchange;

namespace {

/// Whether the layer computes what PyTorch does; says so.
bool check_and_print(const Layer& layer, const std::string& stem) {
  Comparison result;
  try {
    result = check(layer, stem);
    for (const std::string& wrong : check_formats(layer, stem).wrong) result.wrong.push_back(wrong);
  } catch (const Error& error) {
    result.wrong.push_back(error.what());
  }
  std::printf("%-40s %9.1e  %s", layer.name.c_str(), result.largest, result.good() ? "ok" : "FAILED");
  for (const std::string& wrong : result.wrong) std::printf("; %s", wrong.c_str());
  std::printf("\n");
  return result.good();
}

}  // namespace

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  bool good = true;
  if (command == "names" && count == 2) {
    for (const Layer& layer : layers()) std::printf("%s\n", layer.name.c_str());
  } else if (command == "check" && count == 3) {
    for (const Layer& layer : layers())
      good = check_and_print(layer, std::string(arguments[2]) + "/" + layer.name) && good;
  } else if (command == "write" && count == 3) {
    for (const Layer& layer : layers()) write(layer, std::string(arguments[2]) + "/" + layer.name);
  } else {
    std::fprintf(stderr, "usage: exchange names | check DIR | write DIR\n");
    return 2;
  }
  return good ? 0 : 1;
}
