#include "autograd/engine/plan/describe_plan.hpp"

#include <algorithm>
#include <variant>
#include <vector>

#include "autograd/core/text.hpp"
#include "autograd/engine/plan/plan.hpp"
#include "autograd/engine/plan/works.hpp"

namespace xgrad::fused {

namespace {

/// A number with its unit: "1.23 MB" for 1234567 bytes; exact below 1000.
std::string quantity(double number, const char* unit) {
  const char* const prefixes[] = {"", "k", "M", "G", "T", "P"};
  std::size_t prefix = 0;
  for (; number >= 999.5 && prefix + 1 < std::size(prefixes); ++prefix) number /= 1000;
  return text_of(general(number, 3), " ", prefixes[prefix], unit);
}

std::string space(std::int64_t rows, std::int64_t columns) { return text_of('[', rows, ", ", columns, ']'); }

/// Describes each task: what it is, what it reads, writes and computes, and why it is not fused with its producers.
class Description {
 public:
  Description(const Pending& pending, const FusionGroups& groups, const Tasks& tasks, const std::vector<Work>& works,
              const Schedule& schedule, std::int64_t& number)
      : pending_(pending),
        groups_(groups),
        tasks_(tasks),
        works_(works),
        schedule_(schedule),
        number_(number),
        writer_(tasks.memory.size(), -1),
        number_of_(tasks.tasks.size(), 0) {
    for (std::size_t task = 0; task < tasks.tasks.size(); ++task)
      for (const std::int32_t node : outputs(tasks.tasks[task])) writer_[node] = static_cast<std::int32_t>(task);
  }

  std::string text() {
    std::string lines;
    for (std::size_t i = 0; i < schedule_.runs.size(); ++i)
      lines += line(schedule_.runs[i], i > 0 ? schedule_.runs[i - 1].task : -1) + '\n';
    return lines;
  }

 private:
  std::string line(const TaskRun& run, std::int32_t before) {
    const Task& task = tasks_.tasks[static_cast<std::size_t>(run.task)];
    const Work& work = works_[static_cast<std::size_t>(run.task)];
    std::int64_t& number = number_of_[static_cast<std::size_t>(run.task)];
    const std::int64_t earlier = number;
    number = ++number_;
    std::string text = text_of(number, ": ", std::visit([this](const auto& each) { return what(each); }, task),
                               "; reads ", quantity(bytes_of(work.reads), "B"), ", writes ",
                               quantity(bytes_of(work.writes), "B"), arithmetic(task));
    if (earlier > 0) text += text_of("; once more, as ", earlier, " was dropped to keep the memory budget");
    if (run.is_epilogue) text += text_of("; on each block of ", number - 1, " while that is in the cache");
    return text + apart(run, before, task, work);
  }

  // ---- what it is

  std::string what(const ProgramTask& task) const {
    const std::string bands = task.bands > 1 ? text_of(task.bands, " times ") : "";
    return text_of("program ", bands, space(task.rows / task.bands, task.columns), ':',
                   names(members_of(task.outputs[0])));
  }
  std::string what(const ProductTask& task) const {
    const Gemm& product = task.product;
    std::string sizes = text_of(space(product.m, product.k), " x ", space(product.k, product.n));
    if (product.batch != 1) sizes = text_of(product.batch, " times ", sizes);
    return text_of("product ", sizes, task.operands.size() > 2 ? " + what is there: " : ": ", name(task.node));
  }
  std::string what(const KernelTask& task) const { return "kernel: " + name(task.node); }
  std::string what(const JoinTask& task) const {
    std::string text = text_of(task.programs.empty() ? "copy of views: " : "join: ", name(task.node));
    for (const ProgramTask& program : task.programs)
      text += text_of(&program == task.programs.data() ? " of " : ", ", what(program));
    return text;
  }

  const std::vector<std::int32_t>& members_of(std::int32_t node) const {
    return groups_.groups[static_cast<std::size_t>(groups_.group_of[node])].members;
  }
  // Names in tape order; equal names in a row are written once, with a count.
  std::string names(const std::vector<std::int32_t>& members) const {
    std::string text;
    for (std::size_t i = 0, end; i < members.size(); i = end) {
      const std::string called = name(members[i]);
      for (end = i + 1; end < members.size() && name(members[end]) == called;) ++end;
      text += ' ' + called;
      if (end - i > 1) text += text_of(" (", end - i, ")");
    }
    return text;
  }
  std::string name(std::int32_t node) const {
    while (groups_.graph().nodes[node].entry < 0) ++node;  // a first step of the node after it
    return pending_.entries[static_cast<std::size_t>(groups_.graph().nodes[node].entry)]->primitive->name();
  }

  // ---- what it moves and computes

