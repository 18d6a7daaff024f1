#include "autograd/transform/cotangents.hpp"

#include "autograd/core/fail.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/tape/tape.hpp"
#include "autograd/transform/batch.hpp"

namespace xgrad {

namespace {

// y = the first input, whose elements it shares. Such entries are never merged, as their functions are not described,
// and their cotangents are not only moved.
template <class Self>
struct OfFirst : Operation<Self> {
  static constexpr bool mergeable = false;
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View>, const View&, const Location&) const override {}
  Lowering lower() const override { return {.kind = Lowering::Kind::alias}; }
};

// A stand-in, without elements, for several Tensors.
template <class Self>
struct Several : Operation<Self> {
  static constexpr bool mergeable = false;
  Signature infer(std::span<const Tensor>, const Location&) const override { return {{0}, float32}; }
  void run(std::span<const View>, const View&, const Location&) const override {}
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

struct CustomCotangents : Several<CustomCotangents> {
  static constexpr auto id = "custom_cotangents";
  std::vector<Tensor> cotangents;
  explicit CustomCotangents(std::vector<Tensor> list) : cotangents(std::move(list)) {}
};

// The inputs are the arguments of a function, which has one rule for all of them. A backward pass calls the rule once.
struct CustomArguments : Several<CustomArguments> {
  static constexpr auto id = "custom_arguments";
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor>, const Tensor&) const {
    const auto* several = dynamic_cast<const CustomCotangents*>(g.entry()->primitive);
    return several ? several->cotangents[input] : Tensor();
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

// The inputs are the value and the arguments.
struct CustomGradient : OfFirst<CustomGradient> {
  static constexpr auto id = "custom_gradient";
  CotangentRule rule;
  explicit CustomGradient(CotangentRule r) : rule(std::move(r)) {}
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    if (input == 0) return {};
    const std::span<const Tensor> arguments = inputs[1].entry()->input_span();
    const std::vector<Tensor> xs(arguments.begin(), arguments.end());
    std::vector<Tensor> cotangents = rule(g, xs, y);
    check<GraphError>(cotangents.size() == xs.size(), Location::current(), "custom_gradient: the rule gives ",
                      cotangents.size(), " cotangents for ", xs.size(), " arguments");
    return record(Location::current(), CustomCotangents(std::move(cotangents)));
  }
  // The rule is called for one example; an argument that is the same for all belongs to each.
  Tensor batched(const Examples& examples) const override {
    const auto of_all = [f = rule](const Tensor& g, const std::vector<Tensor>& xs, const Tensor& y) {
      Batch batch(g.size(0), Location::current());
      std::vector<Tensor> of_one;
      for (const Tensor& x : xs) of_one.push_back(batch.example(x));
      return batch.for_all(f(batch.example(g), of_one, batch.example(y)));
    };
    Tensor arguments = examples.inputs[1];
    if (!examples.mapped[1]) {
      const std::span<const Tensor> same = arguments.entry()->input_span();
      const std::vector<char> mapped(same.size(), false);
      arguments = record_spread(CustomArguments{}, {examples.count, same, mapped, arguments});
    }
    return record(Location::current(), CustomGradient(of_all), spread(examples, 0), arguments);
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
  Tensor value;
  {
    const NoGrad untracked;
    value = f(xs);
  }
  check<GraphError>(value.defined(), where, "custom_gradient: the function gives an undefined Tensor");
  const Tensor arguments = record(where, CustomArguments{}, xs);
  return record(where, CustomGradient(std::move(rule)), value, arguments);
}

}  // namespace xgrad
