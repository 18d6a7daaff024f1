// Tensors of given numbers, and a random order.

#include "tests/compositions.hpp"

namespace xgrad::catalogue {

namespace {

const Tensor whole = tensor({1, 2});
const char* const given = "given numbers";
const char* const no_inputs = "it has no Tensors as arguments";

Case constant_case(std::function<Tensor()> f, const Shape& to, std::function<Real(const Places&)> element) {
  return any_case([f](const Xs&) { return f(); }, {}, to,
                  [element](const Arrays&, const Places& at) { return element(at); });
}
std::vector<Case> like_cases(std::function<Tensor(const Tensor&)> f, Real value) {
  std::vector<Case> cases;
  for (const Shape& shape : std::vector<Shape>{{}, {2, 1}, {0, 2}})
    cases.push_back(moved(f, shape, shape, [value](const Array&, const Places&) { return value; }));
  return cases;
}
std::vector<Case> filled_cases(Tensor (*f)(const Shape&, DType, const Location&), Real value) {
  std::vector<Case> cases;
  for (const Shape& shape : std::vector<Shape>{{}, {2, 1}, {0, 2}})
    cases.push_back(constant_case([=] { return f(shape, float64, Location::current()); }, shape,
                                  [=](const Places&) { return value; }));
  return cases;
}

// A row of a function without Tensors: no derivative, no examples, its shapes in its cases.
Composition made(std::string call, std::string equation, std::vector<Case> cases, std::vector<Refusal> refusals) {
  return {.call = std::move(call),
          .equation = std::move(equation),
          .cases = std::move(cases),
          .refusals = std::move(refusals),
          .constant = given,
          .never_empty = no_inputs,
          .never_single = no_inputs};
}

// Sorted: whatever the order, each number is there once.
Case permutation_case(std::int64_t count) {
  return constant_case(
      [=] {
        Rng rng(3);
        return sort(permutation(count, rng)).values;
      },
      {count}, [](const Places& at) { return static_cast<Real>(at[0]); });
}

}  // namespace

std::vector<Composition> creation_compositions() {
  const auto place = [](const Places& at) { return static_cast<Real>(at[0]); };
  std::vector<Composition> all{
      made("zeros(shape, dtype)", "0 everywhere", filled_cases(zeros, 0),
           {refuses<ShapeError>([] { return zeros({-1}); })}),
      made("ones(shape, dtype)", "1 everywhere", filled_cases(ones, 1),
           {refuses<ShapeError>([] { return ones({-1}); })}),
      {.call = "zeros_like(x)",
       .equation = "0 everywhere, in the shape and dtype of x",
       .cases = like_cases([](const Tensor& x) { return zeros_like(x); }, 0),
       .constant = given,
       .refuses_nothing = "takes every dtype and shape"},
      {.call = "ones_like(x)",
       .equation = "1 everywhere, in the shape and dtype of x",
       .cases = like_cases([](const Tensor& x) { return ones_like(x); }, 1),
       .constant = given,
       .refuses_nothing = "takes every dtype and shape"},
      {.call = "full_like(x, value)",
       .equation = "one number everywhere, in the shape and dtype of x",
       .cases = like_cases([](const Tensor& x) { return full_like(x, -2.5); }, -2.5L),
       .refusals = {refuses<ValueError>([] { return full_like(whole, 0.5); })},
       .constant = given,
       .of_whole = "-2.5 is no int64 number"},
      made(
          "arange(stop), arange(start, stop, step, dtype)", "start, start + step, ... before stop",
          {constant_case([] { return arange(5); }, {5}, place), constant_case([] { return arange(0); }, {0}, place),
           constant_case([] { return arange(1, 2, 0.25, float64); }, {4},
                         [=](const Places& at) { return 1 + place(at) / 4; }),
           constant_case([] { return arange(3, 0, -1, int64); }, {3}, [=](const Places& at) { return 3 - place(at); })},
          {refuses<ValueError>([] { return arange(0, 1, 0); }), refuses<ValueError>([] { return arange(-1); }),
           refuses<DTypeError>([] { return arange(0, 1, 1, boolean); })}),
      made("linspace(start, stop, count, dtype)", "count numbers from start to stop",
           {constant_case([] { return linspace(-1, 1, 9, float64); }, {9},
                          [=](const Places& at) { return place(at) / 4 - 1; }),
            constant_case([] { return linspace(2, 3, 1, float64); }, {1}, [](const Places&) -> Real { return 2; }),
            constant_case([] { return linspace(2, 3, 0); }, {0}, place)},
           {refuses<ValueError>([] { return linspace(0, 1, -1); }),
            refuses<DTypeError>([] { return linspace(0, 1, 2, int64); })}),
      made("eye(rows, columns, dtype)", "1 on the diagonal, 0 elsewhere",
           {constant_case([] { return eye(3); }, {3, 3}, [](const Places& at) -> Real { return at[0] == at[1]; }),
            constant_case([] { return eye(2, 3, int64); }, {2, 3},
                          [](const Places& at) -> Real { return at[0] == at[1]; }),
            constant_case([] { return eye(0); }, {0, 0}, place)},
           {refuses<ShapeError>([] { return eye(-1); })}),
      made("permutation(count, rng)", "0, ..., count − 1 in random order", {permutation_case(20), permutation_case(0)},
           {refuses<ValueError>([] {
             Rng rng(1);
             return permutation(-1, rng);
           })}),
  };
  return all;
}

}  // namespace xgrad::catalogue
