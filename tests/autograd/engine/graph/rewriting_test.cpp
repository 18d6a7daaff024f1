// What the graph makes of entries: which are one node, and what products take in.

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::rewriting_test {
namespace {

using testing::Stages;
using Kind = Lowering::Kind;

TEST_CASE("entries that are one value are one node", "[graph][stages]") {
  const Tensor x = numbers({3, 4}, 1), y = numbers({3, 4}, 2);
  const Tensor first = exp(x), second = exp(x), other = exp(y), by_two = x * 2, by_two_again = x * 2, by_three = x * 3;
  const Stages stages({first, second, other, by_two, by_two_again, by_three});
  CHECK(stages.node(first) == stages.node(second));
  CHECK(stages.node(first) != stages.node(other));
  CHECK(stages.node(by_two) == stages.node(by_two_again));
  CHECK(stages.node(by_two) != stages.node(by_three));
}

TEST_CASE("random numbers are no repetitions of others", "[graph][stages]") {
  Rng rng(1), same(1);
  const Tensor first = uniform({3}, rng, 0, 1, float64), second = uniform({3}, same, 0, 1, float64);
  const Stages stages({first, second});
  CHECK(stages.node(first) != stages.node(second));
}

TEST_CASE("leaves and constants have the numbers that the key gave them", "[graph][stages]") {
  const Tensor x = numbers({3}, 1), y = numbers({3}, 2), first = y * 2.0, second = x * 3.0;
  const Tensor more = first * second + 2.0;
  const Stages stages({more});
  const Inputs& inputs = stages.key.inputs();
  CHECK(inputs.leaves == std::vector<Entry*>{y.entry(), x.entry()});
  CHECK(inputs.constants == std::vector<double>{2, 3});
  std::vector<std::int32_t> leaves, constants;
  for (const Node& node : stages.graph.nodes) {
    if (node.leaf) leaves.push_back(node.argument);
    if (node.kind == Kind::constant) constants.push_back(node.argument);
  }
  CHECK(leaves == std::vector<std::int32_t>{0, 1});
  CHECK(constants == std::vector<std::int32_t>{0, 1});
}

TEST_CASE("a sum over everything goes along rows first, unless it is one short row", "[graph][stages]") {
  const Tensor x = numbers({100, 90}, 1), y = numbers({90}, 2), total = sum(x), small = sum(y);
  const Stages stages({total, small});
  const Node& rows = stages.graph.nodes[static_cast<std::size_t>(stages.at(total).inputs[0])];
  CHECK(stages.at(total).extent == Extent::scalar);
  CHECK(rows.kind == Kind::reduction);
  CHECK(rows.extent == Extent::per_row);
  CHECK(rows.columns == 90);
  CHECK(rows.numel == 100);
  CHECK(stages.graph.nodes[static_cast<std::size_t>(stages.at(small).inputs[0])].leaf);
}

TEST_CASE("a transposition of a transposition, or of a vector, moves nothing", "[graph][stages]") {
  const Tensor x = numbers({3, 4}, 1), row = numbers({1, 4}, 2);
  const Tensor twice = transpose(transpose(x)), turned = transpose(row), once = transpose(x);
  const Stages stages({twice, turned, once});
  CHECK(stages.at(twice).leaf);
  CHECK(stages.at(turned).leaf);
  CHECK(stages.at(once).kind == Kind::transposition);
}

TEST_CASE("a product that is only read transposed is that of its transposed operands", "[graph][stages]") {
  const Tensor a = numbers({5, 7}, 1), b = numbers({7, 3}, 2), c = numbers({3, 5}, 3), product = matmul(a, b);
  const Tensor turned = transpose(product), root = exp(turned);
  const Stages stages({root});
  REQUIRE(stages.at(turned).kind == Kind::contraction);
  const Product& found = stages.graph.product(stages.at(turned));
  CHECK(found.transposed_a);
  CHECK(found.transposed_b);
  CHECK(found.m == 3);
  CHECK(found.n == 5);
  const Stages both({root, product});
  CHECK(both.at(turned).kind == Kind::transposition);
}

TEST_CASE("a product takes in what it is added to, and the number that scales it", "[graph][stages]") {
  const Tensor a = numbers({5, 7}, 1), b = numbers({7, 3}, 2), d = numbers({5, 3}, 3), f = numbers({}, 4);
  const Tensor plain = matmul(a, b) + d, scaled = matmul(a, b) * f + d, difference = d - matmul(a, b);
  const Tensor held = matmul(a, b), apart = held + d, computed = matmul(a, b) + exp(d);
  const auto product = [](const Tensor& root) {
    const Stages stages({root});
    const Node& node = stages.at(root);
    return node.kind == Kind::contraction ? std::pair(stages.graph.product(node), node.inputs.size())
                                          : std::pair(Product(), std::size_t{0});
  };
  CHECK(product(plain).second == 3);
  CHECK(product(scaled).second == 4);
  CHECK(product(scaled).first.scaled == Scaled::alpha);
  CHECK(product(difference).second == 3);
  CHECK(product(difference).first.sign == -1);
  CHECK(product(computed).second == 0);  // which is not in memory
  CHECK(Stages({apart, held}).at(apart).kind == Kind::elementwise);
}

TEST_CASE("the extent of a broadcast says which axes it repeats", "[graph][stages]") {
  const auto extent = [](const Shape& from, const Shape& to) {
    const Tensor wide = broadcast_to(numbers(from, 1), to) * 2.0;
    const Stages stages({wide});
    for (const Node& node : stages.graph.nodes)
      if (node.kind == Kind::broadcast && !node.leaf && node.numel == to.numel() && node.extent != Extent::scalar)
        return node.extent;
    return Extent::full;
  };
  CHECK(extent({4, 1}, {4, 6}) == Extent::per_row);
  CHECK(extent({1, 6}, {4, 6}) == Extent::per_column);
  CHECK(extent({2, 1, 3}, {2, 5, 3}) == Extent::mixed);
  CHECK(extent({2, 1, 3, 1}, {2, 5, 3, 7}) == Extent::mixed);
}

}  // namespace
}  // namespace xgrad::fused::rewriting_test
