#include "tests/autograd/engine/networks/check.hpp"

#include <cstdlib>
#include <functional>
#include <optional>
#include <stdexcept>

#include "tests/autograd/engine/networks/conditioning.hpp"
#include "tests/autograd/engine/networks/kept.hpp"
#include "tests/autograd/engine/networks/network.hpp"

namespace xgrad::networks {

namespace {

/// What the loss of the first step leaves for its gradients.
Judgement judge_kept(Recipe recipe) {
  recipe.most_steps = 1;
  return judge(recipe, run_loss(recipe), kept_mode());
}

std::optional<std::string> difference(const Failure& failure, const Recipe& recipe) {
  if (failure.mode.name == kept_mode().name) return judge_kept(recipe).difference;
  const Result expected = run(recipe, plain_mode());
  if (failure.mode.name == plain_mode().name)
    return expected.error.empty() ? std::nullopt : std::optional("it ends with '" + expected.error + '\'');
  if (failure.against_reference) return judge(recipe, expected).difference;
  return difference_in_bits(expected, run(recipe, failure.mode));
}

/// Leaves out whatever the failure does without.
Recipe shrink(const Failure& failure) {
  Recipe recipe = failure.recipe;
  const auto attempt = [&](const std::function<void(Recipe&)>& change) {
    Recipe smaller = recipe;
    change(smaller);
    if (difference(failure, smaller)) recipe = smaller;
  };
  Network network(recipe);
  const std::int64_t steps = network.steps();
  try {
    network.loss(0);
  } catch (const std::exception&) {
    return recipe;
  }
  for (std::int64_t count = 1; count < steps && recipe.most_steps > steps; ++count)
    attempt([&](Recipe& smaller) { smaller.most_steps = count; });
  attempt([](Recipe& smaller) { smaller.no_extras = true; });
  attempt([](Recipe& smaller) { smaller.plain_update = true; });
  attempt([](Recipe& smaller) { smaller.plain_loss = true; });
  for (std::size_t layer = network.layers(); layer-- > 0;)
    attempt([&](Recipe& smaller) { smaller.without.insert(layer); });
  return recipe;
}

const char* name_of(DType dtype) { return dtype == float32 ? "float32" : "float64"; }

}  // namespace

std::string Failure::kind() const {
  return difference == not_planned ? not_planned : mode.name + ", " + name_of(recipe.dtype);
}

std::vector<Failure> check_network(std::uint64_t seed, int modes, Tally& tally) {
  std::vector<Failure> failures;
  const auto note = [&](const Recipe& recipe, const Mode& mode, bool reference, std::optional<std::string> found) {
    Failure failure{recipe, mode, reference, found.value_or("")};
    ++tally.checked[failure.kind()];
    if (!found) return;
    ++tally.failed[failure.kind()];
    failures.push_back(std::move(failure));
  };
  const Recipe precise{.seed = seed, .dtype = float64};
  Recipe recipe = precise;
  Result expected = run(recipe, plain_mode());
  if (!expected.error.empty()) {
    note(recipe, plain_mode(), false, "it ends with '" + expected.error + '\'');
  } else {
    const auto note_judgement = [&](const Mode& mode, const Judgement& judgement) {
      note(recipe, mode, true, judgement.difference);
      if (judgement.ill_conditioned)
        tally.ill_conditioned.push_back("seed " + std::to_string(seed) + ": " + *judgement.ill_conditioned);
    };
    note_judgement(reference_mode(), judge(recipe, expected));
    note_judgement(kept_mode(), judge_kept(recipe));
  }
  if (Rng(seed).below(2) == 0) {
    recipe.dtype = float32;
    expected = run(recipe, plain_mode());
  }
  const std::vector<Mode>& all = all_modes();
  for (int i = 0; i < modes; ++i) {
    const Mode& mode = all[(seed * static_cast<std::uint64_t>(modes) + static_cast<std::uint64_t>(i)) % all.size()];
    note(recipe, mode, false, difference_in_bits(expected, run(recipe, mode)));
  }
  const Mode mixed = mixed_mode(seed);
  note(recipe, mixed, false, difference_in_bits(expected, run(recipe, mixed)));
  return failures;
}

std::string listing(const Recipe& recipe) {
  writes_text = true;
  Network network(recipe);
  try {
    const Tensor loss = network.loss(0);
    network.gradients(loss);
    network.update();
  } catch (const std::exception&) {  // which is the failure; what came before it is listed
  }
  writes_text = false;
  return network.listing();
}

std::string headline(const Failure& failure) {
  return "seed " + std::to_string(failure.recipe.seed) + ", " + failure.kind() + ": " +
         failure.difference.substr(0, failure.difference.find('\n'));
}

std::string report(const Failure& failure) {
  const Recipe smaller = shrink(failure);
  std::string text =
      headline(failure) + failure.difference.substr(std::min(failure.difference.find('\n'), failure.difference.size()));
  text += "\n  the program:\n" + listing(failure.recipe) + "  a smaller one, without the layers";
  for (const std::size_t layer : smaller.without) text += ' ' + std::to_string(layer);
  text +=
      ":\n" + listing(smaller) + "  where " + difference(failure, smaller).value_or("it does not fail again") + '\n';
  return text;
}

Seeds parse_seeds(const std::string& text) {
  Seeds seeds;
  const char* at = text.c_str();
  char* end = nullptr;
  seeds.count = std::strtoull(at, &end, 10);
  if (end != at && *end == ':') {
    seeds.first = seeds.count;
    at = end + 1;
    seeds.count = std::strtoull(at, &end, 10);
  }
  if (end == at || *end != '\0' || seeds.count == 0)
    throw std::invalid_argument("seeds are 'first:count' or 'count', not '" + text + '\'');
  return seeds;
}

}  // namespace xgrad::networks
