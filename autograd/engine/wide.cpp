#include "autograd/engine/wide.hpp"

#include <algorithm>
#include <cstring>

#include "autograd/engine/operation.hpp"
#include "autograd/engine/threads.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t sum_columns = 1024;

/// Whether the program does to each column what it does to any other, sums over rows, and nothing else.
bool columns_alone(const Program& program, const Analysis& analysis) {
  if (program.phases.size() != 1 || analysis.accumulators.empty()) return false;
  if (!program.row_stores.empty() || !program.element_stores.empty()) return false;
  for (const Load& load : program.loads)
    if (load.source == Load::Source::element) return false;
  const auto& steps = program.phases[0].steps;
  return std::none_of(steps.begin(), steps.end(),
                      [](const Step& step) { return is_reduction(step.code) || step.code == Code::column; });
}

}  // namespace

/// Where a thread's memory has what.
struct WideRows::Layout {
  Layout(const Program& program, const Analysis& analysis, std::span<const std::unique_ptr<PhaseKernel>> kernels,
         std::int64_t columns) {
    for (const auto& kernel : kernels) workspace = std::max(workspace, lines(kernel->workspace()));
    registers = workspace;
    const std::size_t item = item_size(program.dtype);
    pointers = registers + lines(program.registers * item);
    rows = pointers + lines(program.pointers.size() * sizeof(void*));
    row = lines(static_cast<std::size_t>(columns) * item + 64);
    bytes = rows + (analysis.scratch.size() + analysis.accumulators.size()) * row;
  }
  std::size_t workspace = 0, registers, pointers, rows, row, bytes;
};

/// One thread's walk over a block of rows.
template <class T>
class WideRows::Walk {
 public:
  Walk(const WideRows& all, const Binding& binding, std::span<const std::unique_ptr<PhaseKernel>> kernels,
       const T* fixed, const Layout& layout)
      : all_(all),
        program_(all.program_),
        binding_(binding),
        kernels_(kernels),
        memory_(thread_memory(layout.bytes)),
        registers_(reinterpret_cast<T*>(memory_ + layout.registers)),
        pointers_(reinterpret_cast<void**>(memory_ + layout.pointers)),
        sums_(memory_ + layout.rows + all.analysis_.scratch.size() * layout.row),
        row_bytes_(layout.row) {
    std::copy_n(fixed, program_.registers, registers_);
    for (std::size_t i = 0; i < all.analysis_.scratch.size(); ++i)
      pointers_[all.analysis_.scratch[i]] = memory_ + layout.rows + i * layout.row;
    for (std::size_t i = 0; i < all.analysis_.accumulators.size(); ++i)
      pointers_[all.analysis_.accumulators[i]] = sums_ + i * layout.row;
  }

  /// In groups of rows, whose sums, of the program's dtype, go into the doubles of `partials`. Few rows go there one by
  /// one, without the roundings of a group.
  void block(std::int64_t block, std::int64_t begin, std::int64_t end, Partials& partials) {
    const auto& accumulators = all_.analysis_.accumulators;
    place(begin);
    if (accumulators.empty()) return rows(begin, end);
    const std::int64_t columns = binding_.columns, group = binding_.rows <= group_rows ? 1 : group_rows;
    for (std::int64_t row = begin; row < end; row += group) {
      std::memset(sums_, 0, accumulators.size() * row_bytes_);
      rows(row, std::min(end, row + group));
      for (std::size_t i = 0; i < accumulators.size(); ++i) {
        double* total = partials.row(block, i);
        const T* sum = reinterpret_cast<const T*>(sums_ + i * row_bytes_);
        if (row == begin) std::fill_n(total, columns, 0.0);
        all_.functions_.add_to_doubles(total, sum, nullptr, nullptr, columns);
      }
    }
  }

