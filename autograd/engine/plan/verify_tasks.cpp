#include "autograd/engine/plan/verify_tasks.hpp"

#include <algorithm>
#include <limits>

#include "autograd/engine/products/block_product.hpp"
#include "autograd/engine/programs/verify_program.hpp"

namespace xgrad::fused {

namespace {

constexpr std::int64_t exact_numbers = 1 << 24;  // up to here columns are different numbers of float32

class TaskVerifier {
 public:
  TaskVerifier(std::span<const Bound> tasks, std::span<const Work> works, std::span<const Memory> values)
      : tasks_(tasks), works_(works), values_(values), memory_(values.size()), facts_(memory_) {}

  void run() {
    for (const Work& work : works_)
      for (const std::int32_t node : work.writes) at(node).computed = true;
    for (now_ = 0; now_ < static_cast<std::int32_t>(tasks_.size()); ++now_) task();
  }

 private:
  // 32 bits each, because there may be many values.
  struct Facts {
    std::int32_t reads = -1, writes = -1, stored = -1, used = -1;  // the latest task that does
    std::int32_t times = 0;     // how often the latest task that uses it is bound to it
    std::uint16_t pointer = 0;  // its last pointer to it
    bool is_pointer = false;
    bool computed = false;  // some task writes it
  };

  [[noreturn]] void bad(const char* rule) const { violated("task", now_, rule); }
  Facts& at(std::int32_t node) {
    if (static_cast<std::size_t>(node) >= facts_.size()) [[unlikely]]
      bad("there is no such value");  // nor one below 0
    return facts_[static_cast<std::size_t>(node)];
  }
  const Memory& value(std::int32_t node) const { return values_[static_cast<std::size_t>(node)]; }
  bool is_leaf(std::int32_t node) const { return value(node).leaf >= 0; }

  void task() {
    const Bound& bound = tasks_[static_cast<std::size_t>(now_)];
    const Work& work = works_[static_cast<std::size_t>(now_)];
    for (const std::int32_t node : work.reads) at(node).reads = now_;
    for (const std::int32_t node : work.writes) at(node).writes = now_;
    written_ = 0;
    if (bound.lowered)
      program(bound, work);
    else if (bound.product)
      product(bound, work);
    else
      kernel(bound, work);
    if (written_ != work.writes.size()) bad("a value is not written");
    if (work.epilogue >= 0) epilogue(bound, work);
  }

  void use(std::int32_t node) {
    Facts& facts = at(node);
    if (facts.used != now_) facts.times = 0, facts.is_pointer = false;
    facts.used = now_;
    ++facts.times;
  }
  void read(std::int32_t node) {
    if (!is_leaf(node) && !at(node).computed) bad("it reads what no task writes");
    if (at(node).reads != now_) bad("it reads what its work does not say");
  }
  void write(std::int32_t node) {
    if (std::find(joined_.begin(), joined_.end(), node) != joined_.end()) {
      if (is_leaf(node) || at(node).computed || at(node).stored == now_ || at(node).times != 1)
        bad("it writes what is no value of the join alone");
      at(node).stored = now_;
      return;
    }
    if (at(node).writes != now_) bad("it writes what its work does not say");
    if (at(node).stored == now_ || at(node).times != 1) bad("it writes what is bound elsewhere, too");
    at(node).stored = now_;
    ++written_;
  }
  void size(std::int32_t node, std::int64_t elements, DType dtype) const {
    if (value(node).dtype != dtype || value(node).bytes != static_cast<std::size_t>(elements) * item_size(dtype))
      bad("it is bound to a value of another size or dtype");
  }
  void number(std::int32_t node) {
    at(node);
    if (value(node).constant >= 0 && !is_leaf(node) && !at(node).computed) return;
    read(node);
    if (value(node).bytes != item_size(value(node).dtype)) bad("a number is one of several");
  }

