#include "autograd/engine/plan/plan.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/rematerialise.hpp"
#include "autograd/engine/plan/verify_grouping.hpp"
#include "autograd/engine/rows/narrow_rows.hpp"
#include "autograd/engine/rows/shared_programs.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

bool is_full(const Pointer& pointer) { return pointer.shape == Pointer::Shape::full && !pointer.accumulator; }

std::atomic<std::int64_t> made{0};

// Offsets as a product takes them: those of rows and columns only where a distance between rows does not do.
std::unique_ptr<const Offsets> set_offsets(Offsets offsets, bool& transposed, std::int64_t& row) {
  const auto rows = distance(offsets.rows), columns = distance(offsets.columns);
  if (offsets.lies_along()) {
    const bool along_columns = *columns != 1;
    row = along_columns ? *columns : *rows;
    transposed = transposed != along_columns;
    offsets.rows.clear(), offsets.columns.clear();
  } else {
    if (transposed && !planted("windows that are read transposed are read as they lie"))
      std::swap(offsets.rows, offsets.columns);
    transposed = false;
  }
  return std::make_unique<const Offsets>(std::move(offsets));
}

}  // namespace

std::int64_t plans_made() { return made; }

Plan::Plan(const Pending& pending, std::size_t budget) {
  ++made;
  std::vector<char> is_root(pending.entries.size());  // before the graph numbers the entries anew
  for (const Entry* root : pending.roots) is_root[pending.numbers.find(root)] = true;
  Graph graph(pending);
  std::vector<std::int32_t> roots;
  std::vector<char> is_root_node(graph.nodes.size());
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    if (!is_root[i]) continue;
    roots.push_back(graph.of_entry[i]);
    is_root_node[graph.of_entry[i]] = true;
  }
  graph.turn(roots);
  graph.fold_products(roots);
  graph.add_products(roots);
  Grouping grouping(graph, roots);
  verify_grouping(grouping);

  std::vector<bool> stored(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) stored[i] = graph.nodes[i].memory;
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const std::int32_t node = graph.storage(graph.of_entry[i]);
    const Node& at = graph.nodes[node];
    const bool program = grouping.unit_of[node] >= 0;
    const bool again = (at.cheap || at.bits) && !ends_checkpoint(*pending.entries[i]);
    const bool keep = may_be_wanted(*pending.entries[i]) && at.used && program && !again;
    if (keep) stored[node] = true;
    const bool root = is_root_node[graph.of_entry[i]];
    if (keep || root) results_.push_back({static_cast<std::int32_t>(i), node, root});
  }
  tasks_.reserve(grouping.order.size());
  for (std::size_t i = grouping.order.size(); i-- > 0;) add_task(pending, grouping, grouping.order[i], stored);
  std::reverse(tasks_.begin(), tasks_.end());

  memory_.reserve(graph.nodes.size());
  for (const Node& node : graph.nodes)
    memory_.push_back({static_cast<std::size_t>(node.numel) * item_size(node.dtype), node.leaf ? node.argument : -1,
                       node.entry, node.dtype, node.kind == Kind::constant});
  find_schedule(budget);
  for (Task& task : tasks_) task.lowered.program = {};  // which the shared one has
  evaluated_.resize(pending.entries.size());
  std::vector<char> given(memory_.size());
  for (std::size_t i = results_.size(); i-- > 0;) {
    evaluated_[static_cast<std::size_t>(results_[i].entry)] = true;
    results_[i].last =
        !std::exchange(given[results_[i].node], true) || planted("memory is handed over to the first of its owners");
  }
}

void Plan::add_task(const Pending& pending, Grouping& grouping, std::int32_t index, std::vector<bool>& stored) {
  const Graph& graph = grouping.graph;
  const Unit& unit = grouping.units[index];
  Task task{.kind = unit.kind};
  if (unit.kind == Unit::Kind::program) {
    task.lowered = lower(grouping, index, stored);
    task.rows = unit.rows;
    task.columns = unit.columns;
    for (const std::int32_t member : unit.members) {
      if (stored[member]) task.outputs.push_back(member);
      const Node& node = graph.nodes[member];
      if (node.kind == Kind::pick || node.kind == Kind::place)
        task.indices.push_back({member, graph.storage(node.inputs[1])});
    }
    if (task.outputs.empty()) return;  // everything in it is computed again where it is needed
    task.program = shared_program(task.lowered.program);
  } else {
    task.node = unit.members[0];
    task.outputs = unit.members;
    for (const std::int32_t input : graph.nodes[task.node].inputs) task.operands.push_back(graph.storage(input));
    if (unit.kind == Unit::Kind::product) set_product(pending, graph, task);
    for (const std::int32_t operand : task.operands) stored[operand] = true;
  }
  tasks_.push_back(std::move(task));
}

