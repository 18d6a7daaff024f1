#include "autograd/ops/einsum.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "autograd/core/fail.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/contraction_order.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// A letter, or an axis of "...", counted from the last one: those are below 0.
using Label = int;
using Labels = std::vector<Label>;

bool has(const Labels& labels, Label label) { return std::ranges::find(labels, label) != labels.end(); }

std::string name_of(Label label) {
  return label < 0 ? "axis " + std::to_string(label) + " of ..."
                   : '\'' + std::string(1, static_cast<char>(label)) + '\'';
}

// The labels between commas: letters, and perhaps "...".
struct Term {
  Labels before, after;  // of the ellipsis
  bool ellipsis = false;

  Labels labels(std::int64_t broadcast) const {
    Labels all = before;
    for (std::int64_t axis = -broadcast; axis < 0 && ellipsis; ++axis) all.push_back(static_cast<Label>(axis));
    all.insert(all.end(), after.begin(), after.end());
    return all;
  }
  std::int64_t letters() const { return static_cast<std::int64_t>(before.size() + after.size()); }
};

class Parser {
 public:
  Parser(std::string_view equation, const Location& where) : text_(equation), where_(where) {
    terms.emplace_back();
    for (; place_ < text_.size(); ++place_) take(text_[place_]);
  }

  std::vector<Term> terms;
  Term output;
  bool has_output = false;

 private:
  [[noreturn]] void bad(const char* what) const {
    fail<ValueError>(where_, "einsum: ", what, " in '", std::string(text_), "'");
  }
  Term& term() { return has_output ? output : terms.back(); }

  void take(char c) {
    if (c == ' ') return;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      (term().ellipsis ? term().after : term().before).push_back(c);
    } else if (c == ',' && !has_output) {
      terms.emplace_back();
    } else if (text_.substr(place_, 2) == "->" && !has_output) {
      has_output = true;
      ++place_;
    } else if (text_.substr(place_, 3) == "...") {
      if (term().ellipsis) bad("two ellipses");
      term().ellipsis = true;
      place_ += 2;
    } else {
      bad("an unexpected sign");
    }
  }

  std::string_view text_;
  const Location& where_;
  std::size_t place_ = 0;
};

/// A Tensor whose axes have labels, none of them twice.
struct Named {
  Tensor tensor;
  Labels labels;

  std::int64_t axis(Label label) const { return std::ranges::find(labels, label) - labels.begin(); }
  std::int64_t size(Label label) const { return tensor.size(axis(label)); }
};

using LabelSizes = std::map<Label, std::int64_t>;

std::int64_t product_of(const Labels& labels, const LabelSizes& sizes) {
  std::int64_t product = 1;
  for (const Label label : labels) product *= sizes.at(label);
  return product;
}

Shape shape_of(const Labels& labels, const LabelSizes& sizes) {
  std::vector<std::int64_t> list;
  for (const Label label : labels) list.push_back(sizes.at(label));
  return Shape(list);
}

Labels joined(std::initializer_list<Labels> lists) {
  Labels all;
  for (const Labels& list : lists) all.insert(all.end(), list.begin(), list.end());
  return all;
}

// x with its axes in this order of labels.
Tensor arranged(const Named& x, const Labels& order) {
  std::vector<std::int64_t> axes;
  for (const Label label : order) axes.push_back(x.axis(label));
  return std::ranges::is_sorted(axes) ? x.tensor : permute(x.tensor, axes);
}

// Sums over all labels that are not kept.
Named reduced(const Named& x, const Labels& kept) {
  std::vector<std::int64_t> axes;
  Named result;
  for (const Label label : x.labels) has(kept, label) ? result.labels.push_back(label) : axes.push_back(x.axis(label));
  result.tensor = axes.empty() ? x.tensor : sum(x.tensor, axes);
  return result;
}

