#include "benchmarks/serve.hpp"

#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "benchmarks/blas_core.hpp"

namespace benchmarks {

namespace {

using Json = nlohmann::json;

/// The number of arrays, their sizes, and their numbers: 64-bit integers and doubles, as this machine has them.
void write_arrays(const std::vector<Numbers>& arrays, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  const auto write = [&](const void* data, std::size_t bytes) {
    file.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  };
  std::vector<std::int64_t> header{static_cast<std::int64_t>(arrays.size())};
  for (const Numbers& array : arrays) header.push_back(static_cast<std::int64_t>(array.size()));
  write(header.data(), header.size() * sizeof(std::int64_t));
  for (const Numbers& array : arrays) write(array.data(), array.size() * sizeof(double));
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

class Server {
 public:
  explicit Server(const std::map<std::string, Side>& sides) : sides_(sides) {}

  Json answer(const std::string& line) {
    std::istringstream words(line);
    std::string command, argument;
    words >> command >> argument;
    if (command == "about") return {{"blas", blas_in_use()}};
    if (command == "setup") return set_up(argument, words);
    if (command == "drop") {
      lanes_.clear();
      work_.reset();
      return Json::object();
    }
    if (!work_) throw std::runtime_error("nothing is set up");
    if (command == "results") return written(work_->results(), argument);
    if (command == "amplified")
      return written(work_->amplified ? work_->amplified() : std::vector<Numbers>(), argument);
    if (command == "turn") return take_turn(std::stod(argument));
    throw std::runtime_error("no such command: " + line);
  }

 private:
  static Json written(const std::vector<Numbers>& arrays, const std::string& path) {
    write_arrays(arrays, path);
    return {{"arrays", arrays.size()}};
  }

  Json set_up(const std::string& name, std::istream& words) {
    std::string of;
    words >> of;
    const auto side = sides_.find(name);
    const Cases::Case* const found = side == sides_.end() ? nullptr : side->second.cases->find(of);
    if (!found) throw std::runtime_error(name + " has no case " + of);
    lanes_.clear();
    apply(side->second.settings.front());
    work_ = found->make();
    const double first = first_calls(*work_);
    for (const Setting& setting : side->second.settings) lanes_.push_back({&*work_, setting});
    return {{"first_us", first * 1e6}, {"tolerance", found->tolerance}};
  }

  Json take_turn(double seconds) {
    Json all = Json::array();
    for (Lane& lane : lanes_) {
      if (!chosen_for(lane)) lane.choose_calls();
      lane.samples.clear();
      lane.take_turn(seconds / static_cast<double>(lanes_.size()), pause_between(lanes_.size()));
      Json samples = Json::array();
      for (const double sample : lane.samples) samples.push_back(sample * 1e6);
      all.push_back(std::move(samples));
    }
    return {{"us", std::move(all)}};
  }
  static bool chosen_for(const Lane& lane) { return !lane.samples.empty(); }

  const std::map<std::string, Side>& sides_;
  std::optional<Work> work_;
  std::vector<Lane> lanes_;
};

}  // namespace

int serve(const std::map<std::string, Side>& sides) {
  Server server(sides);
  std::string line;
  while (std::getline(std::cin, line)) {
    Json answer;
    try {
      answer = server.answer(line);
    } catch (const std::exception& error) {
      answer = {{"error", error.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

}  // namespace benchmarks
