#pragma once

// graph/: what is to be computed, rewritten before planning.
//   in:  the pending entries and their roots.
//   out: nodes without repetitions, products with what they take over.

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/graph/pending.hpp"
#include "autograd/engine/products/gemm.hpp"
#include "autograd/engine/products/offsets.hpp"

namespace xgrad::fused {

/// How the axes that a broadcast repeats, or a reduction removes, lie to the others: what its small side is in a space
/// of rows and columns.
enum class Spread : std::uint8_t {
  same,     // nothing is repeated or removed
  scalar,   // one element
  rows,     // one element for each row: the last axes are repeated
  columns,  // one element for each column: the first axes are repeated
  mixed     // neither
};

/// A value of the pending graph, as the planner sees it.
struct Node {
  Lowering::Kind kind = Lowering::Kind::opaque;
  bool leaf = false;
  Instruction instruction = Instruction::none;
  DType dtype = float32;
  Spread spread = Spread::same;  // of broadcasts and reductions
  std::int64_t numel = 0;
  std::int64_t columns = 0;        // the number of columns the spread asks for; 0 for any
  std::int32_t entry = -1;         // which pending entry this is
  std::int32_t argument = -1;      // which leaf
  std::int32_t view = -1;          // which strided view; of a matrix product the one whose elements it adds up
  bool cheap = false;              // to compute again rather than to keep
  bool memory = false;             // needed in memory, by a root, a matrix product or a reference kernel
  bool used = false;               // whether a root depends on it
  bool bits = false;               // bool elements, computed from numbers
  bool uniform = false;            // one number, computed from constants alone
  std::int64_t m = 0, n = 0;       // of a matrix product: rows and columns
  std::int64_t depth = 0;          // how many products are added up
  std::int64_t batch = 1;          // and how many matrices it consists of
  bool turned = false;             // a matrix product of both inputs transposed, in this order
  double Gemm::*scaled = nullptr;  // of one with something it is added to: which of them the number inputs[3] scales
  double sign = 1;                 // and what is scaled first
  std::vector<std::int32_t> inputs;
};

/// The pending entries as nodes, in tape order, after their leaves; without repetitions.
struct Graph {
  explicit Graph(const Pending& pending);

  /// The node whose memory an alias shares.
  std::int32_t storage(std::int32_t node) const {
    while (nodes[node].kind == Lowering::Kind::alias && !nodes[node].leaf) node = nodes[node].inputs[0];
    return node;
  }
  /// Whether its elements are those of inputs[0], under another shape, repeated or at other places.
  bool is_view(std::int32_t node) const {
    using Kind = Lowering::Kind;
    const Kind kind = nodes[node].kind;
    return !nodes[node].leaf &&
           (kind == Kind::alias || kind == Kind::broadcast || kind == Kind::transposition || kind == Kind::strided);
  }
  /// How a matrix product reads operand 0 or 1: what is in memory, and whether the product takes it transposed, and as
  /// the same matrix for the whole batch; or where what it reads lies in it, as the matrix is before it is transposed.
  struct Matrix {
    std::int32_t held;
    bool transposed, repeated;
    std::optional<Offsets> offsets{};
  };
  Matrix matrix(const Node& product, std::size_t operand) const;

  /// A matrix product that is only read transposed becomes the product of its transposed operands: (A B)' = B' A'.
  void turn(const std::vector<std::int32_t>& roots);
  /// A matrix product that is only added up at strided places takes that over, where its matrices have places of their
  /// own.
  void fold_products(const std::vector<std::int32_t>& roots);
  /// A matrix product that is only added to something that is in memory, a leaf or another product, becomes one with
  /// that as inputs[2]; if one of them is multiplied by a number first, that is inputs[3]. The results stay as they
  /// are.
  void add_products(const std::vector<std::int32_t>& roots);

  std::int32_t add(Node node) {
    nodes.push_back(std::move(node));
    return static_cast<std::int32_t>(nodes.size()) - 1;
  }

  std::vector<Node> nodes;
  std::vector<std::int32_t> of_entry;  // the node of each pending entry
  std::vector<StridedView> views;

 private:
  std::optional<Offsets> offsets(const Node& product, std::size_t operand, bool transposed, std::int32_t held) const;
  std::vector<std::int32_t> count_readers(const std::vector<std::int32_t>& roots) const;
  std::int32_t add_entry(const Pending& pending, std::size_t i, std::vector<std::int32_t> inputs);
  std::int32_t add_rows_of_total(const Node& total, std::int64_t columns);
};

}  // namespace xgrad::fused
