#include "parallel/lanes.hpp"

namespace xgrad::parallel::detail {

namespace {
constexpr int count = 4;
}

Lanes::Lanes(const Communicator& ranks, const Location& where) : underway_(count) {
  for (int lane = 0; lane < count; ++lane) groups_.push_back(ranks.split(0, where).group());
}

void Lanes::start(const char* what, const Bucket& bucket, DType of, std::vector<Step> steps, const Location& where) {
  std::unique_ptr<Underway>& lane = underway_[next_];
  if (lane) lane->wait();
  lane.reset();
  lane =
      std::make_unique<Underway>(groups_[next_], Call{what, Shape{bucket.elements}, of, {}, where}, std::move(steps));
  next_ = (next_ + 1) % count;
  poll();
}

void Lanes::sum(const Bucket& bucket, DType of, const Buffer& memory, bool gather, const Location& where) {
  const std::shared_ptr<Group>& group = groups_[next_];
  const Slices slices = Slices::of(bucket.counts, of, where);
  const auto mine = static_cast<std::int64_t>(slices.bytes_of(group->rank));
  std::vector<Step> steps = reduce_slices(group, slices, Combine::sum, memory, memory);
  bytes_ += static_cast<std::int64_t>(slices.bytes()) - mine;
  if (gather) {
    steps = then(std::move(steps), gather_slices(group, slices, memory));
    bytes_ += mine * (group->size - 1);
  }
  start("step: the gradients", bucket, of, std::move(steps), where);
}

void Lanes::gather(const Bucket& bucket, DType of, const Buffer& memory, const Location& where) {
  const std::shared_ptr<Group>& group = groups_[next_];
  const Slices slices = Slices::of(bucket.counts, of, where);
  bytes_ += static_cast<std::int64_t>(slices.bytes_of(group->rank)) * (group->size - 1);
  start("step: the new values", bucket, of, gather_slices(group, slices, memory), where);
}

void Lanes::poll() {
  for (const auto& each : underway_)
    if (each) each->poll();
}

void Lanes::wait() {
  for (std::size_t i = 0; i < underway_.size(); ++i) {
    const std::size_t lane = (next_ + i) % underway_.size();  // the oldest first
    if (underway_[lane]) underway_[lane]->wait();
    underway_[lane].reset();
  }
}

void Lanes::tell(const std::string& error) noexcept {
  for (const auto& group : groups_) tell_others(group, error);
}

}  // namespace xgrad::parallel::detail
