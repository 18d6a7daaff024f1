#include "autograd/engine/rows/wide_rows.hpp"

#include <algorithm>
#include <cstring>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/cpu/threads.hpp"
#include "autograd/engine/interpreter/interpreter.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t sum_columns = 1024;

// The most elements of a group of rows for each pointer, and bytes of memory of the thread: so few that the next phase
// finds them in the first-level cache.
constexpr std::int64_t group_elements = 1024, group_bytes = 16384;

}  // namespace

namespace {

std::int64_t band_rows(const Binding& binding) { return binding.rows / binding.bands; }

}  // namespace

/// Offsets into the memory of a thread.
struct WideRows::Layout {
  Layout(const WideRows& all, const Binding& binding, const Kernels& kernels, std::int64_t columns)
      : placed(all.program_, all.analysis_, binding, columns) {
    const Program& program = all.program_;
    const Analysis& analysis = all.analysis_;
    for (const auto& kernel : kernels.phases) workspace = std::max(workspace, lines(kernel->workspace()));
    if (kernels.unrolled) workspace = std::max(workspace, lines(kernels.unrolled->workspace()));
    registers = workspace;
    const std::size_t item = item_size(program.dtype);
    pointers = registers + lines(program.registers * most_rows * item);
    strides = pointers + lines(program.pointers.size() * sizeof(void*));
    unrolled = strides + lines(program.pointers.size() * sizeof(std::int64_t));
    scratch = unrolled + (kernels.unrolled ? lines(all.unrolled_->program.pointers.size() * sizeof(void*)) : 0);
    row = lines(static_cast<std::size_t>(columns) * item + 64);
    const auto own = static_cast<std::int64_t>(analysis.scratch.size() * row);
    group = std::min(most_rows, group_elements / std::max<std::int64_t>(1, columns));
    if (own) group = std::min(group, group_bytes / own);
    group = std::max<std::int64_t>(1, group);
    sums = scratch + analysis.scratch.size() * row * static_cast<std::size_t>(group);
    own_memory = sums + analysis.accumulators.size() * row;
    bytes = own_memory + placed.bytes;
  }
  PlacedLayout placed;
  std::size_t workspace = 0, registers, pointers, strides, unrolled, scratch, row, sums, own_memory, bytes;
  std::int64_t group;  // the rows that go through a phase before the next phase begins
};

/// Runs the program on a block of rows, on one thread.
template <class T>
class WideRows::Walk {
 public:
  Walk(const WideRows& all, const Binding& binding, const Rectangle& part, const Kernels& kernels, const T* fixed,
       const Layout& layout)
      : all_(all),
        program_(all.program_),
        binding_(binding),
        part_(part),
        kernels_(kernels),
        memory_(thread_memory(layout.bytes)),
        registers_(reinterpret_cast<T*>(memory_ + layout.registers)),
        pointers_(reinterpret_cast<void**>(memory_ + layout.pointers)),
        strides_(reinterpret_cast<std::int64_t*>(memory_ + layout.strides)),
        unrolled_(reinterpret_cast<void**>(memory_ + layout.unrolled)),
        sums_(memory_ + layout.sums),
        row_bytes_(layout.row),
        group_(layout.group),
        columns_(layout.placed),
        placed_(program_, all.analysis_, binding, layout.placed, memory_ + layout.own_memory) {
    for (std::size_t r = 0; r < program_.registers; ++r)
      std::fill_n(registers_ + r * most_rows,
                  planted("only the first row of a group has the fixed numbers") ? 1 : most_rows, fixed[r]);
    for (std::size_t p = 0; p < program_.pointers.size(); ++p)
      strides_[p] = is_moving(program_.pointers[p]) ? binding.columns * item(program_.pointers[p]) : 0;
    const std::vector<std::uint16_t>& scratch = all.analysis_.scratch;
    for (std::size_t i = 0; i < scratch.size(); ++i) {
      pointers_[scratch[i]] = memory_ + layout.scratch + i * layout.row * static_cast<std::size_t>(group_);
      if (!planted("rows of a group share their scratch")) strides_[scratch[i]] = static_cast<std::int64_t>(layout.row);
    }
  }

