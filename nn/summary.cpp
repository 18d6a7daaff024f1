#include "nn/summary.hpp"

#include <algorithm>
#include <optional>
#include <ostream>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "autograd/core/text.hpp"
#include "autograd/tape/slab.hpp"
#include "autograd/tape/tape.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace {

/// The buffers and random streams of a module, as they are; puts them back when it ends.
class Restoring final : public Visitor {
 public:
  explicit Restoring(Module& module) { module.visit(*this); }
  ~Restoring() {
    for (auto& [place, value] : buffers_) *place = value;
    for (auto& [rng, state] : randoms_) rng->set_state(state);
    default_rng().set_state(default_);
  }
  Restoring(const Restoring&) = delete;
  Restoring& operator=(const Restoring&) = delete;

 protected:
  void parameter(const std::string&, Parameter&) override {}
  void buffer(const std::string&, Tensor& member) override { buffers_.emplace_back(&member, member); }
  void random(const std::string&, Rng& member) override { randoms_.emplace_back(&member, member.state()); }

 private:
  std::vector<std::pair<Tensor*, Tensor>> buffers_;
  std::vector<std::pair<Rng*, RandomState>> randoms_;
  RandomState default_ = default_rng().state();
};

/// The calls of modules, each with the numbers of the entries that were recorded in it.
class Calls final : public CallObserver {
 public:
  struct Seen {
    const Module* module;
    std::uint64_t first, last = 0;  // entries first + 1 ... last
    std::vector<Tensor> results{};  // which keep what they are computed from
  };
  std::vector<Seen> seen;

  void begin(const Module& module) override {
    open_.push_back(seen.size());
    seen.push_back({&module, Tape::current().sequence});
  }
  void result(const Module& module, const Tensor& y) override {
    for (std::size_t i = open_.size(); i-- > 0;)
      if (Seen& call = seen[open_[i]]; call.module == &module) return call.results.push_back(y);
  }
  void end(const Module&) override {
    seen[open_.back()].last = Tape::current().sequence;
    open_.pop_back();
  }

 private:
  std::vector<std::size_t> open_;  // the innermost last
};

/// The multiply-adds of matrix products, by when they were recorded.
class Products {
 public:
  explicit Products(std::uint64_t since) {
    EntrySlab::visit([&](const Entry& entry) {
      const std::uint64_t number = entry.sequence.load(std::memory_order_relaxed);
      if (entry.kind == Lowering::Kind::contraction && number > since && entry.input_count == 2)
        found_.emplace_back(number, entry.shape.numel() * entry.input(0).shape().back());
    });
    std::ranges::sort(found_);
    std::int64_t sum = 0;
    for (auto& [number, count] : found_) count = sum += count;
  }
  /// Of those with numbers first + 1 ... last.
  std::int64_t between(std::uint64_t first, std::uint64_t last) const { return until(last) - until(first); }

 private:
  std::int64_t until(std::uint64_t number) const {
    const auto next = std::ranges::upper_bound(found_, number, {}, &std::pair<std::uint64_t, std::int64_t>::first);
    return next == found_.begin() ? 0 : std::prev(next)->second;
  }
  std::vector<std::pair<std::uint64_t, std::int64_t>> found_;  // each with the sum up to it
};

std::size_t bytes(const Tensor& tensor) { return static_cast<std::size_t>(tensor.numel()) * item_size(tensor.dtype()); }

/// The numbers that follow from a module's members alone.
void count_members(const Module& module, const std::unordered_map<Parameter, std::string>& first_names,
                   SummaryLine& line) {
  const std::string prefix = line.name.empty() ? "" : line.name + '.';
  for (const Parameter& parameter : module.parameters()) {
    line.parameters += parameter.numel();
    if (parameter.trainable()) line.trainable += parameter.numel();
    if (!first_names.at(parameter).starts_with(prefix)) line.shared += parameter.numel();
    line.state_bytes += bytes(parameter.value());
  }
  std::unordered_set<const Entry*> known;
  for (const NamedTensor& buffer : module.named_buffers())
    if (known.insert(buffer.value.entry()).second) line.state_bytes += bytes(buffer.value);
}

/// The line of the module that this one is inside.
SummaryLine& around(std::vector<SummaryLine>& lines, const SummaryLine& line) {
  for (std::size_t dot = line.name.rfind('.'); dot != std::string::npos && dot > 0; dot = line.name.rfind('.', dot - 1))
    for (SummaryLine& other : lines)
      if (std::string_view(other.name) == std::string_view(line.name).substr(0, dot)) return other;
  return lines.front();
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}
std::string grouped(std::int64_t number) { return grouped(static_cast<std::uint64_t>(number)); }

}  // namespace