  void program(const Bound& bound, const Work& work) {
    const Lowered& lowered = *bound.lowered;
    const Program& program = *bound.program;
    if (lowered.pointers.size() != program.pointers.size() || lowered.row_operands.size() != program.row_operands ||
        lowered.arguments.size() != program.arguments)
      bad("its program has other operands");
    for (const std::int32_t node : lowered.pointers)
      if (node >= 0) use(node);
    for (const std::int32_t node : lowered.row_operands) use(node);
    if (bound.bands > 1 && (bound.rows % bound.bands != 0 || bound.columns < narrow_columns))
      bad("its rows are in no bands");
    moved(bound);
    pointers(bound);
    row_operands(bound);
    for (const Argument& argument : lowered.arguments)
      if (argument.node >= 0) number(argument.node);
    if (!bound.checked.empty() && !work.may_fail) bad("its indices may be wrong, but it may not fail");
    sharing(*bound.program, work);
  }

  // Checks operands that are views: their elements are floating and inside their memory.
  void moved(const Bound& bound) {
    const Lowered& lowered = *bound.lowered;
    moved_pointers_.assign(lowered.pointers.size(), nullptr);
    moved_rows_.assign(lowered.row_operands.size(), nullptr);
    for (const Lowered::Moved& each : lowered.moved) {
      auto& of = each.is_pointer ? moved_pointers_ : moved_rows_;
      const auto& nodes = each.is_pointer ? lowered.pointers : lowered.row_operands;
      if (each.index >= of.size() || of[each.index] != nullptr || nodes[each.index] != each.movements.memory)
        bad("a view is of another operand");
      of[each.index] = &each;
    }
  }
  void view(std::int32_t node, const Lowered::Moved& moved, std::int64_t elements, bool placed) const {
    const Memory& memory = value(node);
    const Movements& movements = moved.movements;
    const auto there = static_cast<std::int64_t>(memory.bytes / item_size(memory.dtype));
    const std::int64_t times = moved.once ? movements.repeated : 1;
    if (!is_floating(memory.dtype) || movements.access.shape().numel() != elements * times ||
        !movements.access.lies_within(there))
      bad("a view is of another size, or beyond its memory");
    if ((movements.contiguous && !moved.once) == placed || (!placed && !movements.access.is_contiguous()))
      bad("a view lies in another way");
  }

  void pointers(const Bound& bound) {
    const Program& program = *bound.program;
    stores_.assign(program.pointers.size(), 0);
    for (const Phase& phase : program.phases)
      for (const Step& step : phase.steps)
        if (step.code >= Code::store) stores_[step.out] = 1;
    for (std::size_t p = 0; p < program.pointers.size(); ++p) {
      const Pointer& pointer = program.pointers[p];
      const std::int32_t node = bound.lowered->pointers[p];
      if (pointer.shape == Pointer::Shape::scratch) {
        if (node >= 0) bad("scratch is bound to a value");
        continue;
      }
      at(node).pointer = static_cast<std::uint16_t>(p);
      at(node).is_pointer = true;
      const bool full = pointer.shape == Pointer::Shape::full;
      const std::int64_t rows = full ? bound.rows : pointer.accumulator ? bound.bands : 1;
      const Lowered::Moved* const moved = moved_pointers_[p];
      if (pointer.placed && !moved) bad("nothing says where its elements lie");
      if (moved && (moved->once || stores_[p] || value(node).dtype != program.dtype))
        bad("a view is written, or of another dtype");
      moved ? view(node, *moved, rows * bound.columns, pointer.placed)
            : size(node, rows * bound.columns, pointer.mask ? boolean : program.dtype);
      stores_[p] ? write(node) : read(node);
    }
  }

