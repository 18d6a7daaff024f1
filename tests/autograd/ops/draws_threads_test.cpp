// What is drawn is the same on any number of threads, and so is what is refused.

#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include "autograd/autograd.hpp"
#include "tests/autograd/ops/bits.hpp"
#include "tests/throws.hpp"

namespace xgrad::draws_threads_test {

TEST_CASE("draws are the same on any number of threads") {
  Rng made(1);
  const Tensor logits = normal({3000, 50}, made), p = uniform({70'001}, made);
  for (Tensor (*draw)(Rng&, const Tensor&, const Tensor&) :
       {+[](Rng&rng, const Tensor&, const Tensor&) { return uniform({70'001}, rng); },
        +[](Rng&rng, const Tensor&, const Tensor&) { return normal({70'001}, rng); },
        +[](Rng&rng, const Tensor&, const Tensor&) { return randint({70'001}, rng, -7, 1'000'000'007); },
        +[](Rng&rng, const Tensor&, const Tensor&q) { return bernoulli(q, rng); },
        +[](Rng&rng, const Tensor&l, const Tensor&) { return categorical(l, rng); },
        +[](Rng&rng, const Tensor&l, const Tensor&) { return multinomial(l, 7, rng); },
        +[](Rng&rng, const Tensor&l, const Tensor&) { return multinomial(l, 7, rng, true); }})
    test::same_on_threads([&] {
      Rng rng(2);
      return draw(rng, logits, p);
    });
}

TEST_CASE("of several rows that are no distributions the first one is named, on any number of threads") {
  const int before = num_threads();
  std::vector<float> numbers(2000 * 50);
  for (const std::size_t row : {700, 1500})
    for (std::size_t i = 0; i < 50; ++i) numbers[row * 50 + i] = -std::numeric_limits<float>::infinity();
  const Tensor logits = tensor(numbers, {2000, 50});
  Tensor p = full({100'000}, 0.5);
  p = index_add(p, 0, tensor({70'000, 90'000}), tensor({1.0f, 2.0f}));
  for (const int threads : {1, 2, 8}) {
    set_num_threads(threads);
    Rng rng(3);
    CHECK_THROWS_WITH(categorical(logits, rng).to_vector(), Catch::Contains("the logits of row 700 are all -inf"));
    CHECK_THROWS_WITH(multinomial(logits, 3, rng).to_vector(), Catch::Contains("the logits of row 700 are all -inf"));
    CHECK_THROWS_WITH(bernoulli(p, rng).to_vector(), Catch::Contains("p = 1.5 at place 70000"));
  }
  set_num_threads(before);
}

}  // namespace xgrad::draws_threads_test
