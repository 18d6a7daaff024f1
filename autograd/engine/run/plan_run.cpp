#include "autograd/engine/run/plan_run.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/contains.hpp"
#include "autograd/engine/rows/join.hpp"
#include "autograd/engine/run/donation.hpp"
#include "autograd/engine/run/executor.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::fused {

namespace {

// On parts with fewer columns a program loses more time than it saves by reading the product from the cache.
constexpr std::int64_t least_part_columns = 128;

// Whether the program can run on the parts in which the product is computed, and gains from it.
bool suit(const Gemm& gemm, Parts parts, int threads) {
  const Division division = fused::division(gemm, threads);
  const std::int64_t rows = gemm.batch * gemm.m;
  return division.columns >= std::min(gemm.n, least_part_columns) && rows * gemm.n <= division.parts * block_elements &&
         (parts == Parts::any || division.rows == rows || planted("sums over rows are taken in parts of the rows"));
}

std::atomic<std::int64_t> epilogue_count{0};

double number_at(const void* data, DType dtype) {
  return dispatch(dtype, [&](auto zero) { return static_cast<double>(*static_cast<const decltype(zero)*>(data)); });
}

// One run of a plan: the values that are in memory.
class Run {
 public:
  Run(const Plan& plan, const Pending& pending, const Inputs& inputs)
      : plan_(plan),
        runs_(plan.schedule.runs),
        memory_(plan.tasks.memory),
        pending_(pending),
        inputs_(inputs),
        buffers_(memory_.size()) {}

  void run(bool again) {
    find_views();
    find_overwritable(again);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      const std::size_t first = i;
      if (i + 1 < runs_.size() && runs_[i + 1].is_epilogue) ++i;
      if (first <= first_overwrite_ && first_overwrite_ <= i) prepare_from(first);
      for (std::size_t at = first; at <= i; ++at) allocate(at);
      const auto* epilogue = i > first ? &std::get<ProgramTask>(task_at(i)) : nullptr;
      std::visit([&](const auto& task) { run_task(task, epilogue); }, task_at(first));
      for (std::size_t at = first; at <= i; ++at)
        for (const std::int32_t node : runs_[at].releases) buffers_[node] = Buffer();
    }
    for (const Result& result : plan_.results) {
      Entry& entry = *pending_.entries[result.entry];
      const std::int32_t leaf = memory_[result.node].leaf;
      Buffer& buffer = leaf >= 0 ? inputs_.leaves[leaf]->value : buffers_[result.node];
      entry.value = leaf < 0 && result.last ? std::move(buffer) : buffer;
      entry.evaluated.store(true, std::memory_order_release);
    }
  }

 private:
  const Task& task_at(std::size_t run) const { return plan_.tasks.tasks[static_cast<std::size_t>(runs_[run].task)]; }
  const Entry& entry_of(std::int32_t node) const { return *pending_.entries[memory_[node].entry]; }

  // ---- where views lie, before anything runs

  void find_views() {
    const auto find = [this](const Movements& movements) -> PlacedView& {
      views_read_.push_back(
          {.access = access_of(movements, pending_, inputs_.constants, elements_of(movements.memory))});
      return views_read_.back();
    };
    const auto find_of = [&](const ProgramTask& program) {
      for (const Lowered::Moved& each : program.lowered.moved) {
        PlacedView& view = find(each.movements);
        if (each.once) view.access.axes.pop_back();
        view.find_offsets();
      }
    };
    for (const Task& task : plan_.tasks.tasks)
      if (const auto* program = std::get_if<ProgramTask>(&task)) {
        find_of(*program);
      } else if (const auto* product = std::get_if<ProductTask>(&task)) {
        for (const MovedFactor& each : product->moved) find(each.movements);
      } else if (const auto* join = std::get_if<JoinTask>(&task)) {
        for (const MovedFactor& each : join->moved) find(each.movements).find_offsets();
        for (const ProgramTask& each : join->programs) find_of(each);
      }
  }
  std::int64_t elements_of(std::int32_t node) const {
    return static_cast<std::int64_t>(memory_[node].bytes / item_size(memory_[node].dtype));
  }

  // ---- memory

  // Overwrites leaves only from the second run of a thread on: what grows during the first could fail.
  void find_overwritable(bool again) {
    first_overwrite_ = runs_.size();
    if (pending_.donated.empty() || !again) return;
    overwritable_ = overwritable(pending_, inputs_.leaves, plan_.evaluated);
    for (std::size_t i = runs_.size(); i-- > plan_.schedule.safe_from;)
      for (const Reuse& reuse : runs_[i].reuses)
        if (is_overwritable(reuse.input)) first_overwrite_ = i;
  }
  bool is_overwritable(std::int32_t node) const {
    const std::int32_t leaf = memory_[node].leaf;
    return leaf >= 0 && !overwritable_.empty() && overwritable_[static_cast<std::size_t>(leaf)];
  }