  void row_operands(const Bound& bound) {
    const Program& program = *bound.program;
    const auto& nodes = bound.lowered->row_operands;
    rows_.assign(nodes.size(), program.dtype);
    for (const Load& load : program.loads)
      if (load.source == Load::Source::integers) rows_[load.index] = int64;
    for (const RowStore& store : program.row_stores) write(nodes[store.index]);
    placed_rows_.assign(nodes.size(), 0);
    for (const Load& load : program.loads)
      if (load.placed) placed_rows_[load.index] = 1;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (placed_rows_[i] && !moved_rows_[i]) bad("nothing says where its numbers lie");
      if (moved_rows_[i] && rows_[i] != value(nodes[i]).dtype) bad("a view is of another dtype");
      moved_rows_[i] ? view(nodes[i], *moved_rows_[i], bound.rows, placed_rows_[i])
                     : size(nodes[i], bound.rows, rows_[i]);
      if (at(nodes[i]).stored != now_) read(nodes[i]);
      if (rows_[i] == int64 && bound.columns >= exact_numbers) bad("there are more columns than numbers of them");
    }
    for (const Load& load : program.loads)
      if (load.source == Load::Source::element) column(bound, load.column);
    for (const ElementStore& store : program.element_stores) column(bound, store.column);
  }
  void column(const Bound& bound, std::uint16_t register_) const {
    for (const Load& load : bound.program->loads)
      if (load.register_ == register_ && load.source == Load::Source::integers) {
        const std::int32_t node = bound.lowered->row_operands[load.index];
        if (std::find(bound.checked.begin(), bound.checked.end(), node) != bound.checked.end()) return;
      }
    bad("a column number is not checked");
  }

  void sharing(const Program& program, const Work& work) {
    pairs_.clear();
    for (const Reuse& reuse : work.reuses) {
      const Facts &input = at(reuse.input), &output = at(reuse.output);
      const bool known = input.used == now_ && input.is_pointer && output.used == now_ && output.is_pointer;
      if (!known || input.times != 1 || output.times != 1) bad("memory is shared that is bound elsewhere, too");
      same_size(reuse);
      pairs_.push_back({input.pointer, output.pointer});
    }
    verify_sharing(program, pairs_);
  }
  void same_size(const Reuse& reuse) const {
    if (is_leaf(reuse.output) || value(reuse.output).bytes != value(reuse.input).bytes)
      bad("memory is shared with a value of another size");
  }

  void product(const Bound& bound, const Work& work) {
    const Gemm& gemm = *bound.product;
    const std::size_t count = bound.operands.size();
    if (count < 2 || count > 4 || work.writes.size() != 1) bad("a product has other operands");
    for (std::size_t i = 0; i < count; ++i) {
      use(bound.operands[i]);
      i == 3 ? number(bound.operands[i]) : read(bound.operands[i]);
    }
    const std::int32_t result = work.writes[0];
    use(result);
    write(result);
    if (gemm.offsets_c != nullptr)
      folded(bound, result);
    else
      size(result, gemm.batch * gemm.m * gemm.n, gemm.dtype);
    if (gemm.offsets_c == nullptr && (gemm.row_c != gemm.n || gemm.batch_c != gemm.m * gemm.n))
      bad("a product lies in another way");
    if (count > 2) size(bound.operands[2], gemm.batch * gemm.m * gemm.n, gemm.dtype);
    matrix(bound.operands[0], gemm, gemm.transpose_a ? gemm.k : gemm.m, gemm.transpose_a ? gemm.m : gemm.k, gemm.row_a,
           gemm.batch_a, gemm.offsets_a, bound.moved[0]);
    matrix(bound.operands[1], gemm, gemm.transpose_b ? gemm.n : gemm.k, gemm.transpose_b ? gemm.k : gemm.n, gemm.row_b,
           gemm.batch_b, gemm.offsets_b, bound.moved[1]);
    const auto scattered = [](const Offsets* offsets) { return offsets != nullptr && !offsets->columns.empty(); };
    if (scattered(gemm.offsets_a) && scattered(gemm.offsets_b)) bad("both factors lie anywhere");
    reuses(bound, work);
  }
  void folded(const Bound& bound, std::int32_t result) {
    const Gemm& gemm = *bound.product;
    const Offsets& to = *gemm.offsets_c;
    size(result, gemm.batch * gemm.batch_c, gemm.dtype);
    last(to.batches, gemm.batch), last(to.rows, gemm.m), last(to.columns, gemm.n);
    if (!to.lie_apart(gemm.batch_c)) bad("a product adds up at places of another matrix");
    if (bound.operands.size() != 2) bad("a product adds up, and is added to something");
  }
  void reuses(const Bound& bound, const Work& work) {
    const std::int32_t result = work.writes[0];
    for (const Reuse& reuse : work.reuses) {
      const bool added = bound.operands.size() > 2 && reuse.input == bound.operands[2] && at(reuse.input).times == 1;
      if (!added || reuse.output != result) bad("a product lies over its factors");
      same_size(reuse);
    }
  }
  void matrix(std::int32_t node, const Gemm& gemm, std::int64_t rows, std::int64_t columns, std::int64_t row,
              std::int64_t batch, const Offsets* offsets, const Movements* moved) const {
    if (value(node).dtype != gemm.dtype) bad("it is bound to a value of another dtype");
    if (gemm.batch <= 0 || rows <= 0 || columns <= 0) return;
    std::int64_t elements = (gemm.batch - 1) * batch + (rows - 1) * row + columns;
    if (offsets != nullptr) {
      elements = last(offsets->batches, gemm.batch) + (rows - 1) * row + columns;
      if (!offsets->columns.empty())
        elements = last(offsets->batches, gemm.batch) + last(offsets->rows, rows) + last(offsets->columns, columns) + 1;
    }
    const std::int64_t first = moved ? moved->access.offset : 0;
    if (moved && (moved->memory != node || moved->access.bounded() || first < 0)) bad("a factor is another view");
    if (static_cast<std::size_t>(first + elements) * item_size(gemm.dtype) > value(node).bytes)
      bad("a factor is larger than its memory");
  }

