#include "autograd/engine/rows/narrow_rows.hpp"

#include <algorithm>
#include <cstring>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/interpreter/interpreter.hpp"
#include "autograd/engine/machine/compile_phase.hpp"
#include "autograd/engine/programs/step_semantics.hpp"
#include "autograd/engine/programs/violation.hpp"
#include "autograd/engine/rows/row_reader.hpp"

namespace xgrad::fused {

namespace {

constexpr std::size_t at(Code code) { return static_cast<std::size_t>(code); }

// Marks places of row operands until the number of slots is known, which they follow.
constexpr std::uint16_t operand_mark = 0x8000;

void check_places(const TileCode& code, std::uint16_t end) {
  for (const TileInstruction& instruction : code.instructions)
    if (std::max({instruction.out, instruction.in[0], instruction.in[1], instruction.in[2]}) >= end)
      violated("an instruction for narrow rows has a slot that there is no room for");
}

}  // namespace

NarrowRows::NarrowRows(const Program& program, const Analysis& analysis, const Aliases& aliases,
                       const TileFunctions& functions, std::optional<InstructionSet> machine)
    : program_(program), analysis_(analysis), places_(program) {
  std::vector<TileCode> interpreted;
  for (const Phase& phase : program.phases) {
    interpreted.push_back(tile_code(program, phase, aliases, functions, TileShape::rows, analysis.fixed));
    slots_ = std::max(planted("there is room for the slots of the last phase only") ? std::uint16_t{0} : slots_,
                      static_cast<std::uint16_t>(interpreted.back().slots));
    for (const Step& step : phase.steps) counts_columns_ |= step.code == Code::column;
  }
  add_loads(functions);
  add_row_steps(analysis.before, functions);
  const auto end = static_cast<std::uint16_t>(places_.slots + slots_);
  NarrowSlots slots(end);
  for (std::size_t k = 0; k < interpreted.size(); ++k) {
    check_places(interpreted[k], end);
    const Phase& phase = program.phases[k];
    NarrowSlots taken = slots;
    const NarrowPhase made = narrow_phase(program, phase, aliases, analysis.fixed, taken);
    const bool added = machine && add_kernel(made, functions, *machine);
    if (!added)
      instructions_.insert(instructions_.end(), interpreted[k].instructions.begin(), interpreted[k].instructions.end());
    // Interpreted rows reserve the slots that machine code needs, so that the switch to it needs no memory.
    if (added || !machine || planted("slots count as filled by a phase that is interpreted")) slots = taken;
    add_row_steps(phase.after, functions);
  }
  slots_ = static_cast<std::uint16_t>(slots.next() - places_.slots);
  add_row_stores(functions);
  add_element_stores(functions);
  resolve_places();
}

void NarrowRows::resolve_places() {
  row_operands_ = static_cast<std::uint16_t>(places_.slots + slots_);
  const auto resolve = [&](std::uint16_t& place) {
    if (place & operand_mark) place = static_cast<std::uint16_t>(row_operands_ + (place & ~operand_mark));
  };
  for (TileInstruction& instruction : instructions_) {
    if (!instruction.function) continue;
    resolve(instruction.out);
    for (std::uint16_t& place : instruction.in) resolve(place);
  }
}

bool NarrowRows::add_kernel(const NarrowPhase& made, const TileFunctions& functions, InstructionSet set) {
  auto kernel = made.has_kernel ? compile(made.program, 0, made.aliases, set) : nullptr;
  if (made.has_kernel && !kernel) return false;
  for (const auto& [register_, slot, code] : made.spreads)
    instructions_.push_back({functions.spread, slot, {place_of(register_), 0, places_.columns}, true});
  if (kernel) {
    instructions_.push_back({nullptr, static_cast<std::uint16_t>(kernels_.size()), {}});
    kernels_.push_back(std::move(kernel));
  }
  for (const auto& [register_, from, code] : made.reductions)
    instructions_.push_back(
        {functions.reduce_rows[at(code)], place_of(register_), {from, from, places_.columns}, true});
  return true;
}

std::uint16_t NarrowRows::place_of(std::uint16_t register_) const {
  return static_cast<std::uint16_t>(places_.registers + register_);
}

void NarrowRows::add_loads(const TileFunctions& functions) {
  for (const Load& load : program_.loads) {
    if (load.source == Load::Source::argument) continue;
    if (load.source == Load::Source::element) {
      const bool mask = program_.pointers[load.index].mask;
      instructions_.push_back({mask ? functions.gather_mask : functions.gather,
                               place_of(load.register_),
                               {load.index, place_of(load.column), places_.columns},
                               true});
      continue;
    }
    const auto operand = static_cast<std::uint16_t>(operand_mark | load.index);
    const TileFunction copy = functions.elements[at(Code::copy)][0];
    instructions_.push_back({load.source == Load::Source::rows ? copy : functions.from_integers,
                             place_of(load.register_),
                             {operand, 0, 0},
                             true});
  }
}

void NarrowRows::add_row_steps(const std::vector<RowStep>& steps, const TileFunctions& functions) {
  for (const RowStep& step : steps) {
    int single = 0;
    for (int k = 0; k < arity(step.code); ++k)
      if (analysis_.fixed[step.in[k]] && !planted("a number for all rows is read like one for each")) single |= 1 << k;
    std::uint16_t in[3] = {};
    for (int k = 0; k < arity(step.code); ++k) in[k] = place_of(step.in[k]);
    // Where no loop takes these operands as single numbers, copies repeat them in vectors.
    for (int k = 0; single && !element_function(functions, step.code, single); ++k) {
      if (!(single >> k & 1)) continue;
      const auto vector = static_cast<std::uint16_t>(operand_mark | (program_.row_operands + k));
      instructions_.push_back({functions.elements[at(Code::copy)][1], vector, {in[k], 0, 0}, true});
      in[k] = vector;
      single &= ~(1 << k);
    }
    instructions_.push_back(
        {element_function(functions, step.code, single), place_of(step.out), {in[0], in[1], in[2]}, true});
  }
}

void NarrowRows::add_row_stores(const TileFunctions& functions) {
  for (const RowStore& store : program_.row_stores)
    instructions_.push_back({functions.elements[at(Code::copy)][analysis_.fixed[store.register_] ? 1 : 0],
                             static_cast<std::uint16_t>(operand_mark | store.index),
                             {place_of(store.register_), 0, 0},
                             true});
}

void NarrowRows::add_element_stores(const TileFunctions& functions) {
  for (const ElementStore& store : program_.element_stores) {
    std::uint16_t value = place_of(store.register_);
    if (analysis_.fixed[store.register_]) {
      const auto vector = static_cast<std::uint16_t>(operand_mark | program_.row_operands);
      instructions_.push_back({functions.elements[at(Code::copy)][1], vector, {value, 0, 0}, true});
      value = vector;
    }
    instructions_.push_back({functions.scatter, store.pointer, {value, place_of(store.column), places_.columns}, true});
  }
}

/// Offsets into the memory of a thread. A tile has `rows` rows.
struct NarrowRows::Layout {
  Layout(const NarrowRows& all, std::int64_t columns_) : columns(columns_) {
    const std::size_t item = item_size(all.program_.dtype);
    rows = tile_elements(all.program_.dtype) / columns;
    rows -= rows % (64 / static_cast<std::int64_t>(item));  // 64 bytes of rows are whole vectors of any instruction set
    vector = lines(static_cast<std::size_t>(rows) * item) + 64;
    registers = all.slots_ * slot_stride;
    pointers = registers + (all.program_.registers + 3u) * vector;
    numbers = pointers + all.program_.pointers.size() * slot_stride;
    fixed = numbers + slot_stride;
    placed = fixed + lines(all.program_.registers * most_rows * item);
    places = placed + all.program_.row_operands * vector;
    bytes = places + (all.row_operands_ + all.program_.row_operands + 3u) * sizeof(char*);
  }
  std::int64_t rows, columns;
  std::size_t vector, registers, pointers, numbers, fixed, placed, places, bytes;
};

/// Runs the program on a block of rows, on one thread.
template <class T>
class NarrowRows::Walk {
 public:
  Walk(const NarrowRows& all, const Binding& binding, const T* fixed, const Layout& layout)
      : all_(all),
        program_(all.program_),
        binding_(binding),
        layout_(layout),
        memory_(thread_memory(layout.bytes)),
        place_(reinterpret_cast<char**>(memory_ + layout.places)) {
    const std::size_t operands = all.row_operands_;
    for (std::size_t s = 0; s < all.slots_; ++s) place_[all.places_.slots + s] = memory_ + s * slot_stride;
    for (std::size_t r = 0; r < program_.registers; ++r) {
      char* vector = memory_ + layout.registers + r * layout.vector;
      place_[all.places_.registers + r] = vector;
      if (!all.analysis_.fixed[r]) continue;
      *reinterpret_cast<T*>(vector) = fixed[r];
      if (!planted("machine code for narrow rows has no fixed numbers"))
        reinterpret_cast<T*>(memory_ + layout.fixed)[r * most_rows] = fixed[r];
    }
    for (std::size_t k = 0; k < 3; ++k)
      place_[operands + program_.row_operands + k] =
          memory_ + layout.registers + (program_.registers + k) * layout.vector;
    place_[all.places_.columns] = reinterpret_cast<char*>(const_cast<std::int64_t*>(&layout.columns));
    place_[all.places_.first_column] = memory_ + layout.numbers;
    if (all.counts_columns_) {
      T* number = reinterpret_cast<T*>(memory_ + layout.numbers);
      for (std::int64_t i = 0; i < layout.rows; ++i)
        for (std::int64_t j = 0; j < layout.columns; ++j) *number++ = static_cast<T>(j);
    }
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) set_up(p);
  }