 private:
  void place(std::int64_t row) {
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      if (pointer.shape == Pointer::Shape::scratch || pointer.accumulator) continue;
      char* base = static_cast<char*>(binding_.pointers[p]);
      pointers_[p] = pointer.shape == Pointer::Shape::full ? base + row * stride(pointer) : base;
    }
  }
  std::int64_t stride(const Pointer& pointer) const {
    return binding_.columns * static_cast<std::int64_t>(pointer.mask ? 1 : sizeof(T));
  }

  void load(std::int64_t row) {
    for (const Load& load : program_.loads) {
      if (load.source == Load::Source::rows)
        registers_[load.register_] = static_cast<const T*>(binding_.row_operands[load.index])[row];
      else if (load.source == Load::Source::integers)
        registers_[load.register_] =
            static_cast<T>(static_cast<const std::int64_t*>(binding_.row_operands[load.index])[row]);
      else if (load.source == Load::Source::element)
        pick(load);
    }
  }
  void pick(const Load& load) {
    const bool mask = program_.pointers[load.index].mask;
    (mask ? all_.functions_.pick_mask : all_.functions_.pick)(registers_ + load.register_, pointers_[load.index],
                                                              registers_ + load.column, &binding_.columns, 1);
  }

  /// Where columns do not depend on each other, so few at a time that their sums stay in the first-level cache.
  void rows(std::int64_t begin, std::int64_t end) {
    if (!all_.by_columns_) return rows(begin, end, binding_.columns);
    for (std::int64_t column = 0; column < binding_.columns; column += sum_columns) {
      shift(begin, column);
      rows(begin, end, std::min(sum_columns, binding_.columns - column));
    }
    shift(end, 0);
  }
  void shift(std::int64_t row, std::int64_t column) {
    place(row);
    const auto& accumulators = all_.analysis_.accumulators;
    for (std::size_t i = 0; i < accumulators.size(); ++i) pointers_[accumulators[i]] = sums_ + i * row_bytes_;
    for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
      const Pointer& pointer = program_.pointers[p];
      if (pointer.shape != Pointer::Shape::scratch)
        pointers_[p] = static_cast<char*>(pointers_[p]) + column * static_cast<int>(pointer.mask ? 1 : sizeof(T));
    }
  }

  void rows(std::int64_t begin, std::int64_t end, std::int64_t columns) {
    const PhaseArguments arguments{pointers_, registers_, memory_, columns};
    for (std::int64_t row = begin; row < end; ++row) {
      load(row);
      all_.before_.run(registers_);
      for (std::size_t k = 0; k < kernels_.size(); ++k) {
        kernels_[k]->run(arguments);
        all_.after_[k].run(registers_);
      }
      for (const RowStore& store : program_.row_stores)
        static_cast<T*>(binding_.row_operands[store.index])[row] = registers_[store.register_];
      for (const ElementStore& store : program_.element_stores)
        all_.functions_.put(pointers_[store.pointer], registers_ + store.register_, registers_ + store.column,
                            &binding_.columns, 1);
      for (std::size_t p = 0; p < program_.pointers.size(); ++p) {
        const Pointer& pointer = program_.pointers[p];
        if (pointer.shape == Pointer::Shape::full && !pointer.accumulator)
          pointers_[p] = static_cast<char*>(pointers_[p]) + stride(pointer);
      }
    }
  }

  const WideRows& all_;
  const Program& program_;
  const Binding& binding_;
  std::span<const std::unique_ptr<PhaseKernel>> kernels_;
  char* memory_;
  T* registers_;
  void** pointers_;
  char* sums_;
  std::size_t row_bytes_;
};

WideRows::WideRows(const Program& program, const Analysis& analysis, const TileFunctions& functions)
    : program_(program),
      analysis_(analysis),
      functions_(functions),
      before_(analysis.before, functions),
      by_columns_(columns_alone(program, analysis)) {
  for (const Phase& phase : program.phases) after_.emplace_back(phase.after, functions);
}

template <class T>
void WideRows::run_as(const Binding& binding, std::span<const std::unique_ptr<PhaseKernel>> kernels, const T* fixed,
                      Partials& partials) const {
  const auto& accumulators = analysis_.accumulators;
  const Layout layout(program_, analysis_, kernels, binding.columns);
  std::int64_t size = std::max((binding.rows + most_blocks - 1) / most_blocks,
                               block_elements / std::max<std::int64_t>(1, binding.columns));
  size = (std::max<std::int64_t>(1, size) + group_rows - 1) / group_rows * group_rows;
  if (accumulators.empty() && binding.columns >= block_elements / group_rows)
    size = std::max((binding.rows + most_blocks - 1) / most_blocks,
                    (block_elements + binding.columns - 1) / binding.columns);
  const std::int64_t blocks = (binding.rows + size - 1) / size;
  partials.resize(std::max<std::int64_t>(1, blocks), accumulators.size(), binding.columns);
  if (blocks == 0)
    for (std::size_t i = 0; i < accumulators.size(); ++i) std::fill_n(partials.row(0, i), binding.columns, 0.0);
  parallel(blocks, [&](std::int64_t block) {
    Walk<T> walk(*this, binding, kernels, fixed, layout);
    walk.block(block, block * size, std::min(binding.rows, (block + 1) * size), partials);
  });
  for (std::size_t i = 0; i < accumulators.size(); ++i)
    partials.join(i, static_cast<T*>(binding.pointers[accumulators[i]]));
}

void WideRows::run(const Binding& binding, std::span<const std::unique_ptr<PhaseKernel>> kernels, const void* fixed,
                   Partials& partials) const {
  if (program_.dtype == float32)
    run_as(binding, kernels, static_cast<const float*>(fixed), partials);
  else
    run_as(binding, kernels, static_cast<const double*>(fixed), partials);
}

void run_flat(const Program& program, const Binding& binding, const PhaseKernel& kernel, void* registers) {
  const std::int64_t n = binding.rows * binding.columns;
  const std::int64_t tile = tile_elements(program.dtype);
  const std::int64_t size = std::max(block_elements, ((n + most_blocks - 1) / most_blocks + tile - 1) / tile * tile);
  const std::size_t workspace = lines(kernel.workspace());
  parallel((n + size - 1) / size, [&](std::int64_t block) {
    char* memory = thread_memory(workspace + program.pointers.size() * sizeof(void*));
    void** pointers = reinterpret_cast<void**>(memory + workspace);
    for (std::size_t p = 0; p < program.pointers.size(); ++p) {
      const auto item = static_cast<std::int64_t>(program.pointers[p].mask ? 1 : item_size(program.dtype));
      pointers[p] = static_cast<char*>(binding.pointers[p]) + block * size * item;
    }
    kernel.run({pointers, registers, memory, std::min(size, n - block * size)});
  });
}

}  // namespace xgrad::fused
