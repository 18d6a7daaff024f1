// docs/operations.md is made from the catalogue of the primitives and the rows of the compositions, and every public
// function is in one of them.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "autograd/tape/entry.hpp"
#include "tests/compositions.hpp"
#include "tests/skip.hpp"

namespace xgrad::catalogue::operations_test {
namespace {

const std::filesystem::path root = XGRAD_SOURCE_DIR;

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(root / path);
  INFO(path);
  REQUIRE(file.good());
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The functions and function objects that a header declares for users, with the namespaces inside xgrad.
std::set<std::string> functions_of(const std::string& header) {
  const std::regex opening("namespace (\\w+(?:::\\w+)*) \\{");
  const std::regex function(
      "(?:inline )?(?!template|requires|return|namespace|struct|class|enum|using)"
      "[\\w:]+(?:<[\\w:]+>)? (\\w+)\\(.*");
  const std::regex object("inline constexpr detail::\\w+ (\\w+);.*");
  std::set<std::string> names;
  std::vector<std::string> within;
  for (const std::string& line : lines_of(header)) {
    std::smatch found;
    if (std::regex_match(line, found, opening)) within.push_back(found[1]);
    if (line.rfind("}  // namespace", 0) == 0) within.pop_back();
    const bool hidden = std::find(within.begin(), within.end(), "detail") != within.end();
    if (hidden || !(std::regex_match(line, found, function) || std::regex_match(line, found, object))) continue;
    std::string prefix;
    for (const std::string& space : within)
      if (space.rfind("xgrad::", 0) == 0) prefix = space.substr(7) + "::";
    for (const std::string& space : within)
      if (space != "xgrad" && space.rfind("xgrad::", 0) != 0) prefix += space + "::";
    names.insert(prefix + found[1].str());
  }
  return names;
}

// The headers of a folder that a header includes.
std::vector<std::string> included(const std::string& header, const std::string& folder) {
  std::vector<std::string> headers;
  for (const std::string& line : lines_of(header))
    if (line.rfind("#include \"" + folder, 0) == 0) headers.push_back(line.substr(10, line.rfind('"') - 10));
  return headers;
}

std::vector<std::string> public_headers() {
  std::vector<std::string> headers{"nn/attention.hpp", "nn/classification.hpp", "nn/normalisation.hpp",
                                   "nn/positions.hpp", "nn/shape.hpp"};
  for (const auto& [all, folder] :
       {std::pair{"autograd/ops/ops.hpp", "autograd/ops/"}, std::pair{"nn/activations.hpp", "nn/activations/"},
        std::pair{"nn/losses.hpp", "nn/losses/"}})
    for (const std::string& header : included(all, folder)) headers.push_back(header);
  REQUIRE(headers.size() > 20);
  return headers;
}

std::set<std::string> composition_names() {
  std::set<std::string> names;
  for (const Group& group : groups())
    for (const Composition& row : group.rows) names.insert(row.name());
  return names;
}

TEST_CASE("every public function is a primitive of the catalogue or has a row of its own") {
  const std::set<std::string> compositions = composition_names();
  const std::vector<std::string> primitives = primitive_ids();
  std::size_t count = 0;
  for (const std::string& header : public_headers())
    for (const std::string& name : functions_of(header)) {
      if (name == "tensor" || name == "tensor_from") continue;  // of given numbers: the primitive leaf
      INFO(header << " declares " << name << "; its row is missing: see tests/compositions.hpp");
      CHECK((compositions.count(name) > 0 || std::count(primitives.begin(), primitives.end(), name) > 0));
      ++count;
    }
  CHECK(count > 150);
}

TEST_CASE("every primitive has an equation and a group, and nothing else has") {
  std::set<std::string> described, titles;
  for (const Group& group : groups()) titles.insert(group.title);
  for (const Equation& equation : equations()) {
    INFO(equation.primitive);
    CHECK(described.insert(equation.primitive).second);
    CHECK(titles.count(equation.group) == 1);
    CHECK_NOTHROW(row(equation.primitive));
  }
  for (const Row& each : rows()) {
    INFO("primitive " << each.primitive << ": its equation is missing, in tests/equations.cpp");
    CHECK(described.count(each.primitive) == 1);
  }
}

// ---- docs/operations.md ---------------------------------------------------------------------------------------------

// What the engine makes of a primitive.
const char* word(Lowering::Kind kind) {
  switch (kind) {
    case Lowering::Kind::opaque:
      return "own kernel";
    case Lowering::Kind::constant:
      return "constant";
    case Lowering::Kind::elementwise:
      return "elementwise";
    case Lowering::Kind::reduction:
      return "reduction";
    case Lowering::Kind::broadcast:
      return "broadcast";
    case Lowering::Kind::alias:
      return "alias";
    case Lowering::Kind::strided:
    case Lowering::Kind::shifted:
      return "view";
    case Lowering::Kind::strided_sum:
      return "strided sum";
    case Lowering::Kind::transposition:
      return "transposition";
    case Lowering::Kind::contraction:
      return "product";
    case Lowering::Kind::gather:
      return "gather";
    case Lowering::Kind::scatter:
      return "scatter";
  }
  return "?";
}

Xs tracked_inputs(const Case& sample) {
  Xs tracked;
  for (const Tensor& x : sample.make_inputs()) tracked.push_back(is_floating(x.dtype()) ? track(x) : x);
  return tracked;
}

struct Facts {
  std::set<std::string> kinds;
  bool differentiable = false;
};
// Of the entries of a primitive that lead to a Tensor.
void collect(const Tensor& y, const std::string& id, Facts& facts) {
  std::vector<Tensor> waiting{y};
  std::set<const Entry*> seen;
  while (!waiting.empty()) {
    const Tensor x = waiting.back();
    waiting.pop_back();
    if (!seen.insert(x.entry()).second) continue;
    for (const Tensor& input : x.entry()->input_span()) waiting.push_back(input);
    const Primitive* primitive = x.entry()->primitive;
    if (!primitive || primitive->name() != id) continue;
    facts.kinds.insert(word(x.entry()->kind));
    facts.differentiable = facts.differentiable || (primitive->differentiable() && x.tracked());
  }
}

std::string joined(const std::set<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string escaped(const std::string& text) {
  std::string cell;
  for (const char c : text) cell += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell;
}

std::string line(const std::string& call, const std::string& equation, const std::string& kind,
                 const std::string& derivatives, const std::string& transforms) {
  return "| `" + escaped(call) + "` | " + escaped(equation) + " | " + kind + " | " + derivatives + " | " + transforms +
         " |\n";
}

std::string to_order(int orders) { return "to order " + std::to_string(orders); }

std::string transforms(bool differentiates, bool maps) {
  return std::string(differentiates ? "grad, jvp" : "") + (differentiates && maps ? ", " : "") + (maps ? "vmap" : "");
}

std::string line_of(const Equation& equation) {
  const Row& of = row(equation.primitive);
  Facts facts;
  bool maps = false;
  for (const Case& sample : of.cases) {
    collect(sample.function(tracked_inputs(sample)), of.primitive, facts);
    maps = maps || !sample.inputs.empty();
  }
  const bool differentiates = of.gives_float && facts.differentiable;
  const std::string how = of.primitive == "leaf" ? "given" : joined(facts.kinds, ", ");
  return line(equation.call, equation.equation, how, differentiates ? to_order(of.orders) : "none",
              transforms(differentiates, maps));
}

std::string line_of(const Composition& of) {
  bool differentiates = false, maps = false;
  for (const Case& sample : of.cases) {
    differentiates = differentiates || sample.function(tracked_inputs(sample)).tracked();
    maps = maps || !sample.inputs.empty();
  }
  const std::string derivatives = of.orders == 0        ? "of means"
                                  : differentiates      ? to_order(of.orders)
                                  : of.constant.empty() ? "none"
                                                        : "none: " + of.constant;
  std::string tested = transforms(differentiates, maps && of.reads_values.empty() && of.drawn.empty());
  if (!of.drawn.empty())
    tested += (tested.empty() ? "" : "; ") +
              ("distribution and vmap in " + std::filesystem::path(of.drawn).filename().string());
  if (!of.reads_values.empty()) tested += (tested.empty() ? "" : "; ") + ("no vmap: " + of.reads_values);
  return line(of.call, of.equation, "composition", derivatives, tested);
}

const char* const introduction = R"(# Operations

Made from the rows of the tests: `tests/catalogue*.cpp` for primitives, `tests/compositions*.cpp` for compositions.
`XGRAD_WRITE_DOCS=1 build/release/tests/xgrad_tests "docs/operations.md is what the rows say"` writes it anew.

*How* says what the engine makes of a primitive: "own kernel" runs by itself, "given" is not computed, "product" is a
matrix product, into which elementwise operations behind it are fused, a "view" is read where it lies, a "strided sum"
runs by itself where no product adds up, and all others are fused with what stands around them. A composition has no rule of its own: it costs what its primitives cost, fused. *Derivatives* are compared with
numeric ones to this order (there are more), and of the *transforms* jvp is compared with vjp, and vmap with a loop over
the examples. Draws are compared with their distributions, and where draws are rejected the derivatives are those of
means. What a function refuses, and its values at hard points, stands above its declaration.
)";

std::string page() {
  std::string text = introduction;
  for (const Group& group : groups()) {
    text += "\n## " + group.title +
            "\n\n| operation | equation | how | derivatives | transforms |\n|---|---|---|---|---|\n";
    for (const Equation& equation : equations())
      if (equation.group == group.title) text += line_of(equation);
    for (const Composition& composition : group.rows) text += line_of(composition);
  }
  return text;
}

TEST_CASE("docs/operations.md is what the rows say") {
  if (std::getenv("XGRAD_EAGER")) return skip("what is evaluated at once has let go of how it came about");
  const std::filesystem::path path = root / "docs/operations.md";
  if (std::getenv("XGRAD_WRITE_DOCS")) std::ofstream(path) << page();
  std::ifstream file(path);
  std::stringstream written;
  written << file.rdbuf();
  INFO(
      "docs/operations.md is stale; write it anew with\n"
      "XGRAD_WRITE_DOCS=1 build/release/tests/xgrad_tests \"docs/operations.md is what the rows say\"");
  const bool up_to_date = written.str() == page();
  CHECK(up_to_date);
}

}  // namespace
}  // namespace xgrad::catalogue::operations_test
