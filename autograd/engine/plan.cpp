#include "autograd/engine/plan.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "autograd/engine/donation.hpp"
#include "autograd/engine/narrow.hpp"
#include "autograd/engine/overwrite.hpp"
#include "autograd/engine/recompute.hpp"
#include "autograd/engine/verify_grouping.hpp"
#include "autograd/engine/verify_program.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

// In parts of fewer columns programs take longer than they save by reading a product from the cache.
constexpr std::int64_t least_part_columns = 128;

// Whether the parts that the product is computed in are such that the program can run on them, and gains from it.
bool suit(const Gemm& gemm, Parts parts, int threads) {
  const Division division = fused::division(gemm, threads);
  const std::int64_t rows = gemm.batch * gemm.m;
  return division.columns >= std::min(gemm.n, least_part_columns) && rows * gemm.n <= division.parts * block_elements &&
         (parts == Parts::any || division.rows == rows);
}

std::atomic<std::int64_t> joined_count{0};

bool is_full(const Pointer& pointer) { return pointer.shape == Pointer::Shape::full && !pointer.accumulator; }

double number_at(const void* data, DType dtype) {
  return dispatch(dtype, [&](auto zero) { return static_cast<double>(*static_cast<const decltype(zero)*>(data)); });
}

}  // namespace

Plan::Plan(const Pending& pending, std::size_t budget) {
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
  for (std::size_t i = grouping.order.size(); i-- > 0;) add_task(pending, grouping, grouping.order[i], stored);
  std::reverse(tasks_.begin(), tasks_.end());

  for (const Node& node : graph.nodes)
    memory_.push_back({static_cast<std::size_t>(node.numel) * item_size(node.dtype), node.leaf ? node.argument : -1,
                       node.entry, node.dtype, node.kind == Kind::constant});
  find_schedule(budget);
  evaluated_.resize(pending.entries.size());
  std::vector<char> given(memory_.size());
  for (std::size_t i = results_.size(); i-- > 0;) {
    evaluated_[static_cast<std::size_t>(results_[i].entry)] = true;
    results_[i].last = !std::exchange(given[results_[i].node], true);
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
    task.program = std::make_unique<Compiled>(verified(task.lowered.program));
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
  product.m = entry.shape[entry.shape.ndim() - 2];
  product.n = entry.shape.back();
  product.k = node.depth;
  product.batch = node.batch;
  const Graph::Matrix a = graph.matrix(node, node.inputs[0]), b = graph.matrix(node, node.inputs[1]);
  task.operands[0] = a.held;
  task.operands[1] = b.held;
  product.transpose_a = a.transposed != node.turned;
  product.transpose_b = b.transposed != node.turned;
  product.row_a = product.transpose_a ? product.m : product.k;
  product.row_b = product.transpose_b ? product.k : product.n;
  product.row_c = product.n;
  product.batch_a = a.repeated ? 0 : product.m * product.k;
  product.batch_b = b.repeated ? 0 : product.k * product.n;
  product.batch_c = product.m * product.n;
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
  for (const std::int32_t node : task.lowered.row_operands) reads(node);
  for (const Argument& argument : task.lowered.arguments) reads(argument.node);
  std::sort(work.reads.begin(), work.reads.end());
  work.reads.erase(std::unique(work.reads.begin(), work.reads.end()), work.reads.end());

  work.cost = 1000;
  for (const std::int32_t node : task.outputs) work.cost += static_cast<double>(memory_[node].bytes);
  work.may_fail = task.kind == Unit::Kind::kernel || !task.indices.empty();
  const Gemm& product = task.product;
  if (task.kind == Unit::Kind::product)
    work.cost += static_cast<double>(product.batch * product.m * product.n) * static_cast<double>(product.k) / 16;
  const auto may_take = [&](std::int32_t output, std::int32_t input) {
    const auto times = [input](const std::vector<std::int32_t>& nodes) {
      return std::count(nodes.begin(), nodes.end(), input);
    };
    const auto reads_of_it = times(task.operands) + times(task.lowered.pointers) + times(task.lowered.row_operands);
    if (reads_of_it == 1 && memory_[output].leaf < 0 && memory_[input].bytes == memory_[output].bytes)
      work.reuses.push_back({output, input});
  };
  if (task.kind == Unit::Kind::product && task.operands.size() > 2) may_take(task.node, task.operands[2]);
  if (task.kind != Unit::Kind::program) return work;
  for (const Phase& phase : task.program->program().phases)
    work.cost += static_cast<double>(task.rows * task.columns) * static_cast<double>(phase.steps.size());
  for (const Overwrite& pair : overwrites(task.program->program()))
    may_take(task.lowered.pointers[pair.written], task.lowered.pointers[pair.read]);
  return work;
}

// Whether a program can run on the parts of a product as they are finished, by whoever finished them.
bool Plan::can_follow(const Task& product, const Task& program) const {
  if (product.kind != Unit::Kind::product || !program.indices.empty()) return false;
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
         program.program->parts() != Parts::none;
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
    if (next >= 0 && !done[next] && is_ready(next)) add(next);
  }
  return order;
}

