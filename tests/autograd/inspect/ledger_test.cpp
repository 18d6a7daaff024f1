#include "autograd/inspect/ledger.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <numeric>

#include "autograd/autograd.hpp"
#include "nn/nn.hpp"
#include "tests/autograd/inspect/line.hpp"
#include "tests/throws.hpp"

namespace xgrad::ledger_test {
namespace {

std::size_t reported() {
  const MemoryReport report = memory_report();
  return std::accumulate(report.lines.begin(), report.lines.end(), std::size_t{0},
                         [](std::size_t sum, const MemoryLine& line) { return sum + line.bytes; });
}

std::size_t sum_of_lines(const Ledger& ledger) {
  return std::accumulate(ledger.lines.begin(), ledger.lines.end(), std::size_t{0},
                         [](std::size_t sum, const LedgerLine& line) { return sum + line.bytes; });
}

const LedgerLine* find(const Ledger& ledger, const std::string& operation, unsigned line) {
  for (const LedgerLine& candidate : ledger.lines)
    if (candidate.operation == operation && candidate.where.line() == line) return &candidate;
  return nullptr;
}

void check_sums(const Ledger& ledger) {
  CHECK(sum_of_lines(ledger) == ledger.bytes);
  CHECK(ledger.bytes + ledger.elsewhere == reported());
}

/// On a thread of its own nothing lives but what the body makes.
template <class Body>
void alone(Body body) {
  std::async(std::launch::async, body).get();
}

}  // namespace

TEST_CASE("a ledger lists what the tape keeps, by operation and line", "[ledger]") {
  alone([] {
    const unsigned made = line() + 1;
    const Parameter p(ones({100, 10}));
    const Tensor x = exp(p);
    const Tensor y = x * x;
    evaluate({x, y});
    const Tensor loss = sum(y);
    CHECK(loss.item() > 0);
    const Ledger kept = ledger(loss);
    check_sums(kept);
    const LedgerLine* parameter = find(kept, "Parameter", made);
    REQUIRE(parameter);
    CHECK(parameter->bytes == 4000);
    CHECK(parameter->held == 4000);
    const LedgerLine* product = find(kept, "mul", made + 2);
    REQUIRE(product);
    CHECK(product->bytes == 4000);
    CHECK(product->entries == 1);
    CHECK(kept.lines.front().bytes == 4000);
  });
}

TEST_CASE("a ledger accounts for all that a thread has, if the loss depends on all of it", "[ledger]") {
  alone([] {
    const Parameter p(ones({8, 8}));
    const Tensor x = tanh(matmul(p, p));
    evaluate(x);
    const Tensor loss = sum(x);
    CHECK(loss.item() > 0);
    const Ledger kept = ledger(loss);
    check_sums(kept);
    CHECK(kept.bytes >= 2 * 256);
    const Tensor other = tensor({1.0, 2, 3, 4});
    const Ledger with_other = ledger(loss);
    check_sums(with_other);
    CHECK(with_other.bytes == kept.bytes);
    CHECK(with_other.elsewhere == kept.elsewhere + other.entry()->value.bytes());
  });
}

TEST_CASE("memory that several values share counts once, where it was made", "[ledger]") {
  alone([] {
    const Parameter p(ones({50}));
    const unsigned made = line() + 1;
    const Tensor x = exp(p);
    const Tensor y = reshape(x, {5, 10});
    const Tensor z = reshape(y, {10, 5});
    evaluate({x, y, z});
    const Tensor loss = sum(z);
    const Ledger kept = ledger(loss);
    check_sums(kept);
    const LedgerLine *first = find(kept, "exp", made), *second = find(kept, "reshape", made + 1);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->bytes == x.entry()->value.bytes());
    CHECK(second->bytes == 0);
    CHECK(second->values == 1);
  });
}

TEST_CASE("what is pending keeps nothing", "[ledger]") {
  alone([] {
    const Parameter p(ones({50}));
    const Tensor loss = sum(exp(p));
    const Ledger kept = ledger(loss);
    check_sums(kept);
    CHECK(kept.pending == 3);
    CHECK(kept.bytes == p.value().entry()->value.bytes());
    CHECK_FALSE(loss.evaluated());
  });
}

TEST_CASE("the sums of a ledger are right in the middle of training", "[ledger]") {
  alone([] {
    nn::Linear hidden(20, 30), output(30, 5);
    const Tensor data = ones({16, 20});
    std::vector<Parameter> parameters = hidden.parameters();
    for (const Parameter& parameter : output.parameters()) parameters.push_back(parameter);
    for (int step = 0; step < 3; ++step) {
      const Tensor activation = relu(hidden(data));
      const Tensor loss = mean(square(output(activation)));
      const std::vector<Tensor> gradients = grad(loss, parameters);
      evaluate(gradients);
      check_sums(ledger(loss));
      for (std::size_t i = 0; i < parameters.size(); ++i) parameters[i].assign(parameters[i] - gradients[i] * 0.1);
      check_sums(ledger(loss));
    }
  });
}

TEST_CASE("a ledger prints as a table", "[ledger]") {
  alone([] {
    const Parameter p(ones({1000}));
    const Tensor x = exp(p);
    evaluate(x);
    const Tensor loss = sum(x);
    CHECK(loss.item() > 0);
    const Ledger kept = ledger(loss);
    const auto at = [](unsigned number) { return " at ledger_test.cpp:" + std::to_string(number) + '\n'; };
    const unsigned made = line() - 7;
    CHECK(kept.to_string(2) ==
          "          bytes  held elsewhere    values  recorded by\n"
          "          4,000           4,000       1/1  Parameter" +
              at(made) + "          4,000           4,000       1/1  exp" + at(made + 1) +
              "                                           and 2 more\n"
              "          8,004           8,000       4/4  in all; 0 bytes elsewhere\n");
  });
}

TEST_CASE("a ledger of an undefined Tensor is refused", "[ledger]") {
  throws<GraphError>("ledger: an undefined Tensor").by([] { return ledger(Tensor()); });
}

TEST_CASE("a ledger of a long chain takes no stack", "[ledger]") {
  alone([] {
    const Parameter p(ones({1}));
    Tensor x = p;
    for (int i = 0; i < 50000; ++i) x = x * 0.5;
    check_sums(ledger(x));
  });
}

}  // namespace xgrad::ledger_test
