#include "autograd/inspect/nonfinite.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "autograd/tape/leaf.hpp"

namespace xgrad {

namespace {

/// Values of entries with elements that are not finite; finite values are not kept.
struct Recomputed {
  Buffer value;
  std::vector<Buffer> inputs;
  ValueRange range;
  std::vector<char> relevant;  // by element: whether it is not finite and the value in question depends on it
};

class Trace {
 public:
  explicit Trace(const Tensor& tensor) : values_({&tensor, 1}), recomputed_(values_.entries().size()) {
    values_.compute([&](std::size_t place, const Buffer& value, std::span<const Buffer> inputs) {
      const Entry& entry = *values_.entries()[place];
      Recomputed& at = recomputed_[place];
      if (is_floating(entry.dtype)) at.range = range_of({value.data(), entry.shape, entry.dtype});
      if (place == values_.root(0)) result_.range = at.range;
      if (at.range.all_finite()) return;
      at.value = value;
      at.inputs.assign(inputs.begin(), inputs.end());
    });
  }

  NonFiniteTrace result() {
    if (result_.range.all_finite()) return result_;
    find_relevant();
    for (std::size_t place = 0; place < recomputed_.size(); ++place)
      if (!recomputed_[place].relevant.empty()) result_.way.push_back(Tensor::share(values_.entries()[place]));
    const auto not_finite = [](double value) { return !std::isfinite(value); };
    const auto is_nan = [](double value) { return std::isnan(value); };
    std::optional<Found> origin = first(not_finite, false);
    if (!origin) origin = first(not_finite, true);
    result_.origin = at(*origin);
    if (result_.range.nan > 0 && !std::isnan(result_.origin->value))
      if (const std::optional<Found> nan = first(is_nan, true)) result_.became_nan = at(*nan);
    return result_;
  }

 private:
  struct Found {
    std::size_t place;
    std::int64_t element;
  };

  const Entry& entry(std::size_t place) const { return *values_.entries()[place]; }
  View view(std::size_t place) const {
    return {recomputed_[place].value.data(), entry(place).shape, entry(place).dtype};
  }
  View input_view(std::size_t place, std::size_t input) const {
    const Entry& read = *entry(place).input(input).entry();
    return {recomputed_[place].inputs[input].data(), read.shape, read.dtype};
  }
  static bool by_elements(const Entry& entry) {
    return entry.kind == Lowering::Kind::elementwise || entry.kind == Lowering::Kind::alias;
  }
  static bool is_where(const Entry& entry) {
    return entry.kind == Lowering::Kind::elementwise && entry.instruction == Instruction::where;
  }
  // Whether an element of an elementwise operation depends on this input.
  bool reads(std::size_t place, std::size_t input, std::int64_t element) const {
    if (!is_where(entry(place)) || input == 0) return true;
    return (element_of(input_view(place, 0), element) != 0) == (input == 1);
  }

  void find_relevant() {
    Recomputed& root = recomputed_[values_.root(0)];
    root.relevant.assign(static_cast<std::size_t>(root.range.count), true);
    keep_nonfinite(values_.root(0));
    for (std::size_t place = recomputed_.size(); place-- > 0;) {
      if (recomputed_[place].relevant.empty()) continue;
      const std::span<const std::uint32_t> inputs = values_.inputs(place);
      for (std::size_t k = 0; k < inputs.size(); ++k)
        if (!recomputed_[inputs[k]].range.all_finite()) mark(place, k, inputs[k]);
    }
  }
  void mark(std::size_t place, std::size_t input, std::size_t source) {
    std::vector<char>& to = recomputed_[source].relevant;
    const std::vector<char>& from = recomputed_[place].relevant;
    const bool known = !to.empty();
    if (!known) to.assign(static_cast<std::size_t>(recomputed_[source].range.count), false);
    if (by_elements(entry(place))) {
      for (std::size_t i = 0; i < from.size(); ++i)
        if (from[i] && reads(place, input, static_cast<std::int64_t>(i))) to[i] = true;
    } else {
      std::ranges::fill(to, true);
    }
    keep_nonfinite(source);
  }
  // Removes finite elements; a list without any element becomes empty.
  void keep_nonfinite(std::size_t place) {
    std::vector<char>& relevant = recomputed_[place].relevant;
    const View elements = view(place);
    bool any = false;
    for (std::size_t i = 0; i < relevant.size(); ++i) {
      relevant[i] = relevant[i] && !std::isfinite(element_of(elements, static_cast<std::int64_t>(i)));
      any = any || relevant[i];
    }
    if (!any) relevant.clear();
  }

  // Whether the value may be infinite on purpose: data, or a number of the program, such as a score of -inf for a mask.
  bool may_be_meant(std::size_t place) const {
    const Tensor tensor = Tensor::share(values_.entries()[place]);
    const bool given =
        entry(place).kind == Lowering::Kind::constant || dynamic_cast<const Leaf*>(entry(place).primitive);
    return given && recomputed_[place].range.nan == 0 && !Parameter::holder(tensor).defined();
  }
  // The first relevant element, in tape order, that is bad while none of its operands is.
  template <class Bad>
  std::optional<Found> first(Bad bad, bool meant) const {
    for (std::size_t place = 0; place < recomputed_.size(); ++place) {
      const Recomputed& at = recomputed_[place];
      if (at.relevant.empty() || (!meant && may_be_meant(place))) continue;
      if (!by_elements(entry(place)) && has_bad_input(place, bad)) continue;
      const View elements = view(place);
      for (std::size_t i = 0; i < at.relevant.size(); ++i) {
        const auto element = static_cast<std::int64_t>(i);
        if (at.relevant[i] && bad(element_of(elements, element)) && !reads_bad(place, element, bad))
          return Found{place, element};
      }
    }
    return std::nullopt;
  }
  template <class Bad>
  bool reads_bad(std::size_t place, std::int64_t element, Bad bad) const {
    if (!by_elements(entry(place))) return false;
    for (std::size_t k = 0; k < recomputed_[place].inputs.size(); ++k)
      if (reads(place, k, element) && bad(element_of(input_view(place, k), element))) return true;
    return false;
  }
  template <class Bad>
  bool has_bad_input(std::size_t place, Bad bad) const {
    for (std::size_t k = 0; k < recomputed_[place].inputs.size(); ++k) {
      const ValueRange range = range_of(input_view(place, k));
      const bool infinite = bad(std::numeric_limits<double>::infinity());
      if (range.nan > 0 || (infinite && range.infinite > 0)) return true;
    }
    return false;
  }

  NonFinitePlace at(const Found& found) const {
    NonFinitePlace place{Tensor::share(values_.entries()[found.place]),
                         found.element,
                         element_of(view(found.place), found.element),
                         recomputed_[found.place].range,
                         {},
                         {}};
    for (std::size_t k = 0; k < recomputed_[found.place].inputs.size(); ++k) {
      const View input = input_view(found.place, k);
      place.operands.push_back(range_of(input));
      place.at_element.push_back(by_elements(entry(found.place)) ? std::optional(element_of(input, found.element))
                                                                 : std::nullopt);
    }
    return place;
  }

  Values values_;
  std::vector<Recomputed> recomputed_;
  NonFiniteTrace result_;
};

}  // namespace

NonFiniteTrace trace_nonfinite(const Tensor& tensor) { return Trace(tensor).result(); }

}  // namespace xgrad
