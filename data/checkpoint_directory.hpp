#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/safetensors_file.hpp"

namespace xgrad::data {

/// The files of a Checkpoint: `step-000000001500.safetensors`, ..., and `best.safetensors`.
class CheckpointDirectory {
 public:
  /// Makes the directory. IoError when that cannot be done.
  CheckpointDirectory(std::string path, std::int64_t keep, const Location& where);
  ~CheckpointDirectory();
  CheckpointDirectory(const CheckpointDirectory&) = delete;
  CheckpointDirectory& operator=(const CheckpointDirectory&) = delete;

  std::string path_of(std::int64_t step) const;
  std::string best() const { return path_ + "/best.safetensors"; }

  /// A file that was found, and the step that its name or, for the best, its notes say.
  struct Found {
    std::string path;
    std::int64_t step;
    bool best;
  };
  /// The newest first, and of one step the best last. The best is not among them when its notes cannot be read, which
  /// is told on stderr.
  std::vector<Found> find(const Location& where) const;

  /// From now on this process writes here. IoError when another one does; ValueError when there are checkpoints which
  /// were neither resumed nor removed.
  void claim(const Location& where);
  /// What is known to be there: whole files of earlier steps, the newest last.
  void resume(std::vector<std::string> files);
  /// Removes all checkpoints.
  void clear(const Location& where);

  /// Writes a file. Afterwards, when it is durable, removes the oldest ones beyond those to keep; before, when there is
  /// no room, one after the other the oldest ones but for the newest. NoRoomError when that is not enough.
  void write(const std::string& path, const SafetensorsImage& image, const Location& where);

 private:
  void remove_oldest(const Location& where);

  std::string path_;
  std::size_t keep_;
  std::vector<std::string> kept_;  // the newest last
  int lock_ = -1;
  bool known_ = false;  // what was there before
};

}  // namespace xgrad::data
