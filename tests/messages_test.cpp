// What one is told in situations that everybody gets into, word for word: what was done to which Parameter, on which
// line, and what to do instead. Lines are given names by `at`; the last one, <here>, is that of the call that throws.

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"

namespace messages_test {

using namespace xgrad;

namespace {

struct Net : nn::Module {
  nn::Linear hidden{3, 4}, output{4, 2};
  static constexpr unsigned forward = __LINE__ + 1;
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
  void visit(nn::Visitor& visitor) override {
    visitor("hidden", hidden);
    visitor("output", output);
  }
};

/// A message with the lines of this file replaced by their names.
class Lines {
 public:
  /// Names the line of the call; gives `value` back.
  template <class T>
  T at(const std::string& name, T value, const Location& where = Location::current()) {
    names_[where.line()] = '<' + name + '>';
    return value;
  }

  /// What `body`, one line, is told.
  template <class E, class F>
  std::string error(F&& body, const Location& where = Location::current()) {
    try {
      body();
    } catch (const E& error) {
      CHECK(error.where().line() >= where.line());
      CHECK(error.where().line() <= where.line() + 2);
      names_[error.where().line()] = "<here>";
      return named(error.what());
    }
    return "nothing";
  }
  std::string named(std::string text) const {
    const std::string file = "messages_test.cpp:";
    for (std::size_t from = text.find(file); from != std::string::npos; from = text.find(file)) {
      std::size_t end = from + file.size();
      while (end < text.size() && std::isdigit(text[end])) ++end;
      const auto line = static_cast<unsigned>(std::stoul(text.substr(from + file.size(), end - from - file.size())));
      const auto known = names_.find(line);
      text.replace(from, end - from, known == names_.end() ? "<line " + std::to_string(line) + '>' : known->second);
    }
    return text;
  }

