#include "autograd/check/print.hpp"

#include "autograd/check/place.hpp"
#include "autograd/core/fail.hpp"
#include "autograd/tape/traversal.hpp"

namespace xgrad {

namespace {

class FieldText : public Fields {
 public:
  explicit FieldText(std::ostream& out) : out_(out) {}
  void field(const char* name, std::int64_t value) override { out_ << ", " << name << '=' << value; }
  void field(const char* name, double value) override { out_ << ", " << name << '=' << value; }
  void field(const char* name, const Shape& value) override { out_ << ", " << name << '=' << value; }

 private:
  std::ostream& out_;
};

/// Calls `line(entry)` for the entries that lead to a Tensor, and `cut(count)` where the middle is left out.
template <class Line, class Cut>
void for_each_entry(const std::vector<Entry*>& entries, std::size_t most, Line line, Cut cut) {
  const std::size_t head = entries.size() <= most ? entries.size() : most / 2;
  const std::size_t tail = entries.size() <= most ? entries.size() : entries.size() - (most - head);
  for (std::size_t i = 0; i < head; ++i) line(*entries[i]);
  if (head < tail) cut(tail - head);
  for (std::size_t i = tail; i < entries.size(); ++i) line(*entries[i]);
}

void write_facts(std::ostream& out, const Entry& entry) {
  out << entry.shape << ' ' << entry.dtype;
  if (entry.tracked) out << " tracked";
  FieldText fields(out);
  entry.primitive->describe(fields);
  if (entry.call) out << ", in " << entry.call;
  out << ", " << place(entry.where);
}

constexpr auto everything = [](const Entry&) { return true; };

}  // namespace

std::string print_tape(const Tensor& tensor, std::size_t most_entries, const Location& where) {
  check<GraphError>(tensor.defined(), where, "print_tape: the Tensor is undefined");
  Text out;
  Numbering numbers;
  const auto line = [&](const Entry& entry) {
    out << '%' << numbers.find(&entry) << " = " << entry.primitive->name() << '(';
    for (std::uint32_t i = 0; i < entry.input_count; ++i)
      out << (i ? ", %" : "%") << numbers.find(entry.input(i).entry());
    out << ") ";
    write_facts(out, entry);
    out << '\n';
  };
  for_each_entry(reachable({&tensor, 1}, numbers, everything), most_entries, line,
                 [&](std::size_t count) { out << "... " << count << " more ...\n"; });
  return out.str();
}

std::string tape_dot(const Tensor& tensor, std::size_t most_entries, const Location& where) {
  check<GraphError>(tensor.defined(), where, "tape_dot: the Tensor is undefined");
  Text out;
  Numbering numbers;
  out << "digraph tape {\n  node [shape=box];\n";
  const auto line = [&](const Entry& entry) {
    const std::uint32_t number = numbers.find(&entry);
    out << "  n" << number << " [label=\"%" << number << ' ' << entry.primitive->name() << "\\n";
    write_facts(out, entry);
    out << (entry.tracked ? "\", style=bold];\n" : "\"];\n");
    for (std::uint32_t i = 0; i < entry.input_count; ++i)
      out << "  n" << numbers.find(entry.input(i).entry()) << " -> n" << number << ";\n";
  };
  for_each_entry(reachable({&tensor, 1}, numbers, everything), most_entries, line,
                 [&](std::size_t count) { out << "  // " << count << " more\n"; });
  out << "}\n";
  return out.str();
}

}  // namespace xgrad
