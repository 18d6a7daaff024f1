#include "autograd/inspect/ledger.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <ostream>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/tape/leaf.hpp"
#include "autograd/tape/slab.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

bool is_evaluated(const Entry& entry) { return entry.evaluated.load(std::memory_order_acquire); }

std::string operation_of(const Entry& entry) {
  if (!dynamic_cast<const Leaf*>(entry.primitive)) return entry.primitive->name();
  return Parameter::holder(Tensor::share(const_cast<Entry*>(&entry))).defined() ? "Parameter" : "data";
}

// The memory of values of this thread that is not counted yet, because they are not on the way back.
std::size_t bytes_elsewhere(std::unordered_set<const void*>& counted) {
  std::size_t bytes = 0;
  EntrySlab::visit([&](const Entry& entry) {
    if (is_evaluated(entry) && counted.insert(entry.value.data()).second) bytes += entry.value.bytes();
  });
  return bytes;
}

// `1,234,567`
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace

// Goes in tape order, so that memory counts for the entry that made it and not for its aliases.
Ledger ledger(const Tensor& loss, const Location& where) {
  check<GraphError>(loss.defined(), where, "ledger: an undefined Tensor");
  using Key = std::tuple<std::string, std::string, std::string_view, unsigned>;
  std::map<Key, LedgerLine> lines;
  std::unordered_set<const void*> counted;
  Ledger ledger;
  Numbering numbers;
  for (const Entry* entry : reachable({&loss, 1}, numbers, [](const Entry&) { return true; })) {
    const std::string operation = operation_of(*entry), call = entry->call ? entry->call : operation;
    const Key key{operation, call, entry->where.file_name(), entry->where.line()};
    LedgerLine& line = lines.try_emplace(key, LedgerLine{operation, call, entry->where, 0, 0, 0, 0}).first->second;
    ++line.entries;
    ++ledger.entries;
    if (!is_evaluated(*entry)) {
      ++ledger.pending;
      continue;
    }
    ++line.values;
    if (!numbers.is_own(entry)) continue;
    if (!counted.insert(entry->value.data()).second) continue;
    line.bytes += entry->value.bytes();
    ledger.bytes += entry->value.bytes();
    if (entry->held()) line.held += entry->value.bytes();
  }
  ledger.elsewhere = bytes_elsewhere(counted);
  for (auto& [key, line] : lines) ledger.lines.push_back(std::move(line));
  std::ranges::stable_sort(ledger.lines, std::greater(),
                           [](const LedgerLine& line) { return std::pair(line.bytes, line.entries); });
  return ledger;
}

namespace {
std::string row(const std::string& bytes, const std::string& held, const std::string& values, const std::string& what) {
  char numbers[64];
  std::snprintf(numbers, sizeof numbers, "%15s %15s %9s  ", bytes.c_str(), held.c_str(), values.c_str());
  return numbers + what + '\n';
}
std::string ratio(std::int64_t part, std::int64_t all) { return std::to_string(part) + '/' + std::to_string(all); }
}  // namespace

std::string Ledger::to_string(std::size_t most_lines) const {
  std::string text = row("bytes", "held elsewhere", "values", "recorded by");
  std::size_t held = 0, shown = 0;
  for (const LedgerLine& line : lines) {
    held += line.held;
    if (shown == most_lines || line.bytes == 0) continue;
    ++shown;
    const std::string what = line.operation == line.call ? line.call : line.operation + " in " + line.call;
    text += row(grouped(line.bytes), grouped(line.held), ratio(line.values, line.entries),
                what + " at " + place(line.where));
  }
  if (shown < lines.size()) text += row("", "", "", "and " + std::to_string(lines.size() - shown) + " more");
  return text + row(grouped(bytes), grouped(held), ratio(entries - pending, entries),
                    "in all; " + grouped(elsewhere) + " bytes elsewhere");
}

std::ostream& operator<<(std::ostream& out, const Ledger& ledger) { return out << ledger.to_string(); }

}  // namespace xgrad
