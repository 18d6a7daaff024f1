#include "nn/losses/ctc.hpp"

#include <algorithm>
#include <vector>

#include "autograd/core/fail.hpp"
#include "autograd/core/infinity.hpp"
#include "autograd/ops/any_all.hpp"
#include "autograd/ops/compose.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/index.hpp"
#include "autograd/ops/indexing.hpp"
#include "autograd/ops/movement.hpp"

namespace xgrad::nn {

namespace {

constexpr const char* name = "ctc_loss";

/// The same under another shape; a known value stays known.
Tensor reshaped(const Tensor& x, const Shape& shape) {
  const Tensor y = reshape(x, shape);
  if (x.evaluated()) evaluate(y);
  return y;
}

/// One length for each sample, none of them beyond `most` where they are known.
Tensor lengths_of(const Operand& given, const char* role, std::int64_t samples, std::int64_t most) {
  const Location& where = given.where();
  const bool one_for_all = given.is_whole_number();
  Tensor lengths = one_for_all ? tensor(std::vector<std::int64_t>(static_cast<std::size_t>(samples),
                                                                  static_cast<std::int64_t>(given.number())))
                               : given.tensor();
  check<DTypeError>(lengths.dtype() == int64, where, name, ": ", role, " must be i64, got ", describe(lengths));
  check<ShapeError>(lengths.shape() == Shape{samples} || (samples == 1 && lengths.ndim() == 0), where, name, ": ", role,
                    " are ", describe(lengths), ", for ", samples, " samples");
  lengths = reshaped(lengths, {samples});
  if (lengths.evaluated())
    for (const std::int64_t length : lengths.data<std::int64_t>(where))
      check<ValueError>(length >= 0 && length <= most, where, name, ": ", role, " has ", length,
                        ", which is not in [0, ", most, "]");
  return lengths;
}

/// Targets one after another, as rows of equal lengths.
Tensor in_rows(const Tensor& targets, const Operand& lengths, std::int64_t samples, const Location& where) {
  const std::vector<std::int64_t> sizes =
      lengths_of(lengths, "target_lengths", samples, targets.size(0)).to_vector<std::int64_t>(where);
  std::int64_t longest = 0, total = 0;
  for (const std::int64_t size : sizes) {
    longest = std::max(longest, size);
    total += size;
  }
  check<ShapeError>(total == targets.size(0), where, name, ": the targets are ", describe(targets),
                    ", their lengths add up to ", total);
  std::vector<std::int64_t> places;
  std::int64_t begin = 0;
  for (const std::int64_t size : sizes) {
    for (std::int64_t s = 0; s < longest; ++s) places.push_back(s < size ? begin + s : 0);
    begin += size;
  }
  if (total == 0) return zeros({samples, 0}, int64);
  const Tensor rows = take(targets, tensor(places, {samples, longest}));
  evaluate(rows, where);
  return rows;
}

struct Sequences {
  Tensor log_probabilities;  ///< [T, N, classes]
  Tensor targets;            ///< [N, S], blank where there is none
  Tensor input_lengths, target_lengths;
  std::int64_t blank;
  Tensor fits{};  ///< [N], whether labels and lengths are possible; undefined where that is known

