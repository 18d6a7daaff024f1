#include "nn/losses/ctc.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "autograd/check/matcher.hpp"

namespace ctc_test {

using namespace xgrad;
using nn::Reduction;

namespace {

using Classes = std::vector<std::int64_t>;
constexpr double infinity = std::numeric_limits<double>::infinity();

Classes collapsed(const Classes& sequence, std::int64_t blank) {
  Classes left;
  for (std::size_t t = 0; t < sequence.size(); ++t)
    if (sequence[t] != blank && (t == 0 || sequence[t] != sequence[t - 1])) left.push_back(sequence[t]);
  return left;
}

/// By all sequences of so many steps.
double by_enumeration(const Tensor& log_p, std::int64_t steps, const Classes& target, std::int64_t blank) {
  const auto values = log_p.to_vector();
  const std::int64_t classes = log_p.size(1);
  double total = 0;
  Classes sequence(static_cast<std::size_t>(steps), 0);
  for (bool more = true; more;) {
    double logarithm = 0;
    for (std::size_t t = 0; t < sequence.size(); ++t)
      logarithm += values[t * static_cast<std::size_t>(classes) + static_cast<std::size_t>(sequence[t])];
    if (collapsed(sequence, blank) == target) total += std::exp(logarithm);
    more = false;
    for (std::size_t t = 0; t < sequence.size() && !more; ++t) {
      sequence[t] = (sequence[t] + 1) % classes;
      more = sequence[t] != 0;
    }
  }
  return -std::log(total);
}

Tensor log_probabilities(const Shape& shape, std::uint64_t seed, DType dtype = float64) {
  Rng rng(seed);
  return log_softmax(normal(shape, rng, 0, 1.5, dtype));
}

}  // namespace

TEST_CASE("CTC is the sum over all sequences that become the target, for any lengths, repetitions and blank") {
  const Tensor log_p = log_probabilities({6, 5, 3}, 1);
  for (const std::int64_t blank : {0, 2}) {
    const std::int64_t a = blank == 0 ? 1 : 0, b = blank == 0 ? 2 : 1;
    const std::vector<Classes> targets = {{a, b, a}, {a, a, b}, {b}, {}, {b, b}};
    const Classes steps = {6, 6, 4, 5, 3};
    Classes padded, lengths;
    for (const Classes& target : targets) {
      lengths.push_back(static_cast<std::int64_t>(target.size()));
      for (std::size_t s = 0; s < 3; ++s) padded.push_back(s < target.size() ? target[s] : -7);  // which is not read
    }
    const auto losses = nn::ctc_loss(log_p, tensor(padded, {5, 3}), tensor(steps), tensor(lengths),
                                     {.blank = blank, .reduction = Reduction::none})
                            .to_vector();
    for (std::size_t n = 0; n < 5; ++n) {
      INFO("sample " << n << ", blank " << blank);
      const Tensor own = select(log_p, 1, static_cast<std::int64_t>(n));
      CHECK(losses[n] == Approx(by_enumeration(own, steps[n], targets[n], blank)).epsilon(1e-13));
    }
  }
}

TEST_CASE("CTC reduces as PyTorch: the mean divides by the lengths of the targets first") {
  const Tensor log_p = log_probabilities({5, 3, 4}, 2), targets = tensor({{1, 2}, {3, 0}, {0, 0}});
  const Tensor lengths = tensor({2, 1, 0});
  const auto call = [&](Reduction reduction) {
    return nn::ctc_loss(log_p, targets, 5, lengths, {.reduction = reduction});
  };
  const auto each = call(Reduction::none).to_vector();
  CHECK(call(Reduction::sum).item() == Approx(each[0] + each[1] + each[2]));
  CHECK(call(Reduction::batch_mean).item() == Approx((each[0] + each[1] + each[2]) / 3));
  CHECK(call(Reduction::mean).item() == Approx((each[0] / 2 + each[1] + each[2]) / 3));
}

TEST_CASE("CTC takes targets one after another, and one sample without a batch") {
  const Tensor log_p = log_probabilities({5, 3, 4}, 3), lengths = tensor({2, 0, 1});
  const Tensor in_rows = nn::ctc_loss(log_p, tensor({{1, 2}, {0, 0}, {3, 0}}), 5, lengths);
  CHECK(nn::ctc_loss(log_p, tensor({1, 2, 3}), 5, lengths).item() == in_rows.item());
  const Tensor one = nn::ctc_loss(select(log_p, 1, 0), tensor({1, 2}), 4, 2, {.reduction = Reduction::none});
  CHECK(one.shape() == Shape{});
  CHECK(one.item() == Approx(by_enumeration(select(log_p, 1, 0), 4, {1, 2}, 0)));
  CHECK(nn::ctc_loss(log_p, tensor(std::vector<std::int64_t>{}), 5, 0, {.reduction = Reduction::sum}).item() ==
        Approx(-sum(select(log_p, 2, 0)).item()));
}

TEST_CASE("CTC differentiates correctly to order 2, through lengths and repetitions") {
  Rng rng(4);
  const Tensor logits = normal({3, 2, 3}, rng, 0, 1, float64), targets = tensor({{1, 1}, {2, 0}});
  const auto loss = [&](const Tensor& z) {
    return nn::ctc_loss(log_softmax(z), targets, tensor({3, 2}), tensor({2, 1}), {.reduction = Reduction::sum});
  };
  CHECK_THAT(loss, DifferentiatesCorrectly(logits).order(2));
}

TEST_CASE("the derivatives of CTC by the log-probabilities of a step are probabilities, and 0 behind the end") {
  for (const DType dtype : {float32, float64}) {
    const Tensor log_p = track(log_probabilities({20, 2, 6}, 5, dtype));
    const Tensor targets = tensor({{1, 2, 2, 5, 3}, {4, 4, 4, 1, 0}});
    const Tensor loss = nn::ctc_loss(log_p, targets, tensor({20, 15}), tensor({5, 4}), {.reduction = Reduction::sum});
    const auto rows = sum(-grad(loss, log_p), 2).to_vector();
    for (std::size_t t = 0; t < 20; ++t) {
      CHECK(rows[2 * t] == Approx(1).epsilon(dtype == float32 ? 1e-4 : 1e-12));
      CHECK(rows[2 * t + 1] == Approx(t < 15 ? 1 : 0).epsilon(dtype == float32 ? 1e-4 : 1e-12));
    }
  }
}

TEST_CASE("CTC of many steps keeps its digits in float32") {
  const Tensor exact = track(log_probabilities({60, 1, 5}, 8)), rounded = track(cast(stop_gradient(exact), float32));
  const Tensor targets = tensor({{1, 2, 2, 4, 3, 3, 1, 2, 1, 4}});
  const Tensor loss = nn::ctc_loss(exact, targets, 60, 10), approximate = nn::ctc_loss(rounded, targets, 60, 10);
  CHECK(approximate.dtype() == float32);
  CHECK(approximate.item() == Approx(loss.item()).epsilon(1e-6));
  CHECK(max(abs(cast(grad(approximate, rounded), float64) - grad(loss, exact))).item() < 1e-5 / 10);
}

TEST_CASE("an impossible target costs infinitely much, or nothing if asked, with derivative 0") {
  for (const DType dtype : {float32, float64}) {
    // Two equal labels need a blank between them: three steps.
    const Tensor log_p = track(log_probabilities({2, 2, 3}, 6, dtype)), targets = tensor({{1, 1}, {1, 2}});
    const Tensor each = nn::ctc_loss(log_p, targets, 2, 2, {.reduction = Reduction::none});
    CHECK(each.to_vector()[0] == infinity);
    CHECK(std::isfinite(each.to_vector()[1]));
    const Tensor finite = nn::ctc_loss(log_p, targets, 2, 2, {.zero_infinity = true, .reduction = Reduction::none});
    CHECK(finite.to_vector() == std::vector<double>{0, each.to_vector()[1]});
    for (const Tensor& loss : {each, finite}) {
      const Tensor slope = grad(sum(loss), log_p);
      CHECK(select(slope, 1, 0).to_vector() == std::vector<double>(6, 0));
      for (const double s : select(slope, 1, 1).to_vector()) CHECK(std::isfinite(s));
    }
  }
}

TEST_CASE("CTC of no steps, of no samples, and of probabilities that are 0") {
  const Tensor nothing = zeros({0, 2, 3}, float64);
  const Tensor losses = nn::ctc_loss(nothing, tensor({{1}, {1}}), 0, tensor({0, 1}), {.reduction = Reduction::none});
  CHECK(losses.to_vector() == std::vector<double>{0, infinity});
  CHECK(nn::ctc_loss(zeros({3, 0, 3}), zeros({0, 2}, int64), 3, 2, {.reduction = Reduction::sum}).item() == 0);
  CHECK_THROWS_AS(nn::ctc_loss(zeros({3, 0, 3}), zeros({0, 2}, int64), 3, 2), ValueError);
  // The only way is label, label.
  const Tensor certain = track(tensor({{-infinity, 0.0}, {-infinity, 0.0}}, float64));
  const Tensor loss = nn::ctc_loss(certain, tensor({1}), 2, 1);
  CHECK(loss.item() == 0);
  CHECK(grad(loss, certain).to_vector() == std::vector<double>{0, -1, 0, -1});
}

TEST_CASE("CTC refuses what does not fit") {
  const Tensor log_p = log_probabilities({4, 2, 3}, 7), targets = tensor({{1, 2}, {2, 1}}), two = tensor({2, 2});
  CHECK_THROWS_AS(nn::ctc_loss(log_p, tensor({{1, 3}, {2, 1}}), 4, 2), IndexError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, tensor({{1, 0}, {2, 1}}), 4, two), IndexError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, tensor({1, 2, 3, 1}), 4, two), IndexError);
  CHECK_THROWS_AS(nn::ctc_loss(select(log_p, 1, 0), tensor({1, 3}), 4, 2), IndexError);
  CHECK_THROWS_AS(nn::ctc_loss(select(log_p, 1, 0), tensor({1, 2}), tensor(5), 2), ValueError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 5, two), ValueError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 4, tensor({2, -1})), ValueError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 4, tensor({2, 3})), ValueError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 4, tensor({2, 2, 2})), ShapeError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, tensor({4.0, 4.0}), two), DTypeError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 4.5, two), DTypeError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, targets, 4, two, {.blank = 3}), ValueError);
  CHECK_THROWS_AS(nn::ctc_loss(log_p, tensor({1, 2, 1}), 4, two), ShapeError);
  CHECK_THROWS_AS(nn::ctc_loss(tensor({1.0, 2.0}), tensor({1}), 1, 1), ShapeError);
  CHECK_THROWS_WITH(
      nn::ctc_loss(log_p, tensor({{1, 3}, {2, 1}}), 4, 2),
      Catch::Contains("ctc_loss: label 3 in place 1 of target 0, for 3 classes of which 0 is the blank") &&
          Catch::Contains("ctc_test.cpp:"));
}

