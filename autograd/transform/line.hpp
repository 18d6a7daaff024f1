#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "autograd/transform/arguments.hpp"

namespace xgrad::detail {

/// Taylor coefficients along a line: y(s) = sum_k y_k s^k for every entry between xs(s) = xs + s directions and y. An
/// undefined Tensor stands for zero.
///
/// Coefficients of products and quotients are Cauchy's. Any other y = f(u) has y' = T(u'; u, y), where T is recorded by
/// the entry's own rule, by a backward pass through a backward pass. If T depends on neither u nor y, f is linear and
/// y_k = T(u_k); else k y_k is coefficient k - 1 of T, whose entries get coefficients in the same way. Equal operations
/// of equal inputs are one node, so that sin and cos lead to each other, and exp to itself. Coefficients are computed
/// when they are asked for, without recursion.
class Line {
 public:
  Line(const Tensor& y, const Tensors& xs, const Tensors& directions);
  Tensor coefficient(std::size_t order);

 private:
  using Number = std::uint32_t;  // the number of a node
  enum class Kind : std::uint8_t { constant, argument, derivative, product, quotient, unknown, linear, composed };
  struct Node {
    Kind kind;
    Tensor entry;                               // the recorded entry
    bool recorded_with_value;                   // whether its value is coefficient 0
    std::vector<Number> inputs;                 // of a derivative: what it is the derivative of
    std::vector<Tensor> known;                  // coefficients
    std::vector<char> is_known;                 // by order: whether it is known
    Tensor tangent;                             // T
    std::vector<Tensor> stand_ins, directions;  // for u and u' in T; undefined for constants
    Number tangent_node = 0;                    // the node of T, unless f is linear
  };
  struct Want {
    Number node;
    std::size_t order;
  };

  Number add_node(Kind kind, const Tensor& entry, bool with_value);
  Number number_of(const Tensor& tensor);
  void add_entries(const Tensor& root, std::uint64_t begin, bool with_value);
  std::vector<std::uint64_t> key_of(const Entry& entry, const std::vector<Number>& inputs) const;
  std::vector<Number> inputs_of(const Entry& entry);
  Tensor stand_in(Number node, bool derivative);
  Number derivative_of(Number node);
  void find_tangent(Number node);
  bool depends_on(const Tensor& root, const std::vector<Tensor>& stand_ins, std::uint64_t begin) const;

  bool is_known(Number node, std::size_t order) const {
    return order < nodes_[node].is_known.size() && nodes_[node].is_known[order];
  }
  const Tensor& known(Number node, std::size_t order) const { return nodes_[node].known[order]; }
  std::vector<Want> needs(const Want& want);
  Tensor compute(const Want& want) const;
  Tensor repeated(const Node& node) const;
  Tensor product(const Node& node, std::size_t order) const;
  Tensor quotient(Number node, std::size_t order) const;
  Tensor linear(const Node& node, std::size_t order) const;

  std::vector<Node> nodes_;
  std::unordered_map<const Entry*, Number> numbers_;
  std::unordered_map<Number, Number> derivatives_;  // the nodes of u'
  std::map<std::vector<std::uint64_t>, Number> same_;
  std::vector<Tensor> held_;  // stand-ins, held so that their addresses stay theirs
  Number root_;
};

}  // namespace xgrad::detail
