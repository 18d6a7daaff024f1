// One run of a plan.

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/run/donation.hpp"
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
         (parts == Parts::any || division.rows == rows || planted("sums over rows are taken in parts of the rows"));
}

std::atomic<std::int64_t> joined_count{0};

double number_at(const void* data, DType dtype) {
  return dispatch(dtype, [&](auto zero) { return static_cast<double>(*static_cast<const decltype(zero)*>(data)); });
}

}  // namespace

// One run: what is in memory now.
class Plan::Run {
 public:
  Run(const Plan& plan, const Pending& pending, const std::vector<Entry*>& leaves)
      : plan_(plan), turns_(plan.schedule_.turns), pending_(pending), leaves_(leaves), buffers_(plan.memory_.size()) {}

  void run(bool again) {
    find_overwritable(again);
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
  // Memory of leaves is overwritten from the second run of the thread on, when whatever grows with the first has grown.
  void find_overwritable(bool again) {
    first_overwrite_ = turns_.size();
    if (pending_.donated.empty() || !again) return;
    overwritable_ = overwritable(pending_, leaves_, plan_.evaluated_);
    for (std::size_t i = turns_.size(); i-- > plan_.schedule_.safe_from;)
      for (const Reuse& reuse : turns_[i].reuses)
        if (is_overwritable(reuse.input)) first_overwrite_ = i;
  }
  bool is_overwritable(std::int32_t node) const {
    const std::int32_t leaf = plan_.memory_[node].leaf;
    return leaf >= 0 && !overwritable_.empty() && overwritable_[static_cast<std::size_t>(leaf)];
  }

  const Task& task_at(std::size_t turn) const { return plan_.tasks_[static_cast<std::size_t>(turns_[turn].task)]; }

  void allocate(std::size_t turn) {
    taken_.clear();
    for (const Reuse& reuse : turns_[turn].reuses) {
      const bool leaf = plan_.memory_[reuse.input].leaf >= 0;
      if (buffers_[reuse.output] ||
          (leaf && !is_overwritable(reuse.input) && !planted("leaves are overwritten that nobody gave away")))
        continue;
      if (std::find(taken_.begin(), taken_.end(), reuse.input) != taken_.end() &&
          !planted("two results take the memory of one input"))
        continue;
      taken_.push_back(reuse.input);
      buffers_[reuse.output] = leaf ? leaves_[plan_.memory_[reuse.input].leaf]->value : buffers_[reuse.input];
    }
    for (const std::int32_t node : task_at(turn).outputs)
      if (!buffers_[node]) buffers_[node] = memory_for(node);
  }
  Buffer memory_for(std::int32_t node) const {
    const auto& value = plan_.memory_[node];
    Buffer memory = Buffer::allocate_if_there_is(value.bytes);
    if (memory) return memory;
    while (plan_.memory_[node].entry < 0) ++node;  // a part of the next one
    const Entry& entry = *pending_.entries[plan_.memory_[node].entry];
    const CallScope recorded = scope_of(entry);
    fail<LimitError>(entry.where, entry.primitive->name(), ": ", value.bytes, " bytes cannot be allocated");
  }
  // Does whatever may fail in this turn and the later ones.
  void prepare_from(std::size_t first) {
    for (std::size_t i = first; i < turns_.size(); ++i) allocate(i);
    for (std::size_t i = first; i < turns_.size(); ++i) {
      const Task& task = task_at(i);
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

  void run_task(const Task& task, const Task* joined) {
    if (task.kind == Unit::Kind::program)
      run_program(task);
    else if (task.kind == Unit::Kind::product)
      run_product(task, joined);
    else
      run_kernel(task);
  }

  void run_program(const Task& task) {
    for (const Indices& indices : task.indices) {
      const Entry& entry = *pending_.entries[plan_.memory_[indices.node].entry];
      const Tensor& index = entry.input(1);
      const std::int64_t axis = entry.primitive->lower().axis;
      const std::int64_t size =
          entry.primitive->lower().kind == Kind::pick ? entry.input(0).shape()[axis] : entry.shape[axis];
      const View view{data(indices.held), index.shape(), int64};
      const CallScope recorded = scope_of(entry);
      if (!planted("indices are not checked")) kernels::check_indices(view, size, entry.primitive->name(), entry.where);
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

  void run_product(const Task& task, const Task* joined) {
    Gemm product = task.product;
    product.a = data(task.operands[0]);
    product.b = data(task.operands[1]);
    product.c = data(task.node);
    if (task.operands.size() > 2) product.d = data(task.operands[2]);
    if (task.scaled != nullptr)
      product.*task.scaled *=
          (planted("the sign of what is scaled is lost") ? product.*task.scaled : 1) * number({task.operands[3], 0});
    const int threads = num_threads();
    if (joined == nullptr || !suit(product, joined->program->parts(), threads)) {
      fused::run(product, {}, threads);
      if (joined != nullptr) run_program(*joined);
      return;
    }
    bind(*joined);
    if (!planted("parts of one long row are taken for rows"))
      binding_.rows = product.batch * product.m, binding_.columns = product.n;
    const Begun begun = begin_parts(*joined->program, binding_);
    fused::run(
        product, [&](const Rectangle& part) { execute_part(begun, binding_, part); }, threads);
    if (planted("a program runs once more after its parts")) run_program(*joined);
    ++joined_count;
  }

  void run_kernel(const Task& task) {
    const Entry& entry = *pending_.entries[plan_.memory_[task.node].entry];
    std::vector<View> inputs;
    for (std::size_t i = 0; i < task.operands.size(); ++i)
      inputs.push_back({data(task.operands[i]), entry.input(i).shape(), entry.input(i).dtype()});
    xgrad::run_kernel(entry, primitive_of(task, entry), inputs, {data(task.node), entry.shape, entry.dtype});
  }
  // That of the entry at hand: its dynamic arguments are not those of the one that was planned.
  static const Primitive& primitive_of([[maybe_unused]] const Task& task, const Entry& entry) {
    if (planted("kernels keep the arguments of their first run")) {
      static std::map<const Task*, const Primitive*> first;
      return *first.try_emplace(&task, entry.primitive->copy(nullptr, 0)).first->second;
    }
    return *entry.primitive;
  }

  const Plan& plan_;
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

void Plan::run(const Pending& pending, const std::vector<Entry*>& leaves, bool again) const {
  Run(*this, pending, leaves).run(again);
}

}  // namespace xgrad::fused
