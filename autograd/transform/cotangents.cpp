#include "autograd/transform/cotangents.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/batch.hpp"

namespace xgrad {

namespace {

// y = the first input, whose elements it shares. What is not described is never taken for another one.
template <class Self>
struct OfFirst : Operation<Self> {
  static constexpr bool mergeable = false;
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View>, const View&, const Location&) const override {}
  Lowering lower() const override { return {.kind = Lowering::Kind::alias, .moves = true}; }
};

struct ChangeCotangent : OfFirst<ChangeCotangent> {
  static constexpr auto id = "change_cotangent";
  std::function<Tensor(const Tensor&)> change;
  explicit ChangeCotangent(std::function<Tensor(const Tensor&)> f) : change(std::move(f)) {}
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return change(g); }
  Tensor batched(const Examples& examples) const override {
    const auto of_all = [f = change](const Tensor& g) {
      Batch batch(g.size(0), Location::current());
      return batch.for_all(std::vector{f(batch.example(g))})[0];
    };
    return record(Location::current(), ChangeCotangent(of_all), examples.inputs[0]);
  }
};

struct ScaleGradient : Operation<ScaleGradient> {  // y = x, with factor * g for g
  static constexpr auto id = "scale_gradient";
  double factor;
  explicit ScaleGradient(double number) : factor(number) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t, const Tensor& g, std::span<const Tensor>, const Tensor&) const { return g * factor; }
  void run(std::span<const View>, const View&, const Location&) const override {}
  Lowering lower() const override { return {.kind = Lowering::Kind::alias, .moves = true}; }
  void describe(Fields& fields) const override { fields("factor", factor); }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

// The inputs are the value and then the arguments.
struct CustomGradient : OfFirst<CustomGradient> {
  static constexpr auto id = "custom_gradient";
  CotangentRule rule;
  explicit CustomGradient(CotangentRule r) : rule(std::move(r)) {}
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    if (input == 0) return {};
    const std::vector<Tensor> xs(inputs.begin() + 1, inputs.end()), cotangents = rule(g, xs, y);
    check<GraphError>(cotangents.size() == xs.size(), Location::current(), "custom_gradient: the rule gives ",
                      cotangents.size(), " cotangents for ", xs.size(), " arguments");
    return cotangents[input - 1];
  }
  Tensor batched(const Examples& examples) const override {
    const auto of_all = [f = rule](const Tensor& g, const std::vector<Tensor>& xs, const Tensor& y) {
      Batch batch(g.size(0), Location::current());
      std::vector<Tensor> of_one;
      for (const Tensor& x : xs) of_one.push_back(batch.example(x));
      return batch.for_all(f(batch.example(g), of_one, batch.example(y)));
    };
    return record_spread(CustomGradient(of_all), examples);
  }
};

}  // namespace

Tensor change_cotangent(const Operand& x, std::function<Tensor(const Tensor&)> change) {
  check<ValueError>(change != nullptr, x.where(), "change_cotangent: there is no function");
  return record(x.where(), ChangeCotangent(std::move(change)), x.tensor());
}

Tensor scale_gradient(const Operand& x, double factor) { return record(x.where(), ScaleGradient(factor), x.tensor()); }

Tensor reverse_gradient(const Operand& x, double factor) {
  const CallScope scope("reverse_gradient", x.where());
  return scale_gradient(x, -factor);
}

Tensor custom_gradient(const std::function<Tensor(const std::vector<Tensor>&)>& f, CotangentRule rule,
                       const std::vector<Tensor>& xs, const Location& where) {
  const CallScope scope("custom_gradient", where);
  check<ValueError>(f != nullptr && rule != nullptr, where, "custom_gradient: there is no function, or no rule");
  std::vector<Tensor> inputs(1);
  {
    const NoGrad untracked;
    inputs[0] = f(xs);
  }
  check<GraphError>(inputs[0].defined(), where, "custom_gradient: the function gives an undefined Tensor");
  inputs.insert(inputs.end(), xs.begin(), xs.end());
  return record(where, CustomGradient(std::move(rule)), std::move(inputs));
}

}  // namespace xgrad
