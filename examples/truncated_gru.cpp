// A GRU remembers for longer than it is differentiated: truncated back-propagation through time.
//
// The network reads an endless stream of symbols. Some of them set a switch, '0' or '1', most, '.', say nothing, and
// after each it has to tell how the switch stands, which may have been set hundreds of steps ago. Going back through
// all of the past for a derivative would cost ever more. So the stream is cut into windows of 20 steps: the state at
// the end of a window is the start of the next one, but no derivative flows through it (Williams and Peng, "An
// efficient gradient-based algorithm for on-line training of recurrent network trajectories", 1990). What was learned
// within windows, to leave the state alone at every '.', holds across them. `stop_gradient` is all there is to it: the
// tape of old windows is freed, and memory stays the same however long the stream is.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

constexpr std::int64_t window = 20, streams = 32;

struct Network : nn::Module {
  nn::GRU gru{3, 16};
  nn::Linear output{16, 1};
  /// Logits [T, N] for one-hot symbols [T, N, 3], and the state after them.
  std::pair<Tensor, nn::RecurrentState> operator()(const Tensor& x, const nn::RecurrentState& before) const {
    const nn::RecurrentOutput result = gru(x, before);
    return {squeeze(output(result.output), -1), result.state};
  }
  void visit(nn::Visitor& visitor) override {
    visitor("gru", gru);
    visitor("output", output);
  }
};

/// Many streams, of which each window goes on where the one before ended.
class Streams {
 public:
  explicit Streams(std::uint64_t seed) : rng_(seed) {}

  struct Window {
    Tensor symbols;                       // [T, N, 3], one-hot
    Tensor target;                        // [T, N], 0 or 1
    std::vector<std::int64_t> since_set;  // how long ago the switch was set, row by row
  };
  Window next() {
    std::vector<std::int64_t> symbols;
    std::vector<float> target;
    Window result;
    for (std::int64_t step = 0; step < window; ++step)
      for (Switch& each : switches_) {
        // 1 in 30 symbols sets the switch; the first ones do, so that it stands somewhere.
        const bool sets = each.age < 0 || rng_.below(30) == 0;
        if (sets) each = {static_cast<std::int64_t>(rng_.below(2)), 0};
        symbols.push_back(sets ? each.value : 2);
        target.push_back(static_cast<float>(each.value));
        result.since_set.push_back(each.age++);
      }
    result.symbols = reshape(one_hot(tensor(symbols), 3), {window, streams, 3});
    result.target = reshape(tensor(target), {window, streams});
    return result;
  }

 private:
  struct Switch {
    std::int64_t value = 0, age = -1;
  };
  std::vector<Switch> switches_ = std::vector<Switch>(streams);
  Rng rng_;
};

/// How many answers are right, by how long ago the switch was set.
void print_accuracy(const Network& network, bool carries) {
  const NoGrad untracked;
  const std::vector<std::int64_t> bounds = {0, 10, 20, 50, 100, 1000000};
  std::vector<double> right(5, 0), count(5, 0);
  Streams stream(99);
  nn::RecurrentState state;
  for (int i = 0; i < 100; ++i) {
    const Streams::Window part = stream.next();
    const auto [logits, after] = network(part.symbols, carries ? state : nn::RecurrentState{});
    state = after;
    const auto is_right = ((logits > 0) == (part.target > 0.5)).to_vector();
    for (std::size_t k = 0; k < is_right.size(); ++k)
      for (std::size_t b = 0; b < 5; ++b)
        if (part.since_set[k] >= bounds[b] && part.since_set[k] < bounds[b + 1]) {
          right[b] += is_right[k];
          ++count[b];
        }
  }
  std::printf("%-42s", carries ? "carried from window to window" : "beginning with zeros in each window");
  for (std::size_t b = 0; b < 5; ++b) std::printf("%7.0f", 100 * right[b] / count[b]);
  std::printf("\n");
}

int main() {
  seed(1);
  Network network;
  optim::Optimizer optimizer(network.parameters(), optim::chain(optim::clip_by_global_norm(1), optim::adam(1e-2)));
  Streams stream(1);
  nn::RecurrentState state;
  for (int step = 0; step <= 400; ++step) {
    const Streams::Window part = stream.next();
    const auto [logits, after] = network(part.symbols, state);
    const Tensor loss = nn::binary_cross_entropy_with_logits(logits, part.target);
    if (step % 100 == 0) std::printf("window %3d  loss %.3f\n", step, loss.item());
    optimizer.step(grad(loss, network.parameters()));
    state.h = stop_gradient(after.h);  // what came before is no part of the next derivative
  }

  std::printf("\nright answers in percent, by the steps since the switch was set\n");
  std::printf("%-42s%7s%7s%7s%7s%7s\n", "state", "0-9", "10-19", "20-49", "50-99", "100-");
  print_accuracy(network, false);
  print_accuracy(network, true);
}
