#include "autograd/transform/backward_pass.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <utility>
#include <vector>

#include "autograd/autograd.hpp"

using namespace xgrad;

namespace {

/// Writes down which rules a backward pass asks.
struct Log final : detail::Watcher {
  void arrives(const Entry& entry, const Tensor&) override { visited.push_back(&entry); }
  void gives(const Entry& entry, std::size_t input, const Tensor&) override { ++given[{&entry, input}]; }
  bool visits(const Tensor& tensor) const {
    return std::find(visited.begin(), visited.end(), tensor.entry()) != visited.end();
  }

  std::vector<const Entry*> visited;
  std::map<std::pair<const Entry*, std::size_t>, int> given;
};

std::vector<Tensor> logged_grad(Log& log, const Tensor& loss, const std::vector<Tensor>& inputs,
                                GradOptions options = {}) {
  detail::watcher = &log;
  return grad(loss, inputs, options);
}

}  // namespace

TEST_CASE("a backward pass asks each rule between outputs and inputs once, in reverse tape order", "[backward]") {
  const Tensor x = track(tensor({0.5, 1.5})), other = track(tensor({2.0, 3.0}));
  const Tensor a = exp(x), unused = tanh(x), b = sin(a), beside = cos(other), product = a * b;
  const Tensor both = product + beside, loss = sum(both);
  Log log;
  logged_grad(log, loss, {x});

  std::vector<std::uint64_t> sequence;
  for (const Entry* entry : log.visited) sequence.push_back(entry->sequence);
  CHECK(std::is_sorted(sequence.rbegin(), sequence.rend()));
  CHECK(log.visited == std::vector<const Entry*>{loss.entry(), both.entry(), product.entry(), b.entry(), a.entry()});
  for (const auto& [rule, times] : log.given) CHECK(times == 1);
  CHECK(log.given.size() == 6);                    // two of the product, one of each other
  CHECK(log.given.count({both.entry(), 1}) == 0);  // of what depends on no input nobody asks
  CHECK_FALSE((log.visits(unused) || log.visits(beside)));
}

TEST_CASE("a backward pass does not go on behind its inputs, nor where a rule gives zero", "[backward]") {
  const Tensor x = track(tensor({0.5, 1.5}));
  const Tensor a = exp(x), flat = floor(a), loss = sum(flat + a);
  Log log;
  logged_grad(log, loss, {a});
  CHECK_FALSE(log.visits(a));
  CHECK(log.visits(flat));
  Log further;
  const Tensor steps = track(tensor({0.5, 1.5})), early = exp(steps);
  CHECK(logged_grad(further, sum(floor(early)), {steps})[0].to_vector<float>() == std::vector<float>{0, 0});
  CHECK_FALSE(further.visits(early));
}

TEST_CASE("what reads an entry twice gives to it twice, and the adjoints are added", "[backward]") {
  const Tensor x = track(tensor({3.0}));
  const Tensor square = x * x, loss = sum(square);
  Log log;
  CHECK(logged_grad(log, loss, {x})[0].item() == 6);
  CHECK(log.given.size() == 3);
}

TEST_CASE("entries of the last order need their values no more, those of others do", "[backward]") {
  const Tensor x = track(tensor({0.5, 1.5}));
  const Tensor a = exp(x), loss = sum(a);
  grad(loss, std::vector<Tensor>{x}, {.create_graph = true});
  CHECK_FALSE(a.entry()->differentiated);
  grad(loss, std::vector<Tensor>{x});
  CHECK(a.entry()->differentiated);
}
