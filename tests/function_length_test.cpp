// No function has more than 40 lines between its braces. Tables are data: what stands between the braces of an
// initialiser does not count.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace function_length_test {

namespace {

namespace fs = std::filesystem;

constexpr int most_lines = 40;

/// The text without comments, literals and what is for the preprocessor; lines stay.
class Blanked {
 public:
  explicit Blanked(const std::string& text) : text_(text) {
    while (at_ < text_.size()) step();
  }
  const std::string& result() const { return result_; }

 private:
  void step() {
    const bool begins_line = at_ == 0 || text_[at_ - 1] == '\n';
    const bool after_word = at_ > 0 && std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0;
    if (starts("//"))
      skip_to(text_.find('\n', at_));
    else if (starts("/*"))
      skip_to(text_.find("*/", at_) + 2);
    else if (begins_line && starts("#"))
      skip_directive();
    else if (starts("R\"") && !after_word)
      skip_raw();
    else if (starts("\"") || (starts("'") && !after_word))
      skip_literal();
    else
      result_ += text_[at_++];
  }
  bool starts(const char* with) const { return text_.compare(at_, std::char_traits<char>::length(with), with) == 0; }
  void skip_to(std::size_t end) {
    end = std::min(end, text_.size());
    result_.append(static_cast<std::size_t>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                       text_.begin() + static_cast<std::ptrdiff_t>(end), '\n')),
                   '\n');
    at_ = end;
  }
  void skip_directive() {
    std::size_t end = text_.find('\n', at_);
    while (end != std::string::npos && text_[end - 1] == '\\') end = text_.find('\n', end + 1);
    skip_to(end);
  }
  void skip_raw() {
    const std::size_t open = text_.find('(', at_);
    const std::string end = ')' + text_.substr(at_ + 2, open - at_ - 2) + '"';
    skip_to(text_.find(end, open) + end.size());
    result_ += '0';
  }
  void skip_literal() {
    std::size_t end = at_ + 1;
    while (text_[end] != text_[at_]) end += text_[end] == '\\' ? 2 : 1;
    skip_to(end + 1);
    result_ += '0';
  }

  const std::string& text_;
  std::size_t at_ = 0;
  std::string result_;
};

struct Function {
  int line, lines;
};

/// Goes through the braces of a text, and finds the functions and their lines.
class Functions {
 public:
  explicit Functions(const std::string& text) {
    const Blanked blanked(text);
    for (const char c : blanked.result()) take(c);
  }
  const std::vector<Function>& all() const { return all_; }

 private:
  enum class Kind { scope, function, block, table };
  struct Brace {
    Kind kind;
    int line;
    int tables = 0;  // lines inside of tables, which do not count
  };

  void take(char c) {
    line_ += c == '\n';
    if (c == '{') {
      open_.push_back({kind_of(statement_), line_});
      statement_.clear();
    } else if (c == '}') {
      close();
      statement_.clear();
    } else if (c == ';') {
      statement_.clear();
    } else if (!(std::isspace(static_cast<unsigned char>(c)) && (statement_.empty() || statement_.back() == ' '))) {
      statement_ += std::isspace(static_cast<unsigned char>(c)) ? ' ' : c;
    }
  }

  bool in(Kind kind) const {
    return std::any_of(open_.begin(), open_.end(), [&](const Brace& brace) { return brace.kind == kind; });
  }

  /// What a brace opens, by what stands before it.
  Kind kind_of(std::string before) const {
    while (!before.empty() && before.back() == ' ') before.pop_back();
    static const std::regex scope("(^|[^a-z_])(namespace|class|struct|union|enum)( [^()=]*)?$|extern 0$");
    static const std::regex body(
        "(\\)|\\])( (const|noexcept|override|final|mutable|try))*( ?-> ?[^()]*)?$|\\) ?:[^?]*\\)$|(^| )(else|do|try)$");
    if (std::regex_search(before, scope)) return Kind::scope;
    const bool inside = in(Kind::function);
    if (before.empty()) return !open_.empty() && open_.back().kind == Kind::table ? Kind::table : Kind::block;
    if (std::regex_search(before, body)) return inside ? Kind::block : Kind::function;
    return before.back() == ':' ? Kind::block : Kind::table;
  }

  void close() {
    REQUIRE_FALSE(open_.empty());
    const Brace brace = open_.back();
    open_.pop_back();
    const int inner = std::max(0, line_ - brace.line - 1);
    if (brace.kind == Kind::function) all_.push_back({brace.line, inner - brace.tables});
    const auto around = std::find_if(open_.rbegin(), open_.rend(), [](const Brace& outer) {
      return outer.kind == Kind::function || outer.kind == Kind::table;
    });
    if (around == open_.rend() || brace.kind == Kind::function) return;
    // A table inside of another one counts with that one, and a block inside of a table is data, too.
    if (brace.kind == Kind::table && around->kind == Kind::function) around->tables += inner;
  }

  int line_ = 1;
  std::string statement_;
  std::vector<Brace> open_;
  std::vector<Function> all_;
};

std::vector<int> lengths(const std::string& text) {
  std::vector<int> found;
  const Functions functions(text);
  for (const Function& function : functions.all()) found.push_back(function.lines);
  return found;
}

std::string lines(int count, const std::string& line = "  f();\n") {
  std::string text;
  for (int i = 0; i < count; ++i) text += line;
  return text;
}

}  // namespace

TEST_CASE("the lines of functions are counted", "[floors]") {
  using Lengths = std::vector<int>;
  CHECK(lengths("void f() {\n" + lines(41) + "}\n") == Lengths{41});
  CHECK(lengths("TEST_CASE(\"a { b\", \"[c]\") {\n" + lines(7) + "}\n") == Lengths{7});
  CHECK(lengths("struct S : T {\n  int f() const override {\n" + lines(3) + "  }\n  S() : a(1), b(2) {\n" + lines(2) +
                "  }\n};\n") == Lengths{3, 2});
  CHECK(lengths("template <class T>\nT f(T x) noexcept {\n  for (;;) {\n" + lines(5) + "  }\n}\n") == Lengths{7});
  CHECK(lengths("auto f() -> std::vector<int> {\n  const auto g = [&](int x) {\n" + lines(4) + "  };\n}\n") ==
        Lengths{6});
  CHECK(lengths("const T& t() {\n  static const T all{\n" + lines(50, "    {1, 2},\n") + "  };\n  return all;\n}\n") ==
        Lengths{3});
  CHECK(lengths("T t() {\n  return {\n" + lines(50, "    {\"x {\", [] { return 1; }},\n") + "  };\n}\n") == Lengths{2});
  CHECK(lengths("namespace a {\nenum class E : int {\n" + lines(50, "  x,\n") + "};\n}\n").empty());
  CHECK(lengths("void f() {\n  // {\n  g(R\"({\n{\n)\", '{', \"\\\"{\");\n#define X {\n}\n") == Lengths{5});
}

TEST_CASE("no function has more than 40 lines", "[floors]") {
  const fs::path root = XGRAD_SOURCE_DIR;
  std::size_t functions = 0;
  for (const char* folder :
       {"autograd", "nn", "optim", "data", "report", "parallel", "tests", "benchmarks", "examples"})
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() != ".hpp" && entry.path().extension() != ".cpp") continue;
      std::ifstream file(entry.path());
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      INFO(entry.path().lexically_relative(root).string());
      const Functions found(text);
      for (const Function& function : found.all()) {
        ++functions;
        INFO("line " << function.line);
        if (function.lines > most_lines) CHECK(function.lines <= most_lines);
      }
    }
  CHECK(functions > 5000);
}

}  // namespace function_length_test
