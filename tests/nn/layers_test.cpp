// What every layer promises beside its values: derivatives to the second order, training and evaluation, batches of one
// and of none, errors, and the names of its state.

#include "tests/nn/layers.hpp"

#include <catch2/catch.hpp>

#include "autograd/check/check.hpp"
#include "tests/gradient_checks.hpp"

namespace xgrad::layers::layers_test {
namespace {

using Numbers = std::vector<double>;

Made made_for(const Row& row, bool training) {
  const Made made = row.make();
  made.module->train(training);
  return made;
}

Tensor called(const Row& row, bool training, const Tensors& xs) { return made_for(row, training).call(xs); }

// These examples of a batch.
Tensors some(const Row& row, std::int64_t begin, std::int64_t end) {
  Tensors xs = row.inputs;
  for (std::size_t i = 0; i < xs.size(); ++i)
    if (row.axis(i) >= 0) xs[i] = slice(xs[i], row.axis(i), begin, end);
  return xs;
}

Shape with_batch(const Row& row, Shape shape, std::int64_t size) {
  shape[row.axis(row.inputs.size())] = size;
  return shape;
}

TEST_CASE("every layer has a row, by which its derivatives are checked to the second order") {
  std::set<std::string> layers, with_row;
  for (const Row& row : rows()) with_row.insert(row.layer);
  // Functions that give a Reparametrised.
  for (const char* name : {"weight_norm", "spectral_norm"}) CHECK(with_row.erase(name) == 1);
  for (const std::string& name : layer_names()) {
    INFO("nn::" << name << " has no row in tests/nn/layers_*.cpp");
    CHECK(with_row.erase(name) == 1);
  }
  for (const std::string& name : with_row) FAIL_CHECK("nn::" << name << " is no layer");
}

// ---- derivatives ----------------------------------------------------------------------------------------------------

void check_derivatives(const Row& row, bool training) {
  INFO(row.name() << (training ? ", in training" : ", in evaluation"));
  Tensors at = row.inputs;
  for (const Parameter& parameter : row.make().module->parameters()) at.push_back(parameter.value());
  // A module of its own for each call, as calls move statistics and streams.
  const auto f = [&](const Tensors& xs) {
    const Made made = made_for(row, training);
    const DifferentiableUpdates keep;
    std::size_t next = row.inputs.size();
    for (Parameter parameter : made.module->parameters()) parameter.assign(xs[next++]);
    return made.call({xs.begin(), xs.begin() + static_cast<std::ptrdiff_t>(row.inputs.size())});
  };
  const GradientCheckReport report = check_gradient(f, at, to_order(2, {.all_elements_up_to = 8, .directions = 3}));
  INFO(report.text());
  CHECK(report.verdict == Verdict::pass);
}

void check_derivatives(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    if (!row.traits.not_in_training) check_derivatives(row, true);
    if (row.traits.acts_in_training) check_derivatives(row, false);
  }
}

TEST_CASE("linear maps differentiate correctly, to the second order") { check_derivatives(maps()); }
TEST_CASE("convolutions differentiate correctly, to the second order") { check_derivatives(convolutions()); }
TEST_CASE("pooling layers differentiate correctly, to the second order") { check_derivatives(pooling()); }
TEST_CASE("layers that change shapes differentiate correctly, to the second order") { check_derivatives(shapes()); }
TEST_CASE("normalisations differentiate correctly, to the second order") { check_derivatives(normalisations()); }
TEST_CASE("layers that draw differentiate correctly, to the second order") { check_derivatives(draws()); }
TEST_CASE("embeddings differentiate correctly, to the second order") { check_derivatives(embeddings()); }
TEST_CASE("recurrent layers differentiate correctly, to the second order") { check_derivatives(recurrent()); }
TEST_CASE("attention and transformers differentiate correctly, to the second order") { check_derivatives(attention()); }
TEST_CASE("modules made of others differentiate correctly, to the second order") { check_derivatives(combined()); }

// ---- training and evaluation ----------------------------------------------------------------------------------------

TEST_CASE("layers that act in training give other numbers then, all others the same bits") {
  for (const Row& row : rows()) {
    INFO(row.name());
    const bool same = called(row, true, row.inputs).to_vector() == called(row, false, row.inputs).to_vector();
    CHECK(same != row.traits.acts_in_training);
  }
}

TEST_CASE("in evaluation a layer gives the same each time, and its state stays") {
  for (const Row& row : rows()) {
    INFO(row.name());
    const Made made = made_for(row, false);
    const auto before = made.module->state();
    const Numbers first = made.call(row.inputs).to_vector();
    CHECK(made.call(row.inputs).to_vector() == first);
    const auto after = made.module->state();
    for (std::size_t i = 0; i < before.size(); ++i) {
      INFO(before[i].name);
      CHECK(after.at(i).value.to_vector() == before[i].value.to_vector());
    }
  }
}

// ---- batches of one and of none -------------------------------------------------------------------------------------

TEST_CASE("an example alone is what it is in a batch") {
  for (const Row& row : rows()) {
    if (!row.traits.alone) continue;
    const Tensor whole = called(row, false, row.inputs);
    const std::int64_t axis = row.axis(row.inputs.size());
    for (std::int64_t i = 0; i < 3; ++i) {
      INFO(row.name() << ", example " << i);
      const Tensor one = called(row, false, some(row, i, i + 1));
      const std::string difference = xgrad::difference(one, slice(whole, axis, i, i + 1), 1e-12, 1e-13);
      INFO(difference);
      CHECK(difference.empty());
    }
  }
}

TEST_CASE("layers train with a batch of one, or say that they cannot") {
  for (const Row& row : rows()) {
    INFO(row.name());
    const Shape whole = called(row, true, row.inputs).shape();
    const Tensors one = some(row, 0, 1);
    if (row.traits.one_refused) {
      CHECK_THROWS_AS(called(row, true, one), ValueError);
      continue;
    }
    const Made made = made_for(row, true);
    const Tensor y = made.call(one);
    CHECK(y.shape() == with_batch(row, whole, 1));
    for (const Tensor& gradient : grad(sum(y * y), made.module->parameters(), {.allow_unused = true}))
      CHECK(xgrad::all(isfinite(gradient)).item() == 1);
  }
}

TEST_CASE("an empty batch gives an empty result and gradients of zero, or is refused") {
  for (const Row& row : rows())
    for (const bool training : {true, false}) {
      INFO(row.name() << (training ? ", in training" : ", in evaluation"));
      const Shape whole = called(row, training, row.inputs).shape();
      const Made made = made_for(row, training);
      const Tensors none = some(row, 0, 0);
      if (row.traits.empty_refused && (training || !row.traits.acts_in_training)) {
        CHECK_THROWS_AS(made.call(none), ValueError);
        continue;
      }
      const Tensor y = made.call(none);
      CHECK(y.shape() == with_batch(row, whole, 0));
      CHECK(y.to_vector().empty());
      for (const Tensor& gradient : grad(sum(y), made.module->parameters(), {.allow_unused = true}))
        for (const double each : gradient.to_vector()) CHECK(each == 0);
    }
}

// ---- errors and names -----------------------------------------------------------------------------------------------

// An Error of this library, with the place of the call.
void check_refused(const Made& made, const Tensors& xs) {
  try {
    made.call(xs).to_vector();
  } catch (const Error& error) {
    INFO(error.what());
    CHECK(std::string(error.where().file_name()).find("tests/nn/layers") != std::string::npos);
    return;
  }
  FAIL_CHECK("nothing was thrown");
}

TEST_CASE("layers refuse inputs of other shapes, with the place of the call") {
  for (const Row& row : rows())
    for (const Shape& shape : row.traits.wrong) {
      INFO(row.name() << " of " << shape);
      Tensors xs = row.inputs;
      xs[0] = zeros(shape, xs[0].dtype());
      check_refused(row.make(), xs);
    }
}

TEST_CASE("layers refuse undefined Tensors and, where they have weights, another floating dtype") {
  for (const Row& row : rows()) {
    const Made made = row.make();
    for (const bool undefined : {true, false}) {
      if (!undefined && (made.module->parameters().empty() || !is_floating(row.inputs[0].dtype()))) continue;
      INFO(row.name() << (undefined ? " of nothing" : " of float32"));
      Tensors xs = row.inputs;
      xs[0] = undefined ? Tensor() : cast(xs[0], float32);
      check_refused(made, xs);
    }
  }
}

TEST_CASE("the state of every layer has these names") {
  for (const Row& row : rows()) {
    INFO(row.name());
    Names names;
    for (const NamedTensor& entry : row.make().module->state()) names.push_back(entry.name);
    CHECK(names == row.traits.state);
  }
}

TEST_CASE("the state of every layer makes another one the same") {
  for (const Row& row : rows()) {
    INFO(row.name());
    const Made one = row.make(), other = row.make();
    for (Parameter parameter : other.module->parameters()) parameter.assign(zeros(parameter.shape(), float64));
    one.call(row.inputs).to_vector();  // moves statistics and streams
    other.module->load_state(one.module->state());
    CHECK(other.call(row.inputs).to_vector() == one.call(row.inputs).to_vector());
  }
}

}  // namespace
}  // namespace xgrad::layers::layers_test
