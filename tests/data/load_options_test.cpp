#include "data/load_options.hpp"

#include <cmath>

#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "data/npz.hpp"
#include "data/safetensors.hpp"
#include "nn/dropout.hpp"
#include "nn/linear.hpp"
#include "tests/data/files.hpp"

namespace load_options_test {

using namespace xgrad;
using namespace xgrad::test;
using Catch::Contains;
using Names = std::vector<std::string>;

namespace {

struct Classifier : nn::Module {
  nn::Linear hidden{3, 4}, output{4, 2};
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

/// An output layer that shares the weight of the first.
struct Tied : nn::Module {
  nn::Linear first{3, 3}, last{3, 3};
  Tied() { last.weight = first.weight; }
  void visit(nn::Visitor& visitor) override {
    visitor("first", first);
    visitor("last", last);
  }
};

/// Equal buffers that are one Tensor, and a random stream.
struct Buffers : nn::Module {
  Tensor mean = zeros({2}), scale = mean;
  nn::Dropout dropout{0.5};
  void visit(nn::Visitor& visitor) override {
    visitor("mean", mean);
    visitor("scale", scale);
    visitor("dropout", dropout);
  }
};

std::vector<NamedTensor> state(const std::string& hidden = "hidden", const std::string& output = "output") {
  return {{hidden + ".weight", full({4, 3}, 1.0)},
          {hidden + ".bias", full({4}, 2.0)},
          {output + ".weight", full({2, 4}, 3.0)},
          {output + ".bias", full({2}, 4.0)}};
}

data::LoadReport load(nn::Module& model, const std::vector<NamedTensor>& saved, const data::LoadOptions& options) {
  const data::FittedState fitted = data::fit_state(saved, model.state(), options);
  model.load_state(fitted.state);
  return fitted.report;
}

/// The first element of each piece of the state.
std::vector<double> firsts(const nn::Module& model) {
  std::vector<double> values;
  for (const auto& [name, value] : model.state()) values.push_back(value.to_vector()[0]);
  return values;
}

template <class E = FormatError>
std::string refusal(nn::Module& model, const std::vector<NamedTensor>& saved, const data::LoadOptions& options) {
  const std::vector<double> before = firsts(model);
  const std::string message = message_of<E>([&] { load(model, saved, options); });
  CHECK(firsts(model) == before);
  return message;
}

}  // namespace

TEST_CASE("names of a file are renamed one by one, by their beginning, or by a function", "[load_options]") {
  Classifier model;
  load(model, state("fc1", "fc2"), {.rename = {{"fc1.", "hidden."}, {"fc2.", "output."}}});
  CHECK(firsts(model) == std::vector<double>{1, 2, 3, 4});
  Classifier second, third, fourth;
  load(second, state("module.hidden", "module.output"), {.rename = {{"module.", ""}}});
  CHECK(firsts(second) == firsts(model));
  // the whole name goes before the longest beginning, and that before shorter ones
  auto saved = state("a", "a.b");
  saved[0].name = "a.kernel";
  load(third, saved, {.rename = {{"a.", "hidden."}, {"a.b.", "output."}, {"a.kernel", "hidden.weight"}}});
  CHECK(firsts(third) == firsts(model));
  load(fourth, state("HIDDEN", "OUTPUT"), {.rename = [](const std::string& name) {
         return name.starts_with("HIDDEN") ? "hidden" + name.substr(6) : "output" + name.substr(6);
       }});
  CHECK(firsts(fourth) == firsts(model));
}

TEST_CASE("a renaming of nothing is refused, and so are two rules for one name", "[load_options]") {
  Classifier model;
  CHECK_THAT(refusal<ValueError>(model, state(), {.rename = {{"fc1.", "hidden."}}}), Contains("'fc1.' or begins so"));
  CHECK_THAT(refusal<ValueError>(model, state(), {.rename = {{"hidden", "output"}}}), Contains("named 'hidden',"));
  CHECK_THAT(message_of<ValueError>([] {
               data::Renaming({{"a", "b"}, {"a", "c"}});
             }),
             Contains("rename: 'a' is given twice"));
  CHECK_THAT(refusal(model, state(), {.rename = {{"hidden.weight", "output.weight"}}}),
             Contains("output.weight: given twice") && Contains("hidden.weight: missing"));
}

TEST_CASE("a strict load lists all that is missing, left over, or another shape or dtype", "[load_options]") {
  Classifier model;
  auto saved = state("hidden", "outptu");
  saved[0].value = zeros({3, 4});
  saved[1].value = zeros({4}, float64);
  const std::string message = refusal(model, saved, {});
  CHECK_THAT(message, Contains("6 differences") && Contains("nothing was changed"));
  CHECK_THAT(message, Contains("hidden.weight: expected [4, 3] f32, got [3, 4] f32"));
  CHECK_THAT(message, Contains("hidden.bias: expected [4] f32, got [4] f64"));
  CHECK_THAT(message, Contains("output.weight: missing") && Contains("output.bias: missing"));
  CHECK_THAT(message, Contains("outptu.weight: unexpected") && Contains("outptu.bias: unexpected"));
  CHECK_THAT(message, Contains("load_options_test.cpp:"));
}

TEST_CASE("a load that is not strict takes what fits by name and says what it did not take", "[load_options]") {
  Classifier model;
  const auto before = firsts(model);
  const auto report = load(model, state("hidden", "head"), {.strict = false});
  CHECK(firsts(model) == std::vector<double>{1, 2, before[2], before[3]});
  CHECK(report.missing == Names{"output.weight", "output.bias"});
  CHECK(report.unexpected == Names{"head.weight", "head.bias"});
  const auto renamed = load(model, state("a.hidden", "a.head"), {.strict = false, .rename = {{"a.", ""}}});
  CHECK(renamed.unexpected == Names{"a.head.weight", "a.head.bias"});
  auto saved = state();
  saved[0].value = zeros({3, 4});
  CHECK_THAT(refusal(model, saved, {.strict = false}), Contains("1 difference,") && Contains("hidden.weight"));
  CHECK_THAT(refusal(model, state("x", "y"), {.strict = false}), Contains("none of the 4 names that are saved fits"));
  CHECK_THAT(refusal(model, {}, {.strict = false}), Contains("none of the 0 names"));
}

TEST_CASE("a part of a model is loaded by patterns of names", "[load_options]") {
  for (const Names& only : {Names{"hidden.*"}, {"hidden.weight", "hidden.bias"}, {"*n.*"}, {"h*d*w*", "hid**bias"}}) {
    Classifier model;
    const auto before = firsts(model);
    const auto report = load(model, state(), {.only = only});
    CHECK(firsts(model) == std::vector<double>{1, 2, before[2], before[3]});
    CHECK((report.missing.empty() && report.unexpected.empty()));
  }
  Classifier model;
  load(model, {state()[0], {"other", ones({1})}}, {.only = {"hidden.weight"}});
  CHECK_THAT(refusal(model, {state()[0]}, {.only = {"hidden.*"}}), Contains("hidden.bias: missing"));
  CHECK_THAT(refusal(model, state(), {.rename = {{"output.", "hidden.more."}}, .only = {"hidden.*"}}),
             Contains("hidden.more.bias: unexpected"));
  for (const char* pattern : {"hiden.*", "hidden", "hidden.", "idden.*", "", "*x*", "weight"})
    CHECK_THAT(refusal<ValueError>(model, state(), {.only = {pattern}}), Contains("of `only`"));
}

TEST_CASE("a pattern of many stars does not take long", "[load_options]") {
  Classifier model;
  auto saved = state();
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*e";
  CHECK_THAT(refusal<ValueError>(model, saved, {.only = {pattern + "x"}}), Contains("no name matches"));
}

TEST_CASE("floating values are cast when that is asked for", "[load_options]") {
  Classifier model;
  auto saved = state();
  for (NamedTensor& item : saved) item.value = cast(item.value, float64);
  saved[3].value = full({2}, 1e300, float64);
  CHECK_THAT(refusal(model, saved, {}), Contains("4 differences"));
  load(model, saved, {.cast = true});
  CHECK(firsts(model) == std::vector<double>{1, 2, 3, INFINITY});
  CHECK(model.hidden.weight.dtype() == float32);
  saved[3].value = ones({2}, int64);
  CHECK_THAT(refusal(model, saved, {.cast = true}), Contains("output.bias: expected [2] f32, got [2] i64"));
}

TEST_CASE("files of 16-bit floats load into float32 models, and into float64 ones by a cast", "[load_options]") {
  const Directory directory;
  Classifier model;
  nn::Linear wide(3, 4, {.dtype = float64});
  for (const auto floats : {data::FloatStorage::float16, data::FloatStorage::bfloat16}) {
    data::save(directory / "file", state(), {}, {.floats = floats});
    data::load(directory / "file", model);
    CHECK(firsts(model) == std::vector<double>{1, 2, 3, 4});
    data::load(directory / "file", wide, {.strict = false, .rename = {{"hidden.", ""}}, .cast = true});
    CHECK(firsts(wide) == std::vector<double>{1, 2});
    CHECK(wide.weight.dtype() == float64);
  }
}

TEST_CASE("a tied Parameter may be saved under one of its names", "[load_options]") {
  std::vector<NamedTensor> saved = {
      {"first.weight", full({3, 3}, 5.0)}, {"first.bias", ones({3})}, {"last.bias", ones({3})}};
  Tied model;
  load(model, saved, {});
  CHECK(model.last.weight.value().to_vector()[8] == 5);
  saved[0] = {"last.weight", full({3, 3}, 6.0)};
  const auto report = load(model, saved, {.strict = false});
  CHECK(report.missing.empty());
  CHECK(model.first.weight.value().to_vector()[8] == 6);
  CHECK(model.first.weight == model.last.weight);
  load(model, {{"last.weight", full({3, 3}, 7.0)}}, {.only = {"last.weight"}});
  CHECK(model.first.weight.value().to_vector()[8] == 7);
}

TEST_CASE("buffers that happen to be one Tensor are not tied", "[load_options]") {
  Buffers model;
  CHECK_THAT(refusal(model, {{"mean", ones({2})}}, {}), Contains("scale: missing"));
  const auto report = load(model, {{"mean", ones({2})}}, {.strict = false});
  CHECK(firsts(model)[0] == 1);
  CHECK(firsts(model)[1] == 0);
  CHECK(report.missing == Names{"scale", "dropout.rng"});
  CHECK_NOTHROW(load(model, {{"mean", ones({2})}, {"scale", ones({2})}}, {}));  // random streams may be missing
}

TEST_CASE("files are loaded by the same options", "[load_options]") {
  const Directory directory;
  Classifier model, other;
  data::save(directory / "file", state("fc1"));
  const data::LoadOptions options{.strict = false, .rename = {{"fc1.", "hidden."}}, .only = {"hidden.*"}};
  const auto report = data::load(directory / "file", model, options);
  CHECK((report.missing.empty() && report.unexpected.empty()));
  CHECK(firsts(model)[1] == 2);
  CHECK_THAT(message_of<FormatError>([&] { data::load(directory / "file", model); }), Contains("4 differences"));
  data::save_npz(directory / "file.npz", state("fc1"));
  data::load_npz(directory / "file.npz", other, options);
  CHECK(firsts(other)[1] == 2);
  CHECK_THAT(message_of<ValueError>([&] { data::load_npz(directory / "file.npz", other, {.only = {"x"}}); }),
             Contains("load_npz: no name matches 'x'"));
}

TEST_CASE("what is not taken is not read", "[load_options]") {
  const Directory directory;
  nn::Linear linear(2, 1);
  const std::vector<NamedTensor> saved = {
      {"a.mask", tensor({true})}, {"a.weight", full({1, 2}, 5.0)}, {"a.bias", full({1}, 6.0)}};
  data::save(directory / "file", saved);
  data::save_npz(directory / "file.npz", saved);
  // The one element of the mask is damaged: the last byte of the first file, and one in the middle of the second.
  std::string bytes = read_file(directory / "file"), archive = read_file(directory / "file.npz");
  bytes.back() = 2;
  archive[archive.find("'|b1'")] = 'x';
  write_file(directory / "file", bytes);
  write_file(directory / "file.npz", archive);
  const data::LoadOptions strict{.rename = {{"a.", ""}}}, loose{.strict = false, .rename = {{"a.", ""}}},
      partial{.rename = {{"a.", ""}}, .only = {"weight", "bias"}};
  message_of<FormatError>([&] { data::load(directory / "file", linear, strict); });
  message_of<FormatError>([&] { data::load_npz(directory / "file.npz", linear, strict); });
  CHECK(data::load(directory / "file", linear, loose).unexpected == Names{"a.mask"});
  CHECK(firsts(linear) == std::vector<double>{5, 6});
  CHECK(data::load_npz(directory / "file.npz", linear, loose).unexpected == Names{"a.mask"});
  data::load(directory / "file", linear, partial);
  data::load_npz(directory / "file.npz", linear, partial);
}

}  // namespace load_options_test
