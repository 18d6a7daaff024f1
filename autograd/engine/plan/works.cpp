#include "autograd/engine/plan/works.hpp"

#include <algorithm>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/contains.hpp"
#include "autograd/engine/programs/program.hpp"

namespace xgrad::fused {

namespace {

bool is_full(const Pointer& pointer) { return pointer.shape == Pointer::Shape::full && !pointer.accumulator; }

/// Collects what one task reads, writes, may overwrite, and costs.
class WorkOf {
 public:
  WorkOf(const std::vector<Memory>& memory, const std::vector<char>& written) : memory_(memory), written_(written) {}

  Work operator()(const Task& task) {
    const auto writes = outputs(task);
    work_ = {.writes = {writes.begin(), writes.end()}, .cost = 1000};
    for (const std::int32_t node : work_.writes) work_.cost += static_cast<double>(memory_[node].bytes);
    std::visit([this](const auto& each) { add(each); }, task);
    std::sort(work_.reads.begin(), work_.reads.end());
    work_.reads.erase(std::unique(work_.reads.begin(), work_.reads.end()), work_.reads.end());
    return std::move(work_);
  }

 private:
  void add(const ProgramTask& task) {
    const Lowered& lowered = task.lowered;
    run(task);
    work_.may_fail = !task.checks.empty() && !planted("indices are always right");
    for (const Overwrite& pair : task.program->overwrites()) {
      const std::int32_t input = lowered.pointers[pair.read];
      may_take(lowered.pointers[pair.written], input,
               std::count(lowered.pointers.begin(), lowered.pointers.end(), input) +
                   std::count(lowered.row_operands.begin(), lowered.row_operands.end(), input));
    }
  }
  // A product does 16 multiply-adds in the time of one elementwise step.
  void add(const ProductTask& task) {
    const Gemm& product = task.product;
    reads(task.operands);
    // What lies anywhere is laid out in memory of the thread, of which there may be none.
    const auto anywhere = [](const auto& offsets) { return offsets != nullptr && !offsets->columns.empty(); };
    work_.may_fail = task.offsets_c != nullptr || ((anywhere(task.offsets_a) || anywhere(task.offsets_b)) &&
                                                   !planted("products of what lies anywhere need no memory"));
    work_.cost += static_cast<double>(product.batch * product.m * product.n) * static_cast<double>(product.k) / 16;
    if (task.operands.size() > 2)
      may_take(task.node, task.operands[2], std::count(task.operands.begin(), task.operands.end(), task.operands[2]));
  }
  void add(const KernelTask& task) {
    reads(task.operands);
    work_.may_fail = true;
  }
  void add(const JoinTask& task) {
    reads(task.operands);
    for (const ProgramTask& program : task.programs)
      if (!planted("a join does not know what its programs read")) run(program);
    work_.may_fail = true;
  }
  void run(const ProgramTask& task) {
    const Lowered& lowered = task.lowered;
    for (const IndexCheck& check : task.checks) reads(check.held);
    reads(lowered.pointers);
    if (!planted("a task does not know that it reads numbers of rows")) reads(lowered.row_operands);
    for (const Argument& argument : lowered.arguments) reads(argument.node);
    for (const Phase& phase : task.program->program().phases)
      work_.cost += static_cast<double>(task.rows * task.columns) * static_cast<double>(phase.steps.size());
  }

  void reads(const std::vector<std::int32_t>& nodes) {
    for (const std::int32_t node : nodes) reads(node);
  }
  // Scratch and literals have no node, and constants need no memory, so none of them counts as a read.
  void reads(std::int32_t node) {
    if (node < 0 || (memory_[node].leaf < 0 && !written_[node]) || contains(work_.writes, node)) return;
    work_.reads.push_back(node);
  }
  void may_take(std::int32_t output, std::int32_t input, std::ptrdiff_t times_read) {
    if ((times_read == 1 || planted("what is read in two ways is written over")) && memory_[output].leaf < 0 &&
        memory_[input].bytes == memory_[output].bytes)
      work_.reuses.push_back({output, input});
  }

