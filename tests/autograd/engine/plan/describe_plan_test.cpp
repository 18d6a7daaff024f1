#include "autograd/engine/plan/describe_plan.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/throws.hpp"

namespace describe_plan_test {

using namespace xgrad;

namespace {

/// Values that are there, so that no plan makes them.
Tensor data(const Shape& shape) {
  Rng rng(1);
  const Tensor values = normal(shape, rng);
  evaluate(values);
  return values;
}
Tensor classes(std::int64_t rows) {
  const Tensor labels = zeros({rows}, int64);
  evaluate(labels);
  return labels;
}

/// The text of a plan with the entries of each program sorted: compilers evaluate arguments, which record, in orders of
/// their own.
std::string in_any_order(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find("]:"), end = line.find("; reads");
    if (line.find(": program ") == std::string::npos) {
      result += line + '\n';
      continue;
    }
    std::istringstream names(line.substr(begin + 2, end - begin - 2));
    std::vector<std::string> entries;
    for (std::string name; names >> name;)
      if (name[0] == '(')
        entries.insert(entries.end(), std::stoul(name.substr(1)) - 1, std::string(entries.back()));
      else
        entries.push_back(name);
    std::sort(entries.begin(), entries.end());
    result += line.substr(0, begin + 2);
    for (const std::string& name : entries) result += ' ' + name;
    result += line.substr(end) + '\n';
  }
  return result;
}

}  // namespace

TEST_CASE("the plan of a softmax is one program, forward and backward", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(data({32, 64}));
  {
    const Tensor y = softmax(x);
    CHECK(plan(y) ==
          "1: program [32, 64]: max sub exp sum div mul; reads 8.19 kB, writes 16.8 kB, computes 10.3 kop\n");
  }
  const Tensor slope = grad(sum(square(softmax(x))), std::vector<Tensor>{x})[0];
  CHECK(plan(slope) ==
        "1: program [32, 64]: max sub exp sum div mul (2) add mul (2) sum div neg mul add mul; reads 8.19 kB, writes "
        "8.32 "
        "kB, computes 30.8 kop\n");
}

TEST_CASE("the plan of a layer norm is one program, forward and backward", "[plan]") {
  const fused::testing::InEngine engine("fused");
  nn::LayerNorm norm(64);
  evaluate({norm.weight.value(), norm.bias.value()});
  const Tensor x = track(data({32, 64}));
  const auto slopes = grad(sum(square(norm(x))), {x, norm.weight, norm.bias});
  CHECK(in_any_order(plan(slopes)) ==
        in_any_order(
            "1: program [32, 64]: sum div sub mul sum div add sqrt div mul add mul add sum mul (2) sum div neg mul sum "
            "(2) "
            "div add mul div (2) mul add (2) neg sum div add; reads 8.7 kB, writes 8.7 kB, computes 61.7 kop\n"));
}

TEST_CASE("the plan of a cross-entropy is one program and the mean, and its gradient one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(data({32, 64})), labels = classes(32);
  {
    const Tensor loss = nn::cross_entropy(x, labels);
    CHECK(plan(loss) ==
          "1: program [32, 64]: max sub exp sum log gather sub; reads 8.45 kB, writes 8.83 kB, computes 8.29 kop\n"
          "2: program [1, 32]: sum div; reads 128 B, writes 8 B, computes 33 op; apart from 1: another space\n");
  }
  const Tensor slope = grad(nn::cross_entropy(x, labels), std::vector<Tensor>{x})[0];
  CHECK(plan(slope) ==
        "1: program [32, 64]: max sub exp sum scatter_add div mul add; reads 8.45 kB, writes 8.32 kB, computes 12.4 "
        "kop\n");
}

TEST_CASE("the plan of a 5-point stencil is one program, which reads its input where it lies", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = data({32, 128});
  const auto at = [&](std::int64_t i, std::int64_t j) { return slice(slice(x, 0, 1 + i, 31 + i), 1, 1 + j, 127 + j); };
  const Tensor y = at(-1, 0) + at(1, 0) + at(0, -1) + at(0, 1) - 4.0f * at(0, 0);
  CHECK(in_any_order(plan(y)) ==
        in_any_order("1: program [30, 126]: add (3) mul sub; reads 16.4 kB, writes 15.1 kB, computes 18.9 kop\n"));
}

