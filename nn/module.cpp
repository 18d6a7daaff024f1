#include "nn/module.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/core/pattern.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"

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

void Visitor::operator()(Module& member) {
  show_unnamed(member);
  member.visit(*this);
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

/// Calls a function for each module, with the name of the one around it where it has none.
class EachModule final : public Visitor {
 public:
  using Body = std::function<void(const std::string&, Module&)>;
  EachModule(Body named, Body unnamed) : named_(std::move(named)), unnamed_(std::move(unnamed)) {}

 protected:
  void parameter(const std::string&, Parameter&) override {}
  void module(const std::string& path, Module& member) override { named_(path, member); }
  void unnamed(const std::string& path, Module& member) override { unnamed_(path, member); }

 private:
  Body named_, unnamed_;
};

/// `visit` shows members that may be changed, whoever asks; what only reads goes through here.
void inspect(const Module& module, Visitor& visitor) { const_cast<Module&>(module).visit(visitor); }

void check_found(bool found, const char* call, const char* what, const std::string& pattern, const Location& where) {
  check<ValueError>(found, where, call, ": no ", what, " is named like ", pattern);
}

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

std::vector<NamedParameter> Module::named_parameters(const std::string& pattern, const Location& where) const {
  named_parameters();  // which gives them their names
  std::vector<NamedParameter> found;
  std::unordered_set<Parameter> known;
  EachParameter visitor([&](const std::string& path, Parameter& parameter) {
    if (name_matches(path, pattern) && known.insert(parameter).second) found.push_back({path, parameter});
  });
  inspect(*this, visitor);
  check_found(!found.empty(), "named_parameters", "Parameter", pattern, where);
  return found;
}

namespace {

std::vector<Parameter> without_names(std::vector<NamedParameter> named) {
  std::vector<Parameter> found;
  for (auto& [name, parameter] : named) found.push_back(std::move(parameter));
  return found;
}

}  // namespace

std::vector<Parameter> Module::parameters() const { return without_names(named_parameters()); }

std::vector<Parameter> Module::parameters(const std::string& pattern, const Location& where) const {
  return without_names(named_parameters(pattern, where));
}

std::vector<Parameter> Module::trainable_parameters() const {
  std::vector<Parameter> found = parameters();
  std::erase_if(found, [](const Parameter& parameter) { return !parameter.trainable(); });
  return found;
}

void Module::set_trainable(bool trainable) {
  for (Parameter& parameter : parameters()) parameter.set_trainable(trainable);
}

void Module::set_trainable(const std::string& pattern, bool trainable, const Location& where) {
  for (Parameter& parameter : parameters(pattern, where)) parameter.set_trainable(trainable);
}

void Module::zero_gradients() {
  for (Parameter& parameter : parameters()) parameter.zero_gradient();
}

void Module::each_module(const std::function<void(const std::string&, Module&)>& body) {
  std::unordered_set<Module*> known{this};
  body("", *this);
  const auto once = [&](const std::string& name, Module& module) {
    if (known.insert(&module).second) body(name, module);
  };
  EachModule visitor(once, once);
  visit(visitor);
}

void Module::train(bool training) {
  each_module([training](const std::string&, Module& module) { module.training_ = training; });
}

namespace {

/// Every module under all its names.
std::vector<NamedModule> all_names(Module& model) {
  std::vector<NamedModule> found{{"", &model}};
  EachModule visitor(
      [&](const std::string& name, Module& module) {
        found.push_back({name, &module});
      },
      [](const std::string&, Module&) {});
  model.visit(visitor);
  return found;
}

}  // namespace

std::vector<NamedModule> Module::named_modules() {
  std::vector<NamedModule> found = all_names(*this);
  std::unordered_set<Module*> known;
  std::erase_if(found, [&](const NamedModule& named) { return !known.insert(named.module).second; });
  return found;
}

Module& Module::find_module(const std::string& name, const Location& where) {
  for (const NamedModule& named : all_names(*this))
    if (named.name == name) return *named.module;
  fail<ValueError>(where, "module: ", type_name(), " has no module named ", name);
}

void Module::refuse_type(const char* call, const Module& found, const Location& where) {
  fail<ValueError>(where, call, ": the module is of another type, ", found.type_name());
}

std::int64_t Module::add_hook(const std::string& pattern, Hook hook, const Location& where) {
  static std::atomic<std::int64_t> last{0};
  check<ValueError>(hook != nullptr, where, "add_hook: there is no function");
  const std::int64_t number = ++last;
  std::unordered_set<Module*> found;
  for (const NamedModule& named : all_names(*this))
    if (name_matches(named.name, pattern) && found.insert(named.module).second)
      named.module->hooks_.push_back({number, named.name, hook});
  check_found(!found.empty(), "add_hook", "module", pattern, where);
  return number;
}

void Module::remove_hook(std::int64_t number, const Location& where) {
  std::size_t removed = 0;
  each_module([&](const std::string&, Module& module) {
    removed += std::erase_if(module.hooks_, [number](const NumberedHook& hook) { return hook.number == number; });
  });
  check<ValueError>(removed > 0, where, "remove_hook: no module has the hook ", number);
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
    const auto alike = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
    check<FormatError>(
        fresh || std::ranges::equal(values[i].to_vector(where), values[first->second].to_vector(where), alike), where,
        "load_state: ", places[first->second].name, " and ", places[i].name,
        " are one Parameter, but their values differ");
  }
}

}  // namespace

std::vector<NamedTensor> Module::named_buffers() const {
  Places visitor;
  inspect(*this, visitor);
  std::vector<NamedTensor> found;
  for (const auto& place : visitor.places)
    if (place.buffer) found.push_back({place.name, *place.buffer});
  return found;
}

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

void to(Module& module, DType dtype, const Location& where) {
  check<DTypeError>(is_floating(dtype), where, "to: needs a floating dtype, got ", dtype);
  Places visitor;
  module.visit(visitor);
  std::erase_if(visitor.places,
                [](const Places::Place& place) { return place.rng || !is_floating(value_at(place).dtype()); });
  std::vector<Tensor> values;
  for (const auto& place : visitor.places) values.push_back(cast(value_at(place), dtype));
  evaluate(values, where);
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& [name, parameter, buffer, rng] = visitor.places[i];
    if (buffer)
      *buffer = values[i];
    else if (parameter.dtype() != dtype)  // tied ones come several times
      parameter.replace(values[i], where);
  }
}

bool same_structure(const Module& a, const Module& b) {
  const auto structure = [](const Module& module) {
    std::vector<std::tuple<std::string, Shape, DType>> found;
    for (const NamedTensor& item : module.state())
      found.emplace_back(item.name, item.value.shape(), item.value.dtype());
    std::ranges::sort(found, {}, [](const auto& item) { return std::get<0>(item); });
    return found;
  };
  return structure(a) == structure(b);
}

}  // namespace xgrad::nn