  void block(std::int64_t block, std::int64_t begin, std::int64_t end, Partials& partials) {
    const std::size_t accumulators = all_.analysis_.accumulators.size();
    for (std::size_t i = 0; i < accumulators; ++i) std::fill_n(partials.row(block, i), layout_.columns, 0.0);
    int tiles = 0;
    for (std::int64_t row = begin; row < end; row += layout_.rows) {
      tile(row, planted("the last rows are a whole tile") ? layout_.rows : std::min(layout_.rows, end - row));
      if (accumulators && ++tiles % group_rows == 0) collect(block, partials);
    }
    if (tiles % group_rows && !planted("sums over the last tiles are lost")) collect(block, partials);
  }

 private:
  /// Points pointer p to memory of the thread where it needs some: a vector is repeated for each row of a tile.
  void set_up(std::size_t p) {
    const Pointer& pointer = program_.pointers[p];
    char* own = place_[p] = memory_ + layout_.pointers + p * slot_stride;
    const std::size_t row = static_cast<std::size_t>(layout_.columns) * (pointer.mask ? 1 : sizeof(T));
    if (pointer.accumulator)
      std::memset(own, 0, static_cast<std::size_t>(layout_.rows) * row);
    else if (pointer.shape == Pointer::Shape::vector)
      for (std::int64_t i = planted("the last row of a tile has no vectors along the columns") ? 1 : 0;
           i < std::min(layout_.rows, binding_.rows); ++i, own += row)
        pointer.placed ? reader(p).copy(0, layout_.columns, own) : void(std::memcpy(own, binding_.pointers[p], row));
  }
  RowReader reader(std::size_t p) const {
    return {*binding_.places[p], binding_.pointers[p], sizeof(T), layout_.columns};
  }

