// Whatever operands look like, every row of the catalogue computes the same, or says what it does not take: operands
// that are transposed, sliced, reversed or repeated, of other dtypes, with axes of size 0 and 1, undefined, or of other
// shapes.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "autograd/engine/engine.hpp"
#include "tests/autograd/engine/scopes.hpp"
#include "tests/catalogue.hpp"

namespace xgrad::catalogue::catalogue_operands_test {
namespace {

using Xs = std::vector<Tensor>;

std::vector<double> bits(const Tensor& x) { return x.to_vector(); }

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.defined() != b.defined()) return false;
  if (!a.defined()) return true;
  const auto x = bits(a), y = bits(b);
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::equal(x.begin(), x.end(), y.begin(), y.end(),
                    [](double p, double q) { return std::memcmp(&p, &q, sizeof p) == 0; });
}

// The same elements, made in another way.
Tensor transposed_twice(const Tensor& x) { return x.ndim() < 2 ? x : transpose(convert(transpose(x), x.dtype())); }
Tensor sliced(const Tensor& x) {
  if (x.ndim() == 0) return select(stack({x, x}), 0, 1);
  const Tensor wide = concat({x, x, x}, -1);
  evaluate(wide);
  return slice(wide, -1, x.size(-1), 2 * x.size(-1));
}
Tensor strided(const Tensor& x) {
  if (x.ndim() == 0) return x;
  return x.size(0) == 0 ? x : slice(repeat_interleave(x, 2, 0), 0, 0, {}, 2);
}

TEST_CASE("transposed, sliced and strided operands change no bit, of values and of cotangents") {
  for (const char* engine : {"fused", "reference"}) {
    const fused::testing::InEngine in(engine);
    for (const Row& row : rows())
      for (const Case& sample : row.cases) {
        const Xs inputs = sample.make_inputs();
        const Pulled plain = pull(sample, inputs);
        for (const auto made : {transposed_twice, sliced, strided}) {
          Xs others;
          for (const Tensor& input : inputs) others.push_back(made(input));
          const Pulled pulled = pull(sample, others);
          INFO(row.primitive << " by " << engine);
          CHECK(same_bits(pulled.value, plain.value));
          for (std::size_t i = 0; i < inputs.size(); ++i) CHECK(same_bits(pulled.cotangents[i], plain.cotangents[i]));
        }
      }
  }
}

// What a call gives: a Tensor that is computed, or the error, which has to be one of the library.
struct Outcome {
  Tensor value;
  std::string error;
  bool is_of_dtype = false;  // the error is one of dtypes or of values
};
Outcome outcome(const Case& sample, const Xs& inputs) {
  try {
    const Tensor y = sample.function(inputs);
    evaluate(y);
    return {y, "", false};
  } catch (const Error& error) {
    const bool of_dtype = dynamic_cast<const DTypeError*>(&error) || dynamic_cast<const ValueError*>(&error);
    return {{}, error.what(), of_dtype};
  }
}

TEST_CASE("an undefined operand is a GraphError of the line that calls, whichever it is") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases)
      for (std::size_t i = 0; i < sample.inputs.size() && row.primitive != "leaf"; ++i) {  // (which reads nothing)
        Xs inputs = sample.make_inputs();
        inputs[i] = Tensor();
        INFO(row.primitive << ", operand " << i);
        CHECK_THROWS_AS(sample.function(inputs), GraphError);
      }
}

TEST_CASE("int64 and bool operands are computed as their numbers, or are a DTypeError") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases)
      for (const DType dtype : {int64, boolean})
        for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
          Xs inputs = sample.make_inputs();
          if (!is_floating(inputs[i].dtype())) continue;
          for (Tensor& input : inputs)
            if (is_floating(input.dtype())) input = convert(round(input * 4), dtype);
          INFO(row.primitive << " of " << name(dtype));
          const Outcome got = outcome(sample, inputs);
          if (!got.value.defined()) {
            INFO(got.error);
            CHECK(got.is_of_dtype);
            continue;
          }
          // Of the same numbers, as float64: where whole numbers have a result, it is theirs.
          Xs wide;
          for (const Tensor& input : inputs) wide.push_back(input.dtype() == dtype ? convert(input, float64) : input);
          const Outcome expected = outcome(sample, wide);
          if (!expected.value.defined() || row.primitive == "div" || dtype == boolean) continue;
          CHECK(bits(convert(got.value, float64)) == bits(convert(expected.value, float64)));
        }
}

TEST_CASE("operands with an axis of another size are computed, or are an error of the library") {
  for (const Row& row : rows())
    for (const Case& sample : row.cases) {
      std::set<std::int64_t> sizes;
      for (const Input& input : sample.inputs)
        for (const std::int64_t size : input.shape) sizes.insert(size);
      // Everywhere where it occurs, and in one operand alone.
      for (const std::int64_t size : sizes)
        for (const std::int64_t other : {0, 1, 5})
          for (std::size_t only = 0; only <= sample.inputs.size(); ++only) {
            Case changed = sample;
            for (std::size_t i = 0; i < changed.inputs.size(); ++i)
              if (only == i || only == sample.inputs.size())
                for (std::int64_t axis = 0; axis < changed.inputs[i].shape.ndim(); ++axis)
                  if (changed.inputs[i].shape[axis] == size) changed.inputs[i].shape[axis] = other;
            const Xs inputs = changed.make_inputs();
            INFO(row.primitive << ", size " << size << " becomes " << other << " in "
                               << (only == sample.inputs.size() ? "all" : std::to_string(only)));
            const Outcome by_engine = outcome(changed, inputs);
            const fused::testing::InEngine in("reference");
            const Outcome by_kernels = outcome(changed, inputs);
            CHECK(by_engine.error.empty() == by_kernels.error.empty());
            if (by_engine.value.defined() && by_kernels.value.defined())
              CHECK(by_engine.value.shape() == by_kernels.value.shape());
          }
    }
}

}  // namespace
}  // namespace xgrad::catalogue::catalogue_operands_test
