#include "autograd/engine/plan.hpp"

#include <algorithm>

#include "autograd/engine/donation.hpp"
#include "autograd/engine/overwrite.hpp"
#include "autograd/kernels/kernels.hpp"

namespace xgrad::fused {

namespace {

using Kind = Lowering::Kind;

double number_at(const void* data, DType dtype) {
  return dispatch(dtype, [&](auto zero) { return static_cast<double>(*static_cast<const decltype(zero)*>(data)); });
}

}  // namespace

Plan::Plan(const Pending& pending) {
  Graph graph(pending);
  std::vector<std::int32_t> roots;
  for (std::size_t i = 0; i < pending.entries.size(); ++i)
    for (const Tensor& root : pending.roots)
      if (root.entry() == pending.entries[i]) roots.push_back(graph.of_entry[i]);
  graph.turn(roots);
  graph.contract(roots);
  graph.add_products(pending, roots);
  Grouping grouping(graph, roots);

  std::vector<bool> stored(graph.nodes.size());
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) stored[i] = graph.nodes[i].memory;
  for (std::size_t i = 0; i < pending.entries.size(); ++i) {
    const std::int32_t node = graph.storage(graph.of_entry[i]);
    const Node& at = graph.nodes[node];
    const bool program = grouping.unit_of[node] >= 0;
    const bool again = (at.cheap || at.bits) && !ends_checkpoint(*pending.entries[i]);
    const bool keep = may_be_wanted(*pending.entries[i]) && at.used && program && !again;
    if (keep) stored[node] = true;
    const bool root = std::find(roots.begin(), roots.end(), graph.of_entry[i]) != roots.end();
    if (keep || root) results_.push_back({static_cast<std::int32_t>(i), node});
  }
  for (std::size_t i = grouping.order.size(); i-- > 0;) add_task(pending, grouping, grouping.order[i], stored);
  std::reverse(tasks_.begin(), tasks_.end());

  for (const Node& node : graph.nodes)
    memory_.push_back({static_cast<std::size_t>(node.numel) * item_size(node.dtype), node.leaf ? node.argument : -1,
                       node.entry, node.dtype});
  const std::vector<std::int32_t> last = find_last_reads();
  find_reuses(last);
  find_releases(last);
  evaluated_.resize(pending.entries.size());
  for (const Result& result : results_) evaluated_[static_cast<std::size_t>(result.entry)] = true;
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
    task.program = std::make_unique<Compiled>(task.lowered.program);
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
  product.batch = 1;
  for (std::int64_t axis = 0; axis + 2 < entry.shape.ndim(); ++axis) product.batch *= entry.shape[axis];
  bool* flags[] = {&product.transpose_a, &product.transpose_b};
  for (std::size_t i = 0; i < 2; ++i) {
    const Node& operand = graph.nodes[node.inputs[i]];
    const bool view = operand.kind == Kind::transposition && !operand.leaf && !operand.memory;
    *flags[i] = view != node.turned;
    if (view) task.operands[i] = graph.storage(operand.inputs[0]);
  }
  product.row_a = product.transpose_a ? product.m : product.k;
  product.row_b = product.transpose_b ? product.k : product.n;
  product.row_c = product.n;
  product.batch_a = product.m * product.k;
  product.batch_b = product.k * product.n;
  product.batch_c = product.m * product.n;
  if (node.scaled != nullptr) product.*node.scaled = node.sign;
  if (node.inputs.size() == 4) task.scaled = node.scaled;
}

// The last task that reads or writes each node; -1 for none, and for what an entry gets.
std::vector<std::int32_t> Plan::find_last_reads() const {
  std::vector<std::int32_t> last(memory_.size(), -1);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const auto at = static_cast<std::int32_t>(i);
    const auto reads = [&](std::int32_t node) {
      if (node >= 0) last[node] = at;
    };
    for (const std::int32_t node : tasks_[i].operands) reads(node);
    for (const std::int32_t node : tasks_[i].outputs) reads(node);
    for (const Indices& indices : tasks_[i].indices) reads(indices.held);
    for (const std::int32_t node : tasks_[i].lowered.pointers) reads(node);
    for (const std::int32_t node : tasks_[i].lowered.row_operands) reads(node);
    for (const Argument& argument : tasks_[i].lowered.arguments) reads(argument.node);
  }
  for (const Result& result : results_) last[result.node] = -1;
  return last;
}

// A leaf is overwritten only where nothing can fail any more, or its owner could not keep the old value.
void Plan::find_reuses(const std::vector<std::int32_t>& last) {
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (tasks_[i].kind == Unit::Kind::kernel || !tasks_[i].indices.empty()) safe_from_ = i + 1;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const Task& task = tasks_[i];
    if (task.kind == Unit::Kind::product && task.operands.size() > 2) find_reuse(i, task.node, task.operands[2], last);
    if (task.kind != Unit::Kind::program) continue;
    for (const Overwrite& pair : overwrites(task.program->program()))
      find_reuse(i, task.lowered.pointers[pair.written], task.lowered.pointers[pair.read], last);
  }
}

void Plan::find_reuse(std::size_t at, std::int32_t output, std::int32_t input, const std::vector<std::int32_t>& last) {
  Task& task = tasks_[at];
  const auto times = [input](const std::vector<std::int32_t>& nodes) {
    return std::count(nodes.begin(), nodes.end(), input);
  };
  const bool once = times(task.operands) + times(task.lowered.pointers) == 1 && times(task.lowered.row_operands) == 0;
  const bool leaf = memory_[input].leaf >= 0;
  if (!once || last[input] != static_cast<std::int32_t>(at) || (leaf && at < safe_from_)) return;
  if (memory_[output].leaf >= 0 || memory_[input].bytes != memory_[output].bytes) return;
  task.reuses.push_back({output, input});
}

