#pragma once

// Tasks made at random, as far as memory goes.

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "autograd/engine/plan/schedule.hpp"

namespace xgrad::fused::testing {

struct Tasks {
  std::vector<Work> tasks;
  std::vector<StoredValue> values;

  std::int32_t add(std::vector<std::int32_t> reads, std::vector<std::size_t> bytes) {
    Work work{.reads = std::move(reads), .cost = 1};
    for (const std::size_t size : bytes) {
      work.writes.push_back(static_cast<std::int32_t>(values.size()));
      values.push_back({size});
    }
    tasks.push_back(std::move(work));
    return tasks.back().writes[0];
  }
};

/// Tasks that read what a few of the last ones, some much earlier ones, and leaves have written. With donations, leaves
/// are as large as values, some outputs may lie over them, and some tasks may fail.
inline Tasks random_tasks(std::uint64_t seed, bool donations = false) {
  std::mt19937_64 random(seed);
  Tasks result;
  for (int leaf = 0; leaf < 3; ++leaf) result.values.push_back({donations ? 80u : 1000u, true});
  const std::uint64_t count = 5 + random() % 80;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::vector<std::int32_t> reads;
    const std::size_t known = result.values.size();
    for (std::uint64_t k = random() % 4; k-- > 0;) {
      const std::size_t back = random() % 3 == 0 ? random() % known : random() % std::min<std::size_t>(known, 5);
      reads.push_back(static_cast<std::int32_t>(known - 1 - back));
    }
    std::sort(reads.begin(), reads.end());
    reads.erase(std::unique(reads.begin(), reads.end()), reads.end());
    std::vector<std::size_t> bytes(1 + random() % 3);
    for (std::size_t& size : bytes) size = donations ? 80 * (random() % 3) : 8 * (random() % 20);
    result.add(reads, bytes);
    Work& work = result.tasks.back();
    work.cost = static_cast<double>(1 + random() % 50);
    work.may_fail = donations && i < count / 2 && random() % 8 == 0;
    for (const std::int32_t read : work.reads)
      if (result.values[read].bytes == result.values[work.writes[0]].bytes && random() % 2 == 0)
        work.reuses.push_back({work.writes[0], read});
    if (random() % 8 == 0) result.values.back().kept = true;
    // What follows reads what the task before it writes, a product, which follows nothing.
    const bool product = !donations || i < 2 || result.tasks[i - 2].epilogue < 0;
    if (i > 0 && random() % 2 == 0 && product) {
      const std::int32_t before = result.tasks[i - 1].writes[0];
      if (std::find(work.reads.begin(), work.reads.end(), before) != work.reads.end())
        result.tasks[i - 1].epilogue = static_cast<std::int32_t>(i);
    }
  }
  for (const std::int32_t node : result.tasks.back().writes) result.values[node].kept = true;
  return result;
}

inline std::vector<std::int32_t> tape_order(const Tasks& given) {
  std::vector<std::int32_t> order;
  for (std::size_t i = 0; i < given.tasks.size(); ++i) order.push_back(static_cast<std::int32_t>(i));
  return order;
}

}  // namespace xgrad::fused::testing
