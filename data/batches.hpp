#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/dataset.hpp"

namespace xgrad::data {

struct BatchOptions {
  std::int64_t size = 64;  ///< samples in a batch; the last one may have fewer
  bool shuffle = false;    ///< in another order in every pass
  /// What the orders depend on, together with the number of the pass. Without one, each Batches draws its own from
  /// `default_rng`, which `xgrad::seed` restarts.
  std::optional<std::uint64_t> seed{};
  std::uint64_t epoch = 0;  ///< the number of the first pass
  bool drop_last = false;   ///< leave out a last batch that has fewer samples
  /// Of `parts` processes that train together, each takes a part of every batch: of n samples those from
  /// n part / parts to n (part + 1) / parts. They need the same seed. `size` is that of the whole batch, and the state
  /// is that of all parts: it can be loaded by another number of them.
  std::int64_t part = 0, parts = 1;
};

/// A part of a Dataset: `const auto& [images, labels]`.
struct Batch {
  Tensor inputs;
  Tensor labels;
};

/// A Dataset in batches, for a range-based for loop. Every pass over the same Batches has the next number (`epoch`,
/// epoch + 1, ...), and a shuffled pass has an order of its own; seed and number fix the order on every machine. A loop
/// over `batches(...)` itself makes a new Batches, whose first pass has the number `epoch`: without a seed in another
/// order each time, with one always in the same.
///
/// The state is the seed, the number of the pass and how many of its batches were given out, the one that a loop is at
/// included: the first loop after it has been loaded goes on with the next one. (So a pass that was left by `break`
/// goes on where it was saved and loaded again; otherwise the next loop begins the next pass.)
class Batches : public Stateful {
 public:
  class Iterator {
   public:
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;

    const Batch& operator*() const { return batch_; }
    Iterator& operator++() {
      ++index_;
      assemble();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) { return at.index_ >= at.owner_->size(); }

   private:
    friend class Batches;
    Iterator(Batches* owner, std::vector<std::int64_t> order, std::int64_t index)
        : owner_(owner), order_(std::move(order)), epoch_(owner->options_.epoch), index_(index) {
      assemble();
    }
    void assemble();

    Batches* owner_;
    std::vector<std::int64_t> order_;  // empty: as they stand
    std::uint64_t epoch_;
    std::int64_t index_;
    Batch batch_;
  };

  Batches(Dataset dataset, BatchOptions options, const Location& where);

  /// Starts a pass, or goes on with the one whose state was loaded.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }
  /// The number of batches in a pass.
  std::int64_t size() const;
  /// The number of the pass under way, or of the next one where the last is complete: `while (batches.epoch() < 10)`.
  std::uint64_t epoch() const { return options_.epoch; }

  /// `seed` (where shuffled), `epoch`, `given` and what they depend on: `samples` and `size`.
  std::vector<NamedTensor> state() const override;
  /// FormatError also for the state of other batches: of another number of samples, or of another size.
  void load_state(const std::vector<NamedTensor>& saved, const Location& where = Location::current()) override;

 private:
  Dataset dataset_;
  BatchOptions options_;  // `epoch`: of the pass under way, or of the next one
  Location where_;
  std::int64_t given_ = 0;  // batches of the pass under way
  bool under_way_ = false, loaded_ = false;
};

/// The batches of a Dataset. ValueError for a size below 1, for a part that there is not, for parts that are shuffled
/// without a seed, and where a batch has fewer samples than there are parts; ShapeError when inputs and labels are not
/// equally many.
Batches batches(const Dataset& dataset, BatchOptions options = {}, const Location& where = Location::current());

/// f(inputs) for an f that treats samples, along the first axis, one by one: `size` of them at a time, and without
/// recording anything that derivatives would need. ValueError for a size below 1 and for no samples; ShapeError for
/// inputs that have no axis.
Tensor in_batches(const std::function<Tensor(const Tensor&)>& f, const Tensor& inputs, std::int64_t size = 1000,
                  const Location& where = Location::current());

}  // namespace xgrad::data
