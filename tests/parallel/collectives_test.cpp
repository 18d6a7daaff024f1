// Values and derivatives of every collective against what one process computes for all ranks.

#include "tests/parallel/ranks.hpp"

using namespace xgrad;
using namespace xgrad::test;
using parallel::Reduce;

namespace {

/// A collective, and what it gives each rank, from what all of them have.
struct Case {
  const char* name;
  std::function<Tensor(const Tensor&)> together;
  std::function<Tensor(const std::vector<Tensor>&, int rank)> alone;
};

Tensor total(const std::vector<Tensor>& xs) {
  Tensor y = xs[0];
  for (std::size_t i = 1; i < xs.size(); ++i) y = y + xs[i];
  return y;
}

std::vector<Case> cases() {
  const auto ranks = world();
  const int size = ranks.size(), last = size - 1;
  using All = const std::vector<Tensor>&;
  return {
      {"sum", [=](const Tensor& x) { return parallel::all_reduce(x, ranks); }, [](All xs, int) { return total(xs); }},
      {"mean", [=](const Tensor& x) { return parallel::all_reduce(x, ranks, Reduce::mean); },
       [=](All xs, int) { return total(xs) / static_cast<double>(size); }},
      {"max", [=](const Tensor& x) { return parallel::all_reduce(x, ranks, Reduce::max); },
       [](All xs, int) { return max(stack(xs), 0); }},
      {"reduce", [=](const Tensor& x) { return parallel::reduce(x, ranks, last); },
       [=](All xs, int rank) { return rank == last ? total(xs) : zeros_like(xs[0]); }},
      {"broadcast", [=](const Tensor& x) { return parallel::broadcast(x, ranks, last); },
       [=](All xs, int) { return xs[static_cast<std::size_t>(last)]; }},
      {"reduce_scatter", [=](const Tensor& x) { return parallel::reduce_scatter(x, ranks); },
       [=](All xs, int rank) {
         const auto n = xs[0].size(0) / size;
         return total(xs)(slice(rank * n, (rank + 1) * n));
       }},
      {"all_gather", [=](const Tensor& x) { return parallel::all_gather(x, ranks); },
       [](All xs, int) { return concat(xs, 0); }},
      {"send_receive", [=](const Tensor& x) { return parallel::send_receive(x, ranks, 1); },
       [=](All xs, int rank) { return xs[static_cast<std::size_t>((rank + size - 1) % size)]; }},
      {"send_receive far", [=](const Tensor& x) { return parallel::send_receive(x, ranks, -5); },
       [=](All xs, int rank) { return xs[static_cast<std::size_t>((rank + 5) % size)]; }},
  };
}

/// The loss of a rank, not linear in y, and another one on each.
Tensor loss_of(const Tensor& y, int rank) { return sum(y * y * sin(y) * (1.0 + 0.5 * rank)); }

std::vector<Tensor> track_each(const std::vector<Tensor>& xs) {
  std::vector<Tensor> tracked;
  for (const Tensor& x : xs) tracked.push_back(track(x));
  return tracked;
}

Tensor all_losses(const Case& each, const std::vector<Tensor>& xs) {
  Tensor loss = tensor(0.0, float64);
  for (int rank = 0; rank < world().size(); ++rank) loss = loss + loss_of(each.alone(xs, rank), rank);
  return loss;
}

Shape rows() { return {12, 5}; }  // for 1, 2, 3 and 4 ranks

}  // namespace

TEST_CASE("the values of collectives are those of one process", "[parallel]") {
  for (const Case& each : cases())
    for (const DType dtype : {float32, float64, int64}) {
      if (dtype == int64 && std::string(each.name) == "mean") continue;
      INFO(each.name << " of " << name(dtype));
      const auto scaled = [&](int rank) { return cast(of_rank(rank, rows()) * 1000, dtype); };
      std::vector<Tensor> xs;
      for (int rank = 0; rank < world().size(); ++rank) xs.push_back(scaled(rank));
      const Tensor expected = each.alone(xs, world().rank());
      const Tensor y = each.together(scaled(world().rank()));
      CHECK((y.evaluated() || std::string(each.name) == "mean"));  // which is divided when it is wanted
      dtype == float32 ? check_close(y, expected, 1e-6) : check_close(y, expected);
    }
}

TEST_CASE("collectives take no elements, one, and fewer than there are ranks", "[parallel]") {
  const auto ranks = world();
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{0, 2}, Shape{1, 1}}) {
    const Tensor x = of_rank(ranks.rank(), shape);
    check_close(parallel::all_reduce(x, ranks), total(of_all_ranks(shape)));
    check_equal(parallel::broadcast(x, ranks), of_rank(0, shape));
    if (shape.ndim() > 0) check_equal(parallel::all_gather(x, ranks), concat(of_all_ranks(shape), 0));
  }
}