void Plan::set_product(const Pending& pending, const Graph& graph, Task& task) {
  const Node& node = graph.nodes[task.node];
  const Entry& entry = *pending.entries[node.entry];
  Gemm& product = task.product;
  product.dtype = entry.dtype;
  product.m = node.m;
  product.n = node.n;
  product.k = node.depth;
  product.batch = node.batch;
  Graph::Matrix a = graph.matrix(node, 0), b = graph.matrix(node, 1);
  task.operands[0] = a.held;
  task.operands[1] = b.held;
  product.transpose_a =
      a.transposed != (node.turned && !planted("a turned product takes its first operand as it lies"));
  product.transpose_b = b.transposed != node.turned;
  product.row_a = product.transpose_a ? product.m : product.k;
  product.row_b = product.transpose_b ? product.k : product.n;
  product.row_c = product.n;
  product.batch_a = a.repeated ? 0 : product.m * product.k;
  product.batch_b = b.repeated && !planted("a repeated matrix is taken for a batch") ? 0 : product.k * product.n;
  product.batch_c = product.m * product.n;
  if (a.offsets) task.offsets_a = set_offsets(*std::move(a.offsets), product.transpose_a, product.row_a);
  if (b.offsets) task.offsets_b = set_offsets(*std::move(b.offsets), product.transpose_b, product.row_b);
  if (node.view >= 0) {
    product.batch_c = node.numel / node.batch;
    task.offsets_c = std::make_unique<const Offsets>(
        *offsets_of(graph.views[static_cast<std::size_t>(node.view)], node.batch, node.m, node.n));
  }
  product.offsets_a = task.offsets_a.get();
  product.offsets_b = task.offsets_b.get();
  product.offsets_c = task.offsets_c.get();
  if (node.scaled != nullptr) product.*node.scaled = node.sign;
  if (node.inputs.size() == 4) task.scaled = node.scaled;
}

// What a task reads, writes and may write over what. About so many operations: a product adds 16 numbers in the time of
// an elementwise step.
Work Plan::work_of(const Task& task, const std::vector<char>& written) const {
  Work work{.writes = task.outputs};
  const auto reads = [&](std::int32_t node) {
    if (node < 0 || (memory_[node].leaf < 0 && !written[node])) return;
    if (std::find(task.outputs.begin(), task.outputs.end(), node) == task.outputs.end()) work.reads.push_back(node);
  };
  for (const std::int32_t node : task.operands) reads(node);
  for (const Indices& indices : task.indices) reads(indices.held);
  for (const std::int32_t node : task.lowered.pointers) reads(node);
  if (!planted("a task does not know that it reads numbers of rows"))
    for (const std::int32_t node : task.lowered.row_operands) reads(node);
  for (const Argument& argument : task.lowered.arguments) reads(argument.node);
  std::sort(work.reads.begin(), work.reads.end());
  work.reads.erase(std::unique(work.reads.begin(), work.reads.end()), work.reads.end());

  work.cost = 1000;
  for (const std::int32_t node : task.outputs) work.cost += static_cast<double>(memory_[node].bytes);
  work.may_fail = task.kind == Unit::Kind::kernel || task.offsets_c ||
                  (!task.indices.empty() && !planted("indices are always right"));
  const Gemm& product = task.product;
  if (task.kind == Unit::Kind::product)
    work.cost += static_cast<double>(product.batch * product.m * product.n) * static_cast<double>(product.k) / 16;
  const auto may_take = [&](std::int32_t output, std::int32_t input) {
    const auto times = [input](const std::vector<std::int32_t>& nodes) {
      return std::count(nodes.begin(), nodes.end(), input);
    };
    const auto reads_of_it = times(task.operands) + times(task.lowered.pointers) + times(task.lowered.row_operands);
    if ((reads_of_it == 1 || planted("what is read in two ways is written over")) && memory_[output].leaf < 0 &&
        memory_[input].bytes == memory_[output].bytes)
      work.reuses.push_back({output, input});
  };
  if (task.kind == Unit::Kind::product && task.operands.size() > 2) may_take(task.node, task.operands[2]);
  if (task.kind != Unit::Kind::program) return work;
  for (const Phase& phase : task.program->program().phases)
    work.cost += static_cast<double>(task.rows * task.columns) * static_cast<double>(phase.steps.size());
  for (const Overwrite& pair : task.program->overwrites())
    may_take(task.lowered.pointers[pair.written], task.lowered.pointers[pair.read]);
  return work;
}

