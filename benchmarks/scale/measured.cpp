#include "benchmarks/scale/measured.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <sstream>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "parallel/tree.hpp"

namespace xgrad::scale {

namespace {

using Clock = std::chrono::steady_clock;
using parallel::Communicator;

double now() { return std::chrono::duration<double>(Clock::now().time_since_epoch()).count(); }

/// Seconds that the slowest rank takes, in the fastest tenth of as many times as fit into so many seconds: what others
/// do on the machine meanwhile is left out.
double fastest(const Communicator& ranks, double seconds, const std::function<void()>& body) {
  for (int i = 0; i < 5; ++i) body();
  std::vector<double> times;
  const double end = now() + seconds;
  for (bool more = true; more;) {
    ranks.barrier();
    const double begin = now();
    body();
    const Tensor mine = tensor({now() - begin, now() < end || times.size() < 5 ? 1.0 : 0.0}, float64);
    const Tensor slowest = parallel::all_reduce(mine, ranks, parallel::Reduce::max);
    times.push_back(slowest.to_vector()[0]);
    more = slowest.to_vector()[1] > 0;
  }
  std::ranges::sort(times);
  return times[times.size() / 10];
}

constexpr std::int64_t width = 1024, batch = 256;

nn::Sequential wide(Rng rng) {
  return nn::Sequential{nn::Linear(width, width, {}, rng), relu, nn::Linear(width, width, {}, rng), relu,
                        nn::Linear(width, width, {}, rng)};
}

double steps_of(const Communicator& timed, const Communicator& trained, std::int64_t samples,
                const parallel::ReplicasOptions& options, double seconds) {
  nn::Sequential model = wide(Rng(1));
  optim::Optimizer optimizer(model.parameters(), optim::sgd(1e-3));
  parallel::Replicas replicas(model, optimizer, trained, options);
  Rng rng(2);
  const Tensor x = normal({samples, width}, rng);
  evaluate(x);
  return fastest(timed, seconds, [&] { replicas.step(mean(square(model(x) - x)), samples); });
}

double mnist_images(const Communicator& ranks, double seconds) {
  Rng rng(1);
  nn::Sequential model{nn::Linear(784, 128, {}, rng), relu, nn::Linear(128, 10, {}, rng)};
  optim::Optimizer optimizer(model.parameters(), optim::adam(1e-3));
  const std::int64_t samples = 64 / ranks.size();
  const Tensor x = normal({samples, 784}, rng), y = zeros({samples}, int64);
  evaluate({x, y});
  if (ranks.size() == 1)  // without any of parallel/
    return 64 /
           fastest(ranks, seconds, [&] { optimizer.step(grad(nn::cross_entropy(model(x), y), model.parameters())); });
  parallel::Replicas replicas(model, optimizer, ranks);
  return 64 / fastest(ranks, seconds, [&] { replicas.step(nn::cross_entropy(model(x), y), samples); });
}

}  // namespace

Measured measure(const Communicator& ranks, double seconds) {
  Measured result;
  result.ranks = ranks.size();
  result.threads = num_threads();
  const NoGrad untracked;
  const Tensor number = tensor(1.0, float64), many = ones({4 << 20}, float32);
  evaluate({number, many});
  result.latency = fastest(ranks, seconds, [&] { parallel::send_receive(number, ranks); });
  const double sent = fastest(ranks, seconds, [&] { parallel::send_receive(many, ranks); });
  result.bandwidth = 4.0 * (4 << 20) / std::max(sent - result.latency, 1e-9);
  // More than a cache holds: what is added up has just come in.
  std::vector<float> parts(std::size_t{16} << 20);
  result.combine = 4.0 * static_cast<double>(parts.size()) / fastest(ranks, seconds, [&] {
                     parallel::detail::combine_tree(parallel::detail::Combine::sum, float32, parts.data(), 8 << 20, 2);
                   });
  const EnableGrad tracked;
  const std::int64_t samples = batch / ranks.size();
  result.bytes = 4.0 * 3 * static_cast<double>(width * (width + 1));
  const Tensor gradients = ones({static_cast<std::int64_t>(result.bytes / 4)}, float32);
  evaluate(gradients);
  result.compute = steps_of(ranks, Communicator::self(), samples, {}, seconds);
  result.exchange = fastest(ranks, seconds, [&] { parallel::all_reduce(gradients, ranks); });
  result.step = steps_of(ranks, ranks, samples, {}, seconds);
  result.apart = steps_of(ranks, ranks, samples, {.bucket_bytes = 1 << 18}, seconds);
  result.mnist = mnist_images(ranks, seconds);
  return result;
}

std::string line_of(const Measured& m) {
  std::ostringstream text;
  text << "measured " << m.ranks << ' ' << m.threads << ' ' << m.latency << ' ' << m.bandwidth << ' ' << m.combine
       << ' ' << m.compute << ' ' << m.exchange << ' ' << m.step << ' ' << m.apart << ' ' << m.mnist << ' ' << m.bytes;
  return text.str();
}

Measured measured_of(const std::string& line) {
  std::istringstream text(line);
  std::string word;
  Measured m;
  text >> word >> m.ranks >> m.threads >> m.latency >> m.bandwidth >> m.combine >> m.compute >> m.exchange >> m.step >>
      m.apart >> m.mnist >> m.bytes;
  return m;
}

}  // namespace xgrad::scale