  void tile(std::int64_t row, std::int64_t rows) {
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      if (pointer.shape != Pointer::Shape::full || pointer.accumulator) continue;
      if (pointer.placed) {
        reader(p).copy(row * layout_.columns, rows * layout_.columns, place_[p]);
        continue;
      }
      place_[p] = static_cast<char*>(binding_.pointers[p]) +
                  row * layout_.columns * static_cast<std::int64_t>(pointer.mask ? 1 : sizeof(T));
    }
    for (std::size_t i = 0; i < program_.row_operands; ++i)
      place_[all_.row_operands_ + i] = static_cast<char*>(binding_.row_operands[i]) + row * item(i);
    for (const Load& load : program_.loads) {
      if (!load.placed) continue;
      char* own = place_[all_.row_operands_ + load.index] = memory_ + layout_.placed + load.index * layout_.vector;
      RowReader(*binding_.row_places[load.index], binding_.row_operands[load.index], sizeof(T), 1).copy(row, rows, own);
    }
    const std::int64_t n = rows * layout_.columns;
    for (const TileInstruction& instruction : all_.instructions_) {
      if (!instruction.function) {
        run_kernel(*all_.kernels_[instruction.out], n);
        continue;
      }
      instruction.function(place_[instruction.out], place_[instruction.in[0]], place_[instruction.in[1]],
                           place_[instruction.in[2]], instruction.by_rows ? rows : n);
    }
  }
  /// Runs a kernel on the whole tile as one row.
  void run_kernel(const PhaseKernel& kernel, std::int64_t n) {
    kernel.run({reinterpret_cast<void* const*>(place_), memory_ + layout_.fixed, nullptr, n});
  }

  std::int64_t item(std::size_t operand) const {
    for (const Load& load : program_.loads)
      if (load.source == Load::Source::integers && load.index == operand && !planted("indices are as wide as numbers"))
        return sizeof(std::int64_t);
    return sizeof(T);
  }

  /// Adds each row of the accumulators' tiles to the doubles of the block.
  void collect(std::int64_t block, Partials& partials) {
    const auto& accumulators = all_.analysis_.accumulators;
    for (std::size_t k = 0; k < accumulators.size(); ++k) {
      double* total = partials.row(block, k);
      T* sum = reinterpret_cast<T*>(place_[accumulators[k]]);
      for (std::int64_t i = 0; i < layout_.rows; ++i, sum += layout_.columns)
        for (std::int64_t j = 0; j < layout_.columns; ++j) total[j] += static_cast<double>(sum[j]);
      const std::int64_t n = layout_.rows * layout_.columns;
      if (!planted("sums over a group of tiles are taken again"))
        std::memset(place_[accumulators[k]], 0, static_cast<std::size_t>(n) * sizeof(T));
    }
  }

  const NarrowRows& all_;
  const Program& program_;
  const Binding& binding_;
  const Layout& layout_;
  char* memory_;
  char** place_;
};