  const std::vector<Memory>& memory_;
  const std::vector<char>& written_;  // by node: whether a task writes it
  Work work_;
};

// By node: the task that writes it, or -1.
std::vector<std::int32_t> writers(const Tasks& tasks) {
  std::vector<std::int32_t> writer(tasks.memory.size(), -1);
  for (std::size_t task = 0; task < tasks.tasks.size(); ++task)
    for (const std::int32_t node : outputs(tasks.tasks[task])) writer[node] = static_cast<std::int32_t>(task);
  return writer;
}

void find_epilogues(const Tasks& tasks, std::vector<Work>& works) {
  const std::vector<std::int32_t> writer = writers(tasks);
  for (std::size_t task = 0; task < tasks.tasks.size(); ++task) {
    const auto* program = std::get_if<ProgramTask>(&tasks.tasks[task]);
    if (program == nullptr) continue;
    for (const std::int32_t node : program->lowered.pointers) {
      const std::int32_t from = node < 0 ? -1 : writer[node];
      if (from < 0 || works[from].epilogue >= 0) continue;
      const auto* product = std::get_if<ProductTask>(&tasks.tasks[from]);
      if (product == nullptr || epilogue_refusal(*program, *product)) continue;
      works[from].epilogue = static_cast<std::int32_t>(task);
      break;
    }
  }
}

}  // namespace

const char* epilogue_refusal(const ProgramTask& program, const ProductTask& product) {
  if (product.offsets_c) return "the product is added up at strided places";
  if (!program.checks.empty()) return "its indices have to be checked first";
  if (program.bands > 1) return "it adds up bands of rows apart";
  const Gemm& gemm = product.product;
  const std::int64_t rows = gemm.batch * gemm.m, size = rows * gemm.n;
  const auto& pointers = program.program->program().pointers;
  const auto& numbers = program.lowered.row_operands;
  for (const Lowered::Moved& each : program.lowered.moved)
    if (each.movements.memory == product.node && !planted("a product is read elsewhere before it is there"))
      return "it reads the product at other places";
  const bool flat =
      std::all_of(pointers.begin(), pointers.end(), is_full) && numbers.empty() && program.lowered.moved.empty();
  const bool fits = flat ? program.rows * program.columns == size : program.rows == rows && program.columns == gemm.n;
  if (!fits || size == 0) return "it has another space than the product";
  if (gemm.n < narrow_columns) return "rows of the product are narrow";
  for (std::size_t p = 0; p < pointers.size(); ++p)
    if (program.lowered.pointers[p] == product.node && !is_full(pointers[p]))
      return "it reads the product as a vector, or adds up over it";
  if (contains(numbers, product.node)) return "it reads numbers of rows from the product";
  if (program.program->parts() == Parts::none && !planted("a program of whole rows runs on parts of a product"))
    return "it reduces along whole rows";
  return nullptr;
}

std::vector<Work> works_of(const Tasks& tasks) {
  std::vector<char> written(tasks.memory.size());
  for (const Task& task : tasks.tasks)
    for (const std::int32_t node : outputs(task)) written[node] = true;
  std::vector<Work> works;
  works.reserve(tasks.tasks.size());
  WorkOf work_of(tasks.memory, written);
  for (const Task& task : tasks.tasks) works.push_back(work_of(task));
  find_epilogues(tasks, works);
  return works;
}

std::vector<std::int32_t> order_of(const Tasks& tasks, const std::vector<Work>& works) {
  const std::vector<std::int32_t> writer = writers(tasks);
  std::vector<std::int32_t> order;
  std::vector<char> done(works.size());
  const auto add = [&](std::int32_t task) {
    done[task] = true;
    order.push_back(task);
  };
  const auto is_ready = [&](std::int32_t task) {
    const auto& reads = works[task].reads;
    return std::all_of(reads.begin(), reads.end(),
                       [&](std::int32_t node) { return writer[node] < 0 || done[writer[node]]; });
  };
  for (std::int32_t task = 0; task < static_cast<std::int32_t>(works.size()); ++task) {
    if (done[task]) continue;
    add(task);
    const std::int32_t next = works[task].epilogue;
    if (next >= 0 && !done[next] && (is_ready(next) || planted("an epilogue does not wait for its other inputs")))
      add(next);
  }
  return order;
}

}  // namespace xgrad::fused
