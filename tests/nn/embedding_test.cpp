#include "nn/embedding.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/throws.hpp"

namespace embedding_test {

using namespace xgrad;
using Catch::Contains;

namespace {
using Values = std::vector<double>;
const Tensor weight = tensor({{1.0, 2.0}, {3.0, 4.0}, {6.0, 8.0}, {0.5, -1.0}}, float64);
const Tensor words = tensor({{2, 0, 2}, {3, 1, 2}});

std::vector<double> row(const Tensor& table, std::int64_t i) { return table(i).to_vector(); }
}  // namespace

TEST_CASE("an Embedding gives the rows of its table, for indices of any shape") {
  const nn::Embedding table(weight);
  CHECK(table(words).shape() == Shape{2, 3, 2});
  CHECK(table(words).to_vector() == Values{6, 8, 1, 2, 6, 8, 0.5, -1, 3, 4, 6, 8});
  CHECK(table(1).to_vector() == Values{3, 4});
  CHECK(table(zeros({0, 3}, int64)).shape() == Shape{0, 3, 2});
  CHECK(table.state()[0].name == "weight");
  CHECK(table.state().size() == 1);
  const nn::Embedding drawn(1000, 4, {.dtype = float64});
  CHECK(mean(drawn.weight).item() == Approx(0).margin(0.1));
  CHECK(stddev(drawn.weight).item() == Approx(1).epsilon(0.1));
}

TEST_CASE("the gradient of an Embedding counts each row as often as it is looked up, and has every order") {
  nn::Embedding table(weight);
  CHECK(grad(sum(table(words)), table.weight).to_vector() == Values{1, 1, 1, 1, 3, 3, 1, 1});
  const auto f = [&](const Tensor& w) {
    const Tensor y = nn::functional_call(table, {w}, words);
    return y * y * y;
  };
  CHECK_THAT(f, DifferentiatesCorrectly(weight).order(2));
  table.set_trainable(false);
  CHECK_FALSE(table(words).tracked());
}

TEST_CASE("the row for padding starts as zeros and gets no gradient") {
  nn::Embedding table(4, 2, {.padding_index = 2});
  CHECK(row(table.weight, 2) == Values{0, 0});
  const Tensor loss = sum(table(words) + 1);
  CHECK(grad(loss, table.weight).to_vector() == Values{1, 1, 1, 1, 0, 0, 1, 1});
  const nn::EmbeddingRows rows = table.rows(words);
  CHECK(grad(sum(rows(words)), rows.values).to_vector() == Values{1, 1, 1, 1, 0, 0, 1, 1});
  // A weight that was given keeps its row, without gradient.
  const nn::Embedding last(weight, {.padding_index = -2});
  CHECK(last(2).to_vector() == Values{6, 8});
  CHECK(grad(sum(last(words)), last.weight).to_vector() == Values{1, 1, 1, 1, 0, 0, 1, 1});
}

TEST_CASE("with max_norm the rows that are looked up are scaled down in the table, and only these") {
  nn::Embedding table(weight, {.max_norm = 2.5});
  const Tensor y = table(tensor({0, 2, 2}));
  const double scale = 2.5 / (10 + 1e-7);
  CHECK(y.to_vector() == Values{1, 2, 6 * scale, 8 * scale, 6 * scale, 8 * scale});
  CHECK(row(table.weight, 1) == Values{3, 4});
  CHECK(row(table.weight, 2) == Values{6 * scale, 8 * scale});
  CHECK(grad(sum(y), table.weight).to_vector() == Values{1, 1, 0, 0, 2, 2, 0, 0});
  nn::Embedding by_sum(weight, {.max_norm = 2, .norm_type = 1});
  CHECK(by_sum(1).to_vector() == Values{3 * (2 / (7 + 1e-7)), 4 * (2 / (7 + 1e-7))});
  CHECK(by_sum.rows(tensor({0})).values.to_vector() == Values{2 / (3 + 1e-7), 2 * (2 / (3 + 1e-7))});
}

TEST_CASE("max_norm leaves the table alone where it is not the table that is looked up in") {
  nn::Embedding table(weight, {.max_norm = 2.5});
  const Tensor index = tensor({0, 2}), other = track(2 * weight);
  const double first = 2.5 / (2 * std::sqrt(5) + 1e-7), second = 2.5 / (20 + 1e-7);
  const Tensor y = nn::functional_call(table, {other}, index);
  CHECK_THAT(y, AllClose(tensor({{2 * first, 4 * first}, {12 * second, 16 * second}}, float64), 1e-14, 1e-14));
  CHECK_THAT(grad(sum(y), other)(2), AllClose(full({2}, second, float64), 1e-14, 1e-14));
  CHECK(table.weight.value().to_vector() == weight.to_vector());
  const DifferentiableUpdates scope;
  table.weight.assign(table.weight * 2);
  CHECK_THAT(table(index), AllClose(y, 1e-14, 1e-14));
}

TEST_CASE("with max_norm two look-ups for one loss both count in the gradient") {
  nn::Embedding table(weight, {.max_norm = 2.5});
  {
    const Tensor first = table(tensor({0, 3})), second = table(tensor({2, 0}));
    const Tensor loss = sum(first) + sum(second);
    const double factor = 2.5 / (10 + 1e-7);
    CHECK(loss.item() == Approx(3 - 0.5 + 14 * factor + 3));
    const Tensor expected = tensor({{2.0, 2.0}, {0.0, 0.0}, {factor, factor}, {1.0, 1.0}}, float64);
    CHECK_THAT(grad(loss, table.weight), AllClose(expected, 1e-14, 1e-14));
    backward(loss);
    CHECK_THAT(table.weight.gradient(), AllClose(expected, 1e-14, 1e-14));
  }
  table(tensor({2}));
  CHECK(norm(table.weight.value()(2)).item() == Approx(2.5));
}

TEST_CASE("vmap of an Embedding with max_norm is a batch, which leaves the table alone") {
  const nn::Embedding table(weight, {.max_norm = 2.5});
  const auto one = [&](const Tensor& index) { return table(index) + table(tensor({2, 2})); };
  const Tensor y = vmap(one)(tensor({{0, 1}, {2, 3}}));
  CHECK(table.weight.value().to_vector() == weight.to_vector());
  const Tensor expected = stack({one(tensor({0, 1})), one(tensor({2, 3}))});
  CHECK_THAT(y, AllClose(expected, 1e-14, 1e-14));
}

TEST_CASE("the rows of a batch, taken out of the table, give what the table gives, and have derivatives") {
  const nn::Embedding table(weight, {.padding_index = 3});
  const nn::EmbeddingRows rows = table.rows(words);
  CHECK(rows.index.to_vector() == Values{0, 1, 2, 3});
  CHECK(table.rows(tensor({2, 0, 2})).index.to_vector() == Values{0, 2});
  CHECK(rows(words).to_vector() == table(words).to_vector());
  const Tensor loss = sum(rows(words) * rows(words));
  CHECK(grad(loss, rows.values).to_vector() == grad(sum(table(words) * table(words)), table.weight).to_vector());
  CHECK_THROWS_AS(grad(loss, table.weight), GraphError);
  CHECK(table.rows(zeros({0}, int64))(zeros({0}, int64)).shape() == Shape{0, 2});
  throws<IndexError>("EmbeddingRows: row 1 is not among the 2 rows").by([&] {
    table.rows(tensor({2, 0}))(tensor({1}));
  });
}

TEST_CASE("training by rows is training by the table, where every row is used") {
  nn::Embedding by_table(weight), by_rows(weight);
  optim::Optimizer optimizer(by_table.parameters(), optim::adam(0.1));
  optim::RowOptimizer row_optimizer(by_rows.weight, optim::adam(0.1));
  for (int step = 0; step < 3; ++step) {
    const Tensor loss = sum(pow(by_table(words), 3));
    optimizer.step(grad(loss, by_table.parameters()));
    const nn::EmbeddingRows rows = by_rows.rows(words);
    row_optimizer.step(rows.index, grad(sum(pow(rows(words), 3)), rows.values));
  }
  CHECK_THAT(by_rows.weight.value(), AllClose(by_table.weight.value(), 1e-12, 1e-12));
}

TEST_CASE("the rows of a table are trained beside the other Parameters of a model") {
  struct Model : nn::Module {
    nn::Embedding table{50, 4};
    nn::Linear head{4, 3};
    Tensor operator()(const nn::EmbeddingRows& rows, const Tensor& index) const { return head(rows(index)); }
    void visit(nn::Visitor& visitor) override { visitor("table", table), visitor("head", head); }
  };
  seed(1);
  Model model;
  optim::Optimizer optimizer(model.named_parameters("head.*"), optim::adam(0.05));
  optim::RowOptimizer row_optimizer(model.table.weight, optim::adam(0.05));
  const Tensor index = tensor({3, 8, 3, 40, 11, 12}), labels = tensor({0, 1, 0, 2, 1, 2});
  const Tensor untouched = model.table.weight.value()(slice(13, 40)) + 0;
  std::vector<double> losses;
  for (int step = 0; step < 40; ++step) {
    const nn::EmbeddingRows rows = model.table.rows(index);
    const Tensor loss = nn::cross_entropy(model(rows, index), labels);
    std::vector<Tensor> by{rows.values};
    for (const Parameter& parameter : model.parameters("head.*")) by.push_back(parameter);
    std::vector<Tensor> gradients = grad(loss, by);
    row_optimizer.step(rows.index, gradients[0]);
    gradients.erase(gradients.begin());
    optimizer.step(gradients);
    losses.push_back(loss.item());
  }
  CHECK(losses.back() < 0.1 * losses.front());
  CHECK(model.table.weight.value()(slice(13, 40)).to_vector() == untouched.to_vector());
}

TEST_CASE("a step by rows takes no memory for the rest of the table") {
  const nn::Embedding table(20000, 64);  // of 5 MB
  optim::RowOptimizer optimizer(table.weight, optim::adam(0.1));
  const auto step = [&](std::int64_t first) {
    const Tensor index = tensor({first, first + 7, first});
    const nn::EmbeddingRows rows = table.rows(index);
    const Tensor loss = sum(square(rows(index)));
    optimizer.step(rows.index, grad(loss, rows.values));
    return loss.item();
  };
  step(0);
  const std::size_t before = memory_use().live;
  reset_peak_memory();
  for (const std::int64_t first : {0, 10000, 19992}) step(first);
  CHECK(memory_use().peak < before + (std::size_t{1} << 19));
}

TEST_CASE("bad sizes, options and indices of an Embedding are errors") {
  throws<ValueError>("Embedding: needs positive sizes, got 0 rows of 2").by([] { nn::Embedding(0, 2); });
  throws<IndexError>("Embedding: the padding index 4 is out of range for 4 rows").by([] {
    nn::Embedding(4, 2, {.padding_index = 4});
  });
  throws<ValueError>("Embedding: max_norm is 0").by([] { nn::Embedding(4, 2, {.max_norm = 0.0}); });
  throws<ValueError>("Embedding: norm_type is -1").by([] { nn::Embedding(4, 2, {.norm_type = -1}); });
  throws<ShapeError>("Embedding: the weight needs two axes, got [3] f32").by([] { nn::Embedding(zeros({3})); });
  const nn::Embedding table(weight), small(weight, {.max_norm = 1.0});
  throws<DTypeError>("Embedding: indices must be i64, got [1] f32").by([&] { table(tensor({1.0})); });
  CHECK_THROWS_WITH(table(tensor({4})), Contains("Embedding") && Contains("index 4 at place 0 of [1]"));
  CHECK_THROWS_AS(table(tensor({-1})), IndexError);
  CHECK_THROWS_AS(small(tensor({4})), IndexError);
  CHECK_THROWS_AS(table.rows(tensor({4})), IndexError);
}

TEST_CASE("the hooks of an Embedding are called") {
  nn::Embedding table(weight);
  table.add_hook("*", [](const std::string&, const Tensor& y) { return y * 2; });
  CHECK(table(0).to_vector() == Values{2, 4});
}

}  // namespace embedding_test