// Memory is given back after the last task that reads it, unless an entry gets it.
void Plan::find_releases(const std::vector<std::int32_t>& last) {
  for (std::size_t node = 0; node < memory_.size(); ++node)
    if (last[node] >= 0 && memory_[node].leaf < 0)
      tasks_[last[node]].releases.push_back(static_cast<std::int32_t>(node));
}

// One run: what is in memory now.
class Plan::Run {
 public:
  Run(Plan& plan, const Pending& pending, const std::vector<Entry*>& leaves)
      : plan_(plan), pending_(pending), leaves_(leaves), buffers_(plan.memory_.size()) {}

  void run() {
    find_overwritable();
    for (std::size_t i = 0; i < plan_.tasks_.size(); ++i) {
      Task& task = plan_.tasks_[i];
      if (i == first_overwrite_) prepare_from(i);
      allocate(task);
      if (task.kind == Unit::Kind::program)
        run_program(task);
      else if (task.kind == Unit::Kind::product)
        run_product(task);
      else
        run_kernel(task);
      for (const std::int32_t node : task.releases) buffers_[node] = Buffer();
    }
    for (const Result& result : plan_.results_) {
      Entry& entry = *pending_.entries[result.entry];
      const std::int32_t leaf = plan_.memory_[result.node].leaf;
      entry.value = leaf >= 0 ? leaves_[leaf]->value : buffers_[result.node];
      entry.evaluated.store(true, std::memory_order_release);
    }
  }

 private:
  // Memory of leaves is overwritten from the plan's second run on, when whatever grows with the first has grown.
  void find_overwritable() {
    first_overwrite_ = plan_.tasks_.size();
    if (pending_.donated.empty() || plan_.runs_++ == 0) return;
    overwritable_ = overwritable(pending_, leaves_, plan_.evaluated_);
    for (std::size_t i = plan_.tasks_.size(); i-- > plan_.safe_from_;)
      for (const Reuse& reuse : plan_.tasks_[i].reuses)
        if (is_overwritable(reuse.input)) first_overwrite_ = i;
  }
  bool is_overwritable(std::int32_t node) const {
    const std::int32_t leaf = plan_.memory_[node].leaf;
    return leaf >= 0 && !overwritable_.empty() && overwritable_[static_cast<std::size_t>(leaf)];
  }

  void allocate(const Task& task) {
    taken_.clear();
    for (const Reuse& reuse : task.reuses) {
      const bool leaf = plan_.memory_[reuse.input].leaf >= 0;
      if (buffers_[reuse.output] || (leaf && !is_overwritable(reuse.input))) continue;
      if (std::find(taken_.begin(), taken_.end(), reuse.input) != taken_.end()) continue;
      taken_.push_back(reuse.input);
      buffers_[reuse.output] = leaf ? leaves_[plan_.memory_[reuse.input].leaf]->value : buffers_[reuse.input];
    }
    for (const std::int32_t node : task.outputs)
      if (!buffers_[node]) buffers_[node] = Buffer::allocate(plan_.memory_[node].bytes);
  }
  // Does whatever may fail in this task and the later ones.
  void prepare_from(std::size_t first) {
    for (std::size_t i = first; i < plan_.tasks_.size(); ++i) allocate(plan_.tasks_[i]);
    for (std::size_t i = first; i < plan_.tasks_.size(); ++i) {
      Task& task = plan_.tasks_[i];
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

  void run_program(Task& task) {
    for (const Indices& indices : task.indices) {
      const Entry& entry = *pending_.entries[plan_.memory_[indices.node].entry];
      const Tensor& index = entry.inputs[1];
      const std::int64_t axis = entry.primitive->lower().axis;
      const std::int64_t size =
          entry.primitive->lower().kind == Kind::pick ? entry.inputs[0].shape()[axis] : entry.shape[axis];
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

  void run_product(const Task& task) {
    Gemm product = task.product;
    product.a = data(task.operands[0]);
    product.b = data(task.operands[1]);
    product.c = data(task.node);
    if (task.operands.size() > 2) product.d = data(task.operands[2]);
    if (task.scaled != nullptr) product.*task.scaled *= number({task.operands[3], 0});
    fused::run(product);
  }

  void run_kernel(const Task& task) {
    const Entry& entry = *pending_.entries[plan_.memory_[task.node].entry];
    std::vector<View> inputs;
    for (std::size_t i = 0; i < task.operands.size(); ++i)
      inputs.push_back({data(task.operands[i]), entry.inputs[i].shape(), entry.inputs[i].dtype()});
    entry.primitive->run(inputs, {data(task.node), entry.shape, entry.dtype}, entry.where);
  }

  Plan& plan_;
  const Pending& pending_;
  const std::vector<Entry*>& leaves_;
  std::vector<Buffer> buffers_;
  std::vector<char> overwritable_;   // by leaf; empty where none is
  std::vector<std::int32_t> taken_;  // inputs whose memory outputs of the present task have
  std::size_t first_overwrite_ = 0;  // the first task that overwrites one
  Binding binding_;
};

void Plan::run(const Pending& pending, const std::vector<Entry*>& leaves) { Run(*this, pending, leaves).run(); }

}  // namespace xgrad::fused
