#include "autograd/engine/machine/register_allocation.hpp"

#include <algorithm>
#include <limits>

#include "autograd/engine/cpu/fault.hpp"

namespace xgrad::fused::machine {

namespace {

constexpr int never = std::numeric_limits<int>::max();

bool is_fma(Op op) { return op >= Op::fma && op <= Op::fnma; }
bool commutes(Op op) {
  return op == Op::add || op == Op::mul || (op == Op::sub && planted("a difference commutes")) ||
         op == Op::integer_add || (op >= Op::bit_and && op <= Op::bit_xor);
}

/// Whether operand k may be a memory operand, if the others are in registers.
bool takes_memory(const VectorInstruction& i, int k) {
  if (is_fma(i.op)) return true;
  if (i.op >= Op::add && i.op <= Op::scale) return i.op != Op::bit_clear && k == 1;
  if (i.op == Op::sqrt || i.op == Op::round) return k == 0;
  return (i.op == Op::compare || i.op == Op::select || i.op == Op::keep) && k == 1;
}

class Allocator {
 public:
  Allocator(const VectorCode& code, const Target& target, const Request& request)
      : code_(code), request_(request), mask_registers_(target.mask_registers) {
    const std::size_t n = code.instructions.size();
    uses_.resize(n), slot_.assign(n, -1), home_.assign(n, -1);
    for (std::size_t i = 0; i < n; ++i)
      for (const Value in : code.instructions[i].in)
        if (in != nothing) uses_[index(in)].push_back(static_cast<int>(i));
    vectors_.holds.assign(static_cast<std::size_t>(std::max(0, request.vectors)), nothing);
    masks_.holds.assign(static_cast<std::size_t>(std::max(0, request.masks)), nothing);
    find_folded();
  }

  Allocation run() {
    result_.possible = true;
    for (std::size_t i = 0; i < code_.instructions.size() && result_.possible; ++i)
      if (!is_invariant(code_.instructions[i].op) && !folded_[i]) place(static_cast<Value>(i));
    return std::move(result_);
  }

 private:
  struct Class {
    std::vector<Value> holds;  // of each slot
    std::vector<char> pinned;
  };

  static std::size_t index(Value v) { return static_cast<std::size_t>(v); }
  const VectorInstruction& at(Value v) const { return code_.instructions[index(v)]; }
  Class& class_of(Value v) { return mask_registers_ && gives_mask(at(v).op) ? masks_ : vectors_; }

  /// Marks the loads that become memory operands: those with one use, in an instruction that can take that operand from
  /// memory, and without a store in between.
  void find_folded() {
    folded_.assign(code_.instructions.size(), 0);
    if (!request_.folds) return;
    for (std::size_t i = 0; i < code_.instructions.size(); ++i) {
      if (code_.instructions[i].op != Op::load || uses_[i].size() != 1) continue;
      const int user = uses_[i][0];
      const VectorInstruction& by = code_.instructions[static_cast<std::size_t>(user)];
      bool foldable = is_fma(by.op);
      for (int k = 0; k < 3; ++k)
        if (by.in[static_cast<std::size_t>(k)] == static_cast<Value>(i))
          foldable = foldable || takes_memory(by, k) || commutes(by.op);
      for (std::size_t j = i; j < static_cast<std::size_t>(user); ++j)
        foldable &= !is_sink(code_.instructions[j].op) || planted("a load becomes an operand behind a store");
      folded_[i] = foldable;
    }
  }

  bool in_memory(Value v) const {
    return request_.fixed[index(v)] < 0 && slot_[index(v)] < 0 && (is_invariant(at(v).op) || folded_[index(v)]);
  }
  int next_use(Value v, int after) const {
    for (const int use : uses_[index(v)])
      if (use > after) return use;
    return never;
  }
  bool dies(Value v, Value at) const { return next_use(v, at) == never; }

  int free_slot(Class& in, Value now) {
    for (std::size_t s = 0; s < in.holds.size(); ++s)
      if (in.holds[s] == nothing && !in.pinned[s]) return taken(in, s);
    std::size_t best = in.holds.size();
    int furthest = -1;
    for (std::size_t s = 0; s < in.holds.size(); ++s) {
      if (in.pinned[s]) continue;
      const int next = next_use(in.holds[s], now - 1);
      if (next > furthest) furthest = next, best = s;
    }
    if (best == in.holds.size()) {
      result_.possible = false;
      return 0;
    }
    const Value out = in.holds[best];
    if (furthest != never && !is_invariant(at(out).op) && home_[index(out)] < 0) {
      home_[index(out)] = planted("spilled values share a place") ? 0 : result_.spills;
      ++result_.spills;
      result_.code.push_back(
          {AllocatedInstruction::Action::spill, out, home_[index(out)], {{Operand::Kind::slot, slot_[index(out)]}}});
    }
    slot_[index(out)] = -1;
    return taken(in, best);
  }
  int taken(Class& in, std::size_t s) {
    in.holds[s] = nothing;
    if (&in == &vectors_) result_.vectors_used = std::max(result_.vectors_used, static_cast<int>(s) + 1);
    return static_cast<int>(s);
  }
  void hold(Class& in, int s, Value v) {
    in.holds[static_cast<std::size_t>(s)] = v;
    slot_[index(v)] = s;
  }

  /// Brings a value into a register unless it is in one, and keeps it there during the present instruction.
  void bring(Value v, Value now) {
    if (request_.fixed[index(v)] >= 0) return;
    Class& in = class_of(v);
    if (slot_[index(v)] < 0) {
      const int s = free_slot(in, now);
      if (!result_.possible) return;
      hold(in, s, v);
      if (is_invariant(at(v).op)) {
        result_.code.push_back({AllocatedInstruction::Action::fill, v, s, {}});
        ++result_.fills;
      } else if (folded_[index(v)]) {
        result_.code.push_back({AllocatedInstruction::Action::compute, v, s, {}});
      } else {
        result_.code.push_back({AllocatedInstruction::Action::reload, v, s, {{Operand::Kind::slot, home_[index(v)]}}});
      }
    }
    in.pinned[static_cast<std::size_t>(slot_[index(v)])] = !planted("an operand is thrown out for the next one");
  }