template <class T>
void NarrowRows::run_as(const Binding& binding, const T* fixed, Partials& partials) const {
  const Layout layout(*this, binding.columns);
  const std::int64_t tiles = (binding.rows + layout.rows - 1) / layout.rows;
  const std::int64_t size =
      layout.rows * std::max(block_elements / tile_elements(program_.dtype), (tiles + most_blocks - 1) / most_blocks);
  const std::int64_t blocks = (binding.rows + size - 1) / size;
  const auto& accumulators = analysis_.accumulators;
  partials.resize(1, blocks, accumulators.size(), binding.columns);
  parallel(blocks, [&](std::int64_t block) {
    Walk<T> walk(*this, binding, fixed, layout);
    walk.block(block, block * size, std::min(binding.rows, (block + 1) * size), partials);
  });
  for (std::size_t i = 0; i < accumulators.size(); ++i)
    partials.join(0, i, 0, binding.columns, static_cast<T*>(binding.pointers[accumulators[i]]));
}

void NarrowRows::run(const Binding& binding, const void* fixed, Partials& partials) const {
  if (program_.dtype == float32)
    run_as(binding, static_cast<const float*>(fixed), partials);
  else
    run_as(binding, static_cast<const double*>(fixed), partials);
}

}  // namespace xgrad::fused
