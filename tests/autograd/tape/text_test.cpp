#include "autograd/tape/text.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "autograd/core/error.hpp"
#include "autograd/ops/create.hpp"

namespace text_test {

using namespace xgrad;

TEST_CASE("a text comes back from its Tensor, whatever its bytes", "[text]") {
  for (const std::string& text : {std::string(), std::string("a"), std::string("12345678"), std::string("123456789"),
                                  std::string("\0\xff\n", 3), std::string(1000, 'x')}) {
    const Tensor tensor = text_tensor(text);
    CHECK(tensor.numel() == static_cast<std::int64_t>(1 + (text.size() + 7) / 8));
    CHECK(text_of(tensor, "load") == text);
  }
}

TEST_CASE("what is no text is refused", "[text]") {
  const std::vector<Tensor> others = {Tensor(),           tensor({-1}),  tensor({1}),
                                      tensor({8, 1, 1}),  tensor(0),     zeros({0}, int64),
                                      tensor({1.0, 2.0}), tensor({{0}}), tensor({17, 1, 1})};
  for (const Tensor& other : others) CHECK_THROWS_AS(text_of(other, "load"), FormatError);
}

}  // namespace text_test
