#include "report/digits.hpp"

#include <cmath>

#include "autograd/ops/create.hpp"
#include "tests/data/files.hpp"

namespace digits_test {

using namespace xgrad;
using namespace xgrad::test;

TEST_CASE("the worst mistakes come first", "[digits]") {
  const Tensor logits = tensor({{5.0, 0.0}, {0.0, 1.0}, {0.0, 9.0}, {3.0, 3.5}, {NAN, 1.0}});
  const Tensor labels = tensor({0, 0, 0, 0, 1});
  const auto worst = report::worst_mistakes(logits, labels, 10);
  REQUIRE(worst.size() == 4);
  CHECK(worst[0].index == 4);
  CHECK(worst[1].index == 2);
  CHECK(worst[1].predicted == 1);
  CHECK(worst[1].label == 0);
  CHECK(worst[1].confidence == Approx(1 / (1 + std::exp(-9.0))));
  CHECK(worst[2].index == 1);
  CHECK(worst[3].index == 3);
  CHECK(report::worst_mistakes(logits, labels, 1).size() == 1);
  CHECK(report::worst_mistakes(tensor({{1.0, 0.0}}), tensor({0}), 3).empty());
}

TEST_CASE("logits and labels that do not fit are refused", "[digits]") {
  CHECK_THROWS_AS(report::worst_mistakes(zeros({2, 3}), zeros({3}, int64), 1), ShapeError);
  CHECK_THROWS_AS(report::worst_mistakes(zeros({2}), zeros({2}, int64), 1), ShapeError);
  CHECK_THROWS_AS(report::worst_mistakes(zeros({2, 3}), zeros({2}), 1), DTypeError);
  CHECK_THROWS_AS(report::worst_mistakes(zeros({1, 3}), tensor({3}), 1), IndexError);
}

TEST_CASE("images are drawn under their captions", "[digits]") {
  const Directory directory;
  const std::string path = directory / "it's.png";
  const Tensor flat = tensor(std::vector<float>(7 * 16, 0.5f), Shape{7, 16});
  REQUIRE(report::draw_images(path, flat, {"a", "b's", "c", "d", "e", "f", "$(g)"}, "Title"));
  CHECK(read_file(path).substr(0, 4) == "\x89PNG");
  const std::string wide = directory / "wide.png";
  REQUIRE(report::draw_images(wide, zeros({1, 2, 3}), {"x"}));
  CHECK(read_file(wide).substr(0, 4) == "\x89PNG");
}

TEST_CASE("images that are none are refused", "[digits]") {
  CHECK_THROWS_AS(report::draw_images("x", zeros({1, 15}), {"a"}), ShapeError);
  CHECK_THROWS_AS(report::draw_images("x", zeros({2, 16}), {"a"}), ShapeError);
  CHECK_THROWS_AS(report::draw_images("x", zeros({0, 16}), {}), ShapeError);
  CHECK_THROWS_AS(report::draw_images("x", zeros({16}), {"a"}), ShapeError);
}

}  // namespace digits_test
