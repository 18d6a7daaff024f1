#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

namespace xgrad::report {

/// How far a piece of work is.
struct ProgressState {
  std::string label;  ///< "epoch 2/5"
  std::int64_t done = 0;
  std::int64_t total = 0;
  double seconds = 0;  ///< since the start
  double loss = 0;
  std::string unit = "images";
};

/// The state in one line of at most `width` characters:
/// `epoch 2/5 [=====>    ]  52%  loss 0.1234  81200 images/s  0:03 left`. Where it does not fit, the bar goes first.
std::string progress_line(const ProgressState& state, int width);

/// A bar that moves in place on a terminal, at most ten times a second; elsewhere (or with NO_COLOR set, or
/// TERM=dumb) nothing is written. The bar goes away with the Progress, so that the program's own lines stay.
class Progress {
 public:
  /// `out` is a terminal or not, unless `moving` says what to do.
  Progress(std::string label, std::int64_t total, std::string unit = "images", std::FILE* out = stderr,
           std::optional<bool> moving = {});
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `count` more are done, and this is the latest loss.
  void advance(std::int64_t count, double loss);
  /// Wipes the bar.
  void clear();

  double seconds() const;
  std::int64_t done() const { return state_.done; }

 private:
  using Clock = std::chrono::steady_clock;

  ProgressState state_;
  std::FILE* out_;
  bool moving_;
  bool drawn_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point latest_;
};

}  // namespace xgrad::report
