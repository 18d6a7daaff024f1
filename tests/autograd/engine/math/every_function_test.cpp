// Every function of numbers in the table of instructions, against what its row in the catalogue says: whoever adds one
// need not name it here. (The other tests of this folder look where each of them is hardest.)

#include "tests/autograd/engine/codes.hpp"
#include "tests/autograd/engine/math/elementary.hpp"
#include "tests/autograd/engine/pick.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::fused::testing::every_function_test {

namespace {

/// Numbers between the ends of an input of the catalogue.
template <class T>
std::vector<T> numbers_of(const catalogue::Input& input, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> numbers(10'000);
  for (T& x : numbers) x = static_cast<T>(xgrad::testing::uniform<double>(random, input.low, input.high));
  return numbers;
}

template <class T>
void check(Code code) {
  const catalogue::Row& row = catalogue::row(name_of(code));
  const std::vector<catalogue::Input>& inputs = row.cases.front().inputs;
  std::vector<std::vector<T>> at;
  for (const catalogue::Input& input : inputs) at.push_back(numbers_of<T>(input, at.size()));
  at.resize(3, at[0]);
  const double bound = code == Code::erfc ? 5 : 4;
  for (const InstructionSet set : sets()) {
    std::vector<T> y(at[0].size());
    tile_functions(set, dtype_of<T>)
        .elements[static_cast<int>(code)][0](y.data(), at[0].data(), at[1].data(), at[2].data(),
                                             static_cast<std::int64_t>(y.size()));
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      std::vector<catalogue::Real> operands;
      for (std::size_t k = 0; k < inputs.size(); ++k) operands.push_back(static_cast<catalogue::Real>(at[k][i]));
      worst = std::max(worst, error_in_ulp(y[i], row.scalar(operands)));
    }
    INFO(name_of(code) << " of " << sizeof(T) * 8 << " bits, instruction set " << static_cast<int>(set));
    CHECK(worst <= bound);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("every function of numbers is what the catalogue says, within 4 units in the last place", "[math]",
                   float, double) {
  for (const Code code : codes_of({Form::unary, Form::binary})) check<TestType>(code);
}

}  // namespace xgrad::fused::testing::every_function_test
