// Training on many ranks against training on one.

#include "autograd/engine/run/executor.hpp"
#include "tests/parallel/training.hpp"
#include "tests/written.hpp"

using namespace xgrad;
using namespace xgrad::test;
using parallel::Communicator;

namespace {

const parallel::ReplicasOptions each_parameter_alone{.bucket_bytes = 1};

void check_agrees(const Plan& plan, double tolerance) {
  const Outcome together = train(world(), plan), alone = train_alone(plan);
  check_same_on_all_ranks(together);
  check_close(together.values, alone.values, tolerance);
  check_close({together.losses}, {alone.losses}, tolerance);
  CHECK(train(world(), plan) == together);  // bit for bit
}

}  // namespace

TEST_CASE("one rank makes the steps of the Optimizer, bit for bit", "[parallel]") {
  for (const auto& options : {parallel::ReplicasOptions{}, each_parameter_alone, {.shard_state = true}}) {
    const Plan plan{.options = options};
    const Outcome together = train(Communicator::self(), plan), alone = train_alone(plan);
    CHECK(together.values == alone.values);
    CHECK(together.losses == alone.losses);
  }
}

TEST_CASE("ranks agree with one process to the rounding of the sum, uneven batches included", "[parallel]") {
  check_agrees({.rule = optim::sgd(0.1)}, 1e-6);
  check_agrees({.rule = optim::sgd(0.1), .options = each_parameter_alone}, 1e-6);
  check_agrees({.rule = optim::sgd(0.1), .dtype = float64}, 1e-14);
  check_agrees({.rule = optim::adam(1e-2), .dtype = float64}, 1e-11);
}

TEST_CASE("sharded state makes the same steps, bit for bit", "[parallel][shards]") {
  for (const auto& rule : {optim::adam(1e-2), optim::sgd(0.1, {.momentum = 0.9})}) {
    const Outcome whole = train(world(), {.rule = rule});
    CHECK(train(world(), {.rule = rule, .options = {.shard_state = true}}) == whole);
    CHECK(train(world(), {.rule = rule, .options = {.bucket_bytes = 1, .shard_state = true}}) == whole);
    check_same_on_all_ranks(whole);
  }
}

TEST_CASE("what is accumulated makes the step of all of it", "[parallel]") {
  check_agrees({.rule = optim::sgd(0.1), .in_two = true, .dtype = float64}, 1e-14);
  check_agrees({.rule = optim::sgd(0.1), .options = {.shard_state = true}, .in_two = true, .dtype = float64}, 1e-14);
}

TEST_CASE("exact sums have the same bits on 1, 2 and 4 ranks", "[parallel][exact]") {
  const auto ranks = world();
  const auto pair = ranks.split(ranks.rank() / 2);
  for (Plan plan : {Plan{}, Plan{.rule = optim::sgd(0.5, {.momentum = 0.9})}, Plan{.dtype = float64}}) {
    plan.options = {.exact = true, .blocks = 4};
    const Outcome one = train(Communicator::self(), plan);
    check_close(one.values, train_alone(plan).values, 1e-5);
    check_same_on_all_ranks(one);
    CHECK(train(pair, plan) == one);
    plan.options.bucket_bytes = 1;
    CHECK(train(pair, plan) == one);
    plan.options.shard_state = true;
    CHECK(train(pair, plan) == one);
    if (ranks.size() != 3) CHECK(train(ranks, plan) == one);
    plan.options.clip_norm = 0.05;
    const Outcome clipped = train(Communicator::self(), plan);
    CHECK(!(clipped == one));
    CHECK(train(pair, plan) == clipped);
    if (ranks.size() != 3) CHECK(train(ranks, plan) == clipped);
  }
  if (ranks.size() == 3) CHECK_THROWS_AS(train(ranks, {.options = {.exact = true}}), ValueError);
}