TEST_CASE("CTC refuses labels and lengths that do not fit when they are computed after the call, too") {
  const Tensor log_p = log_probabilities({4, 2, 3}, 7), targets = tensor({{1, 2}, {2, 1}}), two = tensor({2, 2});
  const double expected = nn::ctc_loss(log_p, targets, tensor({4, 3}), tensor({2, 1})).item();
  CHECK(nn::ctc_loss(log_p, targets + 0, tensor({5, 4}) - 1, tensor({1, 0}) + 1).item() == expected);
  CHECK(nn::ctc_loss(log_p, tensor({{1, 2}, {2, -7}}) + 0, tensor({4, 3}), tensor({2, 1})).item() == expected);
  const auto refuses = [&](const Tensor& labels, const Tensor& steps, const Tensor& lengths) {
    CHECK_THROWS_AS(nn::ctc_loss(log_p, labels, steps, lengths).item(), IndexError);
  };
  refuses(targets, tensor({4, 4}) + 1, two);
  refuses(targets, tensor({4, 0}) - 1, two);
  refuses(targets, tensor({4, 4}), two + 1);
  refuses(targets, tensor({4, 4}), two - 3);
  refuses(targets - 1, tensor({4, 4}), two);
  refuses(targets + 1, tensor({4, 4}), two);
}

TEST_CASE("CTC of one example after another by vmap is that of the batch") {
  const Tensor log_p = log_probabilities({4, 3, 4}, 9), targets = tensor({{1, 2}, {3, 3}, {2, 0}});
  const Tensor steps = tensor({4, 4, 3}), lengths = tensor({2, 2, 1});
  const auto one = [](const Tensor& p, const Tensor& labels, const Tensor& t, const Tensor& s) {
    return nn::ctc_loss(p, labels, t, s, {.reduction = Reduction::none});
  };
  CHECK_THAT(vmap(one)(transpose(log_p, 0, 1), targets, steps, lengths), AllClose(one(log_p, targets, steps, lengths)));
}

}  // namespace ctc_test
