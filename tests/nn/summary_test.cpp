#include "nn/summary.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"

namespace summary_test {

using namespace xgrad;

namespace {

const nn::SummaryLine& line(const nn::Summary& summary, const std::string& name) {
  for (const auto& each : summary.lines)
    if (each.name == name) return each;
  FAIL("no line " << name);
  throw 0;
}

struct Convolution : nn::Module {
  Parameter weight{ones({8, 3, 3, 3})};
  Tensor operator()(const Operand& x) const {
    const nn::Call call(*this, "Convolution", x.where());
    return call.result(conv2d(x, weight, {}, {.padding = 1}));
  }
  void visit(nn::Visitor& visitor) override { visitor("weight", weight); }
};

/// Without a Call, its weights tied to those of a layer beside it.
struct Decoder : nn::Module {
  nn::Linear same{4, 4}, last{4, 2};
  Tensor operator()(const Tensor& x) const { return last(same(x)); }
  void visit(nn::Visitor& visitor) override { visitor("same", same), visitor("last", last); }
};
struct Model : nn::Module {
  nn::Linear first{3, 4};
  nn::Linear middle{4, 4};
  Decoder decoder;
  Tensor count = zeros({5}, int64);
  nn::Dropout dropout{0.5, Rng(1)};
  Model() { decoder.same.weight = middle.weight; }
  Tensor operator()(const Tensor& x) {
    count = count + 1;
    Tensor y = first(x);
    for (int i = 0; i < 3; ++i) y = relu(middle(y));
    return dropout(decoder(y)) + sum(matmul(y, transpose(y)));
  }
  void visit(nn::Visitor& visitor) override {
    visitor("first", first), visitor("middle", middle), visitor("decoder", decoder), visitor("count", count);
    visitor("dropout", dropout);
  }
};

}  // namespace

TEST_CASE("a summary tells shapes, parameters, multiply-adds and bytes of each module") {
  Model model;
  model.first.set_trainable(false);
  const nn::Summary summary = nn::summary(model, zeros({5, 3}));
  const auto &whole = line(summary, ""), &first = line(summary, "first"), &middle = line(summary, "middle"),
             &decoder = line(summary, "decoder"), &last = line(summary, "decoder.last");
  CHECK(first.outputs == std::vector<Shape>{{5, 4}});
  CHECK(first.type == "Linear");
  CHECK(first.parameters == 16);
  CHECK(first.trainable == 0);
  CHECK(first.multiply_adds == 5 * 3 * 4);
  CHECK(first.state_bytes == 64);
  CHECK(first.output_bytes == 80);
  CHECK(middle.outputs == std::vector<Shape>(3, {5, 4}));
  CHECK(middle.multiply_adds == 3 * 5 * 4 * 4);
  CHECK(middle.shared == 0);
  CHECK(middle.output_bytes == 240);
  CHECK(decoder.outputs.empty());
  CHECK(decoder.parameters == 30);
  CHECK(decoder.shared == 16);
  CHECK(decoder.multiply_adds == 5 * 4 * 4 + 5 * 4 * 2);
  CHECK(last.multiply_adds == 5 * 4 * 2);
  CHECK(whole.outputs == std::vector<Shape>{{5, 2}});
  CHECK(whole.parameters == 16 + 20 + 4 + 10);
  CHECK(whole.trainable == 34);
  CHECK(whole.state_bytes == 4 * 50 + 5 * 8);
  CHECK(whole.multiply_adds == first.multiply_adds + middle.multiply_adds + decoder.multiply_adds + 5 * 4 * 5);
  CHECK(summary.lines.size() == 7);
}

TEST_CASE("a summary computes nothing and leaves the model as it was") {
  Model model;
  model.dropout.train();
  const auto before = model.state();
  const Tensor x = zeros({5, 3}) + 1;
  const bool was_evaluated = x.evaluated();  // where every entry is
  nn::summary(model, x);
  CHECK(x.evaluated() == was_evaluated);
  const auto after = model.state();
  for (std::size_t i = 0; i < before.size(); ++i) CHECK(after[i].value.to_vector() == before[i].value.to_vector());
}

TEST_CASE("the multiply-adds of a convolution are those of its product") {
  nn::Sequential model(Convolution(), relu, [](const Tensor& x) { return flatten(x, 1); });
  const nn::Summary summary = nn::summary(model, zeros({2, 3, 5, 7}));
  CHECK(line(summary, "0").multiply_adds == 2 * 8 * 3 * 3 * 3 * 5 * 7);
  CHECK(line(summary, "0").outputs == std::vector<Shape>{{2, 8, 5, 7}});
  CHECK(line(summary, "").outputs == std::vector<Shape>{{2, 8 * 5 * 7}});
}

TEST_CASE("a summary is the same where every entry is evaluated at once, and where nothing is trainable") {
  nn::Sequential model(nn::Linear(3, 4), nn::Linear(4, 2));
  model.set_trainable(false);
  const EagerScope eager;
  CHECK(line(nn::summary(model, ones({2, 3})), "").multiply_adds == 2 * 12 + 2 * 8);
}

TEST_CASE("a model may take and give what it likes") {
  struct Pair : nn::Module {
    nn::Linear layer{2, 3};
    std::pair<Tensor, int> operator()(const Tensor& x, int times) const { return {layer(x) * times, times}; }
    void visit(nn::Visitor& visitor) override { visitor("layer", layer); }
  };
  Pair pair;
  const nn::Summary summary = nn::summary(pair, ones({4, 2}), 3);
  CHECK(line(summary, "").outputs.empty());
  CHECK(line(summary, "").multiply_adds == 24);
  CHECK(line(summary, "layer").outputs == std::vector<Shape>{{4, 3}});
}

TEST_CASE("a summary has the outputs of a wrapped module that gives more than a Tensor") {
  auto wrapped = nn::weight_norm(nn::LSTM(4, 3), {.name = "weight_hh_l0"});
  const nn::Summary summary = nn::summary(wrapped, ones({5, 2, 4}));
  CHECK(line(summary, "").outputs == std::vector<Shape>{{5, 2, 3}});
  nn::LSTM plain(4, 3);
  CHECK(line(nn::summary(plain, ones({5, 2, 4})), "").outputs == std::vector<Shape>{{5, 2, 3}});
}

TEST_CASE("an error in the model leaves it as it was, and its calls are seen the next time") {
  Model model;
  CHECK_THROWS_AS(nn::summary(model, zeros({5, 4})), ShapeError);
  CHECK(model.count.to_vector() == std::vector<double>(5, 0));
  CHECK(line(nn::summary(model, zeros({1, 3})), "first").multiply_adds == 12);
}

TEST_CASE("a summary prints as a table") {
  Model model;
  std::ostringstream text;
  text << nn::summary(model, zeros({500, 3}));
  CHECK(text.str() ==
        "module              result        parameters  multiply-adds  state bytes  result bytes\n"
        "Model               [500, 2]              50      1,042,000          240         4,000\n"
        "  first: Linear     [500, 4]              16          6,000           64         8,000\n"
        "  middle: Linear    3 x [500, 4]          20         24,000           80        24,000\n"
        "  decoder: Decoder  -                    30*         12,000          120             0\n"
        "    same: Linear    [500, 4]             20*          8,000           80         8,000\n"
        "    last: Linear    [500, 2]              10          4,000           40         4,000\n"
        "  dropout: Dropout  [500, 2]               0              0            0         4,000\n"
        "* some of them shared with a module above, and counted once in all\n"
        "in all: 50 parameters, 50 of them trainable; 1,042,000 multiply-adds; 240 bytes of state");
}

}  // namespace summary_test