TEST_CASE("exact sums that are accumulated have the same bits on any number of ranks", "[parallel][exact]") {
  const auto ranks = world();
  if (ranks.size() == 3) return;
  // What a rank accumulates at a time is its part of some samples that are the same for all numbers of ranks.
  const auto run = [&](const Communicator& some) {
    Small model(5);
    optim::Optimizer optimizer(model.named_parameters(), optim::adam(1e-2));
    parallel::Replicas replicas(model, optimizer, some, {.exact = true, .blocks = 4});
    data::Batches batches = replicas.batches(small_data(), {.size = 8});
    Outcome outcome;
    int count = 0;
    for (const auto& [x, y] : batches) {
      replicas.accumulate([&](const Tensor& a, const Tensor& b) { return small_loss(model, a, b); }, x, y);
      if (++count % 2 == 0) outcome.losses.push_back(replicas.step());
    }
    outcome.values = values_of(model);
    return outcome;
  };
  CHECK(run(ranks) == run(Communicator::self()));
}

TEST_CASE("gradients are clipped by their norm over all ranks", "[parallel]") {
  const double norm = 0.3;
  const Plan serial{.rule = optim::chain(optim::clip_by_global_norm(norm), optim::sgd(0.1)), .dtype = float64};
  const Outcome alone = train_alone(serial);
  CHECK(!(alone == train_alone({.rule = optim::sgd(0.1), .dtype = float64})));  // it does something
  for (const bool sharded : {false, true}) {
    const Plan plan{.rule = optim::sgd(0.1), .options = {.shard_state = sharded, .clip_norm = norm}, .dtype = float64};
    const Outcome together = train(world(), plan);
    check_close(together.values, alone.values, 1e-12);
    check_same_on_all_ranks(together);
  }
  // The rule may clip, too, where it sees all gradients.
  check_close(train(world(), serial).values, alone.values, 1e-12);
  Small model(1);
  optim::Optimizer optimizer(model.named_parameters(), serial.rule);
  CHECK_THROWS_AS(parallel::Replicas(model, optimizer, world(), {.shard_state = true}), ValueError);
}

TEST_CASE("a gradient or a loss that is not finite on one rank is left out on all, or an error on all", "[parallel]") {
  const auto ranks = world();
  for (const bool sharded : {false, true})
    for (const auto policy : {optim::NonFinite::skip, optim::NonFinite::error})
      for (const bool of_the_loss : {false, true}) {
        INFO(sharded << (policy == optim::NonFinite::skip) << of_the_loss);
        Small model(3);
        optim::Optimizer optimizer(model.named_parameters(), optim::adam(1e-2), {.nonfinite = policy});
        parallel::Replicas replicas(model, optimizer, ranks, {.shard_state = sharded});
        const auto before = values_of(model);
        const double bad = ranks.rank() == ranks.size() - 1 ? std::nan("") : 1;
        const data::Dataset samples = small_data();
        const Tensor x = samples.inputs, y = samples.labels;
        const auto step = [&] {
          const Tensor loss = small_loss(model, x, y);
          replicas.step(of_the_loss ? loss + (bad - 1) : loss * bad, 29);
        };
        if (policy == optim::NonFinite::skip)
          step();
        else
          CHECK_THROWS_AS(step(), ValueError);
        CHECK(values_of(model) == before);
        CHECK(optimizer.skipped() == (policy == optim::NonFinite::skip ? 1 : 0));
        replicas.step(small_loss(model, x, y), 29);  // they go on together
        CHECK(optimizer.steps() == 1);
        check_same_on_all_ranks({values_of(model), {}});
      }
}

