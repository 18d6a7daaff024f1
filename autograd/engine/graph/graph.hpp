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

/// How a value lies in a space of rows and columns. The extent of a broadcast or a reduction is that of its small side
/// in the space of its large side, and full where nothing is repeated or reduced.
enum class Extent : std::uint8_t {
  full,        // one element for each row and column
  per_row,     // one for each row: it is repeated along the last axes
  per_column,  // one for each column: it is repeated along the first axes
  scalar,      // one element
  mixed        // anything else: it is repeated along axes between others
};

/// Which term of product + addend a number scales: alpha scales the product, beta the addend.
enum class Scaled : std::uint8_t { none, alpha, beta };

/// A value of the pending graph.
struct Node {
  Lowering::Kind kind = Lowering::Kind::opaque;
  Instruction instruction = Instruction::none;
  DType dtype = float32;
  bool leaf = false;
  bool cheap = false;            // cheaper to compute again than to keep
  bool is_mask = false;          // bool elements, computed from numbers
  bool joins = false;            // its inputs are joined along an axis
  bool behind_view = false;      // computed behind a view: its elements are not those of its entry
  Extent extent = Extent::full;  // of broadcasts and reductions
  std::int64_t numel = 0;
  std::int64_t columns = 0;    // the number of columns that the extent asks for; 0 for any
  std::int32_t bands = 1;      // of sums over rows: how many bands of rows are added up apart
  std::int32_t entry = -1;     // which pending entry this is
  std::int32_t argument = -1;  // which leaf, or which constant
  std::int32_t view = -1;      // of sums at strided places: index of the view that says which places
  std::int32_t moved = -1;     // index of its Movements
  std::int32_t product = -1;   // index of its Product
  std::vector<std::int32_t> inputs;
};

/// So many movements in a row are one view; one more is a view of that. Each run goes through all of them.
inline constexpr std::size_t most_movements = 8;

/// How the elements of a view lie in memory: the entries that move them, and the Access that these amount to.
struct Movements {
  std::int32_t memory = -1;             // the node that they are read from
  std::vector<std::int32_t> entries{};  // the pending entries that move them, in tape order
  Access access{};                      // at planning; dynamic arguments change offsets and bounds
  bool contiguous = false;              // whether the elements lie one after the other in memory
  std::int64_t repeated = 1;            // how often each element is repeated before the next one
  // What the elements are multiplied by after they are read, so that what is around them is 0 then: indices of
  // constants, -1 for a negation.
  std::vector<std::int32_t> scaled{};

  /// These movements with that of one more pending entry; nothing where they have no Access together.
  std::optional<Movements> then(std::int32_t place, const Entry& entry) const;
};

/// Applies the movement of an entry to the `access` of its input, reshaped to the input's shape. Returns whether the
/// result is an Access.
bool move(Access& access, const Entry& entry);
/// Where the elements lie with the dynamic arguments of this evaluation, coalesced. Throws Unverified if that leaves a
/// memory of so many elements.
Access access_of(const Movements& movements, const Pending& pending, std::span<const double> constants,
                 std::int64_t elements);

/// A matrix product c = a b of a = inputs[0] and b = inputs[1]. With inputs[2] it is c = a b + inputs[2], and one of
/// the two terms is scaled by `sign` and, where there is one, by the number inputs[3].
struct Product {
  std::int64_t m = 0, n = 0, depth = 0;  // (m x depth) (depth x n)
  std::int64_t batch = 1;                // how many matrices
  bool transposed_a = false;             // whether a factor is read transposed,
  bool transposed_b = false;             // beside what a transposition does to it
  std::int32_t view = -1;                // index of the strided view at whose places the product adds up, if it does
  Scaled scaled = Scaled::none;
  double sign = 1;
};

/// The pending entries as nodes, in tape order, each leaf before its first reader. Equal entries are one node, sums
/// over everything are two, and matrix products include what is done to their results (see push_transposes(),
/// fold_products(), add_products()).
struct Graph {
  /// The Numbering in `pending` has to number the leaves of `inputs`, too (see Inputs).
  Graph(const Pending& pending, const Inputs& inputs);
  /// Makes copies of the views that have to be in memory.
  void copy_views(const std::vector<bool>& in_memory);

  /// The node whose memory an alias shares.
  std::int32_t storage(std::int32_t node) const {
    while (nodes[node].kind == Lowering::Kind::alias && !nodes[node].leaf) node = nodes[node].inputs[0];
    return node;
  }
  /// Whether the node has the elements of inputs[0], under another shape, repeated or moved.
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
  std::vector<std::int32_t> roots;     // the nodes of the entries that somebody holds, in tape order of these

 private:
  class Builder;
  class Pusher;

  /// Replaces a matrix product that is only read transposed by the product of its transposed operands: (A B)' = B' A'.
  void push_transposes();
  /// Lets a matrix product whose only reader is a sum at strided places add its elements up there itself, where no two
  /// elements of one matrix share a place.
  void fold_products();
  /// Gives a matrix product that is only added to a leaf or to another product that addend as inputs[2], and a number
  /// that scales one of the terms as inputs[3]. No bit of the result changes.
  void add_products();
  /// What is cheap to compute, and read by a view alone, is computed behind the view.
  void push_movements(const Pending& pending, std::span<const double> constants);
  std::vector<std::int32_t> count_readers() const;
  void set_product(Node& node, Product product);
};

}  // namespace xgrad::fused
