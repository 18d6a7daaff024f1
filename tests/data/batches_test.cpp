#include "data/batches.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <numeric>

#include "autograd/core/error.hpp"
#include "autograd/core/random.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/movement.hpp"

namespace batches_test {

using namespace xgrad;

namespace {

/// Sample i is [10 i, 10 i + 1] with label i.
data::Dataset numbered(std::int64_t count) {
  std::vector<float> inputs;
  for (std::int64_t i = 0; i < count; ++i)
    for (int k = 0; k < 2; ++k) inputs.push_back(static_cast<float>(10 * i + k));
  return {tensor(inputs, Shape{count, 2}), arange(count)};
}

std::vector<std::int64_t> labels_of_pass(data::Batches& batches) {
  std::vector<std::int64_t> all;
  for (const auto& [inputs, labels] : batches) {
    const auto values = labels.data<std::int64_t>();
    const auto pixels = inputs.data<float>();
    REQUIRE(inputs.shape() == Shape{labels.numel(), 2});
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(pixels[2 * i] == static_cast<float>(10 * values[i]));
      CHECK(pixels[2 * i + 1] == static_cast<float>(10 * values[i] + 1));
      all.push_back(values[i]);
    }
  }
  return all;
}

std::vector<std::int64_t> in_order(std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  return order;
}

}  // namespace

TEST_CASE("batches cover the samples in order, the last one smaller", "[batches]") {
  data::Batches batches = data::batches(numbered(10), {.size = 4});
  CHECK(batches.size() == 3);
  std::vector<std::int64_t> sizes;
  for (const auto& [inputs, labels] : batches) sizes.push_back(labels.numel());
  CHECK(sizes == std::vector<std::int64_t>{4, 4, 2});
  CHECK(labels_of_pass(batches) == in_order(10));
}

TEST_CASE("a last batch that is smaller can be left out", "[batches]") {
  data::Batches batches = data::batches(numbered(10), {.size = 4, .drop_last = true});
  CHECK(batches.size() == 2);
  CHECK(labels_of_pass(batches) == in_order(8));
}

TEST_CASE("a shuffled pass has every sample once, each pass in another order", "[batches]") {
  data::Batches batches = data::batches(numbered(100), {.size = 7, .shuffle = true, .seed = 1});
  const auto first = labels_of_pass(batches), second = labels_of_pass(batches);
  CHECK(first != in_order(100));
  CHECK(first != second);
  for (auto pass : {first, second}) {
    std::sort(pass.begin(), pass.end());
    CHECK(pass == in_order(100));
  }
}

TEST_CASE("seed and epoch fix the order", "[batches]") {
  const auto pass = [](std::uint64_t seed, std::uint64_t epoch) {
    data::Batches batches = data::batches(numbered(50), {.size = 8, .shuffle = true, .seed = seed, .epoch = epoch});
    return labels_of_pass(batches);
  };
  CHECK(pass(1, 0) == pass(1, 0));
  CHECK(pass(1, 0) != pass(2, 0));
  CHECK(pass(1, 0) != pass(1, 1));
  data::Batches batches = data::batches(numbered(50), {.size = 8, .shuffle = true, .seed = 1});
  CHECK(labels_of_pass(batches) == pass(1, 0));
  CHECK(labels_of_pass(batches) == pass(1, 1));
}

TEST_CASE("without a seed every construction has another order, which the seed of the thread fixes", "[batches]") {
  const auto epochs = [] {
    std::vector<std::vector<std::int64_t>> passes;
    for (int epoch = 0; epoch < 3; ++epoch) {
      data::Batches batches = data::batches(numbered(50), {.size = 8, .shuffle = true});
      passes.push_back(labels_of_pass(batches));
    }
    return passes;
  };
  seed(7);
  const auto first = epochs(), later = epochs();
  CHECK(first[0] != first[1]);
  CHECK(first[1] != first[2]);
  CHECK(later[0] != first[0]);
  seed(7);
  CHECK(epochs() == first);
  seed(8);
  CHECK(epochs() != first);
}

