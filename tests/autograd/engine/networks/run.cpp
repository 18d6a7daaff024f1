#include "tests/autograd/engine/networks/run.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <functional>
#include <limits>

#include "autograd/engine/run/executor.hpp"
#include "tests/apart.hpp"
#include "tests/autograd/engine/networks/network.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace xgrad::networks {

namespace {

struct Settings {
  explicit Settings(const Mode& mode)
      : engine(mode.engine), budget(mode.budget), threads(mode.threads), tier(mode.tier ? mode.tier : xgrad::tier()) {}
  fused::testing::InEngine engine;
  fused::testing::WithinBudget budget;
  fused::testing::Threads threads;
  fused::testing::InTier tier;
};

Seen look_at(std::string name, const Tensor& value) {
  return {std::move(name), value.shape(), value.dtype(), value.to_vector()};
}

class Runner {
 public:
  Runner(const Recipe& recipe, const Mode& mode, const Result* followed)
      : recipe_(recipe), mode_(mode), followed_(followed), network_(recipe) {
    network_.build().watch = [this](const std::string& name, const Tensor& value) { watch(name, value); };
  }

  void run(Result& result) {
    const std::int64_t steps = network_.steps();
    std::int64_t step = 0;
    do {
      take_step(step, result);
      follow(step);
    } while (++step < steps && !diverges());
    for (auto& [name, value] : network_.update().state())
      result.seen.push_back(look_at("step " + std::to_string(step - 1) + ": state " + name, value));
    for (const auto& [place, value] : kept_) result.seen[place].numbers = value.to_vector();
  }

 private:
  bool draw(const std::string& name, std::uint64_t kind, int per_cent) const {
    const std::uint64_t hash = std::hash<std::string>()(name) ^ (recipe_.seed * 0x9e3779b97f4a7c15) ^ mode_.salt;
    return Rng(hash ^ kind << 60).below(100) < static_cast<std::uint64_t>(per_cent);
  }

  void watch(const std::string& name, const Tensor& value) {
    const int shares[] = {0, 30, 100};
    const int share = mode_.held >= 0 ? mode_.held : shares[recipe_.seed % 3];
    if (draw(name, 1, share)) held_.emplace_back(name, value);
    if (mode_.order == Order::as_recorded && draw(name, 2, 40)) evaluate(value);
    if (mode_.prints && draw(name, 3, 15)) (void)value.to_string();
  }

  void take_step(std::int64_t step, Result& result) {
    held_.clear();
    Tensor loss = network_.loss(step);
    if (mode_.order == Order::loss_first || mode_.order == Order::as_recorded) loss.item();
    std::vector<Tensor> gradients = network_.gradients(loss);
    Named roots = std::move(held_);
    roots.emplace_back("the loss", loss);
    for (std::size_t i = 0; i < gradients.size(); ++i)
      roots.emplace_back("gradient of w" + std::to_string(i), gradients[i]);
    for (auto& extra : network_.extras(loss)) roots.push_back(std::move(extra));
    std::vector<Tensor> next = network_.update().record(gradients);
    evaluate_roots(roots, next);
    if (mode_.drops_roots) {
      roots.clear();
      loss = Tensor();
    }
    network_.update().take(std::move(gradients), std::move(next));
    for (std::size_t i = 0; i < network_.build().parameters().size(); ++i)
      roots.emplace_back("w" + std::to_string(i) + " after the step", network_.build().parameters()[i].value());
    for (const auto& [name, value] : roots) {
      if (mode_.keeps) kept_.emplace_back(result.seen.size(), value);
      result.seen.push_back(look_at("step " + std::to_string(step) + ": " + name, value));
    }
  }

  // Training that diverges multiplies rounding errors without bound.
  bool diverges() {
    for (const Parameter& parameter : network_.build().parameters())
      for (const double number : parameter.value().to_vector())
        if (!(std::abs(number) <= 100)) return true;
    return false;
  }

  void follow(std::int64_t step) {
    if (!followed_) return;
    std::vector<Parameter>& parameters = network_.build().parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Seen* there =
          followed_->find("step " + std::to_string(step) + ": w" + std::to_string(i) + " after the step");
      if (!there) continue;
      std::vector<double> numbers = there->numbers;
      if (recipe_.nudge != 0) nudge(numbers, std::hash<std::string>()(there->name) ^ recipe_.nudge);
      parameters[i].assign(tensor(numbers, there->shape, recipe_.dtype));
    }
  }

  void evaluate_roots(const Named& roots, const std::vector<Tensor>& next) const {
    std::vector<Tensor> list;
    for (const auto& root : roots) list.push_back(root.second);
    list.insert(list.end(), next.begin(), next.end());
    switch (mode_.order) {
      case Order::by_update:
        return;
      case Order::reversed:
        std::reverse(list.begin(), list.end());
        [[fallthrough]];
      case Order::one_by_one:
        for (const Tensor& root : list) evaluate(root);
        return;
      case Order::in_parts: {
        std::vector<Tensor> first;
        for (std::size_t i = 0; i < list.size(); ++i)
          if (draw(std::to_string(i), 4, 40)) first.push_back(list[i]);
        evaluate(first);
        evaluate(list);
        return;
      }
      default:
        evaluate(list);
    }
  }