TEST_CASE("frozen Parameters stay as they are", "[parallel]") {
  for (const bool sharded : {false, true}) {
    Small model(3), alone(3);
    optim::Optimizer optimizer(model.named_parameters(), optim::sgd(0.1)),
        other(alone.named_parameters(), optim::sgd(0.1));
    parallel::Replicas replicas(model, optimizer, world(), {.bucket_bytes = 1, .shard_state = sharded});
    const auto [x, y] = small_data();
    for (const char* frozen : {"first.*", "third.*"}) {
      for (Small* each : {&model, &alone}) {
        each->set_trainable(true);
        each->set_trainable(frozen, false);
      }
      replicas.step(small_loss(model, x, y), 29);
      const auto trained = alone.trainable_parameters();
      std::vector<Tensor> gradients;
      const auto found = grad(small_loss(alone, x, y), trained);
      for (const Parameter& parameter : alone.parameters()) {
        const auto at = std::find(trained.begin(), trained.end(), parameter);
        gradients.push_back(at == trained.end() ? Tensor() : found[static_cast<std::size_t>(at - trained.begin())]);
      }
      other.step(gradients);
      check_close(values_of(model), values_of(alone), 1e-6);
    }
  }
}

TEST_CASE("buckets one after the other compute nothing twice", "[parallel]") {
  const auto computed = [](const parallel::ReplicasOptions& options) {
    Small model(3);
    optim::Optimizer optimizer(model.named_parameters(), optim::sgd(0.1));
    parallel::Replicas replicas(model, optimizer, world(), options);
    const auto [x, y] = small_data();
    replicas.step(small_loss(model, x, y), 29);
    const std::int64_t before = entries_computed();
    replicas.step(small_loss(model, x, y), 29);
    return entries_computed() - before;
  };
  // (What is no work, a view or a constant, is counted wherever it is read.)
  const std::int64_t at_once = computed({}), apart = computed(each_parameter_alone);
  INFO(at_once << " entries at once, " << apart << " in six buckets");
  CHECK(apart <= at_once + at_once / 5);
}

TEST_CASE("a rank sends no more than the cost model says", "[parallel]") {
  const auto ranks = world();
  Small model(3);
  optim::Optimizer optimizer(model.named_parameters(), optim::sgd(0.1));
  for (const bool sharded : {false, true}) {
    parallel::Replicas replicas(model, optimizer, ranks, {.shard_state = sharded});
    const auto [x, y] = small_data();
    replicas.step(small_loss(model, x, y), 29);
    std::int64_t bytes = 0;
    for (const Parameter& parameter : model.parameters()) bytes += (parameter.numel() + 15) / 16 * 16 * 4;
    // 2 (K - 1) / K of all of it, on the average over the ranks.
    const auto sent = parallel::all_reduce(tensor(replicas.bytes_exchanged()), ranks).item<std::int64_t>();
    CHECK(sent == 2 * (ranks.size() - 1) * bytes);
  }
}

TEST_CASE("a rank has the state of its Parameters alone", "[parallel][shards]") {
  const auto ranks = world();
  const auto live = [] {
    release_pooled_memory();
    return static_cast<double>(memory_use().live);
  };
  Rng rng(1);
  nn::Sequential model;
  for (int i = 0; i < 8; ++i) model.add(nn::Linear(256, 256, {.bias = false}, rng));
  const double bytes = 8 * 256 * 256 * 4, before = live();
  optim::Optimizer optimizer(model.parameters(), optim::adam(1e-3));
  parallel::Replicas replicas(model, optimizer, ranks, {.shard_state = true});
  const Tensor x = of_rank(ranks.rank(), {4, 256}, 1, float32);
  for (int i = 0; i < 2; ++i) replicas.step(mean(square(model(x))), 4);
  const double state = 2 * bytes / ranks.size();
  CHECK(live() - before == Approx(state).margin(bytes / 4));  // one Parameter more or less
}

TEST_CASE("there may be more ranks than Parameters", "[parallel][shards]") {
  for (const bool sharded : {false, true}) {
    Rng rng(2);
    nn::Linear model(3, 2, {.bias = false}, rng);
    optim::Optimizer optimizer(model.parameters(), optim::adam(0.1));
    parallel::Replicas replicas(model, optimizer, world(), {.shard_state = sharded});
    const Tensor before = model.weight.value();
    for (int i = 0; i < 3; ++i) replicas.step(mean(square(model(ones({2, 3})) - 1)), 2);
    CHECK(model.weight.value().to_vector() != before.to_vector());
    CHECK(optimizer.steps() == 3);
    check_same_on_all_ranks({values_of(model), {}});
  }
}

