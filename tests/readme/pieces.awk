# Makes programs of the C++ blocks of a Markdown page:
#   awk -v part=first -v page=README.md -f pieces.awk README.md    the first block, which is a program
#   awk -v part=rest -v page=README.md -f pieces.awk README.md     the others, one after another, as a Catch2 program
#   awk -v part=all -v page=README.md -f pieces.awk README.md      all of them so
# In the latter, what begins at the start of a line with struct, template or TEST_CASE, or like the definition of a
# function, stands outside; the other lines of a block become a test case. #line lets errors name the page.

function starts_definition(line) {
  if (line ~ /^(struct|template|TEST_CASE)/) return 1
  return line ~ /^[A-Za-z_:<>]+ [a-z_]+\(.*\) \{/ && line !~ /^(else|return) /
}
# Whether all brackets of the definition so far are closed.
function is_closed(line,   opened, closed) {
  opened = gsub(/[{(]/, "&", line)
  closed = gsub(/[})]/, "&", line)
  depth += opened - closed
  return depth == 0
}
function end_block() {
  if (statements != "") cases = cases "TEST_CASE(\"block " block " of " page "\") {\n" statements "}\n"
  outside = outside cases
  statements = cases = ""
}

/^```cpp$/ { inside = 1; ++block; next }
/^```$/ { if (inside) end_block(); inside = 0; next }
!inside { next }
part != "all" && (part == "first") != (block == 1) { next }
part == "first" { print; next }
/^#include / { includes = includes $0 "\n"; next }
/^using namespace / { outside = outside $0 "\n"; next }
/^$/ { next }
{ line = "#line " NR " \"" page "\"\n" $0 "\n" }
defining || starts_definition($0) {
  outside = outside line
  defining = !is_closed($0)
  next
}
{ statements = statements line }
END { if (part != "first") printf "#include <catch2/catch.hpp>\n%s%s", includes, outside }
