// A neural ordinary differential equation learns a law of motion from what it does.
//
// A spiral, dy/dt = A y^3, is seen at some times. A network f stands for the unknown right-hand side, and its weights
// are such that the solution of dy/dt = f(y) passes where the data are (Chen, Rubanova, Bettencourt and Duvenaud,
// "Neural ordinary differential equations", 2018). `ode_solve` is differentiated like any other operation, by default
// through its steps. The data are cut into short pieces, all of which are solved at once: errors of long solutions say
// little about where they began.

#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

using namespace xgrad;

struct Law : nn::Module {
  nn::Linear hidden{2, 50}, output{50, 2};
  Tensor operator()(const Tensor& y) const { return output(tanh(hidden(y * y * y))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

/// Points of a plane, one character each; later marks lie over earlier ones.
class Picture {
 public:
  void draw(const Tensor& points, char mark) {
    const auto at = points.to_vector();
    for (std::size_t i = 0; i < at.size(); i += 2) {
      const auto column = std::lround((at[i] + 2.2) / 4.4 * 56), row = std::lround((2.2 - at[i + 1]) / 4.4 * 20);
      if (column >= 0 && column <= 56 && row >= 0 && row <= 20)
        rows_[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] = mark;
    }
  }
  void print() const {
    for (const std::string& row : rows_) std::printf("|%s|\n", row.c_str());
  }

 private:
  std::vector<std::string> rows_ = std::vector<std::string>(21, std::string(57, ' '));
};

/// Where the learned law leads from there.
Tensor solve(const Law& model, const Tensor& start, const Tensor& times, const OdeOptions& options = {}) {
  return ode_solve([&](const Tensor&, const Tensor& y) { return model(y); }, start, times, options);
}

/// Each step takes 32 pieces of 11 times, 0.5 long.
void train(const Law& model, const Tensor& truth, const Tensor& times) {
  const OdeOptions coarse{.rtol = 1e-3, .atol = 1e-4};
  optim::Optimizer optimizer(model.parameters(), optim::adam(optim::cosine_decay(1e-2, 600)));
  Rng rng(2);
  const Tensor piece_times = times(slice(0, 11));
  for (int step = 0; step <= 600; ++step) {
    const Tensor begin = randint({32}, rng, 0, 150);                              // the last 2.5 are kept for a test
    const Tensor pieces = truth(unsqueeze(arange(11), 1) + unsqueeze(begin, 0));  // [11, 32, 2]
    const Tensor solved = solve(model, pieces(0), piece_times, coarse);
    const Tensor loss = mean(abs(solved - pieces));
    if (step % 200 == 0) std::printf("step %3d  mean error of a piece %.3f\n", step, loss.item());
    optimizer.step(grad(loss, model.parameters()));
  }
}

/// The adjoint equation, solved backward, gives the same derivative and keeps nothing of the steps.
void compare_gradients(const Law& model, const Tensor& start) {
  const auto final_size = [&](OdeGradient by) {
    const Tensor end = solve(model, start, tensor({0.0, 1.0}), {.gradient = by})(1);
    return grad(sum(square(end)), model.hidden.weight);
  };
  const Tensor by_steps = final_size(OdeGradient::steps), by_adjoint = final_size(OdeGradient::adjoint);
  std::printf("gradient through the steps and by the adjoint: they differ by less than 1 %%: %s\n",
              (norm(by_steps - by_adjoint) < 0.01 * norm(by_steps)).item() != 0 ? "yes" : "no");
}

/// From the start to the end, which was never shown, in one go.
void draw_path(const Law& model, const Tensor& truth, const Tensor& start, const Tensor& times) {
  const NoGrad untracked;
  const Tensor path = solve(model, start, times);
  const Tensor distance = norm(path - truth, -1);
  std::printf("distance from the truth on the way: %.1f at most while data were shown, %.1f after that\n",
              max(distance(slice(0, 160))).item(), max(distance(slice(160, {}))).item());
  std::printf("\n. the truth, o learned\n");
  Picture picture;
  picture.draw(truth, '.');
  picture.draw(path(slice({}, {}, 3)), 'o');
  picture.print();
}

int main() {
  seed(1);
  // The truth, at 201 times.
  const Tensor a = tensor({{-0.1, 2.0}, {-2.0, -0.1}}), start = tensor({2.0, 0.0}), times = linspace(0, 10, 201);
  const auto law = [&](const Tensor&, const Tensor& y) { return matmul(y * y * y, a); };
  const Tensor truth = ode_solve(law, start, times);  // [201, 2]

  const Law model;
  train(model, truth, times);
  compare_gradients(model, start);
  draw_path(model, truth, start, times);
}