struct detail::SummaryCall::State {
  State(Module& summarised, bool gives_tensor)
      : model(summarised), restoring(summarised), first(Tape::current().sequence) {
    if (gives_tensor) call.emplace(summarised);
  }
  Module& model;
  Restoring restoring;
  // Also where every entry is evaluated as it is recorded (XGRAD_EAGER): these are then not.
  xgrad::detail::TapeScope<Tape::Evaluate, &Tape::evaluate> computes_nothing{[](const Tensor&, const Location&) {}};
  Undivided undivided;
  Calls calls;
  std::uint64_t first;
  std::optional<HeldCall> call;
};

detail::SummaryCall::SummaryCall(Module& model, bool gives_tensor)
    : state_(std::make_unique<State>(model, gives_tensor)) {}
detail::SummaryCall::~SummaryCall() = default;

Summary detail::SummaryCall::summary(Tensor result) {
  if (state_->call) state_->call->result(std::move(result));
  state_->call.reset();
  const Products products(state_->first);
  std::unordered_map<Parameter, std::string> first_names;
  for (auto& [name, parameter] : state_->model.named_parameters()) first_names.emplace(parameter, name);

  Summary summary;
  std::vector<SummaryLine>& lines = summary.lines;
  const std::vector<NamedModule> modules = state_->model.named_modules();
  for (const auto& [name, module] : modules) {
    SummaryLine& line = lines.emplace_back(SummaryLine{name, module->type_name()});
    count_members(*module, first_names, line);
    for (const Calls::Seen& seen : state_->calls.seen) {
      if (seen.module != module) continue;
      line.multiply_adds += products.between(seen.first, seen.last);
      for (const Tensor& y : seen.results) {
        line.outputs.push_back(y.shape());
        line.output_bytes += bytes(y);
      }
    }
  }
  // What was recorded in a module whose calls were not seen is known as far as it was in modules inside it.
  for (std::size_t i = lines.size(); i-- > 1;)
    if (SummaryLine& outer = around(lines, lines[i]); outer.outputs.empty())
      outer.multiply_adds += lines[i].multiply_adds;
  lines.front().multiply_adds = products.between(state_->first, Tape::current().sequence);
  return summary;
}

namespace {

using Row = std::vector<std::string>;

/// How deep a module is inside the others, and what it is called there.
std::string label(const SummaryLine& line) {
  if (line.name.empty()) return line.type;
  return std::string(2 * static_cast<std::size_t>(1 + std::ranges::count(line.name, '.')), ' ') +
         line.name.substr(line.name.rfind('.') + 1) + ": " + line.type;
}

std::string outputs_of(const SummaryLine& line) {
  if (line.outputs.empty()) return "-";
  Text text;
  if (line.outputs.size() > 1) text << line.outputs.size() << " x ";
  const bool alike = std::ranges::all_of(line.outputs, [&](const Shape& shape) { return shape == line.outputs[0]; });
  alike ? text << line.outputs[0] : text << "several shapes";
  return text.str();
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string space(widths[i] - row[i].size(), ' ');
      line += i < 2 ? row[i] + space : space + row[i];  // words from the left, numbers to the right
      if (i + 1 < row.size()) line += "  ";
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return text;
}

}  // namespace

std::string Summary::to_string() const {
  std::vector<Row> rows{{"module", "result", "parameters", "multiply-adds", "state bytes", "result bytes"}};
  bool any_shared = false;
  for (const SummaryLine& line : lines) {
    rows.push_back({label(line), outputs_of(line), grouped(line.parameters) + (line.shared > 0 ? "*" : ""),
                    grouped(line.multiply_adds), grouped(line.state_bytes), grouped(line.output_bytes)});
    any_shared |= line.shared > 0;
  }
  const SummaryLine& model = lines.front();
  return table(rows) + (any_shared ? "* some of them shared with a module above, and counted once in all\n" : "") +
         "in all: " + grouped(model.parameters) + " parameters, " + grouped(model.trainable) + " of them trainable; " +
         grouped(model.multiply_adds) + " multiply-adds; " + grouped(std::uint64_t{model.state_bytes}) +
         " bytes of state";
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) { return out << summary.to_string(); }

}  // namespace xgrad::nn