  double bytes_of(const std::vector<std::int32_t>& nodes) const {
    double bytes = 0;
    for (const std::int32_t node : nodes) bytes += static_cast<double>(tasks_.memory[node].bytes);
    return bytes;
  }
  static double operations_of(const ProgramTask& program) {
    double operations = 0;
    for (const Phase& phase : program.program->program().phases)
      operations +=
          static_cast<double>(program.rows * program.columns) *
              static_cast<double>(std::count_if(phase.steps.begin(), phase.steps.end(),
                                                [](const Step& step) { return step.code != Instruction::store; })) +
          static_cast<double>(program.rows) * static_cast<double>(phase.after.size());
    return operations;
  }
  static std::string arithmetic(const Task& task) {
    double operations = 0;
    const auto* join = std::get_if<JoinTask>(&task);
    if (const auto* program = std::get_if<ProgramTask>(&task)) {
      operations = operations_of(*program);
    } else if (join != nullptr && !join->programs.empty()) {
      for (const ProgramTask& each : join->programs) operations += operations_of(each);
    } else if (const auto* product = std::get_if<ProductTask>(&task)) {
      const Gemm& gemm = product->product;
      operations = 2.0 * static_cast<double>(gemm.batch * gemm.m * gemm.n) * static_cast<double>(gemm.k);
    } else {
      return "";
    }
    return ", computes " + quantity(operations, "op");
  }

  // ---- why it is not fused with what it reads

  std::string apart(const TaskRun& run, std::int32_t before, const Task& task, const Work& work) const {
    std::string text;
    std::vector<std::int32_t> told;
    for (const std::int32_t node : work.reads) {
      const std::int32_t from = writer_[node];
      if (from < 0 || std::find(told.begin(), told.end(), from) != told.end()) continue;
      told.push_back(from);
      const bool is_next = from == before && works_[static_cast<std::size_t>(from)].epilogue == run.task;
      if (is_next && run.is_epilogue) continue;
      text += text_of("; apart from ", number_of_[static_cast<std::size_t>(from)], ": ",
                      is_next ? "both at a time take more memory than the peak, or one writes over what the other reads"
                              : reason(node, tasks_.tasks[static_cast<std::size_t>(from)], task));
    }
    return text;
  }

  std::string reason(std::int32_t node, const Task& from, const Task& to) const {
    if (std::holds_alternative<KernelTask>(from)) return text_of(name(node), " has a reference kernel only");
    if (const auto* kernel = std::get_if<KernelTask>(&to))
      return text_of(name(kernel->node), " has a reference kernel only");
    if (std::holds_alternative<JoinTask>(from) || std::holds_alternative<JoinTask>(to))
      return "what is joined is read from memory, and joined there";
    if (std::holds_alternative<ProductTask>(to)) return "a product reads what is in memory";
    const auto& program = std::get<ProgramTask>(to);
    if (const auto* product = std::get_if<ProductTask>(&from)) return reason_of_product(*product, program);
    return reason_of_programs(node, std::get<ProgramTask>(from), program);
  }

  static std::string reason_of_product(const ProductTask& product, const ProgramTask& program) {
    const char* const refusal = epilogue_refusal(program, product);
    return refusal != nullptr ? refusal : "another program is its epilogue, or comes between";
  }

  std::int64_t room_of(const ProgramTask& program) const {
    std::int64_t room = 0;
    for (const std::int32_t member : members_of(program.outputs[0]))
      room += room_of_member(groups_.graph().nodes[member], program.rows * program.columns);
    return room;
  }
  std::string reason_of_programs(std::int32_t node, const ProgramTask& from, const ProgramTask& to) const {
    if (from.program->program().dtype != to.program->program().dtype) return "numbers of another dtype";
    if (groups_.extent_of[node] == Extent::per_column) return "a sum over rows is known after the last row";
    if (from.rows * from.columns != to.rows * to.columns) return "another space";
    if (from.columns != to.columns) return "rows of another length";
    if (room_of(from) + room_of(to) > room_of_program(to.rows * to.columns))
      return "a program has no more operations than these";
    return "something else has to run between";
  }

  const Pending& pending_;
  const FusionGroups& groups_;
  const Tasks& tasks_;
  const std::vector<Work>& works_;
  const Schedule& schedule_;
  std::int64_t& number_;                 // of the last line
  std::vector<std::int32_t> writer_;     // by node
  std::vector<std::int64_t> number_of_;  // by task: its last line, 0 before there is one
};

}  // namespace

std::string describe_plan(const Pending& pending, const Inputs& inputs, std::size_t budget, std::int64_t& number) {
  const Graph graph = graph_of(pending, inputs);
  const Requirements requirements(graph);
  const FusionGroups groups(requirements);
  const Plan plan(pending, inputs, budget);
  return Description(pending, groups, plan.tasks, works_of(plan.tasks), plan.schedule, number).text();
}

}  // namespace xgrad::fused