  /// Sums groups of rows in the program's dtype and adds the sums to the doubles of `partials`. Where there are few
  /// rows, each is a group, which saves the roundings inside a group.
  void block(std::int64_t block, std::int64_t begin, std::int64_t end, Partials& partials) {
    const auto& accumulators = all_.analysis_.accumulators;
    if (accumulators.empty()) return rows(begin, end);
    const std::int64_t group = band_rows(binding_) <= group_rows ? 1 : group_rows;
    for (std::int64_t row = begin; row < end; row += group) {
      if (!planted("a group of rows goes on from the sums before"))
        std::memset(sums_, 0, accumulators.size() * row_bytes_);
      rows(row, std::min(end, row + group));
      for (std::size_t i = 0; i < accumulators.size(); ++i) {
        double* total =
            partials.row(block, i) + (planted("a part of the columns has the sums of the first") ? 0 : part_.column);
        const T* sum = reinterpret_cast<const T*>(sums_ + i * row_bytes_);
        if (row == begin) std::fill_n(total, part_.columns, 0.0);
        all_.functions_.add_to_doubles(total, sum, nullptr, nullptr, part_.columns);
      }
    }
  }

 private:
  void place(std::int64_t row, std::int64_t column) {
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      if (pointer.shape == Pointer::Shape::scratch || pointer.accumulator || pointer.placed) continue;
      const std::int64_t place = column + (pointer.shape == Pointer::Shape::full ? row * binding_.columns : 0);
      pointers_[p] = static_cast<char*>(binding_.pointers[p]) + place * item(pointer);
    }
    const auto& accumulators = all_.analysis_.accumulators;
    for (std::size_t i = 0; i < accumulators.size(); ++i)
      pointers_[accumulators[i]] = reinterpret_cast<T*>(sums_ + i * row_bytes_) +
                                   (planted("all columns are added to the first of them") ? 0 : column - part_.column);
  }
  static std::int64_t item(const Pointer& pointer) { return pointer.mask ? 1 : sizeof(T); }

  T* numbers(std::uint16_t register_) { return registers_ + register_ * most_rows; }

  void load(std::int64_t row, std::int64_t rows) {
    for (std::size_t i = 0; i < program_.loads.size(); ++i) {
      const Load& load = program_.loads[i];
      T* to = numbers(load.register_);
      if (load.placed)
        placed_.load(i, row, rows, to);
      else if (load.source == Load::Source::rows)
        std::copy_n(static_cast<const T*>(binding_.row_operands[load.index]) + row, rows, to);
      else if (load.source == Load::Source::integers)
        std::transform(static_cast<const std::int64_t*>(binding_.row_operands[load.index]) + row,
                       static_cast<const std::int64_t*>(binding_.row_operands[load.index]) + row + rows, to,
                       [](std::int64_t index) { return static_cast<T>(index); });
      else if (load.source == Load::Source::element)
        gather(load, rows);
    }
  }
  void gather(const Load& load, std::int64_t rows) {
    const bool mask = program_.pointers[load.index].mask;
    const TileFunction function = mask ? all_.functions_.gather_mask : all_.functions_.gather;
    const void* from = pointers_[load.index];
    T *to = numbers(load.register_), *columns = numbers(load.column);
    const std::int64_t distance = strides_[load.index] / item(program_.pointers[load.index]);
    if (is_moving(program_.pointers[load.index])) return function(to, from, columns, &distance, rows);
    for (std::int64_t i = 0; i < rows; ++i) function(to + i, from, columns + i, &binding_.columns, 1);
  }
  void store(std::int64_t row, std::int64_t rows) {
    for (const RowStore& store : program_.row_stores)
      std::copy_n(numbers(store.register_), rows, static_cast<T*>(binding_.row_operands[store.index]) + row);
    for (const ElementStore& store : program_.element_stores)
      all_.functions_.scatter(pointers_[store.pointer], numbers(store.register_), numbers(store.column),
                              &binding_.columns, rows);
  }

  void rows(std::int64_t begin, std::int64_t end) {
    std::int64_t done = 0;
    do {
      const std::int64_t column = part_.column + done;
      const std::int64_t columns = std::min(all_.columns_from(columns_, column, part_.columns), part_.columns - done);
      place(begin, column);
      placed_.begin(column, columns, pointers_);
      if (kernels_.unrolled)
        rows(begin + several_rows(end - begin, columns), end, columns);
      else
        for (std::int64_t row = begin, next; row < end; row = next) {
          next = row + placed_.go_to(row, end - row, column, columns, pointers_, strides_);
          rows(row, next, columns);
        }
      done += columns;
    } while (done < part_.columns);
  }
  void rows(std::int64_t begin, std::int64_t end, std::int64_t columns) {
    const std::int64_t group = columns_.any ? std::min(columns_.group(columns), all_.scratch_group(group_)) : group_;
    for (std::int64_t row = begin; row < end; row += group) {
      const std::int64_t rows = std::min(group, end - row);
      load(row, rows);
      all_.before_.run(registers_, most_rows, rows);
      const PhaseArguments arguments{pointers_, registers_, memory_, columns, rows, strides_};
      for (std::size_t k = 0; k < kernels_.phases.size(); ++k) {
        kernels_.phases[k]->run(arguments);
        if (!planted("numbers between two phases are computed after the last"))
          all_.after_[k].run(registers_, most_rows, rows);
      }
      for (std::size_t k = 0;
           k < all_.after_.size() && planted("numbers between two phases are computed after the last"); ++k)
        all_.after_[k].run(registers_, most_rows, rows);
      store(row, rows);
      advance(rows);
    }
  }
  /// Runs as many of the rows as the unrolled program takes, several at a time. Returns their number.
  std::int64_t several_rows(std::int64_t rows, std::int64_t columns) {
    const Unrolled& unrolled = *all_.unrolled_;
    const std::int64_t times = rows / unrolled.rows;
    for (std::size_t p = 0; p < program_.pointers.size() && times > 0; ++p) {
      void** to = unrolled_ + unrolled.first[p];
      *to = pointers_[p];
      if (is_moving(program_.pointers[p]))
        for (int row = 1; row < unrolled.rows; ++row) to[row] = static_cast<char*>(to[row - 1]) + strides_[p];
    }
    const PhaseArguments arguments{unrolled_, registers_, memory_, columns};
    const std::int64_t numbers = unrolled.rows * binding_.columns * static_cast<std::int64_t>(sizeof(T));
    const std::int64_t masks = unrolled.rows * binding_.columns;
    const std::vector<Pointer>& pointers = unrolled.program.pointers;
    for (std::int64_t time = 0; time < times; ++time) {
      kernels_.unrolled->run(arguments);
      for (std::size_t p = 0; p < pointers.size(); ++p)
        if (pointers[p].shape == Pointer::Shape::full)
          unrolled_[p] =
              static_cast<char*>(unrolled_[p]) +
              (pointers[p].mask && !planted("masks of several rows are as wide as numbers") ? masks : numbers);
    }
    advance(times * unrolled.rows);
    return planted("rows that are left over from several are left out") ? rows : times * unrolled.rows;
  }
  void advance(std::int64_t rows) {
    for (std::size_t p = 0; p < program_.pointers.size(); ++p)
      if (is_moving(program_.pointers[p])) pointers_[p] = static_cast<char*>(pointers_[p]) + rows * strides_[p];
  }
  static bool is_moving(const Pointer& pointer) {
    return pointer.shape == Pointer::Shape::full && !pointer.accumulator;
  }

  const WideRows& all_;
  const Program& program_;
  const Binding& binding_;
  const Rectangle& part_;
  const Kernels& kernels_;
  char* memory_;
  T* registers_;
  void** pointers_;
  std::int64_t* strides_;
  void** unrolled_;
  char* sums_;
  std::size_t row_bytes_;
  std::int64_t group_;
  const PlacedLayout& columns_;
  PlacedOperands<T> placed_;
};

