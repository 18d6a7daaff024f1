// Prints the result of `why_nan`.

#include <ostream>

#include "autograd/core/fail.hpp"
#include "autograd/core/shape.hpp"
#include "autograd/inspect/why_nan.hpp"

namespace xgrad {

namespace {

using Kind = NonFiniteEntry::Kind;

// `sqrt`, or `sqrt in norm` for what a composition recorded.
std::string in_call(const std::string& primitive, const std::string& call) {
  return primitive == call || primitive.empty() ? call : primitive + " in " + call;
}

std::string subject(const NonFiniteEntry& entry) {
  const std::string at = " at " + place(entry.where);
  switch (entry.kind) {
    case Kind::data:
      return "the data made" + at;
    case Kind::parameter:
      return "Parameter " + entry.description + ", set" + at + ',';
    case Kind::constant:
      return (entry.call == entry.operation ? "a number" : "a number in " + entry.call) + at;
    default:
      break;
  }
  if (!entry.backward) return in_call(entry.operation, entry.call) + at;
  const std::string walk = " (derivative taken at " + place(entry.derivative) + ")";
  const std::string of = in_call(entry.derivative_of, entry.call) + at;
  if (entry.adds_up) return "adding up the cotangents of " + of + walk;
  return entry.operation + ", in the backward pass of " + of + walk;
}

std::string sentence(const NonFiniteEntry& entry, bool from_infinity) {
  Text text;
  const std::string value = number_text(entry.value);
  text << subject(entry);
  if (entry.kind == Kind::operation)
    text << " made " << value << (from_infinity ? "" : " of finite numbers");
  else
    text << (entry.kind == Kind::gone ? " gave " : " holds ") << value;
  if (!entry.element.empty()) text << ", first at " << Shape(entry.element);
  if (entry.kind != Kind::parameter) text << " of " << entry.description;
  if (entry.numel > 1) text << " (not finite: " << entry.count << " of " << entry.numel << ")";
  for (const NonFiniteOperand& operand : entry.operands) {
    text << "\n  from " << operand.description
         << (operand.operation == "number" || operand.operation == "data" || operand.operation == "Parameter" ? ", "
                                                                                                              : " of ")
         << operand.operation << " at " << place(operand.where) << ": ";
    if (operand.at_element && operand.range.count > 1) text << number_text(*operand.at_element) << " there, ";
    text << "range " << operand.range.to_string();
  }
  return text.str();
}

}  // namespace

std::string WhyNan::to_string() const {
  if (finite) return "nothing to explain: all elements of " + description + " are finite";
  std::string text = sentence(origin, false);
  if (became_nan) text += "\nthen " + sentence(*became_nan, true);
  if (!note.empty()) text += "\n" + note;
  return text;
}

std::ostream& operator<<(std::ostream& out, const WhyNan& why) { return out << why.to_string(); }

}  // namespace xgrad