// Where the budget does not suffice, nothing is kept for a walk back that may come.
void Plan::find_schedule(std::size_t budget) {
  std::vector<char> written(memory_.size());
  for (const Task& task : tasks_)
    for (const std::int32_t node : task.outputs) written[node] = true;
  std::vector<Work> works;
  for (const Task& task : tasks_) works.push_back(work_of(task, written));
  std::vector<Held> values;
  for (const Memory& memory : memory_) values.push_back({memory.bytes, memory.leaf >= 0});
  for (const Result& result : results_) values[result.node].kept = true;
  schedule_ = lay_out(works, values, order_of(works), budget);
  if (budget == 0 || schedule_.peak <= budget) return verify(works, values, budget);
  std::erase_if(results_, [&](const Result& result) { return !result.root; });
  for (Held& value : values) value.kept = false;
  for (const Result& result : results_) values[result.node].kept = true;
  schedule_ = lay_out(works, values, order_within(works, values, budget), budget);
  verify(works, values, budget);
}

// One run: what is in memory now.
class Plan::Run {
 public:
  Run(Plan& plan, const Pending& pending, const std::vector<Entry*>& leaves)
      : plan_(plan), turns_(plan.schedule_.turns), pending_(pending), leaves_(leaves), buffers_(plan.memory_.size()) {}

  void run() {
    find_overwritable();
    for (std::size_t i = 0; i < turns_.size(); ++i) {
      const std::size_t first = i;
      if (i + 1 < turns_.size() && turns_[i + 1].joined) ++i;
      if (first <= first_overwrite_ && first_overwrite_ <= i) prepare_from(first);
      for (std::size_t turn = first; turn <= i; ++turn) allocate(turn);
      run_task(task_at(first), i > first ? &task_at(i) : nullptr);
      for (std::size_t turn = first; turn <= i; ++turn)
        for (const std::int32_t node : turns_[turn].releases) buffers_[node] = Buffer();
    }
    for (const Result& result : plan_.results_) {
      Entry& entry = *pending_.entries[result.entry];
      const std::int32_t leaf = plan_.memory_[result.node].leaf;
      Buffer& buffer = leaf >= 0 ? leaves_[leaf]->value : buffers_[result.node];
      entry.value = leaf < 0 && result.last ? std::move(buffer) : buffer;
      entry.evaluated.store(true, std::memory_order_release);
    }
  }

 private:
  // Memory of leaves is overwritten from the plan's second run on, when whatever grows with the first has grown.
  void find_overwritable() {
    first_overwrite_ = turns_.size();
    if (pending_.donated.empty() || plan_.runs_++ == 0) return;
    overwritable_ = overwritable(pending_, leaves_, plan_.evaluated_);
    for (std::size_t i = turns_.size(); i-- > plan_.schedule_.safe_from;)
      for (const Reuse& reuse : turns_[i].reuses)
        if (is_overwritable(reuse.input)) first_overwrite_ = i;
  }
  bool is_overwritable(std::int32_t node) const {
    const std::int32_t leaf = plan_.memory_[node].leaf;
    return leaf >= 0 && !overwritable_.empty() && overwritable_[static_cast<std::size_t>(leaf)];
  }

  Task& task_at(std::size_t turn) const { return plan_.tasks_[static_cast<std::size_t>(turns_[turn].task)]; }