TEST_CASE("the plan of a pool of tiles is one program, and so is its gradient", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = track(data({4, 3, 8, 8}));
  CHECK(plan(max_pool2d(x, 2)) == "1: program [192, 4]: max; reads 3.07 kB, writes 768 B, computes 768 op\n");
  const Tensor slope = grad(sum(square(max_pool2d(x, 2))), x);
  CHECK(in_any_order(plan(slope)) ==
        "1: program [192, 4]: add cast div equal max mul mul sum; reads 3.07 kB, writes 3.07 kB, computes 5.95 kop\n"
        "2: program [1, 768]: permute; reads 3.07 kB, writes 3.07 kB, computes 768 op; apart from 1: rows of another "
        "length\n");
}

TEST_CASE("the plan of an attention is two products and one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor q = data({8, 4, 64, 32}), k = data({8, 4, 64, 32}), v = data({8, 4, 64, 32}), mask = data({64, 64});
  const Tensor y = matmul(softmax(matmul(q, transpose(k)) * 0.2f + mask), v);
  const std::string text = plan(y);
  CAPTURE(text);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find("1: product 32 times [64, 32] x [32, 64]") == 0);
  CHECK(text.find("2: program [2048, 64]: mul add max sub exp sum div mul;") != std::string::npos);
  CHECK(text.find("3: product 32 times [64, 64] x [64, 32]") != std::string::npos);
}

TEST_CASE("the plan of an attention's derivatives is five products and one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const bool causal = GENERATE(false, true);
  CAPTURE(causal);
  const Tensor q = track(data({8, 4, 64, 32})), k = track(data({8, 4, 64, 32})), v = track(data({8, 4, 64, 32}));
  const Tensor cotangent = data({8, 4, 64, 32});
  const Tensor y = nn::scaled_dot_product_attention(q, k, v, {.causal = causal});
  const auto slopes = differentiate(std::array{y}, std::array{cotangent}, std::array{q, k, v});
  const std::string text = plan(slopes);
  CAPTURE(text);
  const auto count = [&](const std::string& word) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  CHECK(count(": product 32 times") == 5);
  CHECK(count(": program [2048, 64]") == 1);
  CHECK(count("\n") == 6);
}

TEST_CASE("the plan of a triangle of what is computed is one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = data({32, 64});
  const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
  const std::string lower = plan(tril(exp(x))), upper = plan(triu(exp(x), 3));
  CAPTURE(lower, upper);
  CHECK(lines(lower) == 1);
  CHECK(lines(upper) == 1);
  CHECK(lower.find("1: program [32, 64]:") == 0);
}

TEST_CASE("the plan of a GRU's step is its products and one program", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = data({32, 64}), h = data({32, 64}), w = data({64, 192}), u = data({64, 192});
  const auto gates = [](const Tensor& all) { return split(all, 64, 1); };
  const auto i = gates(matmul(x, w)), s = gates(matmul(h, u));
  const Tensor r = sigmoid(i[0] + s[0]), z = sigmoid(i[1] + s[1]), n = xgrad::tanh(i[2] + r * s[2]);
  const Tensor next = (1.0f - z) * n + z * h;
  const std::string text = plan(next);
  CAPTURE(text);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find("kernel") == std::string::npos);
  CHECK(text.find("3: program [32, 64]:") != std::string::npos);
}

TEST_CASE("the plan of a weight's update is one product", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor weight = data({64, 64}), x = data({32, 64}), g = data({64, 32});
  const Tensor next = weight - 0.1 * matmul(g, x);
  CHECK(plan(next) ==
        "1: product [64, 32] x [32, 64] + what is there: sub; reads 32.8 kB, writes 16.4 kB, computes 262 kop\n");
}