WideRows::WideRows(const Program& program, const Analysis& analysis, const TileFunctions& functions)
    : program_(program),
      analysis_(analysis),
      functions_(functions),
      before_(analysis.before, functions),
      unrolled_(fused::unrolled(program)) {
  for (const Phase& phase : program.phases) after_.emplace_back(phase.after, functions);
}

/// The columns that go through all rows at a time. If columns do not depend on each other, they are so few that their
/// sums stay in the first-level cache; else they are all.
std::int64_t WideRows::columns_from(const PlacedLayout& placed, std::int64_t column, std::int64_t columns) const {
  if (analysis_.parts == Parts::none) return columns;
  if (placed.any) return placed.columns_from(column);
  return analysis_.parts == Parts::columns ? sum_columns : columns;
}

/// The most rows that go through a phase together: with scratch no more than it has room for.
std::int64_t WideRows::scratch_group(std::int64_t group) const { return analysis_.scratch.empty() ? most_rows : group; }

/// The columns of a piece for one thread: placed operands with few long rows are divided along the columns, too, where
/// these do not depend on each other.
std::int64_t WideRows::piece_columns(const Binding& binding, const Rectangle& part) const {
  if (analysis_.parts != Parts::any || analysis_.placed.empty()) return std::max<std::int64_t>(1, part.columns);
  const std::int64_t at_once = block_elements / std::min(block_rows(binding), std::max<std::int64_t>(1, part.rows));
  return std::max(sum_columns, at_once / sum_columns * sum_columns);
}

