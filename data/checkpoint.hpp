#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape/state.hpp"
#include "data/checkpoint_values.hpp"

namespace xgrad::data {

struct CheckpointOptions {
  std::int64_t every_steps = 0;   ///< saves at every step whose number this divides; 0 for none
  double every_seconds = 0;       ///< and at the first step so long after the latest saving; 0 for none
  std::int64_t keep = 3;          ///< so many of the newest files stay, and the best
  bool higher_is_better = false;  ///< an accuracy rather than a loss
  bool background = false;        ///< files are written while the training goes on
};

/// All that a training run is made of, saved again and again in one file each, so that a run that was ended at any
/// moment goes on to the same bits:
///
///     data::Checkpoint checkpoint("out/run", {.every_steps = 500, .background = true});
///     checkpoint.add("model", model);
///     checkpoint.add("optimizer", optimizer);
///     checkpoint.add("batches", batches);
///     checkpoint.resume();
///     while (batches.epoch() < 10)
///       for (const auto& [images, labels] : batches) {
///         optimizer.step(grad(loss_of(model(images), labels), model.parameters()));
///         checkpoint.step();
///       }
///     checkpoint.save();
///
/// Whatever is Stateful can be added, and variables: numbers, texts, lists of numbers, Tensors, Parameters, Rngs.
/// Schedules are functions of the optimiser's step, and need not be. `default_rng` is always part of it. What was added
/// must outlive the Checkpoint, and is to be added in every run under the same names.
///
/// The files are safetensors files with checksums, `step-000000001500.safetensors` and `best.safetensors`, in which the
/// name goes before the names of the state: `model.hidden.weight`. `data::load` takes a model out of one with
/// {.strict = false, .rename = {{"model.", ""}}}. A file appears whole or not at all, and older ones are removed once
/// it is on the disk. When there is no room, older ones are removed before, the newest one never; if that is not
/// enough, the error says so, and what was saved last stays.
///
/// In the background, the values of the moment are written: Tensors never change. Values are computed before. Saving
/// waits for the file before. What goes wrong is thrown by the next `step`, `save`, `save_best` or `wait`.
class Checkpoint {
 public:
  /// Makes the directory. ValueError for options that make no sense, IoError when it cannot be made.
  explicit Checkpoint(const std::string& directory, const CheckpointOptions& options = {},
                      const Location& where = Location::current());
  /// Waits; an error that nobody has asked for is told in a line on stderr. Does not save.
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  /// ValueError for a name that is taken, empty, or has a dot.
  void add(const std::string& name, Stateful& object, const Location& where = Location::current());
  template <class T>
  requires(!std::derived_from<T, Stateful>) void add(const std::string& name, T& value,
                                                     const Location& where = Location::current()) {
    keep(name, detail::stateful(value), where);
  }
  /// One that it owns. (A Tensor of it that has no name goes by this one alone.)
  void keep(const std::string& name, std::unique_ptr<Stateful> object, const Location& where = Location::current());

  /// Goes on from the newest file that is whole, and returns its path; nothing when there is no file. Each damaged one
  /// is told in a line on stderr and skipped. FormatError when all of them are damaged, and for one that does not fit
  /// what was added, which is then as it was before.
  std::optional<std::string> resume(const Location& where = Location::current());
  /// Starts anew: removes all checkpoints in the directory.
  void clear(const Location& where = Location::current());

  /// Counts a step, and saves when it is time. ValueError at the first step, or the first saving, in a directory that
  /// has checkpoints of an earlier run, without `resume` or `clear`; IoError when another process saves there.
  void step(const Location& where = Location::current());
  /// Saves now.
  void save(const Location& where = Location::current());
  /// Saves as `best.safetensors` if `value` is better than all before; whether it is. NaN never is.
  bool save_best(double value, const Location& where = Location::current());
  /// Waits for what is written in the background.
  void wait(const Location& where = Location::current());

  std::int64_t steps() const { return steps_; }         ///< counted so far, in earlier runs, too
  std::optional<double> best() const { return best_; }  ///< the best value so far

 private:
  struct Item {
    std::string name;
    Stateful* object;
    std::unique_ptr<Stateful> own;
  };
  struct Writing;
  void insert(Item item, const Location& where);
  std::vector<NamedTensor> state() const;
  void load(const std::vector<NamedTensor>& saved, const Location& where);
  void write(const std::string& path, const Location& where);
  void collect(bool waits);

  CheckpointOptions options_;
  std::vector<Item> items_;
  std::int64_t steps_ = 0;
  std::optional<double> best_, best_before_;
  std::chrono::steady_clock::time_point latest_;
  std::unique_ptr<Writing> writing_;
};

}  // namespace xgrad::data
