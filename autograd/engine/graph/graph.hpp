#pragma once

// graph/: what is to be computed, rewritten before planning.
//   in:  the pending entries and their roots.
//   out: nodes without repetitions, products with what they take over.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "autograd/core/access.hpp"
#include "autograd/engine/graph/inputs.hpp"
#include "autograd/engine/graph/pending.hpp"
#include "autograd/engine/products/offsets.hpp"

namespace xgrad::fused {

/// What a value has elements for in a space of rows and columns. Of a broadcast or a reduction it says what the small
/// side is in the space of the large one: full where nothing is repeated or removed.
enum class Extent : std::uint8_t {
  full,        // for each row and column
  per_row,     // one for each row: the last axes are repeated
  per_column,  // one for each column: the first axes are repeated
  scalar,      // one
  mixed        // anything else: axes between others are repeated
};

/// Which of the two terms a number scales where something is added to a product: alpha the product, beta the other.
enum class Scaled : std::uint8_t { none, alpha, beta };

/// A value of the pending graph.
struct Node {
  Lowering::Kind kind = Lowering::Kind::opaque;
  Instruction instruction = Instruction::none;
  DType dtype = float32;
  bool leaf = false;
  bool cheap = false;            // cheaper to compute again than to keep
  bool is_mask = false;          // bool elements, computed from numbers
  Extent extent = Extent::full;  // of broadcasts and reductions
  std::int64_t numel = 0;
  std::int64_t columns = 0;    // the number of columns that the extent asks for; 0 for any
  std::int64_t bands = 1;      // of sums over rows: how many bands of rows are added up apart
  std::int32_t entry = -1;     // which pending entry this is
  std::int32_t argument = -1;  // which leaf, or which constant
  std::int32_t view = -1;      // of sums at strided places: which view these are
  std::int32_t moved = -1;     // which Movements
  std::int32_t product = -1;   // which matrix product
  std::vector<std::int32_t> inputs;
};

/// How the elements of a view lie in memory: what moves them, one after the other, and where that leads.
struct Movements {
  std::int32_t memory = -1;             // the node that they are read from
  std::vector<std::int32_t> entries{};  // pending ones, each of the elements that the one before it gives
  Access access{};                      // as it was planned: offsets and bounds follow from dynamic arguments
  bool contiguous = false;              // one after the other, from some element on
  std::int64_t repeated = 1;            // how many times each element stands one after the other
  // What they are multiplied with once they are read, so that what is around them is 0 then: constants by their number,
  // -1 for a negation.
  std::vector<std::int32_t> scaled{};

  /// What they are, if a pending entry moves them once more; nothing where that has no Access.
  std::optional<Movements> then(std::int32_t place, const Entry& entry) const;
};

/// Moves `access` as an entry does that reads these elements, under the shape of its input. Whether it can be said.
bool move(Access& access, const Entry& entry);
/// Where the elements lie now, coalesced. Throws Unverified if that is not in a memory of so many elements.
Access access_of(const Movements& movements, const Pending& pending, std::span<const double> constants,
                 std::int64_t elements);

/// What a matrix product has besides: c = a b, where inputs[0] is a and inputs[1] is b. With inputs[2], c = a b +
/// inputs[2]; `sign` scales one of the two terms, and the number inputs[3] does, where it is there.
struct Product {
  std::int64_t m = 0, n = 0, depth = 0;  // (m x depth) (depth x n)
  std::int64_t batch = 1;                // how many matrices
  bool operands_transposed = false;      // both inputs are read transposed, in this order
  std::int32_t view = -1;                // the strided view whose elements the product adds up, if it does
  Scaled scaled = Scaled::none;
  double sign = 1;
};

/// The pending entries as nodes, in tape order, each leaf before its first reader. Equal entries are one node, sums
/// over everything are two, and matrix products have taken in what they can (see push_transposes() and the rest).
struct Graph {
  /// The Numbering of the entries has numbers for the leaves, too (see Inputs).
  Graph(const Pending& pending, const Inputs& inputs);
  /// Makes copies of the views that have to be in memory.
  void copy_views(const std::vector<bool>& in_memory);

  /// The node whose memory an alias shares.
  std::int32_t storage(std::int32_t node) const {
    while (nodes[node].kind == Lowering::Kind::alias && !nodes[node].leaf) node = nodes[node].inputs[0];
    return node;
  }
  /// Whether its elements are those of inputs[0], under another shape, repeated or at other places.
  bool is_view(std::int32_t node) const {
    using Kind = Lowering::Kind;
    const Kind kind = nodes[node].kind;
    return !nodes[node].leaf && (kind == Kind::alias || kind == Kind::broadcast || kind == Kind::transposition ||
                                 kind == Kind::strided || kind == Kind::shifted);
  }
  /// The movements of a view that programs can read where its elements lie, or null.
  const Movements* movements(std::int32_t node) const {
    const std::int32_t at = nodes[node].moved;
    return at < 0 || !is_view(node) ? nullptr : &moved[static_cast<std::size_t>(at)];
  }
  const Product& product(const Node& node) const { return products[static_cast<std::size_t>(node.product)]; }

  std::vector<Node> nodes;
  std::vector<Product> products;
  std::vector<StridedView> views;
  std::vector<Movements> moved;
  std::vector<std::int32_t> of_entry;  // the node of each pending entry
  std::vector<std::int32_t> roots;     // the nodes of the entries that somebody holds, by entry

 private:
  class Builder;
  class Pusher;

  /// A matrix product that is only read transposed becomes the product of its transposed operands: (A B)' = B' A'.
  void push_transposes();
  /// A matrix product that is only added up at strided places takes that over, where its matrices have places of their
  /// own.
  void fold_products();
  /// A matrix product that is only added to something that is in memory, a leaf or another product, becomes one with
  /// that as inputs[2]; if one of them is multiplied by a number first, that is inputs[3]. The results stay as they
  /// are.
  void add_products();
  /// What is cheap to compute, and read by a view alone, is computed behind the view.
  void push_movements(const Pending& pending, std::span<const double> constants);
  std::vector<std::int32_t> count_readers() const;
  void set_product(Node& node, Product product);
};

}  // namespace xgrad::fused
