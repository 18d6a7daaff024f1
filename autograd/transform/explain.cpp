#include "autograd/transform/explain.hpp"

#include <cstring>
#include <functional>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/taken.hpp"

namespace xgrad {

namespace {

// The derivative without create_graph that recorded this entry; null if there is none, or if it is too old.
const TakenDerivative* without_graph(const Entry& entry) {
  const TakenDerivative* taken = TakenDerivatives::current().of(entry);
  return taken && !taken->graph ? taken : nullptr;
}

const char* name_of(const Entry& entry) { return entry.call ? entry.call : entry.primitive->name(); }
bool is_stop(const Entry& entry) { return entry.call && std::strcmp(entry.call, "stop_gradient") == 0; }
bool is_leaf(const Entry& entry) { return dynamic_cast<const Leaf*>(entry.primitive) != nullptr; }

Parameter parameter_of(const Entry& entry) {
  return entry.input_count == 0 ? Parameter::holder(Tensor::share(const_cast<Entry*>(&entry))) : Parameter();
}

// The entries that a value was computed from, as far as the tape still has them.
class Ancestry {
 public:
  /// `is_asked_about` says where derivatives are to arrive.
  Ancestry(std::span<const Tensor> outputs, const std::function<bool(const Entry&)>& is_asked_about) {
    entries_ = reachable(outputs, numbers_, [](const Entry&) { return true; });
    marks_.resize(entries_.size());
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = *entries_[i];
      Marks& at = marks_[i];
      at.reads = at.carries = is_asked_about(entry);
      for (const Tensor& input : entry.input_span()) {
        at.reads = at.reads || of(input).reads;
        at.carries = at.carries || (entry.tracked && of(input).carries);
      }
    }
    for (const Tensor& output : outputs) of(output).on_the_way = of(output).reads && !of(output).carries;
    for (std::size_t i = entries_.size(); i-- > 0;)
      if (marks_[i].on_the_way)
        for (const Tensor& input : entries_[i]->input_span())
          of(input).on_the_way = of(input).on_the_way || (of(input).reads && !of(input).carries);
  }

  const std::vector<Entry*>& entries() const { return entries_; }

  /// The entry where derivatives end on their way back from the outputs; of several, the most telling one, then the
  /// first. Null if there is none.
  const Entry* end() const {
    const Entry* best = nullptr;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!marks_[i].on_the_way || !is_end(*entries_[i])) continue;
      if (!best || rank(*entries_[i]) < rank(*best)) best = entries_[i];
    }
    return best;
  }
  /// The latest entry whose own history was released, or null.
  const Entry* cut() const {
    for (std::size_t i = entries_.size(); i-- > 0;)
      if (is_cut(*entries_[i])) return entries_[i];
    return nullptr;
  }

 private:
  struct Marks {
    bool reads = false;       // whether it depends on what is asked about
    bool carries = false;     // whether derivatives flow through it to that
    bool on_the_way = false;  // whether the way back from an output meets it
  };
  Marks& of(const Tensor& tensor) { return marks_[numbers_.find(tensor.entry())]; }
  const Marks& of(const Tensor& tensor) const { return marks_[numbers_.find(tensor.entry())]; }

  bool is_end(const Entry& entry) const {
    for (const Tensor& input : entry.input_span())
      if (of(input).carries) return true;
    return false;
  }
  // Causes in the user's program come first; masks, and what compositions stop on purpose, come last.
  static int rank(const Entry& entry) {
    if (without_graph(entry)) return 0;
    if (is_stop(entry) || (is_floating(entry.dtype) && !dynamic_cast<const Identity*>(entry.primitive))) return 1;
    return is_floating(entry.dtype) ? 3 : 2;
  }
  static bool is_cut(const Entry& entry) {
    if (entry.tracked || entry.input_count > 0 || !entry.evaluated.load(std::memory_order_acquire)) return false;
    if (is_stop(entry)) return true;
    return !is_leaf(entry) && entry.primitive->differentiable() && entry.kind != Lowering::Kind::constant;
  }

  Numbering numbers_;
  std::vector<Entry*> entries_;
  std::vector<Marks> marks_;
};

std::string at(const Entry& entry) { return std::string(name_of(entry)) + " at " + place(entry.where); }

// Why an entry is untracked that reads a tracked one.
Stop stop_at(const Entry& entry) {
  Text text;
  Stop stop{Stop::Kind::no_grad, entry.where, {}};
  const TakenDerivatives& taken = TakenDerivatives::current();
  if (!is_floating(entry.dtype)) {
    text << ": " << at(entry) << " gives " << entry.dtype << ", through which no derivative flows";
    stop.kind = Stop::Kind::not_floating;
  } else if (const TakenDerivative* derivative = without_graph(entry)) {
    text << ": the derivative taken at " << place(derivative->where)
         << " is a constant, since create_graph was not set there";
    stop.kind = Stop::Kind::without_graph;
    stop.where = derivative->where;
  } else if (is_stop(entry)) {
    text << ": stop_gradient at " << place(entry.where) << " ends the way to it";
    stop.kind = Stop::Kind::stop_gradient;
  } else {
    text << ": " << at(entry) << " was recorded inside NoGrad"
         << (taken.remember(entry) ? "" : ", or is a derivative without create_graph");
  }
  stop.clause = text.str();
  return stop;
}

// The same for an entry whose history was released.
Stop stop_at_cut(const Entry& entry) {
  if (without_graph(entry) || is_stop(entry)) return stop_at(entry);
  return {Stop::Kind::gone, entry.where,
          ": what " + at(entry) +
              " was computed from is untracked, and gone (NoGrad, a derivative without create_graph, or constants)"};
}

}  // namespace

std::string label(const Tensor& input) {
  Text text;
  const Parameter parameter = Parameter::holder(input);
  parameter.defined() && !parameter.name().empty() ? text << describe(parameter) : text << describe(input);
  return text.str();
}

Stop stop_between(std::span<const Tensor> outputs, const Tensor& input) {
  const Ancestry ancestry(outputs, [&](const Entry& entry) { return &entry == input.entry(); });
  if (const Entry* end = ancestry.end()) return stop_at(*end);
  if (const Entry* cut = ancestry.cut()) return stop_at_cut(*cut);
  return {Stop::Kind::unused,
          {},
          ": nothing that it was recorded from is this one; what was read out (item, data, to_vector) is a number, and "
          "a copy of a Parameter another one"};
}

std::string why_independent(std::span<const Tensor> outputs, const Tensor& input) {
  return stop_between(outputs, input).clause;
}

std::string why_untracked(const Tensor& loss) {
  const Ancestry ancestry({&loss, 1}, [](const Entry& entry) { return entry.tracked && entry.input_count == 0; });
  if (const Entry* end = ancestry.end()) return stop_at(*end).clause;
  const Entry* frozen = nullptr;
  for (const Entry* entry : ancestry.entries())
    if (parameter_of(*entry).defined() && (!frozen || entry->sequence < frozen->sequence)) frozen = entry;
  if (frozen) return ": " + label(parameter_of(*frozen).value()) + " is frozen, and nothing that is trainable was read";
  if (const Entry* cut = ancestry.cut()) return stop_at_cut(*cut).clause;
  return ": nothing that it was recorded from is one";
}

}  // namespace xgrad