  void allocate(std::size_t turn) {
    taken_.clear();
    for (const Reuse& reuse : turns_[turn].reuses) {
      const bool leaf = plan_.memory_[reuse.input].leaf >= 0;
      if (buffers_[reuse.output] || (leaf && !is_overwritable(reuse.input))) continue;
      if (std::find(taken_.begin(), taken_.end(), reuse.input) != taken_.end()) continue;
      taken_.push_back(reuse.input);
      buffers_[reuse.output] = leaf ? leaves_[plan_.memory_[reuse.input].leaf]->value : buffers_[reuse.input];
    }
    for (const std::int32_t node : task_at(turn).outputs)
      if (!buffers_[node]) buffers_[node] = Buffer::allocate(plan_.memory_[node].bytes);
  }
  // Does whatever may fail in this turn and the later ones.
  void prepare_from(std::size_t first) {
    for (std::size_t i = first; i < turns_.size(); ++i) allocate(i);
    for (std::size_t i = first; i < turns_.size(); ++i) {
      Task& task = task_at(i);
      if (task.kind != Unit::Kind::program) continue;
      bind(task);
      prepare(*task.program, binding_);
    }
  }

  void* data(std::int32_t node) const {
    const std::int32_t leaf = plan_.memory_[node].leaf;
    return leaf >= 0 ? leaves_[leaf]->value.data() : buffers_[node].data();
  }

  double number(const Argument& argument) const {
    if (argument.node < 0) return argument.literal;
    if (const void* at = data(argument.node)) return number_at(at, plan_.memory_[argument.node].dtype);
    return pending_.entries[plan_.memory_[argument.node].entry]->primitive->lower().value;
  }

  void run_task(Task& task, Task* joined) {
    if (task.kind == Unit::Kind::program)
      run_program(task);
    else if (task.kind == Unit::Kind::product)
      run_product(task, joined);
    else
      run_kernel(task);
  }

  void run_program(Task& task) {
    for (const Indices& indices : task.indices) {
      const Entry& entry = *pending_.entries[plan_.memory_[indices.node].entry];
      const Tensor& index = entry.input(1);
      const std::int64_t axis = entry.primitive->lower().axis;
      const std::int64_t size =
          entry.primitive->lower().kind == Kind::pick ? entry.input(0).shape()[axis] : entry.shape[axis];
      const View view{data(indices.held), index.shape(), int64};
      kernels::check_indices(view, size, entry.primitive->name(), entry.where);
    }
    bind(task);
    execute(*task.program, binding_);
  }

  void bind(const Task& task) {
    Binding& binding = binding_;
    binding.rows = task.rows;
    binding.columns = task.columns;
    binding.pointers.clear();
    binding.row_operands.clear();
    binding.arguments.clear();
    for (const std::int32_t node : task.lowered.pointers) binding.pointers.push_back(node < 0 ? nullptr : data(node));
    for (const std::int32_t node : task.lowered.row_operands) binding.row_operands.push_back(data(node));
    for (const Argument& argument : task.lowered.arguments) binding.arguments.push_back(number(argument));
  }

  void run_product(const Task& task, Task* joined) {
    Gemm product = task.product;
    product.a = data(task.operands[0]);
    product.b = data(task.operands[1]);
    product.c = data(task.node);
    if (task.operands.size() > 2) product.d = data(task.operands[2]);
    if (task.scaled != nullptr) product.*task.scaled *= number({task.operands[3], 0});
    const int threads = num_threads();
    if (joined == nullptr || !suit(product, joined->program->parts(), threads)) {
      fused::run(product, {}, threads);
      if (joined != nullptr) run_program(*joined);
      return;
    }
    bind(*joined);
    binding_.rows = product.batch * product.m;
    binding_.columns = product.n;
    begin_parts(*joined->program, binding_);
    fused::run(
        product, [&](const Rectangle& part) { execute_part(*joined->program, binding_, part); }, threads);
    ++joined_count;
  }

  void run_kernel(const Task& task) {
    const Entry& entry = *pending_.entries[plan_.memory_[task.node].entry];
    std::vector<View> inputs;
    for (std::size_t i = 0; i < task.operands.size(); ++i)
      inputs.push_back({data(task.operands[i]), entry.input(i).shape(), entry.input(i).dtype()});
    entry.primitive->run(inputs, {data(task.node), entry.shape, entry.dtype}, entry.where);
  }

  Plan& plan_;
  const std::vector<Turn>& turns_;
  const Pending& pending_;
  const std::vector<Entry*>& leaves_;
  std::vector<Buffer> buffers_;
  std::vector<char> overwritable_;   // by leaf; empty where none is
  std::vector<std::int32_t> taken_;  // inputs whose memory outputs of the present turn have
  std::size_t first_overwrite_ = 0;  // the first turn that overwrites one
  Binding binding_;
};

std::int64_t joined_runs() { return joined_count; }

void Plan::run(const Pending& pending, const std::vector<Entry*>& leaves) { Run(*this, pending, leaves).run(); }

}  // namespace xgrad::fused
