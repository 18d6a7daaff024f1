#include "tests/autograd/engine/run/lazy_loops.hpp"

#include <memory>

namespace xgrad::lazy {

namespace {

void evaluate_if(bool placed, const Tensor& x) {
  if (placed) evaluate(x);
}

struct Recurrent : Training {
  nn::Linear recurrent{12, 12};
  Tensor h = zeros({batch, 12});
  optim::Optimizer all{{model.hidden.weight, model.hidden.bias, recurrent.weight, recurrent.bias, model.output.weight,
                        model.output.bias},
                       optim::sgd(1e-2)};

  Tensor next(const Tensor& before) const { return tanh(model.hidden(x) + recurrent(before)); }
};

const std::vector<Loop> all{
    {"data that is normalised before the loop, and sliced in it", 0,
     [](bool placed) {
       struct State : Training {
         Tensor raw = some({10 * batch, features}), data;
       };
       auto state = std::make_shared<State>();
       state->data = (state->raw - mean(state->raw, 0)) / sqrt(var(state->raw, 0) + 1e-5);
       evaluate_if(placed, state->data);
       return [state](int i) {
         state->x = slice(state->data, 0, i % 10 * batch, (i % 10 + 1) * batch);
         state->step(state->loss());
       };
     }},
    {"a regression on the whole of data that is computed once", 0,
     [](bool placed) {
       struct State {
         Tensor raw = some({200, features}), data = raw * 2 + 1, target = sum(square(data), 1, keep_dims);
         Parameter weight{zeros({features, 1})};
         optim::Optimizer optimizer{{weight}, optim::sgd(1e-3)};
       };
       auto state = std::make_shared<State>();
       if (placed) evaluate(std::vector<Tensor>{state->data, state->target});
       return [state](int) {
         const Tensor loss = mean(square(matmul(state->data, state->weight) - state->target));
         state->optimizer.step({grad(loss, state->weight)});
       };
     }},
    {"truncated back-propagation with stop_gradient", 0,
     [](bool placed) {
       auto state = std::make_shared<Recurrent>();
       return [state, placed](int) {
         Tensor h = state->h;
         for (int t = 0; t < 3; ++t) h = state->next(h);
         const Tensor loss = nn::cross_entropy(state->model.output(h), state->target);
         state->all.step(grad(loss, state->all.parameters()));
         evaluate_if(placed, h);
         state->h = stop_gradient(h);
       };
     }},
    {"truncated back-propagation with stop_gradient before the step", 0,
     [](bool placed) {
       auto state = std::make_shared<Recurrent>();
       return [state, placed](int) {
         Tensor h = stop_gradient(state->h);
         for (int t = 0; t < 3; ++t) h = state->next(h);
         state->h = h;
         evaluate_if(placed, h);
         const Tensor loss = nn::cross_entropy(state->model.output(h), state->target);
         state->all.step(grad(loss, state->all.parameters()));
       };
     }},
    {"sampling under NoGrad, a piece at a time", 0,
     [](bool placed) {
       struct State {
         nn::Linear input{features, 12}, recurrent{12, 12}, output{12, 3};
         Tensor x = some({1, features}), h = zeros({1, 12});
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const NoGrad untracked;
         state->h = tanh(state->input(state->x) + state->recurrent(state->h));
         evaluate_if(placed, state->h);
         argmax(state->output(state->h), -1).to_vector();
       };
     }},
    {"running statistics in a Tensor, tracked", 0,
     [](bool placed) {
       struct State : Training {
         Tensor running = zeros({12});
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor h = state->model.hidden(state->x);
         state->running = 0.9 * state->running + 0.1 * mean(h, 0);
         if (placed) evaluate(state->running), state->running = stop_gradient(state->running);
         state->step(nn::cross_entropy(state->model.output(tanh(h - mean(h, 0))), state->target));
       };
     }},
    {"moving averages of weights under NoGrad", 0,
     [](bool placed) {
       struct State : Training {
         std::vector<Tensor> averages;
       };
       auto state = std::make_shared<State>();
       for (const Parameter& parameter : state->model.parameters()) state->averages.push_back(parameter.value());
       return [state, placed](int) {
         state->step(state->loss());
         const NoGrad untracked;
         for (std::size_t i = 0; i < state->averages.size(); ++i)
           state->averages[i] = 0.99 * state->averages[i] + 0.01 * state->model.parameters()[i];
         if (placed) evaluate(state->averages);
       };
     }},
    {"running += loss", 0,
     [](bool placed) {
       struct State : Training {
         Tensor running = tensor(0.0);
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         state->step(loss);
         state->running += placed ? tensor(loss.item<float>()) : loss;
         evaluate_if(placed, state->running);
       };
     }},
    {"running += stop_gradient(loss), before the step", 0,
     [](bool placed) {
       struct State : Training {
         Tensor running = tensor(0.0);
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         state->running += stop_gradient(loss);
         state->step(loss);
         evaluate_if(placed, state->running);
       };
     }},
    {"accuracy from the scores after the step", 0,
     [](bool placed) {
       struct State : Training {
         Tensor correct = tensor(std::int64_t{0});
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor scores = state->model(state->x), loss = nn::cross_entropy(scores, state->target);
         evaluate_if(placed, scores);
         state->step(loss);
         state->correct += sum(cast(argmax(scores, -1) == state->target, int64));
         evaluate_if(placed, state->correct);
       };
     }},
    {"a list of losses for a plot", 1,
     [](bool placed) {
       struct State : Training {
         std::vector<Tensor> losses;
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         state->step(loss);
         state->losses.push_back(placed ? stop_gradient(loss) : loss);
       };
     }},
    {"early stopping: the best loss and the best weights", 0,
     [](bool placed) {
       struct State : Training {
         Tensor best;
         std::vector<Tensor> weights;
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         state->step(loss);
         evaluate_if(placed, loss);
         const Tensor held = state->loss();
         if (state->best.defined() && held.item() >= state->best.item()) return;
         state->best = placed ? stop_gradient(held) : held;
         state->weights.clear();
         for (const Parameter& parameter : state->model.parameters()) state->weights.push_back(parameter.value() * 1);
         if (placed) evaluate(state->weights);
       };
     }},
    {"a moving average, tracked, beside weights that are kept for good", 0,
     [](bool placed) {
       struct State {
         Parameter w{zeros({features})};
         Tensor average = w.value(), path = tensor(0.0f), best, previous = w.value();
       };
       auto state = std::make_shared<State>();
       return [state, placed](int i) {
         state->w.assign(state->w - 0.01 * grad(sum(square(state->w - 1)), state->w));
         state->average = 0.99 * state->average + 0.01 * state->w;
         state->path += norm(state->w - state->previous);
         state->previous = state->w;
         if (i == 3) state->best = state->w;
         if (placed)
           evaluate(state->average, state->path), state->average = stop_gradient(state->average),
                                                  state->path = stop_gradient(state->path);
       };
     }},
    {"a sum of the losses beside a list of them", 1,
     [](bool placed) {
       struct State : Training {
         std::vector<Tensor> losses;
         Tensor total = tensor(0.0f);
       };
       auto state = std::make_shared<State>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         state->step(loss);
         state->losses.push_back(placed ? stop_gradient(loss) : loss);
         state->total += state->losses.back();
         evaluate_if(placed, state->total);
       };
     }},
    {"batch normalisation written out, beside weights that are kept for good", 0,
     [](bool placed) {
       struct State : Training {
         Tensor centre = zeros({12}), spread = ones({12});
         std::vector<Tensor> best;
       };
       auto state = std::make_shared<State>();
       return [state, placed](int i) {
         const Tensor h = state->model.hidden(state->x), m = mean(h, 0), v = var(h, 0);
         state->centre = 0.9 * state->centre + 0.1 * (placed ? stop_gradient(m) : m);
         state->spread = 0.9 * state->spread + 0.1 * (placed ? stop_gradient(v) : v);
         if (placed) evaluate(state->centre, state->spread);
         state->step(nn::cross_entropy(state->model.output(tanh((h - m) / sqrt(v + 1e-5))), state->target));
         if (i == 5)
           for (const Parameter& parameter : state->model.parameters()) state->best.push_back(parameter.value());
       };
     }},
    {"two optimisers, each with a loss of its own", 0,
     [](bool) {
       struct State {
         Model generator, critic;
         optim::Optimizer g{generator.parameters(), optim::adam(1e-3)}, d{critic.parameters(), optim::adam(1e-3)};
         Tensor noise = some({batch, features}), real = some({batch, features}, 2), target = labels();
         Tensor last_g, last_d;
         Tensor made() const { return pad(generator(noise), 1, 0, 3); }
       };
       auto state = std::make_shared<State>();
       return [state](int) {
         const Tensor made = state->made();
         state->last_d = nn::cross_entropy(state->critic(stop_gradient(made)), state->target) +
                         nn::cross_entropy(state->critic(state->real), state->target);
         state->d.step(grad(state->last_d, state->critic.parameters()));
         state->last_g = -nn::cross_entropy(state->critic(made), state->target);
         state->g.step(grad(state->last_g, state->generator.parameters()));
       };
     }},
    {"a replay buffer of what the network said", 0,
     [](bool placed) {
       struct State : Training {
         std::vector<Tensor> memory = std::vector<Tensor>(16);
       };
       auto state = std::make_shared<State>();
       return [state, placed](int i) {
         const Tensor scores = state->model(state->x);
         evaluate_if(placed, scores);
         state->memory[static_cast<std::size_t>(i % 16)] = placed ? stop_gradient(scores) : scores;
         state->step(state->loss());
       };
     }},
    {"gradients that are looked at after the step", 0,
     [](bool placed) {
       auto state = std::make_shared<Training>();
       return [state, placed](int) {
         const std::vector<Tensor> gradients = grad(state->loss(), state->model.parameters());
         if (placed) evaluate(gradients);
         state->optimizer.step(gradients);
         sum(square(gradients[0])).item();
       };
     }},
    {"backward, and a norm of the gradients", 0,
     [](bool placed) {
       auto state = std::make_shared<Training>();
       return [state, placed](int) {
         const Tensor loss = state->loss();
         backward(loss);
         if (placed) evaluate(state->model.hidden.weight.gradient());
         state->optimizer.step();
         norm(state->model.hidden.weight.gradient()).item();
         state->optimizer.zero_gradients();
       };
     }},
};

}  // namespace

const std::vector<Loop>& loops() { return all; }

}  // namespace xgrad::lazy