TEST_CASE("batches that are not shuffled draw no random numbers", "[batches]") {
  const RandomState before = default_rng().state();
  data::batches(numbered(10), {.size = 4});
  data::batches(numbered(10), {.size = 4, .shuffle = true, .seed = 3});
  CHECK(default_rng().state() == before);
}

TEST_CASE("a batch may be as large as one likes, and a dataset empty", "[batches]") {
  data::Batches large = data::batches(numbered(3), {.size = 1000, .shuffle = true});
  CHECK(large.size() == 1);
  CHECK(labels_of_pass(large).size() == 3);
  data::Batches none = data::batches(numbered(0));
  CHECK(none.size() == 0);
  CHECK(labels_of_pass(none).empty());
  // Samples without elements, and labels of any shape.
  for (const auto& [inputs, labels] : data::batches({zeros({3, 0}), zeros({3, 2, 2}, float64)}, {.shuffle = true})) {
    CHECK(inputs.shape() == Shape{3, 0});
    CHECK(labels.shape() == Shape{3, 2, 2});
  }
}

TEST_CASE("the inputs of batches may be results that are not computed yet", "[batches]") {
  for (const auto& [inputs, labels] : data::batches({reshape(arange(6), {3, 2}), arange(3)}, {.size = 2}))
    CHECK(inputs.to_vector()[0] == 2 * labels.to_vector()[0]);
}

TEST_CASE("batches that make no sense are refused", "[batches]") {
  CHECK_THROWS_AS(data::batches(numbered(3), {.size = 0}), ValueError);
  CHECK_THROWS_AS(data::batches({zeros({3, 2}), zeros({4})}), ShapeError);
  CHECK_THROWS_AS(data::batches({zeros({}), zeros({})}), ShapeError);
  CHECK_THROWS_AS(data::batches({zeros({3}), Tensor()}), GraphError);
  CHECK_THROWS_WITH(data::batches({zeros({3, 2}), zeros({4})}),
                    Catch::Contains("[3, 2] f32") && Catch::Contains("batches_test.cpp"));
}

namespace {

/// The labels of the batches that a loop over `passes` passes gets, a line for each pass, with the state saved and
/// loaded into fresh Batches after each of `stops`.
std::string course(std::vector<int> stops, const data::BatchOptions& options, int passes = 3) {
  auto batches = std::make_unique<data::Batches>(data::batches(numbered(10), options));
  std::string text;
  int count = 0;
  while (batches->epoch() < static_cast<std::uint64_t>(passes)) {
    bool stopped = false;
    for (const auto& [inputs, labels] : *batches) {
      for (const double label : labels.to_vector()) text += std::to_string(static_cast<int>(label)) + ' ';
      ++count;
      if (stopped = std::ranges::find(stops, count) != stops.end(); stopped) break;
    }
    if (stopped) {
      const auto state = batches->state();
      batches = std::make_unique<data::Batches>(data::batches(numbered(10), {options.size, options.shuffle}));
      batches->load_state(state);
    } else {
      text += '\n';
    }
  }
  return text;
}

}  // namespace