  // The largest of the first `count` offsets.
  std::int64_t last(const std::vector<std::int64_t>& offsets, std::int64_t count) const {
    if (static_cast<std::int64_t>(offsets.size()) != count) bad("a factor has offsets of another size");
    const auto [least, largest] = std::minmax_element(offsets.begin(), offsets.end());
    if (*least < 0 || *largest > std::numeric_limits<std::int64_t>::max() / 4) bad("a factor lies before its memory");
    return *largest;
  }

  void kernel(const Bound& bound, const Work& work) {
    if (!work.may_fail || !work.reuses.empty()) bad("a reference kernel may fail, and shares no memory");
    if (bound.shapes.size() != bound.operands.size()) bad("a reference kernel has other operands");
    auto view = bound.joined.begin();  // in the order of the operands
    for (const Bound& each : bound.programs) program_of_join(bound, each, work);
    for (std::size_t i = 0; i < bound.operands.size(); ++i) {
      const std::int32_t node = bound.operands[i];
      const bool is_view = view != bound.joined.end() && view->factor == i;
      if (!is_view && at(node).stored == now_) continue;
      use(node);
      read(node);
      if (!is_view)
        size(node, bound.shapes[i].numel(), value(node).dtype);
      else
        joined((view++)->movements, bound.shapes[i], node, value(work.writes[0]).dtype);
    }
    if (view != bound.joined.end()) bad("views are joined in another order");
    for (const std::int32_t node : work.writes) {
      use(node);
      write(node);
    }
    if (bound.joins) joined_sizes(bound, value(work.writes[0]));
    if (!bound.joins && (!bound.joined.empty() || !bound.programs.empty())) bad("a reference kernel joins nothing");
  }
  // What a program of a join writes is one of the operands, whose rows are those of the program.
  void program_of_join(const Bound& bound, const Bound& each, const Work& work) {
    joined_ = each.operands;
    program(each, work);
    joined_ = {};
    if (each.bands != 1 || !each.program->row_stores.empty() || !each.program->element_stores.empty())
      bad("a program writes more than rows where they are joined");
    if (each.program->dtype != value(work.writes[0]).dtype) bad("a program of a join has another dtype");
    std::int64_t rows = 1;
    for (std::int64_t axis = 0; axis < bound.axis && axis < bound.shapes[0].ndim(); ++axis)
      rows *= bound.shapes[0][axis];
    for (const std::int32_t node : each.operands) {
      if (at(node).stored != now_) bad("a program of a join leaves out what it should write");
      if (std::count(bound.operands.begin(), bound.operands.end(), node) != 1)
        bad("a program writes what is not joined");
      const auto i = static_cast<std::size_t>(std::find(bound.operands.begin(), bound.operands.end(), node) -
                                              bound.operands.begin());
      if (bound.shapes[i].numel() != each.rows * each.columns) bad("a program writes rows of another size");
      const Pointer& pointer = each.program->pointers[at(node).pointer];
      if (!at(node).is_pointer || pointer.shape != Pointer::Shape::full || pointer.accumulator)
        bad("a program of a join writes no rows");
    }
    if (rows != 1 && (each.rows != rows || each.columns < narrow_columns))
      bad("a program has other rows than the join, or narrow ones");
  }
  void joined(const Movements& view, const Shape& shape, std::int32_t node, DType dtype) const {
    const auto elements = static_cast<std::int64_t>(value(node).bytes / item_size(value(node).dtype));
    if (view.memory != node || value(node).dtype != dtype || !is_floating(dtype))
      bad("a view of other memory is joined");
    if (view.access.shape().numel() != shape.numel() || !view.scaled.empty() || !view.access.lies_within(elements))
      bad("another view is joined than the kernel sees");
  }
  void joined_sizes(const Bound& bound, const Memory& result) const {
    std::size_t bytes = 0;
    for (const Shape& shape : bound.shapes) {
      if (bound.axis >= shape.ndim()) bad("values are joined along an axis that they do not have");
      bytes += static_cast<std::size_t>(shape.numel()) * item_size(result.dtype);
      for (std::int64_t axis = 0; axis < bound.axis; ++axis)
        if (shape[axis] != bound.shapes[0][axis]) bad("values are joined that have other rows");
    }
    if (bytes != result.bytes) bad("what is joined has another size than the result");
  }