  const Recipe& recipe_;
  const Mode& mode_;
  const Result* followed_;
  Network network_;
  Named held_;
  std::vector<std::pair<std::size_t, Tensor>> kept_;
};

void run_once(const Recipe& recipe, const Mode& mode, const Result* followed, Result& result) {
  Runner runner(recipe, mode, followed);
  if (mode.eager) {
    const EagerScope scope;
    runner.run(result);
  } else {
    runner.run(result);
  }
}

std::string at(const Shape& shape, std::size_t place) {
  std::string text = "]";
  for (std::int64_t axis = shape.ndim() - 1; axis >= 0; --axis) {
    const auto size = static_cast<std::size_t>(shape[axis]);
    text = std::to_string(place % size) + (axis + 1 < shape.ndim() ? ", " : "") + text;
    place /= size;
  }
  return '[' + text;
}

std::string in_hex(double number, DType dtype) {
  char text[80];
  if (dtype == float32)
    std::snprintf(text, sizeof text, "0x%08x (%.9g)", std::bit_cast<std::uint32_t>(static_cast<float>(number)), number);
  else
    std::snprintf(text, sizeof text, "0x%016llx (%.17g)",
                  static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(number)), number);
  return text;
}

bool same(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

double largest_of(const Seen& seen) {
  double largest = 0;
  for (const double number : seen.numbers)
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  return largest;
}
std::string step_of(const Seen& seen) { return seen.name.substr(0, seen.name.find(':')); }

/// The first few elements of those that differ.
template <class Agree>
std::string describe_difference(const Seen& expected, const Seen& got, Agree agree) {
  std::size_t count = 0;
  const double scale = scale_of(expected);
  double worst = 0;
  std::string elements;
  for (std::size_t i = 0; i < expected.numbers.size(); ++i) {
    const double a = expected.numbers[i], b = got.numbers[i];
    if (agree(a, b)) continue;
    worst = std::max(worst, apart(a, b) / scale);
    if (++count <= 3)
      elements +=
          "\n    " + at(expected.shape, i) + ": " + in_hex(b, got.dtype) + " instead of " + in_hex(a, expected.dtype);
  }
  return expected.name + ' ' + written(expected.shape) + ": " + std::to_string(count) + " of " +
         std::to_string(expected.numbers.size()) + " elements differ, by up to " + written(worst) + " of the scale" +
         elements;
}

template <class Agree>
std::optional<std::string> first_difference(const Result& expected, const Result& got, Agree agree) {
  if (expected.error != got.error) return "it ends with '" + got.error + "' instead of '" + expected.error + '\'';
  if (got.unplanned > 0) return not_planned;
  for (const Seen& seen : expected.seen) {
    const Seen* other = got.find(seen.name);
    if (!other) continue;
    if (seen.numbers.size() != other->numbers.size()) return seen.name + " has another shape";
    const auto agrees = agree(seen);
    if (!std::equal(seen.numbers.begin(), seen.numbers.end(), other->numbers.begin(), agrees))
      return describe_difference(seen, *other, agrees);
  }
  return std::nullopt;
}

}  // namespace

const Seen* Result::find(const std::string& name) const {
  const auto found = std::find_if(seen.begin(), seen.end(), [&](const Seen& each) { return each.name == name; });
  return found == seen.end() ? nullptr : &*found;
}

Result run(const Recipe& recipe, const Mode& mode, const Result* followed) {
  const Settings settings(mode);
  const std::int64_t before = unplanned();
  Result result;
  try {
    if (mode.after_other_data) {
      Recipe other = recipe;
      other.data = recipe.data + 1;
      Result first, ignored;
      run_once(recipe, mode, nullptr, first);
      run_once(other, mode, nullptr, ignored);
    }
    run_once(recipe, mode, followed, result);
  } catch (const std::exception& error) {
    result.error = error.what();
  }
  result.unplanned = unplanned() - before;
  return result;
}

std::optional<std::string> difference_in_bits(const Result& expected, const Result& got) {
  return first_difference(expected, got, [](const Seen&) { return same; });
}

double scale_of(const Seen& seen) { return std::max(1.0, largest_of(seen)); }

double largest_difference(const Seen& a, const Seen& b) {
  if (a.numbers.size() != b.numbers.size()) return std::numeric_limits<double>::infinity();
  double largest = 0;
  for (std::size_t i = 0; i < a.numbers.size(); ++i) largest = std::max(largest, apart(a.numbers[i], b.numbers[i]));
  return largest;
}

std::optional<std::string> difference_in_values(const Result& expected, const Result& got,
                                                const std::map<std::string, double>& allowed) {
  std::map<std::string, double> largest;  // of each step
  for (const Seen& seen : expected.seen) {
    double& of_step = largest[step_of(seen)];
    of_step = std::max(of_step, largest_of(seen));
  }
  return first_difference(expected, got, [&](const Seen& seen) {
    double apart = std::max(1e-9 * scale_of(seen), 1e-13 * largest[step_of(seen)]);
    if (const auto found = allowed.find(seen.name); found != allowed.end()) apart = std::max(apart, found->second);
    return [apart](double a, double b) { return same(a, b) || std::abs(a - b) <= apart; };
  });
}

}  // namespace xgrad::networks