 private:
  std::map<unsigned, std::string> names_{{Net::forward, "<forward>"}};
};

const std::string unused = "; allow_unused gives zeros, at <here>";
const std::string about_hidden = "grad: the loss does not depend on input 0 (hidden.weight [4, 3] f32)";

}  // namespace

TEST_CASE("told: NoGrad was left on", "[messages]") {
  Lines lines;
  const Net net;
  const Tensor x = ones({2, 3});
  Tensor loss;
  {
    const NoGrad evaluation;
    loss = mean(net(x));
  }
  const std::vector<Parameter> parameters = net.parameters();
  CHECK(lines.error<GraphError>([&] { grad(loss, parameters); }) ==
        about_hidden + ": Linear at <forward> was recorded inside NoGrad" + unused);
  CHECK(
      lines.error<GraphError>([&] { backward(loss); }) ==
      "backward: the loss ([] f32) depends on no Parameter: Linear at <forward> was recorded inside NoGrad, at <here>");
}

TEST_CASE("told: NoGrad was left on, and the loss has been printed", "[messages]") {
  Lines lines;
  const Parameter w(tensor({1.0, 2.0}));
  Tensor loss;
  {
    const NoGrad evaluation;
    loss = lines.at("loss", mean(w * w));
  }
  loss.item();
  CHECK(lines.error<GraphError>([&] { grad(loss, w); }) ==
        "grad: the loss does not depend on input 0 ([2] f32): what mean at <loss> was computed from is untracked, and "
        "gone (NoGrad, a derivative without create_graph, or constants)" +
            unused);
}

TEST_CASE("told: an argmax is on the way", "[messages]") {
  Lines lines;
  const Net net;
  const std::vector<Parameter> parameters = net.parameters();
  const Tensor chosen = lines.at("chosen", argmax(net(ones({2, 3})), 1));
  const Tensor loss = mean(cast(chosen, float32));
  CHECK(lines.error<GraphError>([&] { grad(loss, parameters); }) ==
        about_hidden + ": argmax at <chosen> gives i64, through which no derivative flows" + unused);
}

TEST_CASE("told: a comparison or a cast is on the way", "[messages]") {
  Lines lines;
  const Parameter w(tensor({1.0, 2.0}));
  const Tensor whole = lines.at("cast", cast(w * 2, int64)), right = lines.at("cast", w > 1.5);
  CHECK(lines.error<GraphError>([&] { grad(sum(cast(whole, float32)), w); }) ==
        "grad: the loss does not depend on input 0 ([2] f32): cast at <cast> gives i64, through which no derivative "
        "flows" +
            unused);
  CHECK(
      lines.error<GraphError>([&] { grad(mean(cast(right, float32)), w); }) ==
      "grad: the loss does not depend on input 0 ([2] f32): greater at <cast> gives bool, through which no derivative "
      "flows" +
          unused);
}

TEST_CASE("told: create_graph was forgotten", "[messages]") {
  Lines lines;
  const Net net;
  const std::vector<Parameter> parameters = net.parameters();
  const Tensor x = track(ones({2, 3}));
  const Tensor slope = lines.at("slope", grad(sum(net(x)), x));
  const Tensor penalty = lines.at("penalty", mean(square(slope)));
  const std::string text =
      about_hidden + ": the derivative taken at <slope> is a constant, since create_graph was not set there";
  CHECK(lines.error<GraphError>([&] { grad(penalty, parameters); }) == text + unused);
  penalty.item();
  CHECK(lines.error<GraphError>([&] { grad(penalty, parameters); }) ==
        about_hidden +
            ": what mean at <penalty> was computed from is untracked, and gone (NoGrad, a derivative without "
            "create_graph, or constants)" +
            unused);
}

TEST_CASE("told: a stop_gradient is on the way", "[messages]") {
  Lines lines;
  const Net net;
  const std::vector<Parameter> parameters = net.parameters();
  const Tensor features = lines.at("stop", stop_gradient(net.hidden(ones({2, 3}))));
  const Tensor loss = mean(softmax(net.output(features)));
  CHECK(lines.error<GraphError>([&] { grad(loss, parameters); }) ==
        about_hidden + ": stop_gradient at <stop> ends the way to it" + unused);
}

TEST_CASE("told: a value was read out on the way", "[messages]") {
  Lines lines;
  const Parameter w(tensor({1.0, 2.0})), v(tensor({3.0}));
  const double size = sum(w * w).item();
  const Tensor loss = sum(v * size);
  CHECK(lines.error<GraphError>([&] { grad(loss, w); }) ==
        "grad: the loss does not depend on input 0 ([2] f32): nothing that it was recorded from is this one; what was "
        "read out (item, data, to_vector) is a number, and a copy of a Parameter another one" +
            unused);
}

TEST_CASE("told: a Parameter is frozen", "[messages]") {
  Lines lines;
  Net net;
  const std::vector<Parameter> parameters = net.parameters();
  net.hidden.set_trainable(false);
  const Tensor loss = mean(net(ones({2, 3})));
  CHECK(
      lines.error<GraphError>([&] { grad(loss, parameters); }) ==
      "grad: input 0 (hidden.weight [4, 3] f32) is a frozen Parameter; set_trainable(true) lets derivatives flow into "
      "it again, at <here>");
}

TEST_CASE("told: all Parameters are frozen", "[messages]") {
  Lines lines;
  Net net;
  CHECK(net.parameters().size() == 4);
  net.set_trainable(false);
  const Tensor loss = mean(net(ones({2, 3})));
  CHECK(lines.error<GraphError>([&] { backward(loss); }) ==
        "backward: the loss ([] f32) depends on no Parameter: hidden.weight [4, 3] f32 is frozen, and nothing that is "
        "trainable was read, at <here>");
}

TEST_CASE("told: a Tensor is no Parameter", "[messages]") {
  Lines lines;
  const Tensor w = tensor({1.0, 2.0});
  const Tensor loss = sum(w * w);
  CHECK(lines.error<GraphError>([&] { grad(loss, w); }) ==
        "grad: input 0 ([2] f32) is untracked; make it a Parameter, or use track() or grad(f), at <here>");
  CHECK(lines.error<GraphError>([&] { backward(loss); }) ==
        "backward: the loss ([] f32) depends on no Parameter: nothing that it was recorded from is one, at <here>");
}

TEST_CASE("told: the loss is older than the latest step", "[messages]") {
  Lines lines;
  Net net;
  const std::vector<Parameter> parameters = net.parameters();
  optim::Optimizer optimizer(parameters, optim::sgd(0.1));
  const Tensor loss = mean(net(ones({2, 3})));
  optimizer.step(grad(loss, parameters));
  CHECK(lines.error<GraphError>([&] { grad(loss, parameters); }) ==
        "grad: Parameter 0 (hidden.weight [4, 3] f32) was assigned since the loss was recorded; record the loss again, "
        "at <here>");
  CHECK(lines.error<GraphError>([&] { backward(loss); }) ==
        "backward: Parameter hidden.weight [4, 3] f32 was assigned since the loss was recorded; record the loss again, "
        "at "
        "<here>");
}

TEST_CASE("told: a number with a point stands beside whole numbers", "[messages]") {
  Lines lines;
  CHECK(lines.error<DTypeError>([&] {
    return tensor({1, 2}) / 2.0;
  }) == "the number 2.0 has a point, beside [2] i64; cast that to a floating dtype, at <here>");
}

TEST_CASE("told: a label is out of range, when it is known and when it is computed", "[messages]") {
  Lines lines;
  const Net net;
  const Tensor logits = net(ones({2, 3})), labels = tensor({0, 7});
  CHECK(lines.error<IndexError>([&] { return nn::cross_entropy(logits, labels); }) ==
        "cross_entropy: class index 7 at row 1 of 2, for 2 classes, at <here>");
  const std::string late =
      "cross_entropy: gather: index 7 at place 1 of [2, 1] is out of range for an axis of size 2, "
      "at <here>";
  CHECK(lines.error<IndexError>([&] { return nn::cross_entropy(logits, labels + 0).item(); }) == late);
  optim::Optimizer optimizer(net.parameters(), optim::sgd(0.1));
  CHECK(lines.error<IndexError>(
            [&] { optimizer.step(grad(nn::cross_entropy(logits, labels + 0), net.parameters())); }) == late);
}

TEST_CASE("told: a Parameter has no gradient", "[messages]") {
  Lines lines;
  Net net;
  optim::Optimizer optimizer(net.parameters(), optim::sgd(0.1));
  backward(mean(net.output(ones({2, 4}))));
  CHECK(lines.error<GraphError>([&] { optimizer.step(); }) ==
        "step: there is no gradient for parameter 0, hidden.weight [4, 3] f32 (MissingGradient::skip leaves it alone), "
        "at "
        "<here>");
}

TEST_CASE("told: a gradient or a loss is not finite", "[messages]") {
  Lines lines;
  Net net;
  const std::vector<Parameter> parameters = net.parameters();
  optim::Optimizer optimizer(parameters, optim::sgd(0.1), {.nonfinite = optim::NonFinite::error});
  const Tensor y = net(ones({2, 3})), zero = zeros({});
  const Tensor loss = lines.at("loss", mean(y) + log(zero));
  CHECK(lines.error<ValueError>([&] { optimizer.step(grad(loss, parameters)); }) ==
        "step: the loss recorded at <loss> is not finite, although its gradients are; nothing was changed, at <here>");
  const Tensor wrong = mean(y) / zero;
  CHECK(lines.error<ValueError>([&] { optimizer.step(grad(wrong, parameters)); }) ==
        "step: the gradient for parameter 0, hidden.weight [4, 3] f32, is not finite; nothing was changed, at <here>");
}

namespace {

struct Sine : Operation<Sine> {  // of float64
  static constexpr auto id = "custom_sine";
  Signature infer(std::span<const Tensor> in, const Location&) const override { return {in[0].shape(), in[0].dtype()}; }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> in, const Tensor&) const {
    return g * cos(stop_gradient(in[0]));
  }
  void run(std::span<const View> in, const View& out, const Location&) const override {
    for (std::int64_t i = 0; i < out.numel(); ++i) out.as<double>()[i] = std::sin(in[0].as<double>()[i]);
  }
};

}  // namespace

TEST_CASE("told: a rule of one's own stops derivatives", "[messages]") {
  Lines lines;
  const auto sine = [&](const Tensor& x) { return lines.at("sine", record(Location::current(), Sine{}, x)); };
  const auto report = check_gradient(sine, {tensor({0.5}, float64)}, {.order = 2});
  const std::string text = lines.named(report.text());
  CHECK(text.substr(text.find("to blame")) ==
        "to blame: the rule of custom_sine for its input 0, recorded at <sine>, which is right at order 1 and wrong at "
        "order "
        "2: does its vjp hide what it depends on (stop_gradient, NoGrad, a value read out)?");
}

TEST_CASE("told: a kernel of one's own is given another dtype", "[messages]") {
  Lines lines;
  const Tensor x = tensor({0.5, 1.0});
  CHECK(lines.error<DTypeError>([&] { return record(Location::current(), Sine{}, x).item(); }) ==
        "custom_sine: elements of f64 are asked for, but those of [2] f32 are there, at <here>");
}

}  // namespace messages_test
