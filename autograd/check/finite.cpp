#include "autograd/check/finite.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "autograd/check/place.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

struct Trouble {
  std::int64_t nan = -1, infinity = -1;  // the first such element

  bool any() const { return nan >= 0 || infinity >= 0; }
};

Trouble trouble_of(const Tensor& x) {
  Trouble found;
  if (!is_floating(x.dtype())) return found;
  evaluate(x);
  dispatch(x.dtype(), [&](auto zero) {
    const std::span elements = x.entry()->view().span<decltype(zero)>();
    for (std::size_t i = 0; i < elements.size() && (found.nan < 0 || found.infinity < 0); ++i) {
      const double element = static_cast<double>(elements[i]);
      if (found.nan < 0 && std::isnan(element)) found.nan = static_cast<std::int64_t>(i);
      if (found.infinity < 0 && std::isinf(element)) found.infinity = static_cast<std::int64_t>(i);
    }
  });
  return found;
}

std::string element(const Tensor& x, std::int64_t at) {
  Text text;
  text << x.to_vector()[static_cast<std::size_t>(at)] << " at " << Shape(place_of(at, x.shape())) << " of "
       << describe(x);
  return text.str();
}

bool is_data(const Tensor& x) { return std::strcmp(x.entry()->primitive->name(), "leaf") == 0; }

/// The history of a Tensor with all its values: evaluating lets go of inputs, so they are noted down before.
class History {
 public:
  explicit History(const Tensor& last) {
    Numbering numbers;
    for (Entry* entry : reachable({&last, 1}, numbers, [](const Entry&) { return true; })) {
      tensors_.push_back(Tensor::share(entry));
      inputs_.emplace_back(entry->input_span().begin(), entry->input_span().end());
    }
    evaluate(tensors_);
  }

  /// The first entry that has such an element where none of its inputs has one.
  const Tensor* first_nan() const {
    return first([](const Tensor& x) { return trouble_of(x).nan >= 0; });
  }
  const Tensor* first_infinity() const {
    return first([](const Tensor& x) { return trouble_of(x).infinity >= 0; });
  }

 private:
  template <class Bad>
  const Tensor* first(Bad bad) const {
    for (std::size_t i = 0; i < tensors_.size(); ++i)
      if (bad(tensors_[i]) && std::none_of(inputs_[i].begin(), inputs_[i].end(), bad)) return &tensors_[i];
    return nullptr;
  }
  std::vector<Tensor> tensors_;
  std::vector<std::vector<Tensor>> inputs_;
};

std::string found(const Tensor& origin, std::int64_t at) {
  return (is_data(origin) ? "the data holds " : std::string(origin.entry()->primitive->name()) + " gives ") +
         element(origin, at);
}

std::string place_of(const Tensor& origin) { return xgrad::place(origin.entry()->where); }

// Stands in for the evaluation of an entry that was just recorded.
void evaluate_and_inspect(const Tensor& tensor, const Location& where) {
  const std::vector<Tensor> inputs(tensor.entry()->input_span().begin(), tensor.entry()->input_span().end());
  evaluate(tensor, where);
  const Trouble trouble = trouble_of(tensor);
  if (!trouble.any() || inputs.empty()) return;
  for (const Tensor& input : inputs)
    if (const Trouble before = trouble_of(input); before.nan >= 0 || (trouble.nan < 0 && before.infinity >= 0)) return;
  fail<ValueError>(where, "FiniteScope: ", found(tensor, trouble.nan >= 0 ? trouble.nan : trouble.infinity));
}

}  // namespace

void check_finite(const Tensor& tensor, const Location& where) {
  check<GraphError>(tensor.defined(), where, "check_finite: an undefined Tensor");
  const History history(tensor);
  const Trouble trouble = trouble_of(tensor);
  if (!trouble.any()) return;
  const Tensor* infinite = history.first_infinity();
  const Tensor* origin = trouble.nan >= 0 ? history.first_nan() : infinite;
  const Trouble began = trouble_of(*origin);
  std::string before;
  if (origin != infinite && infinite && infinite->entry()->sequence < origin->entry()->sequence)
    before = "; before it, " + found(*infinite, trouble_of(*infinite).infinity) + ", at " + place_of(*infinite);
  fail<ValueError>(origin->entry()->where,
                   "check_finite: ", found(*origin, trouble.nan >= 0 ? began.nan : began.infinity), before);
}

FiniteScope::FiniteScope() noexcept : inspect_(&evaluate_and_inspect) {}
FiniteScope::~FiniteScope() = default;

}  // namespace xgrad
