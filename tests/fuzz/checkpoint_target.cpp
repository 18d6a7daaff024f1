// Checkpoints: a run goes on from one as a whole, or stays as it was.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "autograd/autograd.hpp"
#include "data/batches.hpp"
#include "data/checkpoint.hpp"
#include "data/safetensors.hpp"
#include "optim/adam.hpp"
#include "optim/optimizer.hpp"
#include "tests/fuzz/target.hpp"

namespace xgrad::fuzz {

namespace {

/// A directory in memory, the same for all runs.
const std::string& directory() {
  static const std::string path = [] {
    std::string name = "/dev/shm/xgrad-fuzz-XXXXXX";
    require(::mkdtemp(name.data()) != nullptr);
    return name;
  }();
  return path;
}

/// What is told on stderr meanwhile goes nowhere.
class Quiet {
 public:
  Quiet() : before_(::dup(2)) {
    static const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, 2);
  }
  ~Quiet() {
    ::dup2(before_, 2);
    ::close(before_);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  int before_;
};

struct Training {
  Training() {
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("batches", batches);
    checkpoint.add("weight", weight);
    checkpoint.add("rng", rng);
    checkpoint.add("count", count);
    checkpoint.add("note", note);
    checkpoint.add("list", list);
  }
  /// All that a checkpoint has, as bytes.
  std::string text() const {
    std::vector<NamedTensor> all = optimizer.state();
    for (const NamedTensor& each : batches.state()) all.push_back({"batches." + each.name, each.value});
    Rng copy = rng;
    all.push_back({"rng", normal({3}, copy)});
    all.push_back({"weight", weight});
    all.push_back({"list", tensor(list, float64)});
    return std::to_string(count) + note + std::to_string(checkpoint.steps()) +
           written([&](const std::string& path) { data::save(path, all); });
  }

  Parameter weight{tensor({1.0, 2.0, 3.0})};
  optim::Optimizer optimizer{std::vector{weight}, optim::adam(1e-3)};
  data::Batches batches = data::batches({zeros({4, 2}), zeros({4}, int64)}, {.size = 2, .shuffle = true, .seed = 1});
  Rng rng{3};
  std::int64_t count = 5;
  std::string note = "note";
  std::vector<double> list{1, 2};
  data::Checkpoint checkpoint{directory()};
};

std::filesystem::path file() { return std::filesystem::path(directory()) / "step-000000000001.safetensors"; }

/// The same Tensors as another program would write them, without checksums.
std::string of_others(const std::vector<NamedTensor>& tensors) {
  std::string header = "{", elements;
  for (const NamedTensor& each : tensors) {
    const std::size_t begin = elements.size();
    const char* type = "F64";
    if (each.value.dtype() == int64) {
      type = "I64";
      for (const std::int64_t x : each.value.to_vector<std::int64_t>())
        elements.append(reinterpret_cast<const char*>(&x), sizeof x);
    } else if (each.value.dtype() == float32) {
      type = "F32";
      for (const float x : each.value.to_vector<float>()) elements.append(reinterpret_cast<const char*>(&x), sizeof x);
    } else {
      for (const double x : each.value.to_vector<double>())
        elements.append(reinterpret_cast<const char*>(&x), sizeof x);
    }
    std::string shape;
    for (const std::int64_t size : each.value.shape()) shape += (shape.empty() ? "" : ",") + std::to_string(size);
    header += (header.size() > 1 ? ",\"" : "\"") + each.name + "\":{\"dtype\":\"" + type + "\",\"shape\":[" + shape +
              "],\"data_offsets\":[" + std::to_string(begin) + ',' + std::to_string(elements.size()) + "]}";
  }
  header += '}';
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> 8 * i);
  return bytes + header + elements;
}

std::string saved_run() {
  Training training;
  training.checkpoint.clear();
  training.optimizer.step({tensor({1.0, -1.0, 0.5})});
  training.checkpoint.step();
  training.checkpoint.save();
  const std::string bytes = contents_of(file());
  training.checkpoint.clear();
  return bytes;
}

}  // namespace

void run(std::string_view input) {
  std::ofstream(file(), std::ios::binary).write(input.data(), static_cast<std::streamsize>(input.size()));
  {
    const Quiet quiet;
    Training training;
    const std::string before = training.text();
    bool resumed = false;
    if (refused([&] { resumed = training.checkpoint.resume().has_value(); })) {
      require(training.text() == before);
    } else if (resumed) {
      // What goes on is saved, and goes on again.
      refused([&] {
        training.checkpoint.save();
        const std::string now = training.text();
        Training again;
        require(again.checkpoint.resume().has_value());
        require(again.text() == now);
      });
    }
  }
  for (const auto& each : std::filesystem::directory_iterator(directory())) std::filesystem::remove(each.path());
}

std::vector<std::string> seeds() {
  const std::string ours = saved_run();
  return {ours, of_others(data::load(as_file(ours)))};
}

}  // namespace xgrad::fuzz
