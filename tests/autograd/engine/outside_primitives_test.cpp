// Primitives that a user adds, outside the library: with an instruction that the engine knows they are fused like its
// own; with another one, or operands that do not fit it, they are left to their reference kernel, and nothing else is.

#include "autograd/core/access.hpp"
#include "autograd/ops/families.hpp"
#include "tests/autograd/engine/agreement.hpp"
#include "tests/skip.hpp"

namespace xgrad::outside_primitives_test {

namespace {

struct RoundStraight : Elementwise1<RoundStraight> {  // y = round x, with the derivative of x
  static constexpr auto id = "custom_round";
  static constexpr auto instruction = Instruction::round;
  static constexpr bool keeps_zero = true;
  Tensor vjp(const Tensor& g, const Tensor&, const Tensor&) const { return g; }
};

struct ScaledSum : Operation<ScaledSum> {  // y = the sum of each row, with 1/n of its derivative
  static constexpr auto id = "custom_sum";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {Shape{inputs[0].size(0), 1}, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return broadcast_to(g / static_cast<double>(inputs[0].size(1)), inputs[0].shape());
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    kernels::reduce(Instruction::sum, inputs[0], AxisSet(2), y);
  }
  Lowering lower() const override {
    return {.kind = Lowering::Kind::reduction, .instruction = Instruction::sum, .axes = AxisSet(2)};
  }
};

int runs = 0;

// Every second row, which the engine is told where to find.
template <class Self>
struct SecondRows : Operation<Self> {
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {Shape{inputs[0].size(0) / 2, inputs[0].size(1)}, inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor> inputs, const Tensor&) const {
    return pad(g, 0, 1, inputs[0].size(0) - 2 * g.size(0), 0, 1);
  }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    ++runs;
    const std::int64_t columns = y.shape[1];
    for (std::int64_t i = 0; i < y.numel(); ++i)
      y.as<double>()[i] = inputs[0].as<double>()[(2 * (i / columns) + 1) * columns + i % columns];
  }
  Lowering lower() const override { return {.kind = Lowering::Kind::shifted, .moves = true}; }
};
struct Told : SecondRows<Told> {
  static constexpr auto id = "custom_second_rows";
  bool move(Access& x) const override {
    x.slice(0, 1, 2, x.axes[0].size / 2);
    return true;
  }
};
struct Untold : SecondRows<Untold> {
  static constexpr auto id = "custom_second_rows_untold";
};
struct ToldWrong : SecondRows<ToldWrong> {  // as many elements as there are
  static constexpr auto id = "custom_second_rows_wrong";
  bool move(Access&) const override { return true; }
};
template <class P>
int runs_of_rows() {
  const auto rows = [](const Tensor& x) { return record(Location::current(), P{}, x); };
  check_agreement([&] {
    const Tensor x = track(numbers({7, 66}, 1)), y = exp(rows(sin(x)));
    return Roots{y, grad(sum(y * y), x)};
  });
  runs = 0;
  const Tensor y = exp(rows(numbers({100, 66}, 2)));
  evaluate(y);
  return runs;
}

// y = 2 x + 1 of the first input, in an engine that is told something else, which does not fit.
template <class Self>
struct Misfit : Operation<Self> {
  static constexpr auto kind = Lowering::Kind::elementwise;
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return 2 * g; }
  void run(std::span<const View> inputs, const View& y, const Location&) const override {
    ++runs;
    for (std::int64_t i = 0; i < y.numel(); ++i) y.as<double>()[i] = 2 * inputs[0].as<double>()[i] + 1;
  }
  Lowering lower() const override { return {.kind = Self::kind, .instruction = Self::instruction}; }
};
struct Unknown : Misfit<Unknown> {
  static constexpr auto id = "custom_unknown";
  static constexpr auto instruction = Instruction::none;
};
struct OneOfTwo : Misfit<OneOfTwo> {  // too few operands
  static constexpr auto id = "custom_one_of_two";
  static constexpr auto instruction = Instruction::add;
};
struct MaskOfNumbers : Misfit<MaskOfNumbers> {  // numbers where the instruction takes masks
  static constexpr auto id = "custom_mask";
  static constexpr auto instruction = Instruction::logical_not;
};
struct NoElements : Misfit<NoElements> {  // no function of an element
  static constexpr auto id = "custom_no_elements";
  static constexpr auto instruction = Instruction::sum;
};
struct Sink : Misfit<Sink> {  // one that is only in row programs
  static constexpr auto id = "custom_sink";
  static constexpr auto instruction = Instruction::store;
};
struct NoReduction : Misfit<NoReduction> {
  static constexpr auto id = "custom_no_reduction";
  static constexpr auto kind = Lowering::Kind::reduction;
  static constexpr auto instruction = Instruction::none;
};