class Contraction {
 public:
  Contraction(std::string_view equation, const std::vector<Tensor>& operands, const Location& where) : where_(where) {
    const Parser parsed(equation, where);
    check<ValueError>(parsed.terms.size() == operands.size(), where, "einsum: ", parsed.terms.size(), " terms for ",
                      operands.size(), " operands");
    std::int64_t broadcast = 0;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const std::int64_t rest = operands[i].ndim(where) - parsed.terms[i].letters();
      check<ShapeError>(rest == 0 || (rest > 0 && parsed.terms[i].ellipsis), where, "einsum: term ", i, " has ",
                        parsed.terms[i].letters(), " letters, its operand is ", describe(operands[i]));
      check<DTypeError>(operands[i].dtype() != boolean && operands[i].dtype() == operands[0].dtype(), where,
                        "einsum: needs numbers of one dtype, got ", describe(operands[0]), " and ",
                        describe(operands[i]));
      broadcast = std::max(broadcast, rest);
    }
    check<ValueError>(broadcast == 0 || !parsed.has_output || parsed.output.ellipsis, where,
                      "einsum: the output has no '...' for the ", broadcast, " axes of the operands'");
    std::map<Label, int> counts;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const std::int64_t rest = operands[i].ndim() - parsed.terms[i].letters();
      const Labels labels = parsed.terms[i].labels(rest);
      for (const Label label : labels) ++counts[label];
      operands_.push_back(without_repetitions(operands[i], labels));
    }
    output_ = parsed.has_output ? parsed.output.labels(broadcast) : usual_output(counts, broadcast);
    check_output();
    find_sizes();
    for (Named& operand : operands_) drop_ones(operand);
  }

  Tensor run() {
    for (const auto& [i, j] : order()) {
      const Labels kept = needed_beside(i, j);
      operands_[i] = product(reduced(operands_[i], joined({kept, operands_[j].labels})),
                             reduced(operands_[j], joined({kept, operands_[i].labels})), kept);
      operands_[j] = {};
    }
    const Named last = reduced(operands_[0], output_);
    Labels present;  // the others are of size 1, and were dropped
    for (const Label label : output_)
      if (has(last.labels, label)) present.push_back(label);
    return reshape(arranged(last, present), shape_of(output_, sizes_));
  }

 private:
  // A letter that occurs twice in a term takes the diagonal.
  Named without_repetitions(Tensor x, Labels labels) const {
    for (std::size_t i = 0; i < labels.size(); ++i)
      for (std::size_t j = i + 1; j < labels.size(); ++j) {
        if (labels[i] != labels[j]) continue;
        const auto first = static_cast<std::int64_t>(i), second = static_cast<std::int64_t>(j);
        check<ShapeError>(x.size(first) == x.size(second), where_, "einsum: ", name_of(labels[i]), " is ",
                          x.size(first), " and ", x.size(second));
        x = diagonal(x, 0, first, second);
        labels.push_back(labels[i]);
        labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(j));
        labels.erase(labels.begin() + static_cast<std::ptrdiff_t>(i));
        --i;
        break;
      }
    return {x, labels};
  }

  static Labels usual_output(const std::map<Label, int>& counts, std::int64_t broadcast) {
    Labels labels;
    for (std::int64_t axis = -broadcast; axis < 0; ++axis) labels.push_back(static_cast<Label>(axis));
    for (const auto& [label, count] : counts)
      if (label > 0 && count == 1) labels.push_back(label);
    return labels;
  }

  void check_output() const {
    for (std::size_t i = 0; i < output_.size(); ++i) {
      const Label label = output_[i];
      const bool there = std::ranges::any_of(operands_, [&](const Named& x) { return has(x.labels, label); });
      check<ValueError>(there, where_, "einsum: no operand has ", name_of(label), " of the output");
      const auto same = std::ranges::count(output_, label);
      check<ValueError>(same == 1, where_, "einsum: the output has ", name_of(label), " twice");
    }
  }

  void find_sizes() {
    for (const Named& operand : operands_)
      for (const Label label : operand.labels) {
        const std::int64_t size = operand.size(label);
        std::int64_t& known = sizes_.try_emplace(label, 1).first->second;
        check<ShapeError>(known == size || known == 1 || size == 1, where_, "einsum: ", name_of(label), " is ", known,
                          " and ", size);
        if (size != 1) known = size;
      }
  }

  // Drops axes of size 1, and axes along which the operand is repeated.
  static void drop_ones(Named& operand) {
    std::vector<std::int64_t> ones;
    Labels labels;
    for (const Label label : operand.labels)
      operand.size(label) == 1 ? ones.push_back(operand.axis(label)) : labels.push_back(label);
    if (!ones.empty()) operand.tensor = squeeze(operand.tensor, ones);
    operand.labels = labels;
  }

  Labels needed_beside(std::size_t i, std::size_t j) const {
    Labels needed = output_;
    for (std::size_t k = 0; k < operands_.size(); ++k)
      if (k != i && k != j) needed.insert(needed.end(), operands_[k].labels.begin(), operands_[k].labels.end());
    return needed;
  }

  std::vector<std::pair<std::size_t, std::size_t>> order() const {
    std::map<Label, std::size_t> numbers;
    std::vector<double> sizes;
    for (const auto& [label, size] : sizes_) {
      numbers[label] = sizes.size();
      sizes.push_back(static_cast<double>(size));
    }
    const auto numbered = [&](const Labels& labels) {
      LabelNumbers list;
      for (const Label label : labels) list.push_back(numbers.at(label));
      return list;
    };
    std::vector<LabelNumbers> terms;
    for (const Named& operand : operands_) terms.push_back(numbered(operand.labels));
    return contraction_order(terms, numbered(output_), sizes);
  }

  // A matrix product: common labels that are kept are its batch, the other common ones are summed over.
  Named product(const Named& a, const Named& b, const Labels& kept) const {
    Labels batch, summed, rows, columns;
    for (const Label label : a.labels)
      (!has(b.labels, label) ? rows : has(kept, label) ? batch : summed).push_back(label);
    for (const Label label : b.labels)
      if (!has(a.labels, label)) columns.push_back(label);
    Named result;
    if (summed.empty()) {  // elementwise, so that no operand has to be copied into another layout
      result.labels = joined({batch, rows, columns});
      const Shape left = shape_of(joined({batch, rows}), sizes_);
      std::vector<std::int64_t> wide(left.begin(), left.end()), right;
      wide.resize(wide.size() + columns.size(), 1);
      for (const Label label : batch) right.push_back(sizes_.at(label));
      right.resize(right.size() + rows.size(), 1);
      for (const Label label : columns) right.push_back(sizes_.at(label));
      result.tensor = reshape(arranged(a, joined({batch, rows})), Shape(wide)) *
                      reshape(arranged(b, joined({batch, columns})), Shape(right));
      return result;
    }
    const std::int64_t m = product_of(rows, sizes_), k = product_of(summed, sizes_), n = product_of(columns, sizes_);
    const auto matrices = [&](std::int64_t r, std::int64_t c) {
      std::vector<std::int64_t> shape;
      if (!batch.empty()) shape.push_back(product_of(batch, sizes_));
      shape.insert(shape.end(), {r, c});
      return Shape(shape);
    };
    // The product can read a transposed matrix.
    const bool turned = std::ranges::equal(b.labels, joined({batch, columns, summed}));
    const Tensor left = reshape(arranged(a, joined({batch, rows, summed})), matrices(m, k));
    const Tensor right = turned ? transpose(reshape(b.tensor, matrices(n, k)))
                                : reshape(arranged(b, joined({batch, summed, columns})), matrices(k, n));
    result.labels = joined({batch, rows, columns});
    result.tensor = reshape(matmul(left, right), shape_of(result.labels, sizes_));
    return result;
  }

  const Location& where_;
  std::vector<Named> operands_;
  Labels output_;
  LabelSizes sizes_;
};

}  // namespace

Tensor einsum(std::string_view equation, const std::vector<Tensor>& operands, const Location& where) {
  const CallScope scope("einsum", where);
  return Contraction(equation, operands, where).run();
}

}  // namespace xgrad
