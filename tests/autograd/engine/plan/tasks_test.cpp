// What is stored, which entries get a value, and which program is the epilogue of a product.

#include "tests/autograd/engine/plan/stages.hpp"

namespace xgrad::fused::tasks_test {
namespace {

using testing::Stages;

bool is_result(const Stages& stages, const Tensor& tensor) {
  return std::any_of(stages.tasks.results.begin(), stages.tasks.results.end(), [&](const Result& result) {
    return stages.pending.entries[static_cast<std::size_t>(result.entry)] == tensor.entry();
  });
}
std::int32_t epilogue(const Stages& stages, const Tensor& product) {
  return works_of(stages.tasks)[static_cast<std::size_t>(stages.task(product))].epilogue;
}

TEST_CASE("what only its own group reads is not stored", "[tasks][stages]") {
  const Tensor inner = exp(numbers({6, 5}, 1)), root = sin(inner);
  const Stages stages({root});
  CHECK(stages.tasks.tasks.size() == 1);
  CHECK(stages.task(root) == 0);
  CHECK(stages.task(inner) == -1);
  CHECK_FALSE(is_result(stages, inner));
}

TEST_CASE("an expensive value that a backward pass may want is kept, and a cheap one is not", "[tasks][stages]") {
  const Tensor x = track(numbers({6, 5}, 1)), expensive = exp(x), cheap = expensive * 2.0, root = sin(cheap);
  const Stages stages({root});
  CHECK(is_result(stages, root));
  CHECK(is_result(stages, expensive));
  CHECK(stages.task(expensive) >= 0);
  CHECK_FALSE(is_result(stages, cheap));
}

TEST_CASE("no entry is given the value of another", "[tasks][stages][verify]") {
  const Tensor x = track(numbers({6, 5}, 1)), kept = exp(x), root = sin(kept * 2.0);
  Stages stages({root});
  const auto node = [&](const Tensor& tensor) -> Node& {
    return stages.graph.nodes[static_cast<std::size_t>(stages.node(tensor))];
  };
  const auto check_found = [&] {
    CHECK_THROWS_WITH(Tasks(stages.pending, stages.groups), Catch::Contains("an entry is given the value of another"));
  };
  CHECK(is_result(stages, kept));
  node(kept).numel = 10;
  check_found();
  node(kept).numel = 30;
  CHECK_NOTHROW(Tasks(stages.pending, stages.groups));
  node(root).dtype = float32;
  check_found();
}

TEST_CASE("a group that is computed again wherever it is needed is no task", "[tasks][stages]") {
  const Tensor x = numbers({70, 70}, 1), doubled = x * 2.0, product = matmul(x, x), root = product * doubled;
  const Stages stages({root});
  CHECK(stages.task(doubled) == -1);
  CHECK(stages.tasks.tasks.size() == 2);
}

TEST_CASE("tasks stand after those whose values they read", "[tasks][stages]") {
  const Tensor a = exp(numbers({6, 5}, 1)), product = matmul(a, numbers({5, 4}, 2)), root = cumsum(tanh(product), 1);
  const Stages stages({root});
  REQUIRE(stages.tasks.tasks.size() == 4);
  CHECK(stages.task(a) == 0);
  CHECK(std::holds_alternative<ProductTask>(stages.tasks.tasks[1]));
  CHECK(std::holds_alternative<KernelTask>(stages.tasks.tasks[3]));
}

TEST_CASE("bias and activation after a product are its epilogue", "[tasks][stages]") {
  const Tensor x = numbers({64, 32}, 1), weight = numbers({32, 80}, 2), bias = numbers({80}, 3);
  const Tensor product = matmul(x, weight), root = maximum(product + bias, 0.0);
  const Stages stages({root});
  REQUIRE(stages.tasks.tasks.size() == 2);
  CHECK(epilogue(stages, product) == stages.task(root));
}

TEST_CASE("the derivative of an activation after a product is its epilogue", "[tasks][stages]") {
  const Tensor g = numbers({64, 32}, 1), weight = numbers({32, 80}, 2), y = numbers({64, 80}, 3);
  const Tensor product = matmul(g, weight), masked = where(y > 0.0, product, 0.0), total = sum(masked, 0);
  const Stages stages({masked, total});
  CHECK(epilogue(stages, product) == stages.task(masked));
  CHECK(stages.task(total) == stages.task(masked));
}

TEST_CASE("a program of whole rows is no epilogue", "[tasks][stages]") {
  const Tensor product = matmul(numbers({64, 32}, 1), numbers({32, 80}, 2)), root = softmax(product, 1);
  const Stages stages({root});
  CHECK(epilogue(stages, product) == -1);
}

TEST_CASE("a program that reads a product as a number of each row, or as narrow rows, is no epilogue",
          "[tasks][stages]") {
  const Tensor x = numbers({64, 32}, 1), column = matmul(x, numbers({32, 1}, 2)), wide = numbers({64, 80}, 3) * column;
  CHECK(epilogue(Stages({wide}), column) == -1);
  const Tensor narrow = matmul(x, numbers({32, 8}, 4)), root = tanh(narrow);
  CHECK(epilogue(Stages({root}), narrow) == -1);
}

TEST_CASE("an epilogue comes right after its product, where what else it reads is there", "[tasks][stages]") {
  const Tensor x = numbers({64, 32}, 1), w = numbers({32, 80}, 2), first = matmul(x, w), second = matmul(x, w * 2.0);
  const Tensor activated = tanh(first), both = activated * second;
  const Stages stages({both, activated});
  const std::vector<Work> works = works_of(stages.tasks);
  const std::vector<std::int32_t> order = order_of(stages.tasks, works);
  std::vector<std::size_t> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[static_cast<std::size_t>(order[i])] = i;
  for (std::size_t task = 0; task < works.size(); ++task) {
    for (const std::int32_t read : works[task].reads)
      for (std::size_t other = 0; other < works.size(); ++other)
        if (std::count(works[other].writes.begin(), works[other].writes.end(), read) > 0)
          CHECK(place[other] < place[task]);
  }
}

TEST_CASE("an output may lie over an input of its size that is read element by element", "[tasks][stages]") {
  const Tensor x = numbers({64, 32}, 1), root = exp(matmul(x, transpose(x)));
  const Stages stages({root});
  const std::vector<Work> works = works_of(stages.tasks);
  const Work& last = works[static_cast<std::size_t>(stages.task(root))];
  REQUIRE(last.reuses.size() == 1);
  CHECK(last.reuses[0].output == stages.node(root));
  CHECK(last.reuses[0].input == last.reads[0]);
}

TEST_CASE("a product of what lies anywhere may fail, for it needs memory", "[tasks][stages]") {
  const Tensor x = numbers({6, 20, 8, 16}, 1), factor = numbers({6, 320, 30}, 2);
  const Tensor moved = reshape(permute(x, {0, 2, 1, 3}), {6, 8, 320});
  const Tensor anywhere = matmul(moved, factor), plain = matmul(numbers({6, 8, 320}, 3), factor);
  const Stages stages({anywhere, plain});
  const std::vector<Work> works = works_of(stages.tasks);
  CHECK(works[static_cast<std::size_t>(stages.task(anywhere))].may_fail);
  CHECK_FALSE(works[static_cast<std::size_t>(stages.task(plain))].may_fail);
}

}  // namespace
}  // namespace xgrad::fused::tasks_test
