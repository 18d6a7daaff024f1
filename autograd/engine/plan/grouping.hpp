#pragma once

#include <cstdint>
#include <vector>

#include "autograd/engine/graph/graph.hpp"
#include "autograd/engine/plan/unit_set.hpp"

namespace xgrad::fused {

/// What a value is in a space of rows and columns.
enum class Class : std::uint8_t {
  full,     // an element for each row and column
  rows,     // one for each row
  columns,  // one for each column
  scalar
};

/// Some nodes computed together: a row program over one space, one matrix product, or one reference kernel.
struct Unit {
  enum class Kind : std::uint8_t { program, product, kernel };
  Kind kind = Kind::program;
  DType dtype = float32;
  std::int64_t rows = 1, columns = 1;
  bool split = false;  // whether the number of columns is settled
  std::vector<std::int32_t> members{};
  UnitSet before{};         // the units that must have run
  bool awaited = false;     // whether this one must have run for another
  bool dead = false;        // merged into another one
  std::uint64_t reads = 0;  // a bit for what each member reads, shared by many nodes
};

/// The used nodes of a graph in units, without cycles between them.
struct Grouping {
  explicit Grouping(Graph& graph, const std::vector<std::int32_t>& roots);

  Graph& graph;
  std::vector<Unit> units;
  std::vector<std::int32_t> unit_of;  // by node; -1 for leaves and what needs no computing
  std::vector<Class> class_of;        // by node: what it is in its unit
  std::vector<std::int32_t> order;    // units in an order in which they can run

  /// What operand `input` is for a consumer of this class in a space, and the node that holds it.
  struct Use {
    std::int32_t node;
    Class as;
    bool fits;
  };
  Use use(std::int32_t input, Class consumer, std::int64_t columns) const;

 private:
  void mark_used(const std::vector<std::int32_t>& roots);
  void find_needs();
  void find_mask_readers();
  void find_uniform();
  bool mark_mask(std::int32_t node);
  void mark_inputs(std::int32_t node);
  void mark_operands(std::int32_t node);
  void mark_memory(std::int32_t node);
  void place(std::int32_t node);
  void place_program(std::int32_t node);
  bool join(std::int32_t node, std::int32_t unit, Class as, std::int64_t columns);
  bool can_depend(std::int32_t unit) const;
  std::int32_t new_unit(Unit unit, std::int32_t node, Class as);
  void depend(std::int32_t unit);
  void merge_inputs(std::int32_t node);
  void merge(std::int32_t into, std::int32_t from);
  bool can_merge(std::int32_t a, std::int32_t b) const;
  void close(std::int32_t unit);
  void sort();
  bool mask_in_memory(const Node& node) const;
  void find_producers(std::int32_t node);
  bool reads_the_same(const Unit& unit, std::int32_t node) const;
  std::uint64_t reads_of(std::int32_t node) const;
  std::int64_t wanted_columns(std::int32_t node) const;
  std::int64_t need_of(std::int32_t input) const;
  std::int32_t source_of(std::int32_t input) const;

  std::vector<std::int32_t> held_;  // by node: the one whose memory it shares
  // The nodes whose values the one that is placed computes with, through whatever views lie between.
  std::vector<std::int32_t> producers_;

  // Masks have no place in memory: whoever reads one computes it again, and needs the columns that its operands ask
  // for.
  std::vector<DType> types_;         // by node: of the numbers it is computed with; bool where there are only masks
  std::vector<char> reads_mask_;     // by node: whether it is a mask in memory or is computed from one
  std::vector<std::int64_t> needs_;  // by node; 0 for any, -1 for none that would do
  bool sealed(std::int32_t node) const;
};

}  // namespace xgrad::fused