TEST_CASE("masks go round, and have no sum", "[parallel]") {
  const auto ranks = world();
  const Tensor mask = of_rank(ranks.rank(), {8}) > 0;
  check_equal(parallel::broadcast(mask, ranks), of_rank(0, {8}) > 0);
  check_equal(parallel::all_gather(mask, ranks), concat(of_all_ranks({8}), 0) > 0);
  CHECK_THROWS_AS(parallel::all_reduce(mask, ranks), DTypeError);
  CHECK_THROWS_AS(parallel::reduce_scatter(mask, ranks), DTypeError);
  CHECK_THROWS_AS(parallel::all_reduce(tensor({1, 2}), ranks, Reduce::mean), DTypeError);
  CHECK_THROWS_AS(parallel::broadcast(mask, ranks, ranks.size()), ValueError);
  ranks.barrier();  // they are still together
}

TEST_CASE("derivatives of collectives are those of one process, of the first and the second order", "[parallel]") {
  const int rank = world().rank();
  for (const Case& each : cases()) {
    INFO(each.name);
    const auto xs = track_each(of_all_ranks(rows()));
    const auto vs = of_all_ranks(rows(), 2);
    const auto gradients = grad(all_losses(each, xs), xs, {.create_graph = true, .allow_unused = true});
    Tensor products = tensor(0.0, float64);
    for (std::size_t i = 0; i < xs.size(); ++i) products = products + sum(gradients[i] * vs[i]);
    const auto seconds = grad(products, xs, {.allow_unused = true});

    const Tensor x = track(of_rank(rank, rows()));
    const Tensor loss = loss_of(each.together(x), rank);
    const Tensor g = grad(loss, x, {.create_graph = true});
    check_close(g, gradients[static_cast<std::size_t>(rank)]);
    const Tensor second = grad(sum(g * of_rank(rank, rows(), 2)), x);
    check_close(second, seconds[static_cast<std::size_t>(rank)], 1e-10);
  }
}

TEST_CASE("derivatives flow forward through collectives, too", "[parallel]") {
  const int rank = world().rank();
  for (const Case& each : cases()) {
    INFO(each.name);
    const auto xs = of_all_ranks(rows()), vs = of_all_ranks(rows(), 2);
    const auto alone = [&](const std::vector<Tensor>& all) { return each.alone(all, rank); };
    const double h = 1e-6;
    std::vector<Tensor> above, below;
    for (std::size_t i = 0; i < xs.size(); ++i) above.push_back(xs[i] + h * vs[i]), below.push_back(xs[i] - h * vs[i]);
    const Tensor expected = (alone(above) - alone(below)) / (2 * h);
    const auto [y, tangent] = jvp(each.together, of_rank(rank, rows()), of_rank(rank, rows(), 2));
    check_close(y, alone(xs));
    check_close(tangent, expected, 1e-7);
  }
}

TEST_CASE("the derivative of a maximum that ranks share is shared", "[parallel]") {
  const auto ranks = world();
  const Tensor x = track(tensor({1.0, ranks.rank() == 0 ? 3.0 : 2.0}, float64));
  const Tensor y = parallel::all_reduce(x, ranks, Reduce::max);
  CHECK(y.to_vector() == std::vector<double>{1, 3});
  const auto g = grad(sum(y), x).to_vector();
  CHECK(g == std::vector<double>{1, ranks.rank() == 0 ? static_cast<double>(ranks.size()) : 0});
  // What is not a number is on all of them, whichever rank has it.
  for (int broken = 0; broken < ranks.size(); ++broken) {
    const Tensor mine = tensor({ranks.rank() == broken ? std::nan("") : 1.0}, float64);
    CHECK(std::isnan(parallel::all_reduce(mine, ranks, Reduce::max).item()));
  }
}

