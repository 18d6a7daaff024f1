// Policy gradient: a network learns to balance a pole by trial and error.
//
// A pole stands on a cart, which is pushed to the left or to the right fifty times a second (Barto, Sutton and
// Anderson, 1983). A network gives the probability of each push; an episode is over when the pole leans too far, the
// cart leaves the track, or 200 steps are done. There is no derivative of what happens by what was done. But the mean
// return R has one by the policy p:
//     d E[R] / dw = E[ sum_t d log p(a_t | s_t) / dw  R_t ],      R_t = rewards from t on
// (Williams, "Simple statistical gradient-following algorithms", 1992: REINFORCE). Subtracting the mean of R_t over
// episodes changes no expectation, and makes the noise much smaller. All episodes of a batch go side by side as rows.

#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

constexpr std::int64_t episodes = 32, most_steps = 200;

/// One step of 0.02 s: x, its velocity, the angle of the pole and its velocity, [N, 4], by pushes of 0 or 1, [N].
Tensor next_state(const Tensor& state, const Tensor& push) {
  constexpr double gravity = 9.8, cart = 1.0, pole = 0.1, half_length = 0.5, strength = 10, dt = 0.02;
  const Tensor x = state(all, 0), v = state(all, 1), angle = state(all, 2), w = state(all, 3);
  const Tensor force = strength * (2 * cast(push, float32) - 1);
  const Tensor part = (force + pole * half_length * square(w) * sin(angle)) / (cart + pole);
  const Tensor turn = (gravity * sin(angle) - cos(angle) * part) /
                      (half_length * (4.0 / 3 - pole * square(cos(angle)) / (cart + pole)));
  const Tensor slide = part - pole * half_length * turn * cos(angle) / (cart + pole);
  return stack({x + dt * v, v + dt * slide, angle + dt * w, w + dt * turn}, 1);
}

/// Whether the pole stands and the cart is on its track.
Tensor stands(const Tensor& state) {
  return (abs(state(all, 0)) < 2.4) & (abs(state(all, 2)) < 12 * std::numbers::pi / 180);
}

/// What happened: states [T, N, 4], pushes [T, N], and whether each step belonged to its episode still, [T, N].
struct Rollout {
  Tensor states, pushes, alive;
  Rollout(nn::Sequential& policy, Rng& rng) {
    const NoGrad untracked;
    std::vector<Tensor> all_states, all_pushes, all_alive;
    Tensor state = uniform({episodes, 4}, rng, -0.05, 0.05), going = ones({episodes}, boolean);
    for (std::int64_t step = 0; step < most_steps && any(going).item() != 0; ++step) {
      const Tensor push = categorical(policy(state), rng);
      all_states.push_back(state);
      all_pushes.push_back(push);
      all_alive.push_back(going);
      state = next_state(state, push);
      going = going & stands(state);
      evaluate({state, going});
    }
    states = stack(all_states);
    pushes = stack(all_pushes);
    alive = cast(stack(all_alive), float32);
  }
  double mean_length() const { return sum(alive).item() / episodes; }
};

int main() {
  seed(1);
  Rng rng(1);
  nn::Sequential policy(nn::Linear(4, 32), relu, nn::Linear(32, 2));
  optim::Optimizer optimizer(policy.parameters(), optim::adam(1e-2));
  std::printf("steps until the pole falls, mean of %lld episodes (at most %lld):\n", static_cast<long long>(episodes),
              static_cast<long long>(most_steps));
  for (int update = 0; update <= 60; ++update) {
    const Rollout batch(policy, rng);
    if (update % 6 == 0) {
      const double length = batch.mean_length();
      std::printf("after %2d updates %4.0f  %s\n", update, length, std::string(std::size_t(length / 4), '=').c_str());
    }
    // A reward of 1 for each step: R_t is how many there still were, and what is usual at t is taken off it.
    const Tensor returns = flip(cumsum(flip(batch.alive, 0), 0), 0);
    const Tensor usual = sum(returns, 1, keep_dims) / maximum(sum(batch.alive, 1, keep_dims), 1.0);
    const Tensor advantage = (returns - usual) * batch.alive / 50.0;
    const Tensor log_p = log_softmax(policy(batch.states), -1);
    const Tensor chosen = squeeze(gather(log_p, -1, unsqueeze(batch.pushes, -1)), -1);
    const Tensor loss = -sum(stop_gradient(advantage) * chosen) / sum(batch.alive);
    optimizer.step(grad(loss, policy.parameters()));
  }

  // One more episode, by the better push each time.
  const NoGrad untracked;
  Tensor state = tensor({{0.0, 0.0, 0.05, 0.0}});
  std::int64_t step = 0;
  for (; step < 500 && stands(state).item() != 0; ++step) state = next_state(state, argmax(policy(state), -1));
  std::printf("without chance, from a lean of 3 degrees, it stands for %lld steps of 500\n",
              static_cast<long long>(step));
}