/// The rows of a block for one thread. They do not depend on how columns are divided, nor on the number of threads.
std::int64_t WideRows::block_rows(const Binding& binding) const {
  const std::int64_t rows = band_rows(binding), least = (rows + most_blocks - 1) / most_blocks;
  if (planted("sums over rows follow the number of threads"))
    return std::max(least, (rows + num_threads() - 1) / num_threads());
  if (analysis_.accumulators.empty() && binding.columns >= block_elements / group_rows)
    return std::max(least, (block_elements + binding.columns - 1) / binding.columns);
  const std::int64_t size = std::max(least, block_elements / std::max<std::int64_t>(1, binding.columns));
  return (std::max<std::int64_t>(1, size) + group_rows - 1) / group_rows * group_rows;
}

void WideRows::begin(const Binding& binding, Partials& partials) const {
  const std::int64_t size = block_rows(binding), blocks = (band_rows(binding) + size - 1) / size;
  partials.resize(binding.bands, std::max<std::int64_t>(1, blocks), analysis_.accumulators.size(), binding.columns);
}

/// Each band as if it were alone: as many blocks of its own as it has, little ones several to a thread's task.
template <class T>
void WideRows::run_bands(const Binding& binding, const Kernels& kernels, const T* fixed, Partials& partials) const {
  const Rectangle whole{0, binding.rows, 0, binding.columns};
  const Layout layout(*this, binding, kernels, binding.columns);
  const std::int64_t rows = band_rows(binding), size = block_rows(binding), blocks = (rows + size - 1) / size;
  const std::int64_t all = binding.bands * blocks;
  const std::int64_t at_once = std::max<std::int64_t>(1, block_elements / (std::min(rows, size) * binding.columns));
  parallel((all + at_once - 1) / at_once, [&](std::int64_t task) {
    Walk<T> walk(*this, binding, whole, kernels, fixed, layout);
    for (std::int64_t i = task * at_once; i < std::min(all, (task + 1) * at_once); ++i) {
      const std::int64_t band = i / blocks, begin = band * rows + i % blocks * size;
      walk.block(i, begin, std::min((band + 1) * rows, begin + size), partials);
    }
  });
  for (std::size_t i = 0; i < analysis_.accumulators.size(); ++i)
    for (std::int64_t band = 0; band < binding.bands; ++band)
      partials.join(band, i, 0, binding.columns,
                    static_cast<T*>(binding.pointers[analysis_.accumulators[i]]) +
                        (planted("all bands are added up into the first") ? 0 : band * binding.columns));
}