  void allocate(std::size_t run) {
    taken_.clear();
    for (const Reuse& reuse : runs_[run].reuses) {
      const bool leaf = memory_[reuse.input].leaf >= 0;
      if (buffers_[reuse.output] ||
          (leaf && !is_overwritable(reuse.input) && !planted("leaves are overwritten that nobody gave away")))
        continue;
      if (std::find(taken_.begin(), taken_.end(), reuse.input) != taken_.end() &&
          !planted("two results take the memory of one input"))
        continue;
      taken_.push_back(reuse.input);
      buffers_[reuse.output] = leaf ? inputs_.leaves[memory_[reuse.input].leaf]->value : buffers_[reuse.input];
    }
    for (const std::int32_t node : outputs(task_at(run)))
      if (!buffers_[node]) buffers_[node] = memory_for(node);
  }
  Buffer memory_for(std::int32_t node) const {
    const std::size_t bytes = memory_[node].bytes;
    Buffer memory = Buffer::allocate_if_there_is(bytes);
    if (memory) return memory;
    while (memory_[node].entry < 0) ++node;  // a first step of the node after it
    const Entry& entry = entry_of(node);
    const CallScope recorded = scope_of(entry);
    fail<LimitError>(entry.where, entry.primitive->name(), ": ", bytes, " bytes cannot be allocated");
  }
  // Does everything that can fail in this task run and all later ones, before the first leaf is overwritten.
  void prepare_from(std::size_t first) {
    for (std::size_t i = first; i < runs_.size(); ++i) allocate(i);
    for (std::size_t i = first; i < runs_.size(); ++i) {
      const auto* task = std::get_if<ProgramTask>(&task_at(i));
      if (task == nullptr) continue;
      bind(*task);
      prepare(*task->program, binding_);
    }
  }

  void* data(std::int32_t node) const {
    const std::int32_t leaf = memory_[node].leaf;
    return leaf >= 0 ? inputs_.leaves[leaf]->value.data() : buffers_[node].data();
  }
  double number(const Argument& argument) const {
    if (argument.node < 0) return argument.literal;
    if (const void* at = data(argument.node)) return number_at(at, memory_[argument.node].dtype);
    return inputs_.constants[memory_[argument.node].constant];
  }

  // ---- tasks

  void run_task(const ProgramTask& task, const ProgramTask*) {
    for (const IndexCheck& check : task.checks) {
      const Entry& entry = entry_of(check.node);
      const View view{data(check.held), check.shape, int64};
      const CallScope recorded = scope_of(entry);
      if (!planted("indices are not checked"))
        kernels::check_indices(view, check.size, entry.primitive->name(), entry.where);
    }
    bind(task);
    execute(*task.program, binding_);
  }

  void bind(const ProgramTask& task) {
    Binding& binding = binding_;
    binding.rows = task.rows;
    binding.columns = task.columns;
    binding.bands = task.bands;
    binding.row_bytes.clear();
    binding.pointers.clear();
    binding.row_operands.clear();
    binding.arguments.clear();
    for (const std::int32_t node : task.lowered.pointers) binding.pointers.push_back(node < 0 ? nullptr : data(node));
    for (const std::int32_t node : task.lowered.row_operands) binding.row_operands.push_back(data(node));
    for (const Argument& argument : task.lowered.arguments) binding.arguments.push_back(number(argument));
    bind_moved(task.lowered, task.first_moved);
  }
  // A contiguous view is read like any value, from its first element on.
  void bind_moved(const Lowered& lowered, std::size_t first) {
    Binding& binding = binding_;
    binding.places.assign(lowered.moved.empty() ? 0 : lowered.pointers.size(), nullptr);
    binding.row_places.assign(lowered.moved.empty() ? 0 : lowered.row_operands.size(), nullptr);
    const PlacedView* view = views_read_.data() + first;
    for (const Lowered::Moved& each : lowered.moved) {
      void*& base = each.is_pointer ? binding.pointers[each.index] : binding.row_operands[each.index];
      const std::int32_t node = each.movements.memory;
      if (each.movements.contiguous && !each.once)
        base =
            static_cast<char*>(base) + view->access.offset * static_cast<std::int64_t>(item_size(memory_[node].dtype));
      else
        (each.is_pointer ? binding.places : binding.row_places)[each.index] = view;
      ++view;
    }
  }