TEST_CASE("hypergradients flow through steps whose gradients are summed over ranks", "[parallel]") {
  const auto ranks = world();
  const auto train = [](const Tensor& rate, const std::function<Tensor(const Tensor&)>& gradient_of) {
    Tensor w = track(tensor({1.0, -2.0, 0.5}, float64));
    for (int step = 0; step < 3; ++step) w = w - rate * gradient_of(w);
    return sum(w * w);
  };
  const auto loss = [](const Tensor& w, int rank) { return sum(square(w - of_rank(rank, {3})) * sin(w)); };
  const Tensor rate = track(tensor(0.05, float64)), serial_rate = track(tensor(0.05, float64));
  const Tensor end = train(rate, [&](const Tensor& w) {
    return parallel::all_reduce(grad(loss(w, ranks.rank()), w, {.create_graph = true}), ranks);
  });
  const Tensor serial = train(serial_rate, [&](const Tensor& w) {
    Tensor all = loss(w, 0);
    for (int rank = 1; rank < ranks.size(); ++rank) all = all + loss(w, rank);
    return grad(all, w, {.create_graph = true});
  });
  check_close(end, serial);
  // Each rank has the same final loss, and a rate of its own: together they are that many times the one loss.
  const Tensor hyper = parallel::all_reduce(grad(end, rate), ranks, Reduce::mean);
  check_close(hyper, grad(serial, serial_rate), 1e-10);
}

TEST_CASE("vmap over collectives is one of them for each example", "[parallel]") {
  const auto ranks = world();
  const Tensor xs = of_rank(ranks.rank(), {3, 12, 2}), shared = of_rank(ranks.rank(), {12, 2}, 4);
  for (const Case& each : cases()) {
    INFO(each.name);
    const auto f = [&](const Tensor& x) { return sin(each.together(cos(x))) + sum(each.together(shared)); };
    const auto of_one = [&](const Tensor& x) { return sum(square(f(x))); };
    const Tensor all = vmap(f)(xs), gradients = vmap(grad(of_one))(xs);
    for (std::int64_t i = 0; i < 3; ++i) {
      check_close(all(i), f(xs(i)));
      check_close(gradients(i), grad(of_one)(Tensor(xs(i))));
    }
  }
}

TEST_CASE("inside a checkpoint nothing is exchanged twice", "[parallel]") {
  const auto ranks = world();
  const auto f = [&](const Tensor& x) { return sum(sin(parallel::all_reduce(exp(sin(x)), ranks)) * x); };
  const Tensor x = track(of_rank(ranks.rank(), {7})), plain = grad(f(x), x);
  check_close(grad(checkpoint(f, x), x), plain);
}

TEST_CASE("a collective happens when it is recorded, and once", "[parallel]") {
  const auto ranks = world();
  { const Tensor unused = parallel::all_reduce(of_rank(ranks.rank(), {3}), ranks); }
  const Tensor x = of_rank(ranks.rank(), {3});
  const Tensor a = parallel::all_reduce(x, ranks), b = parallel::all_reduce(x, ranks);
  CHECK(a.evaluated());
  check_equal(a, b);
}

TEST_CASE("parts of the ranks have collectives of their own", "[parallel]") {
  const auto ranks = world();
  const auto part = ranks.split(ranks.rank() % 2);
  CHECK(part.size() == (ranks.size() + 1 - ranks.rank() % 2) / 2);
  CHECK(part.rank() == ranks.rank() / 2);
  const Tensor sum_of_ranks = parallel::all_reduce(tensor(static_cast<std::int64_t>(ranks.rank())), part);
  std::int64_t expected = 0;
  for (int rank = ranks.rank() % 2; rank < ranks.size(); rank += 2) expected += rank;
  CHECK(sum_of_ranks.item<std::int64_t>() == expected);
  const auto alone = parallel::Communicator::self();
  CHECK(alone.size() == 1);
  check_equal(parallel::all_reduce(of_rank(ranks.rank(), {3}), alone), of_rank(ranks.rank(), {3}));
}

TEST_CASE("sums have the same bits on all ranks, and in every run", "[parallel]") {
  const auto ranks = world();
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(of_rank(ranks.rank(), {1001}) * exp(3 * of_rank(ranks.rank(), {1001}, 2)), dtype);
    const Tensor y = parallel::all_reduce(x, ranks);
    for (int again = 0; again < 5; ++again) check_equal(parallel::all_reduce(x, ranks), y);
    for (int root = 0; root < ranks.size(); ++root) check_equal(parallel::broadcast(y, ranks, root), y);
    // By the tree: (0 1) (2 3).
    std::vector<Tensor> parts;
    for (int rank = 0; rank < ranks.size(); ++rank)
      parts.push_back(cast(of_rank(rank, {1001}) * exp(3 * of_rank(rank, {1001}, 2)), dtype));
    for (std::size_t step = 1; step < parts.size(); step *= 2)
      for (std::size_t i = 0; i + step < parts.size(); i += 2 * step) parts[i] = parts[i] + parts[i + step];
    check_equal(y, parts[0]);
  }
}