// Whether a program can run on the parts of a product as they are finished, by whoever finished them.
bool Plan::can_follow(const Task& product, const Task& program) const {
  if (product.kind != Unit::Kind::product || product.offsets_c || !program.indices.empty()) return false;
  const Gemm& gemm = product.product;
  const std::int64_t rows = gemm.batch * gemm.m, size = rows * gemm.n;
  const auto& pointers = program.program->program().pointers;
  const bool flat = std::all_of(pointers.begin(), pointers.end(), is_full) && program.lowered.row_operands.empty();
  const bool fits = flat ? program.rows * program.columns == size : program.rows == rows && program.columns == gemm.n;
  if (!fits || size == 0 || gemm.n < narrow_columns) return false;
  for (std::size_t p = 0; p < pointers.size(); ++p)
    if (program.lowered.pointers[p] == product.node && !is_full(pointers[p])) return false;
  const auto& numbers = program.lowered.row_operands;
  return std::find(numbers.begin(), numbers.end(), product.node) == numbers.end() &&
         (program.program->parts() != Parts::none || planted("a program of whole rows runs on parts of a product"));
}

void Plan::find_followers(std::vector<Work>& works, const std::vector<std::int32_t>& writer) const {
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    if (!tasks_[task].program) continue;
    for (const std::int32_t node : tasks_[task].lowered.pointers) {
      const std::int32_t product = node < 0 ? -1 : writer[node];
      if (product < 0 || works[product].follower >= 0 || !can_follow(tasks_[product], tasks_[task])) continue;
      works[product].follower = static_cast<std::int32_t>(task);
      break;
    }
  }
}

// As the tasks stand, but what can run on the parts of a product comes next after it, if it can.
std::vector<std::int32_t> Plan::order_of(std::vector<Work>& works) const {
  std::vector<std::int32_t> writer(memory_.size(), -1);
  for (std::size_t task = 0; task < tasks_.size(); ++task)
    for (const std::int32_t node : tasks_[task].outputs) writer[node] = static_cast<std::int32_t>(task);
  find_followers(works, writer);
  std::vector<std::int32_t> order;
  std::vector<char> done(tasks_.size());
  const auto add = [&](std::int32_t task) {
    done[task] = true;
    order.push_back(task);
  };
  const auto is_ready = [&](std::int32_t task) {
    const auto& reads = works[task].reads;
    return std::all_of(reads.begin(), reads.end(),
                       [&](std::int32_t node) { return writer[node] < 0 || done[writer[node]]; });
  };
  for (std::int32_t task = 0; task < static_cast<std::int32_t>(tasks_.size()); ++task) {
    if (done[task]) continue;
    add(task);
    const std::int32_t next = works[task].follower;
    if (next >= 0 && !done[next] && (is_ready(next) || planted("a follower does not wait for its other inputs")))
      add(next);
  }
  return order;
}

std::size_t Plan::bytes() const {
  std::size_t bytes = sizeof(Plan) + memory_.size() * (sizeof(Memory) + 1) + results_.size() * sizeof(Result);
  for (const Task& task : tasks_) {
    const std::size_t numbers = task.operands.size() + task.outputs.size() + task.lowered.pointers.size() +
                                task.lowered.row_operands.size() + 4 * task.lowered.arguments.size();
    bytes += sizeof(Task) + numbers * sizeof(std::int32_t);
    for (const Offsets* offsets : {task.product.offsets_a, task.product.offsets_b, task.product.offsets_c})
      if (offsets != nullptr)
        bytes += (offsets->batches.size() + offsets->rows.size() + offsets->columns.size()) * sizeof(std::int64_t);
    if (task.program && task.program.use_count() == 1) bytes += task.program->bytes();
  }
  for (const Turn& turn : schedule_.turns)
    bytes += sizeof(Turn) + turn.reuses.size() * sizeof(Reuse) + turn.releases.size() * sizeof(std::int32_t);
  return bytes;
}

// Where the budget does not suffice, nothing is kept for a walk back that may come.
void Plan::find_schedule(std::size_t budget) {
  std::vector<char> written(memory_.size());
  for (const Task& task : tasks_)
    for (const std::int32_t node : task.outputs) written[node] = true;
  std::vector<Work> works;
  works.reserve(tasks_.size());
  for (const Task& task : tasks_) works.push_back(work_of(task, written));
  std::vector<Held> values;
  values.reserve(memory_.size());
  for (const Memory& memory : memory_) values.push_back({memory.bytes, memory.leaf >= 0});
  for (const Result& result : results_) values[result.node].kept = !planted("what an entry gets is given back");
  schedule_ = lay_out(works, values, order_of(works), budget);
  if (budget == 0 || schedule_.peak <= budget) return verify(works, values, budget);
  std::erase_if(results_, [&](const Result& result) { return !result.root; });
  for (Held& value : values) value.kept = false;
  for (const Result& result : results_) values[result.node].kept = true;
  schedule_ = lay_out(works, values, order_within(works, values, budget), budget);
  verify(works, values, budget);
}

}  // namespace xgrad::fused