template <class T>
void WideRows::run_as(const Binding& binding, const Rectangle& part, const Kernels& kernels, const T* fixed,
                      Partials& partials) const {
  if (binding.bands > 1) return run_bands(binding, kernels, fixed, partials);
  const auto& accumulators = analysis_.accumulators;
  const std::int64_t columns = piece_columns(binding, part);
  const std::int64_t pieces =
      std::max<std::int64_t>(1, (part.columns + columns - 1) / columns);  // one if there are no columns
  const Layout layout(*this, binding, kernels, columns);
  const std::int64_t size = block_rows(binding), blocks = (part.rows + size - 1) / size;
  const std::int64_t end = part.row + part.rows, last_column = part.column + part.columns;
  if (blocks == 0)
    for (std::size_t i = 0; i < accumulators.size(); ++i)
      std::fill_n(partials.row(0, i) + part.column, part.columns, 0.0);
  parallel(blocks * pieces, [&](std::int64_t i) {
    const std::int64_t block = i / pieces, column = part.column + i % pieces * columns;
    const Rectangle piece{part.row, part.rows, column, std::min(columns, last_column - column)};
    Walk<T> walk(*this, binding, piece, kernels, fixed, layout);
    const std::int64_t begin = part.row + block * size;
    walk.block(block, begin, std::min(end, begin + size), partials);
  });
  for (std::size_t i = 0; i < accumulators.size(); ++i)
    partials.join(0, i, part.column, last_column, static_cast<T*>(binding.pointers[accumulators[i]]));
}

void WideRows::run(const Binding& binding, const Rectangle& part, const Kernels& kernels, const void* fixed,
                   Partials& partials) const {
  if (program_.dtype == float32)
    run_as(binding, part, kernels, static_cast<const float*>(fixed), partials);
  else
    run_as(binding, part, kernels, static_cast<const double*>(fixed), partials);
}

void run_flat(const Program& program, const Binding& binding, const PhaseKernel& kernel, const void* fixed) {
  const std::int64_t n = binding.rows * binding.columns;
  const std::int64_t tile = tile_elements(program.dtype);
  const std::int64_t size = std::max(block_elements, ((n + most_blocks - 1) / most_blocks + tile - 1) / tile * tile);
  const std::size_t workspace = lines(kernel.workspace());
  const std::size_t item_bytes = item_size(program.dtype), register_bytes = most_rows * item_bytes;
  const std::size_t table = workspace + lines(program.registers * register_bytes);
  parallel((n + size - 1) / size, [&](std::int64_t block) {
    char* memory = thread_memory(table + program.pointers.size() * sizeof(void*));
    for (std::size_t r = 0; r < program.registers; ++r)
      std::memcpy(memory + workspace + r * register_bytes, static_cast<const char*>(fixed) + r * item_bytes,
                  item_bytes);
    void** pointers = reinterpret_cast<void**>(memory + table);
    for (std::size_t p = 0; p < program.pointers.size(); ++p) {
      const auto item = static_cast<std::int64_t>(
          program.pointers[p].mask && !planted("the bytes of masks in later blocks are as wide as numbers")
              ? 1
              : item_bytes);
      pointers[p] = static_cast<char*>(binding.pointers[p]) + block * size * item;
    }
    kernel.run({pointers, memory + workspace, memory, std::min(size, n - block * size)});
  });
}

}  // namespace xgrad::fused