  Operand operand(Value v) const {
    if (v == nothing) return {};
    if (request_.fixed[index(v)] >= 0) return {Operand::Kind::fixed, request_.fixed[index(v)]};
    if (slot_[index(v)] >= 0) return {Operand::Kind::slot, slot_[index(v)]};
    return {Operand::Kind::memory, v};
  }

  void release(Value v, Value now) {
    if (v == nothing || slot_[index(v)] < 0 || !dies(v, now)) return;
    class_of(v).holds[static_cast<std::size_t>(slot_[index(v)])] = nothing;
  }

  void place(Value now) {
    VectorInstruction instruction = at(now);
    vectors_.pinned.assign(vectors_.holds.size(), 0);
    masks_.pinned.assign(masks_.holds.size(), 0);
    auto& in = instruction.in;
    if (commutes(instruction.op) && in_memory(in[0]) && !in_memory(in[1])) std::swap(in[0], in[1]);
    // Operands in registers stay there. Of the others, the last one that can is read from memory.
    for (const Value v : in)
      if (v != nothing && !in_memory(v)) bring(v, now);
    int memory = -1;
    for (int k = 3; k-- > 0;) {
      const Value v = in[static_cast<std::size_t>(k)];
      if (v == nothing || !in_memory(v)) continue;
      if (memory < 0 && takes_memory(instruction, k) && std::count(in.begin(), in.end(), v) == 1)
        memory = k;
      else
        bring(v, now);
    }
    if (!result_.possible) return;
    AllocatedInstruction placed{AllocatedInstruction::Action::compute, now, -1, {}};
    if (is_fma(instruction.op)) {
      place_fma(instruction, memory, placed);
    } else {
      for (std::size_t k = 0; k < 3; ++k) placed.in[k] = operand(in[k]);
      for (const Value v : in) release(v, now);
      if (!is_sink(instruction.op)) placed.out = result_slot(instruction, now);
    }
    if (!result_.possible) return;
    if (placed.out >= 0) hold(class_of(now), placed.out, now);
    for (const Value v : in)
      if (v != nothing && dies(v, now) && v != now) forget(v);
    result_.code.push_back(placed);
  }
  void forget(Value v) {
    if (slot_[index(v)] < 0) return;
    Class& in = class_of(v);
    auto& holder = in.holds[static_cast<std::size_t>(slot_[index(v)])];
    if (holder == v) holder = nothing;
    slot_[index(v)] = -1;
  }

  /// Returns the slot of an operand whose last use this is, or else a free one.
  int result_slot(const VectorInstruction& instruction, Value now) {
    Class& own = class_of(now);
    for (const Value v : instruction.in)
      if (v != nothing && slot_[index(v)] >= 0 &&
          (dies(v, now) || planted("a result takes the register of an operand that is wanted again")) &&
          &class_of(v) == &own)
        return slot_[index(v)];
    return free_slot(own, now);
  }

  /// Places a multiply-add, which overwrites one of its operands: one whose last use this is, or a copy.
  void place_fma(const VectorInstruction& instruction, int memory, AllocatedInstruction& placed) {
    const auto& in = instruction.in;
    Value dying = nothing;
    for (const Value v : in)
      if (slot_[index(v)] >= 0 && dies(v, placed.value)) dying = v;
    if (dying != nothing) {
      for (std::size_t k = 0; k < 3; ++k) placed.in[k] = operand(in[k]);
      placed.out = slot_[index(dying)];
      return;
    }
    const int out = free_slot(vectors_, placed.value);
    if (!result_.possible) return;
    const Operand own{Operand::Kind::slot, out};
    for (std::size_t k = 0; k < 3; ++k) placed.in[k] = operand(in[k]);
    placed.out = out;
    if (memory >= 0) {
      const Value v = in[static_cast<std::size_t>(memory)];
      const bool load = !is_invariant(at(v).op);
      result_.code.push_back(
          {load ? AllocatedInstruction::Action::compute : AllocatedInstruction::Action::fill, v, out, {}});
      result_.fills += !load;
      placed.in[memory] = own;
    } else {
      result_.code.push_back({AllocatedInstruction::Action::copy, in[2], out, {placed.in[2]}});
      placed.in[2] = own;
    }
  }

  const VectorCode& code_;
  const Request& request_;
  bool mask_registers_;
  std::vector<std::vector<int>> uses_;
  std::vector<int> slot_, home_;
  std::vector<char> folded_;
  Class vectors_, masks_;
  Allocation result_;
};

}  // namespace

Allocation allocate(const VectorCode& code, const Target& target, const Request& request) {
  return Allocator(code, target, request).run();
}

std::vector<int> weights(const VectorCode& code) {
  std::vector<int> weight(code.instructions.size());
  for (const VectorInstruction& instruction : code.instructions) {
    int operands_in_memory = 0;
    for (int k = 3; k-- > 0;) {
      const Value v = instruction.in[static_cast<std::size_t>(k)];
      if (v == nothing || !is_invariant(code.instructions[static_cast<std::size_t>(v)].op)) continue;
      const bool cheap = takes_memory(instruction, k) && operands_in_memory++ == 0;
      weight[static_cast<std::size_t>(v)] += cheap ? 1 : 4;
    }
  }
  return weight;
}

}  // namespace xgrad::fused::machine
