#include "autograd/tape/memory_report.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "autograd/core/text.hpp"
#include "autograd/tape/slab.hpp"

namespace xgrad {

MemoryReport memory_report() {
  using Line = std::tuple<std::string_view, unsigned>;
  std::map<Line, MemoryLine> lines;
  std::unordered_set<const void*> counted;
  EntrySlab::visit([&](const Entry& entry) {
    const Line line{entry.where.file_name(), entry.where.line()};
    const char* call = entry.call ? entry.call : entry.primitive->name();
    MemoryLine& at = lines.try_emplace(line, MemoryLine{entry.where, call, 0, 0, 0}).first->second;
    ++at.entries;
    const bool evaluated = entry.evaluated.load(std::memory_order_acquire);
    at.pending += !evaluated;
    if (evaluated && counted.insert(entry.value.data()).second) at.bytes += entry.value.bytes();
  });
  MemoryReport report{memory_use(), {}};
  for (const auto& [key, line] : lines) report.lines.push_back(line);
  std::ranges::stable_sort(report.lines, std::greater(),
                           [](const MemoryLine& line) { return std::pair(line.bytes, line.entries); });
  return report;
}

std::string MemoryReport::to_string(std::size_t most_lines) const {
  Text text;
  text << live << " bytes live, " << peak << " at the peak, " << pooled << " in the pool\n";
  for (std::size_t i = 0; i < std::min(most_lines, lines.size()); ++i) {
    const MemoryLine& line = lines[i];
    text << line.bytes << " bytes in " << line.entries << (line.entries == 1 ? " entry" : " entries") << " ("
         << line.pending << " pending) of " << line.call << " at " << line.where.file_name() << ':' << line.where.line()
         << '\n';
  }
  if (lines.size() > most_lines) text << "and " << lines.size() - most_lines << " lines more\n";
  return text.str();
}

}  // namespace xgrad
