#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <vector>

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
class Batches {
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
    Iterator(const Batches* owner, std::vector<std::int64_t> order) : owner_(owner), order_(std::move(order)) {
      assemble();
    }
    void assemble();

    const Batches* owner_;
    std::vector<std::int64_t> order_;  // empty: as they stand
    std::int64_t index_ = 0;
    Batch batch_;
  };

  Batches(Dataset dataset, BatchOptions options, const Location& where);

  /// Starts a pass.
  Iterator begin();
  std::default_sentinel_t end() const { return {}; }
  /// The number of batches in a pass.
  std::int64_t size() const;

 private:
  Dataset dataset_;
  BatchOptions options_;
  Location where_;
};

/// The batches of a Dataset. ValueError for a size below 1, ShapeError when inputs and labels are not equally many.
Batches batches(const Dataset& dataset, BatchOptions options = {}, const Location& where = Location::current());

}  // namespace xgrad::data
