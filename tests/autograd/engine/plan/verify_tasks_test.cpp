// Tasks that run on what they must not are told from those that do not.

#include "autograd/engine/plan/verify_tasks.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

namespace xgrad::fused::verify_tasks_test {
namespace {

constexpr Pointer matrix{}, scratch{Pointer::Shape::scratch, false, false};

/// Four tasks: a program on 4 x 8 elements, a product, a program that follows it, and a reference kernel.
struct Example {
  Lowered first, second;
  Gemm gemm;
  std::vector<std::int32_t> factors = {7, 8, 10}, operands = {0};
  std::vector<Shape> shapes = {{4, 8}};
  std::vector<Memory> values;
  std::vector<Work> works;
  std::vector<Bound> tasks;

  Example() {
    values = {{128, 0}, {128},
              {32},     {32, 0, -1, int64},
              {16},     {4, -1, -1, float32, 0},
              {4, 0},   {24, 0},
              {768, 0}, {512},
              {512, 0}, {512},
              {16},     {512}};
    first.program.pointers = {matrix, matrix, {Pointer::Shape::vector, false, true}, scratch};
    first.program.loads = {{Load::Source::argument, 0, 0},
                           {Load::Source::argument, 1, 1},
                           {Load::Source::argument, 2, 2},
                           {Load::Source::integers, 0, 3},
                           {Load::Source::element, 0, 4, 3}};
    const Ref x{Ref::Kind::pointer, 0}, product{Ref::Kind::value, 0};
    first.program.phases = {{{{Code::mul, {x, {Ref::Kind::register_, 0}, {}}},
                              {Code::store, {product, {}, {}}, 1},
                              {Code::accumulate, {product, {}, {}}, 2}},
                             {}}};
    first.program.row_stores = {{4, 1}};
    first.program.registers = 5;
    first.program.row_operands = 2;
    first.program.arguments = 3;
    first.pointers = {0, 1, 2, -1};
    first.row_operands = {3, 4};
    first.arguments = {{-1, 2.0}, {5, 0}, {6, 0}};
    second.program.pointers = {matrix, matrix};
    second.program.phases = {{{{Code::tanh, {x, {}, {}}}, {Code::store, {product, {}, {}}, 1}}, {}}};
    second.pointers = {9, 11};
    gemm.m = 2, gemm.n = 64, gemm.k = 3;
    gemm.row_a = 3, gemm.row_b = gemm.row_c = 64;
    gemm.batch_a = 6, gemm.batch_b = 192, gemm.batch_c = 128;
    works = {{.reads = {0, 3, 6}, .writes = {1, 2, 4}, .reuses = {{1, 0}}, .may_fail = true},
             {.reads = {7, 8, 10}, .writes = {9}, .reuses = {{9, 10}}, .epilogue = 2},
             {.reads = {9}, .writes = {11}, .reuses = {{11, 9}}},
             {.reads = {0}, .writes = {12}, .may_fail = true}};
    tasks = {{.program = &first.program, .lowered = &first, .rows = 4, .columns = 8, .checked = {3}},
             {.product = &gemm, .operands = factors},
             {.program = &second.program, .lowered = &second, .rows = 2, .columns = 64, .parts = Parts::any},
             {.shapes = shapes, .operands = operands}};
  }
  Example(const Example&) = delete;
  Example& operator=(const Example&) = delete;

