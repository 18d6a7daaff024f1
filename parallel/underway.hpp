#pragma once

// What ranks do together, step by step.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/core/dtype.hpp"
#include "autograd/core/shape.hpp"
#include "parallel/group.hpp"

namespace xgrad::parallel::detail {

/// What a rank is about to do, and where its program says so: the same on all ranks.
struct Call {
  std::string operation;
  std::optional<Shape> shape{};
  DType dtype = float32;
  std::string particulars{};  // a root, a distance
  Location where = Location::current();

  /// `all_reduce (sum) of f32 [3, 4] at train.cpp:42`
  std::string text() const;
  /// Of all this; of the place, the name of the file and the line.
  std::uint64_t hash(std::uint64_t number) const;
};

/// Sends and receives what belongs to one step, and lists what is to be waited for.
using Step = std::function<void(std::vector<MPI_Request>& requests)>;

/// A call under way: first the ranks agree on what it is, then its steps are taken, each one when the one before is
/// complete on this rank. Only one is under way in a group at a time. The steps keep the memory that they use.
class Underway {
 public:
  Underway(std::shared_ptr<Group> group, Call call, std::vector<Step> steps);
  /// One that exchanges a number of each rank, together with what they agree on.
  struct Number {
    explicit Number(double number) : value(number) {}
    double value;
  };
  Underway(std::shared_ptr<Group> group, Call call, Number number);
  ~Underway();
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;

  /// Takes the steps that can be taken now; whether that was all. CommunicationError, on all ranks, where ranks differ.
  bool poll();
  /// Takes all of them. CommunicationError, on all ranks, when that takes too long.
  void wait();
  /// The numbers of all ranks, added up by the tree. To be asked when it is complete.
  double sum() const;

 private:
  struct Memory;
  void begin();
  bool all_agree() const;
  bool is_complete();
  void agree();
  void post_next();
  void hear();
  [[noreturn]] void give_up(const std::string& why);
  std::vector<std::string> what_others_tell(std::vector<std::string> told);
  void abandon(const std::string& why);

  std::shared_ptr<Group> group_;
  Call call_;
  std::uint64_t number_ = 0;
  std::shared_ptr<Memory> memory_;
  std::size_t next_ = 0;  // step
  bool agreed_ = false, done_ = false;
  unsigned polls_ = 0;
  std::optional<std::chrono::steady_clock::time_point> heard_;  // that another rank has given up
};

/// Tells the others of a group, who may be waiting in it, that this rank has failed: they give up at once.
void tell_others(const std::shared_ptr<Group>& group, const std::string& error) noexcept;

}  // namespace xgrad::parallel::detail
