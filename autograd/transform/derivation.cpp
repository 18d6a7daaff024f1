#include "autograd/transform/derivation.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "autograd/core/thread_object.hpp"
#include "autograd/engine/engine.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

constexpr std::size_t most_derivations = 64;  // remembered ones: enough for gradients that are added up over batches

struct Notes {
  std::weak_ptr<const void> losses, parameters;
  std::vector<Derivation> derivations;

  static Notes& current() {
    static constinit thread_local ThreadObject<Notes> notes;
    return *notes;
  }
  std::weak_ptr<const void>& wanted(Noted noted) { return noted == Noted::losses ? losses : parameters; }

  // Drops derivations that no longer matter: those of losses that are known to be finite.
  void prune() {
    const bool nobody = losses.expired() && parameters.expired();
    std::erase_if(derivations, [&](const Derivation& derivation) {
      if (nobody) return true;
      const Tensor& residue = derivation.residue;
      const bool told = !residue.defined() || (residue.evaluated() && std::isfinite(residue.item()));
      return told && derivation.forgotten.empty();
    });
    if (derivations.size() >= most_derivations) derivations.erase(derivations.begin());
  }
};

std::uint64_t number_of(const Tensor& tensor) {
  const Entry& entry = *tensor.entry();
  return entry.owner == Tape::current().thread ? static_cast<std::uint64_t>(entry.sequence) : 0;
}

bool contains(const Derivation& derivation, std::uint64_t number) {
  return std::ranges::find(derivation.results, number) != derivation.results.end();
}

std::weak_ptr<Parameter::Cell> cell_of(const Entry& entry) {
  const auto* leaf = dynamic_cast<const Leaf*>(entry.primitive);
  return leaf ? leaf->cell : std::weak_ptr<Parameter::Cell>();
}

std::vector<std::weak_ptr<Parameter::Cell>> forgotten_by(const Tensor& loss, std::span<const Tensor> asked) {
  std::unordered_set<const Parameter::Cell*> known;
  for (const Tensor& input : asked) known.insert(cell_of(*input.entry()).lock().get());
  std::vector<std::weak_ptr<Parameter::Cell>> forgotten;
  Numbering numbers;
  for (const Entry* entry : reachable({&loss, 1}, numbers, [](const Entry& e) { return e.tracked; })) {
    const std::shared_ptr<Parameter::Cell> cell = entry->input_count == 0 ? cell_of(*entry).lock() : nullptr;
    if (cell && cell->trainable && !cell->optimised && known.insert(cell.get()).second) forgotten.push_back(cell);
  }
  return forgotten;
}

/// Goes from gradients back to the results that they were computed from.
class Search {
 public:
  explicit Search(const std::vector<Derivation>& derivations) : derivations_(derivations), found_(derivations.size()) {
    for (const Derivation& derivation : derivations)
      for (const std::uint64_t result : derivation.results) oldest_ = std::min(oldest_, result);
  }

  void from(const Tensor& gradient) {
    visit(gradient);
    while (!next_.empty()) {
      const Entry& entry = *next_.back();
      next_.pop_back();
      for (const Tensor& input : entry.input_span()) visit(input);
    }
  }
  std::vector<Derivation> found() const {
    std::vector<Derivation> all;
    for (std::size_t i = 0; i < found_.size(); ++i)
      if (found_[i]) all.push_back(derivations_[i]);
    return all;
  }

 private:
  // The search ends at results: what they were computed from is older.
  void visit(const Tensor& tensor) {
    const std::uint64_t number = number_of(tensor);
    if (number < oldest_ || !seen_.insert(number).second) return;
    bool is_result = false;
    for (std::size_t i = 0; i < derivations_.size(); ++i)
      if (contains(derivations_[i], number)) found_[i] = is_result = true;
    if (!is_result) next_.push_back(tensor.entry());
  }

  const std::vector<Derivation>& derivations_;
  std::vector<bool> found_;
  std::uint64_t oldest_ = ~std::uint64_t{0};
  std::unordered_set<std::uint64_t> seen_;
  std::vector<const Entry*> next_;
};

}  // namespace

std::shared_ptr<const void> note_derivations(Noted noted) {
  std::weak_ptr<const void>& wanted = Notes::current().wanted(noted);
  std::shared_ptr<const void> token = wanted.lock();
  if (!token) wanted = token = std::make_shared<char>();
  return token;
}

std::vector<Derivation> derivations_of(std::span<const Tensor> gradients) {
  const std::vector<Derivation>& derivations = Notes::current().derivations;
  if (derivations.empty()) return {};
  Search search(derivations);
  for (const Tensor& gradient : gradients)
    if (gradient.defined()) search.from(gradient);
  return search.found();
}

bool detail::notes_derivations() {
  Notes& notes = Notes::current();
  if (!notes.losses.expired() || !notes.parameters.expired()) return true;
  notes.derivations.clear();
  return false;
}

void detail::note_derivation(const Tensor& loss, std::span<const Tensor> asked, std::span<const Tensor> gradients,
                             std::uint64_t begin, const Location& where) {
  Notes& notes = Notes::current();
  notes.prune();
  Derivation derivation{loss.entry()->where, CallScope::blame(where), {}, {}, {}};
  for (const Tensor& gradient : gradients)
    if (const std::uint64_t number = number_of(gradient); number > begin) derivation.results.push_back(number);
  if (!notes.losses.expired() && !Tape::current().differentiable_updates) {
    const NoGrad untracked;
    const TapeScope<std::uint32_t, &Tape::segment> outside(0);
    derivation.residue = sum(sub(Operand(loss, where), Operand(loss, where)));
    evaluate_with_next(derivation.residue);
  }
  if (!notes.parameters.expired()) derivation.forgotten = forgotten_by(loss, asked);
  notes.derivations.push_back(std::move(derivation));
}

void detail::note_sum(const Tensor& part, const Tensor& sum) {
  const std::uint64_t before = number_of(part), after = number_of(sum);
  for (Derivation& derivation : Notes::current().derivations)
    if (before != after && contains(derivation, before)) derivation.results.push_back(after);
}

}  // namespace xgrad