  std::string verdict() {
    tasks[1].operands = factors;
    tasks[3].operands = operands;
    tasks[3].shapes = shapes;
    try {
      verify_tasks(tasks, works, values);
    } catch (const Unverified& violation) {
      return violation.what();
    }
    return "";
  }
};

void broken(const std::string& rule, const std::function<void(Example&)>& change) {
  Example example;
  REQUIRE(example.verdict() == "");
  change(example);
  INFO(rule);
  CHECK_THAT(example.verdict(), Catch::Contains(rule));
}

TEST_CASE("tasks that read or write something else than is said are found", "[verify]") {
  broken("task 0: it reads what its work does not say", [](Example& e) { e.works[0].reads = {3, 6}; });
  broken("task 0: it reads what its work does not say", [](Example& e) { e.works[0].reads = {0, 6}; });
  broken("task 0: it reads what its work does not say", [](Example& e) { e.works[0].reads = {0, 3}; });
  broken("task 1: it reads what its work does not say", [](Example& e) { e.works[1].reads = {7, 8}; });
  broken("task 3: it reads what its work does not say", [](Example& e) { e.works[3].reads = {}; });
  broken("task 0: it reads what no task writes", [](Example& e) { e.values[0].leaf = -1; });
  broken("task 2: it reads what no task writes", [](Example& e) {
    e.second.pointers[0] = 13;
    e.works[2].reads = {13};
  });
  broken("task 0: it writes what its work does not say", [](Example& e) { e.works[0].writes = {1, 4}; });
  broken("task 0: a value is not written", [](Example& e) { e.works[0].writes.push_back(12); });
  broken("task 0: a value is not written",
         [](Example& e) { e.first.program.row_stores.clear(), e.works[0].reads.push_back(4); });
  broken("there is no such value", [](Example& e) { e.first.pointers[0] = 14; });
  broken("there is no such value", [](Example& e) { e.works[3].reads = {-1}; });
  broken("other operands", [](Example& e) { e.first.pointers.pop_back(); });
  broken("other operands", [](Example& e) { e.factors.pop_back(), e.factors.pop_back(); });
  broken("scratch is bound", [](Example& e) { e.first.pointers[3] = 0; });
  broken("its rows are in no bands", [](Example& e) { e.tasks[2].bands = 3; });
  broken("its rows are in no bands", [](Example& e) { e.tasks[0].bands = 2; });
}

TEST_CASE("what is written and bound a second time is found", "[verify]") {
  broken("bound elsewhere, too", [](Example& e) { e.first.pointers[0] = 1, e.works[0].reads.push_back(1); });
  broken("bound elsewhere, too", [](Example& e) { e.first.pointers[2] = 1; });
  broken("bound elsewhere, too", [](Example& e) { e.first.row_operands[0] = 4; });
  broken("bound elsewhere, too", [](Example& e) {
    e.factors[0] = 9;
    e.works[1].reads.push_back(9);
  });
  broken("memory is shared that is bound elsewhere, too", [](Example& e) {
    e.second.program.pointers.push_back(matrix);
    e.second.pointers.push_back(9);
  });
}

TEST_CASE("sizes and types that differ from what is bound are found", "[verify]") {
  for (const int value : {0, 1, 2, 3, 4, 9, 10, 11})
    broken("of another size or dtype", [value](Example& e) { e.values[static_cast<std::size_t>(value)].bytes -= 4; });
  for (const int value : {0, 1, 2, 3, 4, 9, 10, 11})
    broken("of another size or dtype",
           [value](Example& e) { e.values[static_cast<std::size_t>(value)].dtype = float64; });
  broken("of another size or dtype", [](Example& e) { e.first.program.pointers[0].mask = true; });
  broken("of another size or dtype", [](Example& e) { e.tasks[0].rows = 3; });
  broken("of another dtype", [](Example& e) { e.values[8].dtype = float64; });
  broken("larger than its memory", [](Example& e) { e.values[7].bytes -= 4; });
  broken("larger than its memory", [](Example& e) { e.gemm.row_b = 65; });
  broken("larger than its memory", [](Example& e) { e.gemm.transpose_a = true; });
  broken("lies in another way", [](Example& e) { e.gemm.row_c = 63; });
  broken("one of several", [](Example& e) { e.values[6].bytes = 8; });
  broken("reads what no task writes", [](Example& e) { e.values[5].constant = -1; });
}

TEST_CASE("indices that are not checked are found", "[verify]") {
  broken("a column number is not checked", [](Example& e) { e.tasks[0].checked.clear(); });
  broken("a column number is not checked", [](Example& e) { e.tasks[0].checked = {0}; });
  broken("but it may not fail", [](Example& e) { e.works[0].may_fail = false; });
  broken("a column number is not checked", [](Example& e) {
    e.tasks[0].checked.clear();
    e.first.program.element_stores = {{0, 1, 3}};
  });
  broken("more columns than numbers", [](Example& e) {
    e.tasks[0].columns = 1 << 24;
    e.values[0].bytes = e.values[1].bytes = 1u << 28;
    e.values[2].bytes = 1u << 26;
  });
}

TEST_CASE("memory that must not be shared is found", "[verify]") {
  broken("memory is shared that is bound elsewhere", [](Example& e) { e.works[0].reuses = {{4, 0}}; });
  broken("memory is shared that is bound elsewhere", [](Example& e) { e.works[0].reuses = {{1, 12}}; });
  broken("with a value of another size", [](Example& e) { e.works[0].reuses = {{2, 0}}; });
  broken("read after what shares its memory", [](Example& e) {
    std::vector<Step>& steps = e.first.program.phases[0].steps;
    steps[2].in[0] = steps[0].in[0];
  });
  broken("a product lies over its factors", [](Example& e) { e.works[1].reuses = {{9, 8}}; });
  broken("a product lies over its factors", [](Example& e) { e.factors[0] = 10; });
  broken("a reference kernel", [](Example& e) { e.works[3].reuses = {{12, 0}}; });
  broken("a reference kernel", [](Example& e) { e.works[3].may_fail = false; });
  broken("a reference kernel has other operands", [](Example& e) { e.shapes.clear(); });
  broken("another size", [](Example& e) { e.shapes[0] = {5, 8}; });
}

TEST_CASE("what is joined and is not what the kernel sees is found", "[verify]") {
  // The kernel joins every other row of value 0, [4, 8], and a view of all of it.
  struct Join : Example {
    std::vector<MovedFactor> views{2};
    Join() {
      shapes = {{2, 8}, {4, 8}};
      operands = {0, 0};
      values[12].bytes = 192;
      views[0].movements.memory = views[1].movements.memory = 0;
      views[0].movements.access = Access(Shape{4, 8});
      views[0].movements.access.slice(0, 1, 2, 2);
      views[1].factor = 1;
      views[1].movements.access = Access(Shape{4, 8});
      tasks[3].joins = true;
      tasks[3].joined = views;
    }
  };
  const auto breaks = [](const std::string& rule, const std::function<void(Join&)>& change) {
    Join join;
    REQUIRE(join.verdict().empty());
    change(join);
    CHECK(join.verdict().find(rule) != std::string::npos);
  };
  breaks("a view of other memory is joined", [](Join& j) { j.views[0].movements.memory = 1; });
  breaks("a view of other memory is joined", [](Join& j) { j.values[12].dtype = float64; });
  breaks("another view is joined", [](Join& j) { j.views[0].movements.access.axes[0].size = 1; });
  breaks("another view is joined", [](Join& j) { j.views[0].movements.access.offset = 9; });
  breaks("another view is joined", [](Join& j) { j.views[0].movements.access.offset = -1; });
  breaks("another view is joined", [](Join& j) { j.views[1].movements.scaled = {0}; });
  breaks("joined in another order", [](Join& j) { j.views[1].factor = 2; });
  breaks("along an axis that they do not have", [](Join& j) { j.tasks[3].axis = 2; });
  breaks("that have other rows", [](Join& j) { j.tasks[3].axis = 1; });
  breaks("another size than the result", [](Join& j) { j.values[12].bytes = 196; });
  breaks("a reference kernel joins nothing", [](Join& j) { j.tasks[3].joins = false; });
}

/// Joins value 14, which a program computes from value 10, and value 10, both [2, 64], side by side.
struct ProgramsOfJoin : Example {
  Lowered third = second;
  std::vector<std::int32_t> written{14};
  ProgramsOfJoin() {
    values.push_back({512});
    third.pointers = {10, 14};
    shapes = {{2, 64}, {2, 64}};
    operands = {14, 10};
    values[12].bytes = 1024;
    works[3].reads = {10};
    tasks[3].joins = true;
    tasks[3].axis = 1;
    tasks[3].programs = {{.program = &third.program, .lowered = &third, .rows = 2, .columns = 64, .operands = written}};
  }
  Bound& program() { return tasks[3].programs[0]; }
};

TEST_CASE("programs that do not write where their results are joined are found", "[verify]") {
  const auto breaks = [](const std::string& rule, const std::function<void(ProgramsOfJoin&)>& change) {
    ProgramsOfJoin join;
    REQUIRE(join.verdict() == "");
    change(join);
    INFO(rule);
    CHECK_THAT(join.verdict(), Catch::Contains(rule));
  };
  breaks("it reads what its work does not say", [](ProgramsOfJoin& j) { j.works[3].reads = {}; });
  breaks("writes what is not joined", [](ProgramsOfJoin& j) { j.operands = {10, 10}; });
  breaks("writes what is not joined", [](ProgramsOfJoin& j) { j.operands = {14, 14}; });
  breaks("other rows than the join", [](ProgramsOfJoin& j) { j.program().rows = 1, j.program().columns = 128; });
  breaks("other rows than the join, or narrow ones", [](ProgramsOfJoin& j) {
    j.shapes = {{4, 32}, {4, 32}};
    j.program().rows = 4, j.program().columns = 32;
  });
  breaks("rows of another size", [](ProgramsOfJoin& j) { j.shapes[0] = {2, 32}; });
  breaks("another dtype", [](ProgramsOfJoin& j) { j.values[12].dtype = float64; });
  breaks("no value of the join alone", [](ProgramsOfJoin& j) { j.values[14].leaf = 0; });
  breaks("leaves out what it should write", [](ProgramsOfJoin& j) {
    j.written = {14, 13};
    j.program().operands = j.written;
  });
  breaks("it writes what its work does not say", [](ProgramsOfJoin& j) { j.program().operands = {}; });
  breaks("more than rows", [](ProgramsOfJoin& j) { j.program().bands = 2; });
  breaks("a reference kernel joins nothing", [](ProgramsOfJoin& j) { j.tasks[3].joins = false; });
  breaks("another size than the result", [](ProgramsOfJoin& j) { j.values[12].bytes = 512; });
}

TEST_CASE("what must not follow a product is found", "[verify]") {
  broken("it can have no epilogue", [](Example& e) { e.works[2].epilogue = 0; });
  broken("it can have no epilogue", [](Example& e) { e.works[1].epilogue = 9; });
  broken("cannot run on parts", [](Example& e) { e.works[1].epilogue = 3; });
  broken("cannot run on parts", [](Example& e) { e.tasks[2].parts = Parts::none; });
  broken("cannot run on parts", [](Example& e) { e.works[1].epilogue = 0; });
  broken("task 1: its epilogue has another size", [](Example& e) { e.tasks[2].rows = 1; });
  broken("narrow rows", [](Example& e) {
    e.gemm.m = 4, e.gemm.n = 32;
    e.gemm.row_b = e.gemm.row_c = 32;
    e.gemm.row_a = 1;
  });
  broken("does not read it by elements", [](Example& e) { e.second.arguments = {{9, 0}}; });
  broken("does not read it by elements", [](Example& e) { e.second.row_operands = {9}; });
  broken("does not read it by elements",
         [](Example& e) { e.second.program.pointers[0].shape = Pointer::Shape::vector; });
}

}  // namespace
}  // namespace xgrad::fused::verify_tasks_test