TEST_CASE("the plan of a perceptron's step is its products, with what comes next as their epilogues", "[plan]") {
  const fused::testing::InEngine engine("fused");
  Parameter w{data({64, 128})}, b{data({128})}, v{data({128, 10})};
  const Tensor x = data({32, 64}), y = data({32, 10});
  const auto step = [&] {
    const auto slopes = grad(mean(square(matmul(relu(matmul(x, w) + b), v) - y)), {w, b, v});
    return std::vector<Tensor>{w - 0.1f * slopes[0], b - 0.1f * slopes[1], v - 0.1f * slopes[2]};
  };
  CHECK(in_any_order(plan(step())) ==
        in_any_order(
            "1: product [32, 64] x [64, 128]: matmul; reads 41 kB, writes 16.4 kB, computes 524 kop\n"
            "2: program [32, 128]: add abs less_equal where logical_not sign; reads 16.9 kB, writes 16.4 kB, computes "
            "16.4 "
            "kop; on each block of 1 while that is in the cache\n"
            "3: product [32, 128] x [128, 10] + what is there: sub; reads 22.8 kB, writes 1.28 kB, computes 81.9 kop; "
            "apart "
            "from 2: a product reads what is in memory\n"
            "4: program [1, 320]: mul add; reads 1.28 kB, writes 1.28 kB, computes 640 op; apart from 3: rows of the "
            "product are narrow\n"
            "5: product [32, 10] x [10, 128]: matmul; reads 6.4 kB, writes 16.4 kB, computes 81.9 kop; apart from 4: a "
            "product reads what is in memory\n"
            "6: program [32, 128]: where mul where sum; reads 33.3 kB, writes 16.9 kB, computes 32.8 kop; on each "
            "block of "
            "5 while that is in the cache; apart from 1: another program is its epilogue, or comes between\n"
            "7: product [128, 32] x [32, 10] + what is there: sub; reads 22.8 kB, writes 5.12 kB, computes 81.9 kop; "
            "apart "
            "from 2: a product reads what is in memory; apart from 4: a product reads what is in memory\n"
            "8: product [64, 32] x [32, 128] + what is there: sub; reads 57.3 kB, writes 32.8 kB, computes 524 kop; "
            "apart "
            "from 6: a product reads what is in memory\n"
            "9: program [1, 128]: mul sub; reads 1.02 kB, writes 512 B, computes 256 op; apart from 6: a sum over rows "
            "is "
            "known after the last row\n"));
}

TEST_CASE("a plan says what has a reference kernel only, and of what there is nothing to do", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = data({32, 64}), y = exp(cumsum(sin(x), 0));
  CHECK(plan(y) ==
        "1: program [1, 2048]: sin; reads 8.19 kB, writes 8.19 kB, computes 2.05 kop\n"
        "2: kernel: cumsum; reads 8.19 kB, writes 8.19 kB; apart from 1: cumsum has a reference kernel only\n"
        "3: program [1, 2048]: exp; reads 8.19 kB, writes 8.19 kB, computes 2.05 kop; apart from 2: cumsum has a "
        "reference kernel only\n");
  CHECK_FALSE(y.evaluated());
  CHECK(plan(x) == "nothing: all values are there\n");
  const fused::testing::InEngine reference("reference");
  CHECK(plan(y) == "1: kernel: sin\n2: kernel: cumsum\n3: kernel: exp\n");
  throws<GraphError>("plan: an undefined Tensor").by([&] { return plan(Tensor()); });
}

TEST_CASE("a plan within a memory budget says what is computed once more", "[plan]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = data({64, 64});
  std::vector<Tensor> values{x};
  for (int i = 0; i < 6; ++i) values.push_back(sin(matmul(values.back(), x)));
  Tensor total = values.back();
  for (int i = 5; i > 0; --i) total = matmul(total, values[static_cast<std::size_t>(i)]);
  values.clear();
  CHECK(plan(total).find("once more") == std::string::npos);
  const fused::testing::WithinBudget budget(4 * 64 * 64 * sizeof(float));
  CHECK(plan(total).find("; once more, as 1 was dropped to keep the memory budget") != std::string::npos);
}

TEST_CASE("asking for a plan changes nothing that is computed", "[plan]") {
  const Tensor x = track(data({8, 8})), y = sum(exp(x) * sin(x));
  const std::string before = plan(y);
  CHECK(plan(y) == before);
  const Tensor again = sum(exp(x) * sin(x));
  CHECK(y.item() == again.item());
}

}  // namespace describe_plan_test
