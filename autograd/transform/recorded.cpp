#include "autograd/transform/recorded.hpp"

#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/tape/traversal.hpp"
#include "autograd/transform/linearize.hpp"
#include "autograd/transform/replay.hpp"

namespace xgrad::detail {

RecordedFunction::RecordedFunction(const std::function<Tensors(const Tensors&)>& f, std::span<const Tensor> xs,
                                   const Location& where) {
  const EnableGrad tracking;
  xs_ = track_all(xs, where);
  begin_ = Tape::current().sequence;
  results_ = f(xs_);
  std::unordered_set<const Entry*> known;
  for (const Tensor& x : xs_) known.insert(x.entry());
  const auto look = [&](const Tensor& tensor) {
    if (tensor.tracked() && !is_inside(*tensor.entry()) && known.insert(tensor.entry()).second)
      captured_.push_back(tensor);
  };
  for (const Tensor& result : results_) {
    check<GraphError>(result.defined(), where, "the function returned an undefined Tensor");
    look(result);
  }
  Numbering numbers;
  for (const Entry* entry : reachable(results_, numbers, [&](const Entry& e) { return is_inside(e); }))
    for (const Tensor& input : entry->input_span()) look(input);
}

bool RecordedFunction::is_inside(const Entry& entry) const {
  return entry.tracked && entry.input_count > 0 && entry.owner == Tape::current().thread &&
         entry.sequence.load(std::memory_order_relaxed) > begin_;
}

Tensors RecordedFunction::operator()(std::span<const Tensor> xs, std::span<const Tensor> captured) const {
  const EnableGrad tracking;
  Again again;
  for (std::size_t i = 0; i < xs.size(); ++i) again.put(xs_[i], xs[i]);
  for (std::size_t i = 0; i < captured.size(); ++i) again.put(captured_[i], captured[i]);
  Numbering numbers;
  for (Entry* entry : reachable(results_, numbers, [&](const Entry& e) { return is_inside(e); })) again.repeat(*entry);
  Tensors results;
  for (const Tensor& result : results_) results.push_back(again.of(result));
  return results;
}

}  // namespace xgrad::detail