// Eight values that are all made before they are added: in one program none of them is in memory.
Tensor wide(const Tensor& x) {
  std::vector<Tensor> values;
  for (int i = 1; i <= 8; ++i) values.push_back(sin(x * i));
  Tensor total = values[0];
  for (std::size_t i = 1; i < values.size(); ++i) total = total + values[i];
  return total;
}

template <class Between>
std::size_t peak_of_chain(const Tensor& x, Between&& between) {
  reset_peak_memory();
  const std::size_t before = memory_use().live;
  const Tensor y = wide(between(wide(x)));
  evaluate(y);
  return memory_use().peak - before;
}

template <class P>
void is_alone() {
  INFO(P::id);
  const auto between = [](const Tensor& x) { return record(Location::current(), P{}, x); };
  check_agreement([&] {
    const Tensor x = track(numbers({3, 5}, 1)), y = exp(between(tanh(x)) * 0.5) + x;
    return Roots{y, grad(sum(y * y), x)};
  });
  if (engine() != "fused") return skip("the engine is not the fused one");
  const Tensor x = numbers({100, 100}, 2);
  const auto bytes = static_cast<std::size_t>(x.numel()) * sizeof(double);
  runs = 0;
  CHECK(peak_of_chain(x, between) < 5 * bytes);  // before, behind and between
  CHECK(runs == 1);
}

}  // namespace

TEST_CASE("a primitive from outside with an instruction of the engine is fused", "[outside]") {
  const auto between = [](const Tensor& x) { return record(Location::current(), RoundStraight{}, x); };
  check_agreement([&] {
    const Tensor x = track(numbers({3, 5}, 1)), y = exp(between(3 * x)) * x;
    return Roots{y, grad(sum(y * y), x)};
  });
  const Tensor x = track(tensor({0.4, 1.6}));
  CHECK(grad(sum(between(x) * 2), x).to_vector() == std::vector<double>{2, 2});
  if (engine() != "fused") return skip("the engine is not the fused one");
  const Tensor wide_x = numbers({100, 100}, 2);
  CHECK(peak_of_chain(wide_x, between) < static_cast<std::size_t>(wide_x.numel()) * sizeof(double) * 3 / 2);
}

TEST_CASE("a reduction from outside with an instruction of the engine is fused", "[outside]") {
  check_agreement([] {
    const Tensor x = track(numbers({4, 9}, 1)), e = exp(x);
    const Tensor y = e / record(Location::current(), ScaledSum{}, e);
    return Roots{y, grad(sum(y * y), x)};
  });
}

TEST_CASE("a movement from outside is read where it lies, if it says where that is", "[outside][views]") {
  const int told = runs_of_rows<Told>();
  CHECK(runs_of_rows<Untold>() == 1);
  CHECK(runs_of_rows<ToldWrong>() == 1);
  if (engine() != "fused") return skip("the engine is not the fused one");
  CHECK(told == 0);
}

TEST_CASE("a primitive without an instruction that the engine knows is left to its kernel, alone", "[outside]") {
  is_alone<Unknown>();
  is_alone<OneOfTwo>();
  is_alone<MaskOfNumbers>();
  is_alone<NoElements>();
  is_alone<Sink>();
  is_alone<NoReduction>();
}

}  // namespace xgrad::outside_primitives_test