  std::int64_t steps() const { return log_probabilities.size(0); }
  std::int64_t samples() const { return log_probabilities.size(1); }
  std::int64_t classes() const { return log_probabilities.size(2); }
};

void check_targets(const Sequences& given, const Location& where) {
  const Tensor &targets = given.targets, &lengths = given.target_lengths;
  if (!targets.evaluated() || !lengths.evaluated()) return;
  const auto labels = targets.data<std::int64_t>(where), sizes = lengths.data<std::int64_t>(where);
  const auto width = static_cast<std::size_t>(targets.size(1));
  for (std::size_t n = 0; n < sizes.size(); ++n)
    for (std::size_t s = 0; s < static_cast<std::size_t>(sizes[n]); ++s) {
      const std::int64_t label = labels[n * width + s];
      check<IndexError>(label >= 0 && label < given.classes() && label != given.blank, where, name, ": label ", label,
                        " in place ", s, " of target ", n, ", for ", given.classes(), " classes of which ", given.blank,
                        " is the blank");
    }
}

/// The same of what is not computed yet.
Tensor fits(const Sequences& given) {
  const Tensor &labels = given.targets, &steps = given.input_lengths, &sizes = given.target_lengths;
  if (labels.evaluated() && steps.evaluated() && sizes.evaluated()) return {};
  const auto within = [](const Tensor& x, std::int64_t most) { return logical_and(x >= 0, x <= most); };
  const Tensor is_label = logical_and(within(labels, given.classes() - 1), labels != given.blank);
  const Tensor behind = unsqueeze(sizes, 1) <= arange(labels.size(1));
  const Tensor lengths = logical_and(within(steps, given.steps()), within(sizes, labels.size(1)));
  return logical_and(lengths, all(logical_or(is_label, behind), 1));
}

Sequences sequences_of(const Operand& log_probabilities, const Operand& targets, const Operand& input_lengths,
                       const Operand& target_lengths, std::int64_t blank) {
  const Location& where = log_probabilities.where();
  Sequences given{log_probabilities.tensor(), targets.tensor(), {}, {}, blank};
  Tensor &scores = given.log_probabilities, &labels = given.targets;
  check<DTypeError>(is_floating(scores.dtype()), where, name, ": needs a floating dtype, got ", describe(scores));
  check<DTypeError>(labels.dtype() == int64, where, name, ": targets must be i64, got ", describe(labels));
  check<ShapeError>(scores.ndim() == 3 || (scores.ndim() == 2 && labels.ndim() == 1), where, name,
                    ": log-probabilities are [T, N, classes] or, for one target [S], [T, classes], got ",
                    describe(scores), " and targets ", describe(labels));
  if (scores.ndim() == 2) {
    scores = unsqueeze(scores, 1);
    labels = reshaped(labels, {1, labels.size(0)});
  }
  check<ValueError>(blank >= 0 && blank < given.classes(), where, name, ": blank = ", blank, ", of ", given.classes(),
                    " classes");
  if (labels.ndim() == 1) labels = in_rows(labels, target_lengths, given.samples(), where);
  check<ShapeError>(labels.ndim() == 2 && labels.size(0) == given.samples(), where, name, ": the targets are ",
                    describe(labels), ", for ", given.samples(), " samples");
  given.input_lengths = lengths_of(input_lengths, "input_lengths", given.samples(), given.steps());
  given.target_lengths = lengths_of(target_lengths, "target_lengths", given.samples(), labels.size(1));
  check_targets(given, where);
  given.fits = fits(given);
  labels = xgrad::where(unsqueeze(given.target_lengths, 1) > arange(labels.size(1)), labels, blank);
  return given;
}

/// Moves the elements of each row to the right.
Tensor moved(const Tensor& rows, std::int64_t places) { return pad(rows, 1, places, -places, -infinity); }

/// log(e^a + e^b + e^c), and -inf, with derivative 0, where all three are.
Tensor log_of_sum(const Tensor& a, const Tensor& b, const Tensor& c) {
  const Tensor larger = where(a < b, b, a), largest = where(larger < c, c, larger);
  const Tensor sum = exp(a - largest) + exp(b - largest) + exp(c - largest);
  return where(largest == -infinity, -infinity, largest + log(sum));
}

/// The logarithms alpha [N, 2S + 1] of the probabilities of being at each place of the target with blanks between and
/// around its labels, after the last step:
///     alpha_t(s) = log(e^alpha_(t-1)(s) + e^alpha_(t-1)(s-1) + e^alpha_(t-1)(s-2)) + log p_t(label s),
/// where the third term is there only if label s is neither a blank nor label s - 2. In float64, for they grow with the
/// number of steps, and their differences count.
Tensor log_forward(const Sequences& given) {
  const std::int64_t samples = given.samples(), steps = given.steps();
  const Tensor labels = given.targets.size(1) > 0 ? pad(given.targets, 1, 1, 1, static_cast<double>(given.blank), 1)
                                                  : full({samples, 1}, static_cast<double>(given.blank), int64);
  const std::int64_t places = labels.size(1);
  const Tensor skips = logical_and(labels != given.blank, labels != pad(labels, 1, 2, -2, -1));
  // No class is -1: what does not fit is an IndexError when it is computed.
  const Tensor emits = given.fits.defined() ? where(unsqueeze(given.fits, 1), labels, -1) : labels;
  const Tensor emitted =
      cast(gather(given.log_probabilities, 2, broadcast_to(unsqueeze(emits, 0), {steps, samples, places})), float64);
  const Tensor lengths = unsqueeze(given.input_lengths, 1);
  Tensor alpha = where(broadcast_to(arange(places), {samples, places}) == 0, zeros({}, float64), -infinity);
  std::int64_t t = 0;
  for (const Tensor& step : unbind(emitted, 0)) {
    const Tensor skipped = where(skips, moved(alpha, 2), -infinity);
    alpha = where(lengths > t++, log_of_sum(alpha, moved(alpha, 1), skipped) + step, alpha);
  }
  return alpha;
}

}  // namespace

Tensor ctc_loss(const Operand& log_probabilities, const Operand& targets, const Operand& input_lengths,
                const Operand& target_lengths, const CtcOptions& options) {
  const CallScope scope(name, log_probabilities.where());
  const bool single = log_probabilities.tensor().ndim() == 2;
  const Sequences given = sequences_of(log_probabilities, targets, input_lengths, target_lengths, options.blank);
  const Tensor alpha = log_forward(given);
  // The target ends with its last label or with the blank behind it.
  const Tensor lengths = unsqueeze(given.target_lengths, 1);
  const Tensor last_label = where(lengths > 0, gather(alpha, 1, maximum(2 * lengths - 1, 0)), -infinity);
  Tensor losses =
      cast(-squeeze(logaddexp(gather(alpha, 1, 2 * lengths), last_label), 1), given.log_probabilities.dtype());
  if (options.zero_infinity) losses = where(losses == infinity, 0, losses);
  if (options.reduction == Reduction::mean) losses = losses / cast(maximum(given.target_lengths, 1), losses.dtype());
  return reduce(single ? squeeze(losses, 0) : losses, options.reduction);
}

}  // namespace xgrad::nn