  void run_task(const ProductTask& task, const ProgramTask* epilogue) {
    const Gemm product = bound(task);
    const int threads = num_threads();
    if (epilogue == nullptr || !suit(product, epilogue->program->parts(), threads)) {
      fused::run(product, {}, threads);
      if (epilogue != nullptr) run_task(*epilogue, nullptr);
      return;
    }
    bind(*epilogue);
    if (!planted("parts of one long row are taken for rows"))
      binding_.rows = product.batch * product.m, binding_.columns = product.n;
    const Begun begun = begin_parts(*epilogue->program, binding_);
    fused::run(
        product, [&](const Rectangle& part) { execute_part(begun, binding_, part); }, threads);
    if (planted("a program runs once more after its parts")) run_task(*epilogue, nullptr);
    ++epilogue_count;
  }
  Gemm bound(const ProductTask& task) const {
    Gemm product = task.product;
    product.a = data(task.operands[0]);
    product.b = data(task.operands[1]);
    product.c = data(task.node);
    for (std::size_t i = 0; i < task.moved.size(); ++i) {
      const void*& base = task.moved[i].factor == 0 ? product.a : product.b;
      base = static_cast<const char*>(base) +
             views_read_[task.first_moved + i].access.offset * static_cast<std::int64_t>(item_size(product.dtype));
    }
    if (task.operands.size() > 2) product.d = data(task.operands[2]);
    if (task.scaled == Scaled::none) return product;
    double& scale = task.scaled == Scaled::alpha ? product.alpha : product.beta;
    scale *= (planted("the sign of what is scaled is lost") ? scale : 1) * number({task.operands[3], 0});
    return product;
  }

  void run_task(const KernelTask& task, const ProgramTask*) {
    const Entry& entry = entry_of(task.node);
    views_.clear();
    for (std::size_t i = 0; i < task.operands.size(); ++i)
      views_.push_back({data(task.operands[i]), task.shapes[i], memory_[task.operands[i]].dtype});
    run_kernel(entry, primitive_of(task, entry), views_, {data(task.node), entry.shape, entry.dtype});
  }

  void run_task(const JoinTask& task, const ProgramTask*) {
    std::vector<PlacedView> whole(task.operands.size());  // those that are no views
    std::vector<Piece> pieces;
    const std::int64_t rows = task.rows();
    const PlacedView* view = views_read_.data() + task.first_moved;
    auto moved = task.moved.begin();
    for (std::size_t i = 0; i < task.operands.size(); ++i) {
      const bool is_view = moved != task.moved.end() && moved->factor == i;
      const std::int32_t node = task.operands[i];
      whole[i].access = Access(Shape{task.shapes[i].numel()});
      const PlacedView* const as = is_view ? view++ : is_written(task, node) ? nullptr : &whole[i];
      pieces.push_back({as, as ? data(node) : nullptr, rows == 0 ? 0 : task.shapes[i].numel() / rows});
      if (is_view) ++moved;
    }
    join(pieces, rows, item_size(memory_[task.node].dtype), data(task.node));
    for (const ProgramTask& program : task.programs) write_joined(task, program, pieces, rows);
  }
  static bool is_written(const JoinTask& task, std::int32_t node) {
    return std::any_of(task.programs.begin(), task.programs.end(),
                       [node](const ProgramTask& program) { return contains(program.outputs, node); });
  }
  // Runs a program whose results begin where they are joined, each row of them at the distance of the rows there.
  void write_joined(const JoinTask& task, const ProgramTask& program, std::span<const Piece> pieces,
                    std::int64_t rows) {
    const auto item = static_cast<std::int64_t>(item_size(memory_[task.node].dtype));
    bind(program);
    if (rows > 1) binding_.row_bytes.assign(program.lowered.pointers.size(), 0);
    std::int64_t first = 0, row = 0;
    for (const Piece& piece : pieces) row += piece.run * item;
    for (std::size_t i = 0; i < task.operands.size(); first += pieces[i++].run * item) {
      const auto& nodes = program.lowered.pointers;
      const auto at = std::find(nodes.begin(), nodes.end(), task.operands[i]);
      if (pieces[i].view || at == nodes.end()) continue;
      const auto p = static_cast<std::size_t>(at - nodes.begin());
      binding_.pointers[p] =
          static_cast<char*>(data(task.node)) + (planted("all programs write the first of what is joined") ? 0 : first);
      if (rows > 1) binding_.row_bytes[p] = row;
    }
    execute(*program.program, binding_);
  }

  // The primitive of the entry of this run, whose dynamic arguments differ from those at planning.
  static const Primitive& primitive_of([[maybe_unused]] const KernelTask& task, const Entry& entry) {
    if (planted("kernels keep the arguments of their first run")) {
      static std::map<const KernelTask*, const Primitive*> first;
      return *first.try_emplace(&task, entry.primitive->copy(nullptr, 0)).first->second;
    }
    return *entry.primitive;
  }

  const Plan& plan_;
  const std::vector<TaskRun>& runs_;
  const std::vector<Memory>& memory_;
  const Pending& pending_;
  const Inputs& inputs_;
  std::vector<PlacedView> views_read_;  // of all views that programs and products read, by task
  std::vector<Buffer> buffers_;
  std::vector<char> overwritable_;   // by leaf; empty where none is
  std::vector<std::int32_t> taken_;  // inputs whose memory outputs of the present task have taken
  std::size_t first_overwrite_ = 0;  // the first task run that overwrites a leaf
  Binding binding_;
  std::vector<View> views_;
};

}  // namespace

std::int64_t epilogue_runs() { return epilogue_count; }

void run(const Plan& plan, const Pending& pending, const Inputs& inputs, bool again) {
  Run(plan, pending, inputs).run(again);
}

}  // namespace xgrad::fused
