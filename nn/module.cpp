#include "nn/module.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <unordered_map>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"

namespace xgrad::nn {

void Visitor::operator()(const std::string& name, Parameter& member) {
  if (member.defined()) parameter(prefix_ + name, member);
}

void Visitor::operator()(const std::string& name, Tensor& member) {
  if (member.defined()) buffer(prefix_ + name, member);
}

void Visitor::operator()(const std::string& name, Rng& member) { random(prefix_ + name, member); }

void Visitor::operator()(const std::string& name, Module& member) {
  const std::string path = prefix_ + name;
  module(path, member);
  const std::string outer = std::exchange(prefix_, path + '.');
  member.visit(*this);
  prefix_ = outer;
}

namespace {

/// Calls a function for each Parameter.
class EachParameter final : public Visitor {
 public:
  explicit EachParameter(std::function<void(const std::string&, Parameter&)> body) : body_(std::move(body)) {}

 protected:
  void parameter(const std::string& path, Parameter& member) override { body_(path, member); }

 private:
  std::function<void(const std::string&, Parameter&)> body_;
};

class EachModule final : public Visitor {
 public:
  explicit EachModule(std::function<void(Module&)> body) : body_(std::move(body)) {}

 protected:
  void parameter(const std::string&, Parameter&) override {}
  void module(const std::string&, Module& member) override { body_(member); }

 private:
  std::function<void(Module&)> body_;
};

/// `visit` shows members that may be changed, whoever asks; what only reads goes through here.
void inspect(const Module& module, Visitor& visitor) { const_cast<Module&>(module).visit(visitor); }

}  // namespace

std::vector<NamedParameter> Module::named_parameters() const {
  std::vector<NamedParameter> found;
  std::unordered_set<Parameter> known;
  EachParameter visitor([&](const std::string& path, Parameter& parameter) {
    if (!known.insert(parameter).second) return;
    parameter.set_name(path);
    found.push_back({path, parameter});
  });
  inspect(*this, visitor);
  return found;
}

std::vector<Parameter> Module::parameters() const {
  std::vector<Parameter> found;
  for (auto& [name, parameter] : named_parameters()) found.push_back(std::move(parameter));
  return found;
}

std::vector<Parameter> Module::trainable_parameters() const {
  std::vector<Parameter> found = parameters();
  std::erase_if(found, [](const Parameter& parameter) { return !parameter.trainable(); });
  return found;
}

void Module::set_trainable(bool trainable) {
  for (Parameter& parameter : parameters()) parameter.set_trainable(trainable);
}

void Module::zero_gradients() {
  for (Parameter& parameter : parameters()) parameter.zero_gradient();
}

void Module::train(bool training) {
  training_ = training;
  EachModule visitor([training](Module& module) { module.training_ = training; });
  visit(visitor);
}

void separate_parameters(Module& module) {
  std::unordered_map<Parameter, Parameter> copies;
  EachParameter visitor([&](const std::string&, Parameter& parameter) {
    const auto [copy, fresh] = copies.try_emplace(parameter);
    if (fresh) copy->second = parameter.clone();
    parameter = copy->second;
  });
  module.visit(visitor);
}

namespace {

/// The places that make up a module's state, with their names.
class Places final : public Visitor {
 public:
  struct Place {
    std::string name;
    Parameter parameter{};
    Tensor* buffer = nullptr;
    Rng* rng = nullptr;
  };
  std::vector<Place> places;

 protected:
  void parameter(const std::string& path, Parameter& member) override { add({path, member}); }
  void buffer(const std::string& path, Tensor& member) override { add({path, {}, &member}); }
  void random(const std::string& path, Rng& member) override { add({path, {}, nullptr, &member}); }

 private:
  void add(Place place) {
    check<ValueError>(names_.insert(place.name).second, Location::current(), "visit: two members are named ",
                      place.name);
    places.push_back(std::move(place));
  }
  std::unordered_set<std::string> names_;
};

Tensor to_tensor(const RandomState& state) {
  return tensor(std::vector{std::bit_cast<std::int64_t>(state.key), std::bit_cast<std::int64_t>(state.counter)});
}

RandomState to_random_state(const Tensor& value, const Location& where) {
  const auto numbers = value.data<std::int64_t>(where);
  return {std::bit_cast<std::uint64_t>(numbers[0]), std::bit_cast<std::uint64_t>(numbers[1])};
}

Tensor value_at(const Places::Place& place) {
  if (place.parameter.defined()) return place.parameter.value();
  return place.buffer ? *place.buffer : to_tensor(place.rng->state());
}

bool has_name(const std::vector<NamedTensor>& saved, const std::string& name) {
  return std::ranges::find(saved, name, &NamedTensor::name) != saved.end();
}

/// FormatError unless the values for the several names of one Parameter agree.
void check_ties(const std::vector<Places::Place>& places, const std::vector<Tensor>& values, const Location& where) {
  std::unordered_map<Parameter, std::size_t> known;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (!places[i].parameter.defined()) continue;
    const auto [first, fresh] = known.try_emplace(places[i].parameter, i);
    check<FormatError>(fresh || values[i].to_vector(where) == values[first->second].to_vector(where), where,
                       "load_state: ", places[first->second].name, " and ", places[i].name,
                       " are one Parameter, but their values differ");
  }
}

}  // namespace

std::vector<NamedTensor> Module::state() const {
  Places visitor;
  inspect(*this, visitor);
  std::vector<NamedTensor> state;
  for (const auto& place : visitor.places) state.push_back({place.name, value_at(place)});
  return state;
}

void Module::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  Places visitor;
  visit(visitor);
  auto& places = visitor.places;
  std::erase_if(places, [&](const Places::Place& place) { return place.rng && !has_name(saved, place.name); });
  std::vector<NamedTensor> expected;
  for (const auto& place : places) expected.push_back({place.name, value_at(place)});
  const std::vector<Tensor> values = match_state(expected, saved, "load_state", where);
  evaluate(values, where);
  check_ties(places, values, where);

  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].parameter.defined()) places[i].parameter.assign(values[i], where);
    if (places[i].buffer) *places[i].buffer = values[i];
    if (places[i].rng) places[i].rng->set_state(to_random_state(values[i], where));
  }
}

}  // namespace xgrad::nn