  static bool is_moved(const Lowered& lowered, std::size_t p) {
    return std::any_of(lowered.moved.begin(), lowered.moved.end(),
                       [p](const Lowered::Moved& each) { return each.is_pointer && each.index == p; });
  }
  void epilogue(const Bound& bound, const Work& work) {
    if (!bound.product || static_cast<std::size_t>(work.epilogue) >= tasks_.size() || bound.product->offsets_c)
      bad("it can have no epilogue");
    const Gemm& gemm = *bound.product;
    const Bound& next = tasks_[static_cast<std::size_t>(work.epilogue)];
    if (!next.lowered || next.parts == Parts::none || !next.checked.empty()) bad("its epilogue cannot run on parts");
    const Lowered& lowered = *next.lowered;
    const std::int64_t rows = gemm.batch * gemm.m;
    bool flat = lowered.row_operands.empty();
    for (std::size_t p = 0; p < lowered.pointers.size(); ++p) {
      const bool full = next.program->pointers[p].shape == Pointer::Shape::full && !is_moved(lowered, p);
      flat = flat && full;
      if (lowered.pointers[p] == work.writes[0] && !full) bad("its epilogue does not read it by elements");
    }
    const bool fits = next.rows == rows && next.columns == gemm.n;
    if (!fits && !(flat && next.rows * next.columns == rows * gemm.n)) bad("its epilogue has another size");
    if (gemm.n < narrow_columns) bad("its epilogue has narrow rows");
    for (const std::int32_t node : lowered.row_operands)
      if (node == work.writes[0]) bad("its epilogue does not read it by elements");
    for (const Argument& argument : lowered.arguments)
      if (argument.node == work.writes[0]) bad("its epilogue does not read it by elements");
  }

  std::span<const Bound> tasks_;
  std::span<const Work> works_;
  std::span<const Memory> values_;
  std::vector<Facts> memory_;
  std::span<Facts> facts_;                  // by node
  std::int32_t now_ = 0;                    // the task
  std::size_t written_ = 0;                 // how many values it writes
  std::span<const std::int32_t> joined_{};  // those that the present program writes where they are joined
  std::vector<char> stores_;                // by pointer
  std::vector<const Lowered::Moved*> moved_pointers_, moved_rows_;
  std::vector<char> placed_rows_;  // by row operand
  std::vector<DType> rows_;        // by row operand
  std::vector<Overwrite> pairs_;
};

}  // namespace

void verify_tasks(std::span<const Bound> tasks, std::span<const Work> works, std::span<const Memory> values) {
  TaskVerifier(tasks, works, values).run();
}

}  // namespace xgrad::fused
