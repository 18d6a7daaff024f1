#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/checkpoint.hpp"
#include "parallel/communicator.hpp"

namespace xgrad::parallel {

/// A data::Checkpoint of all ranks together: the same files, which rank 0 writes and reads; the others need not see its
/// disk. All ranks add the same and make the same calls:
///
///     parallel::Checkpoint checkpoint("out/run", ranks, {.every_steps = 500});
///     checkpoint.add("model", model);
///     checkpoint.add("optimizer", replicas);  // its state is gathered where it is sharded
///     checkpoint.add("batches", batches);
///     checkpoint.resume();
///
/// What is saved is rank 0's, but for Replicas, and for each rank's `default_rng`. A run may go on with another number
/// of ranks, or without any of parallel/: then a data::Checkpoint needs `ranks`, a Tensor, to be added, too.
///
/// What goes wrong on one rank is a CommunicationError on the others.
class Checkpoint {
 public:
  Checkpoint(const std::string& directory, const Communicator& ranks, const data::CheckpointOptions& options = {},
             const Location& where = Location::current());
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  // As of a data::Checkpoint. `every_seconds` are rank 0's, which tells the others at every step.

  void add(const std::string& name, Stateful& object, const Location& where = Location::current());
  template <class T>
  requires(!std::derived_from<T, Stateful>) void add(const std::string& name, T& value,
                                                     const Location& where = Location::current()) {
    keep(name, data::detail::stateful(value), where);
  }
  std::optional<std::string> resume(const Location& where = Location::current());
  void clear(const Location& where = Location::current());
  void step(const Location& where = Location::current());
  void save(const Location& where = Location::current());
  bool save_best(double value, const Location& where = Location::current());
  void wait(const Location& where = Location::current());
  std::int64_t steps() const { return steps_; }

 private:
  struct Item;
  void keep(const std::string& name, std::unique_ptr<Stateful> object, const Location& where);
  void insert(const std::string& name, Stateful& object, const Location& where);
  void gather(const Location& where);
  void let_go();
  template <class Body>
  void together(const char* operation, const Location& where, Body&& body);

  Communicator ranks_;
  data::CheckpointOptions options_;
  std::optional<data::Checkpoint> file_;  // rank 0's
  std::vector<std::unique_ptr<Item>> items_;
  std::int64_t steps_ = 0;
  double latest_ = 0;  // when it was saved, in seconds
};

}  // namespace xgrad::parallel
