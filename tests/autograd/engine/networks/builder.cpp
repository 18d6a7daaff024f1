#include "tests/autograd/engine/networks/builder.hpp"

#include <charconv>
#include <cmath>
#include <limits>

namespace xgrad::networks {

namespace {

/// splitmix64 (Steele, Lea and Flood, 2014): fast enough for data.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t key(std::initializer_list<std::uint64_t> parts) {
  std::uint64_t result = 0;
  for (const std::uint64_t part : parts) result = mixed(result ^ part);
  return result;
}

double unit(std::uint64_t& state) { return static_cast<double>(mixed(state++) >> 11) * 0x1p-53; }

constexpr std::uint64_t parameters_key = 1, constants_key = 2, sources_key = 3;

}  // namespace

std::string written(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  return {buffer, end};
}

std::string written(std::int64_t number) { return std::to_string(number); }

std::string written(std::span<const std::int64_t> sizes) {
  std::string text = "{";
  for (const std::int64_t size : sizes) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + '}';
}

namespace {
Var joined(const char* name, Tensor value, const std::vector<Var>& parts, std::int64_t axis) {
  std::string list;
  if (writes_text)
    for (const Var& part : parts) list += (list.empty() ? "" : ", ") + part.text;
  return call(name, std::move(value), '{' + list + '}', axis);
}
std::vector<Tensor> values_of(const std::vector<Var>& parts) {
  std::vector<Tensor> values;
  for (const Var& part : parts) values.push_back(part.value);
  return values;
}
}  // namespace

Var concat(const std::vector<Var>& parts, std::int64_t axis) {
  return joined("concat", xgrad::concat(values_of(parts), axis), parts, axis);
}
Var stack(const std::vector<Var>& parts, std::int64_t axis) {
  return joined("stack", xgrad::stack(values_of(parts), axis), parts, axis);
}

void nudge(std::span<double> numbers, std::uint64_t state) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (double& number : numbers) number = std::nextafter(number, unit(state) < 0.5 ? -infinity : infinity);
}

Tensor Builder::leaf(const Shape& shape, Range range, std::uint64_t state) const {
  const auto draw = [&] {
    const double size = range.low + (range.high - range.low) * unit(state);
    return range.either_sign && unit(state) < 0.5 ? -size : size;
  };
  std::vector<double> wide(static_cast<std::size_t>(shape.numel()));
  for (double& number : wide) number = draw();
  if (recipe_.nudge != 0) nudge(wide, key({state, recipe_.nudge}));
  return tensor(wide, shape, dtype());
}

void Builder::begin(std::int64_t step) {
  step_ = step;
  next_parameter_ = next_source_ = 0;
  next_constant_ = 0;
  names_.clear();
  prefix_.clear();
  listing_.clear();
  features_.clear();
}

void Builder::part(const char* purpose, std::uint64_t index) {
  std::uint64_t hash = recipe_.seed;
  for (const char* at = purpose; *at; ++at) hash = mixed(hash ^ static_cast<std::uint64_t>(*at));
  choices_ = Rng(mixed(hash ^ index));
}

std::int64_t Builder::size(std::int64_t others) {
  const std::uint64_t kind = below(100);
  std::int64_t size = kind < 46   ? between(1, 8)
                      : kind < 58 ? pick<std::int64_t>({9, 12, 16, 31, 32, 33})
                      : kind < 82 ? pick<std::int64_t>({63, 64, 65, 66})
                      : kind < 96 ? pick<std::int64_t>({100, 127, 128, 129, 150, 200, 257})
                                  : pick<std::int64_t>({1000, 1024, 1025, 2049, 2100, 4100});
  while (size > 1 && size * others > most_elements_) size = (size + 1) / 2;
  return size;
}

Var Builder::parameter(const Shape& shape, Range range) {
  const std::size_t place = next_parameter_++;
  if (place == parameters_.size())
    parameters_.emplace_back(leaf(shape, range, key({recipe_.seed, recipe_.data, parameters_key, place})));
  const Tensor value = substitutes_.empty() ? parameters_[place].value() : substitutes_[place];
  Var var{value, {}};
  if (writes_text) {
    var.text = 'w' + std::to_string(place);
    if (prefix_.empty()) say("Parameter " + var.text + ": " + written(shape));
  }
  return var;
}

Var Builder::weight(const Shape& shape, std::int64_t inputs) {
  const double bound = 1.5 / std::sqrt(static_cast<double>(inputs));
  return parameter(shape, {-bound, bound});
}

Var Builder::constant(const Shape& shape, Range range) {
  const std::uint64_t place = next_constant_++;
  const Tensor value =
      leaf(shape, range, key({recipe_.seed, recipe_.data, constants_key, place, static_cast<std::uint64_t>(step_)}));
  Var var{value, "data" + std::to_string(place)};
  if (writes_text) say("Tensor " + var.text + ": " + written(shape));
  return var;
}

Var Builder::indices(const Shape& shape, std::int64_t bound) {
  std::uint64_t state =
      key({recipe_.seed, recipe_.data, constants_key, next_constant_, 7, static_cast<std::uint64_t>(step_)});
  std::vector<std::int64_t> list(static_cast<std::size_t>(shape.numel()));
  for (std::int64_t& index : list)
    index = static_cast<std::int64_t>(mixed(state++) % static_cast<std::uint64_t>(bound));
  Var var{tensor(list, shape), "indices" + std::to_string(next_constant_++)};
  if (writes_text) say("Tensor " + var.text + ": " + written(shape) + " int64 below " + written(bound));
  return var;
}

Var Builder::mask(const Shape& shape, double probability) {
  const Var draw = constant(shape, {0, 1});
  Var result = draw < probability;
  evaluate(result.value);
  return result;
}

Rng& Builder::source() {
  const std::size_t place = next_source_++;
  if (place == sources_.size()) sources_.emplace_back(key({recipe_.seed, recipe_.data, sources_key, place}));
  return sources_[place];
}

std::string Builder::name(const char* stem) { return prefix_ + stem + std::to_string(names_[stem]++); }

Var Builder::let(const char* stem, const Var& value) {
  const std::string given = name(stem);
  watch(given, value.value);
  if (writes_text) say("Tensor " + given + " = " + value.text + ";  // " + written(value.shape()));
  return {value.value, given};
}

void Builder::say(const std::string& line) {
  if (writes_text) listing_ += "  " + line + '\n';
}

void Builder::substitute(std::vector<Tensor> values) {
  substitutes_ = std::move(values);
  next_parameter_ = 0;
  names_.clear();
}

}  // namespace xgrad::networks