TEST_CASE("batches go on in the middle of a pass", "[batches]") {
  for (const bool shuffle : {false, true}) {
    const data::BatchOptions options{.size = 3, .shuffle = shuffle, .seed = 5};
    const std::string whole = course({}, options);
    CHECK(std::ranges::count(whole, '\n') == 3);
    for (int stop = 1; stop <= 12; ++stop) CHECK(course({stop}, options) == whole);
    CHECK(course({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, options) == whole);
  }
}

TEST_CASE("the pass after one that was left has the next number", "[batches]") {
  data::Batches batches = data::batches(numbered(10), {.size = 3, .shuffle = true, .seed = 5});
  CHECK(batches.epoch() == 0);
  for (const auto& batch : batches) {
    CHECK((batch.labels.numel() == 3 && batches.epoch() == 0));
    break;
  }
  data::Batches second = data::batches(numbered(10), {.size = 3, .shuffle = true, .seed = 5, .epoch = 1});
  CHECK(labels_of_pass(batches) == labels_of_pass(second));
  CHECK((batches.epoch() == 2 && second.epoch() == 2));
}

TEST_CASE("the state of other batches is refused", "[batches]") {
  data::Batches batches = data::batches(numbered(10), {.size = 3, .shuffle = true});
  const auto refused = [&](const data::Dataset& dataset, const data::BatchOptions& options, const char* text) {
    CHECK_THROWS_WITH(data::batches(dataset, options).load_state(batches.state()), Catch::Contains(text));
  };
  refused(numbered(11), {.size = 3, .shuffle = true}, "samples is 10, these have 11");
  refused(numbered(10), {.size = 4, .shuffle = true}, "size is 3, these have 4");
  refused(numbered(10), {.size = 3}, "seed: unexpected");
  auto state = batches.state();
  for (const int given : {-1, 5}) {
    state[1].value = tensor(given);
    CHECK_THROWS_WITH(batches.load_state(state), Catch::Contains("of 4 batches were given"));
  }
}

TEST_CASE("parts of batches are those of the whole ones, without overlap, in every pass", "[batches][parts]") {
  const data::BatchOptions whole{.size = 8, .shuffle = true, .seed = 3};
  for (const std::int64_t parts : {1, 2, 3, 5}) {
    data::Batches all = data::batches(numbered(29), whole);  // the last batch has 5 samples
    std::vector<data::Batches> each;
    for (std::int64_t part = 0; part < parts; ++part) {
      data::BatchOptions options = whole;
      options.part = part;
      options.parts = parts;
      each.push_back(data::batches(numbered(29), options));
    }
    for (int pass = 0; pass < 2; ++pass) {
      std::vector<data::Batches::Iterator> at;
      for (data::Batches& one : each) at.push_back(one.begin());
      for (const auto& [inputs, labels] : all) {
        std::vector<std::int64_t> joined;
        for (data::Batches::Iterator& one : at) {
          const auto values = (*one).labels.to_vector<std::int64_t>();
          CHECK(std::abs(static_cast<double>(values.size()) -
                         static_cast<double>(labels.numel()) / static_cast<double>(parts)) < 1);
          joined.insert(joined.end(), values.begin(), values.end());
          ++one;
        }
        CHECK(joined == labels.to_vector<std::int64_t>());
      }
      for (std::size_t i = 0; i < each.size(); ++i) CHECK(at[i] == each[i].end());
    }
  }
}

TEST_CASE("the state of one part is that of all, for another number of them, too", "[batches][parts]") {
  const auto part_of = [](std::int64_t part, std::int64_t parts) {
    return data::batches(numbered(20), {.size = 4, .shuffle = true, .seed = 9, .part = part, .parts = parts});
  };
  data::Batches two = part_of(1, 2);
  auto at = two.begin();
  ++at;
  data::Batches one = part_of(0, 1), four = part_of(3, 4);
  one.load_state(two.state());
  four.load_state(two.state());
  const auto whole = labels_of_pass(one), last_quarter = labels_of_pass(four);
  REQUIRE(whole.size() == 12);
  CHECK(last_quarter == std::vector<std::int64_t>{whole[3], whole[7], whole[11]});
}

TEST_CASE("parts that make no sense are refused", "[batches][parts]") {
  const auto refused = [](data::BatchOptions options) {
    CHECK_THROWS_AS(data::batches(numbered(20), options), ValueError);
  };
  refused({.size = 4, .part = 2, .parts = 2});
  refused({.size = 4, .part = -1, .parts = 2});
  refused({.size = 4, .parts = 0});
  refused({.size = 4, .shuffle = true, .parts = 2});  // without a seed
  refused({.size = 6, .parts = 3});                   // the last batch has two samples
  refused({.size = 2, .drop_last = true, .parts = 3});
  CHECK(data::batches(numbered(20), {.size = 6, .drop_last = true, .part = 2, .parts = 3}).size() == 3);
}

}  // namespace batches_test