TEST_CASE("what makes no sense is refused", "[parallel]") {
  const auto ranks = world();
  Small model(3);
  optim::Optimizer optimizer(model.named_parameters(), optim::sgd(0.1));
  const auto refused = [&](const parallel::ReplicasOptions& options) {
    CHECK_THROWS_AS(parallel::Replicas(model, optimizer, ranks, options), ValueError);
  };
  refused({.bucket_bytes = 0});
  refused({.clip_norm = -1});
  refused({.exact = true, .blocks = 6});
  refused({.exact = true, .blocks = 0});
  const auto [x, y] = small_data();
  {
    parallel::Replicas replicas(model, optimizer, ranks);
    CHECK_THROWS_AS(replicas.step(), ValueError);
  }
  {
    parallel::Replicas replicas(model, optimizer, ranks);
    CHECK_THROWS_AS(replicas.step(small_loss(model, x, y), 0), ValueError);
  }
  {
    parallel::Replicas replicas(model, optimizer, ranks);
    const DifferentiableUpdates differentiable;
    CHECK_THROWS_AS(replicas.step(small_loss(model, x, y), 29), GraphError);
  }
  ranks.barrier();
}

TEST_CASE("ranks with other models or batches get an error on all of them", "[parallel]") {
  const auto ranks = world();
  if (ranks.size() == 1) return;
  Rng rng(1);
  nn::Linear model(3, ranks.rank() == 0 ? 2 : 4, {}, rng);
  optim::Optimizer optimizer(model.parameters(), optim::sgd(0.1));
  CHECK(contains(communication_error([&] { parallel::Replicas(model, optimizer, ranks); }),
                 "the model of rank 0 (weight) of f32 [2, 3]"));
  ranks.barrier();
  Small same(3);
  optim::Optimizer other(same.parameters(), optim::sgd(0.1));
  parallel::Replicas replicas(same, other, ranks);
  const data::Dataset whole = small_data();
  const data::Dataset part{whole.inputs(slice(0, 20)), whole.labels(slice(0, 20))};
  CHECK(contains(communication_error([&] { replicas.batches(ranks.rank() == 0 ? whole : part, {.size = 8}); }),
                 "20 samples in batches of 8"));
}

TEST_CASE("batches are shuffled by the seed of rank 0", "[parallel]") {
  const auto ranks = world();
  Small model(3);
  optim::Optimizer optimizer(model.parameters(), optim::sgd(0.1));
  parallel::Replicas replicas(model, optimizer, ranks);
  seed(static_cast<std::uint64_t>(ranks.rank()));
  const Tensor numbers = arange(24);
  data::Batches batches = replicas.batches({numbers, numbers}, {.size = 12, .shuffle = true});
  std::vector<std::int64_t> seen;
  for (const auto& [x, y] : batches) {
    CHECK(x.size(0) == 12 / ranks.size());
    const auto all = parallel::all_gather(x, ranks).to_vector<std::int64_t>();
    seen.insert(seen.end(), all.begin(), all.end());
  }
  CHECK(seen != numbers.to_vector<std::int64_t>());
  std::ranges::sort(seen);
  CHECK(seen == numbers.to_vector<std::int64_t>());
}

TEST_CASE("Parameters that nobody trains are told by rank 0, in the first step", "[parallel]") {
  Small model(3);
  optim::Optimizer optimizer(model.parameters("first.*"), optim::sgd(0.1));
  parallel::Replicas replicas(model, optimizer, world());
  const data::Dataset samples = small_data();
  std::string told;
  for (int i = 0; i < 3; ++i)
    told += written([&] { replicas.step(small_loss(model, samples.inputs, samples.labels), 29); });
  const bool first = world().rank() == 0;
  CHECK(contains(told, "second.weight [9, 17] f32") == first);
  CHECK(std::ranges::count(told, '\n') == (first ? 1 : 0));
}
