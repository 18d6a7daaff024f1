// Tensors of numbers that are written in a program.

#include <cmath>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// Reads the tree of a literal: its shape from the first rows, which all others must agree with.
class LiteralReader {
 public:
  LiteralReader(const Literal& root, const Location& where) : where_(where) {
    const Literal* row = &root;
    while (row->is_list()) {
      check<LimitError>(static_cast<std::int64_t>(sizes_.size()) < max_ndim, where_, "tensor: more than ", max_ndim,
                        " axes");
      sizes_.push_back(static_cast<std::int64_t>(row->rows().size()));
      if (row->rows().empty()) break;
      row = &row->rows()[0];
    }
    visit(root, 0);
  }

  Shape shape() const { return sizes_; }
  const std::vector<const Literal*>& numbers() const { return numbers_; }
  DType dtype() const {
    if (numbers_.empty()) return float32;
    bool all_bool = true;
    for (const Literal* number : numbers_) {
      if (number->dtype() == float32) return float32;
      all_bool = all_bool && number->dtype() == boolean;
    }
    return all_bool ? boolean : int64;
  }

 private:
  // No deeper than there are sizes.
  void visit(const Literal& literal, std::size_t axis) {
    if (axis == sizes_.size()) {
      check<ShapeError>(!literal.is_list(), where_, "tensor: a list stands beside numbers at axis ", axis);
      numbers_.push_back(&literal);
      return;
    }
    check<ShapeError>(literal.is_list(), where_, "tensor: a number stands beside lists at axis ", axis);
    const auto size = static_cast<std::int64_t>(literal.rows().size());
    check<ShapeError>(size == sizes_[axis], where_, "tensor: rows of lengths ", sizes_[axis], " and ", size,
                      " at axis ", axis);
    for (const Literal& row : literal.rows()) visit(row, axis + 1);
  }

  const Location& where_;
  std::vector<std::int64_t> sizes_;
  std::vector<const Literal*> numbers_;
};

template <class T>
T element(const Literal& literal, const Location& where) {
  const bool has_point = literal.dtype() == float32;
  if constexpr (std::same_as<T, bool>) {
    return literal.number() != 0;
  } else if constexpr (std::same_as<T, std::int64_t>) {
    const double number = literal.number();
    check<ValueError>(!has_point || (std::abs(number) < 9223372036854775808.0 && number == std::floor(number)), where,
                      "tensor: ", number, " is not an int64 number");
    return has_point ? static_cast<std::int64_t>(number) : literal.whole_number();
  } else {
    return static_cast<T>(literal.number());
  }
}

}  // namespace

Tensor tensor(const Literal& values, std::optional<DType> dtype, const Location& where) {
  const LiteralReader reader(values, where);
  const DType type = dtype.value_or(reader.dtype());
  const Shape shape = reader.shape();
  check_shape(shape, item_size(type), "tensor", where);
  Buffer value = Buffer::allocate(reader.numbers().size() * item_size(type), "tensor", where);
  dispatch(type, [&](auto zero) {
    auto* to = static_cast<decltype(zero)*>(value.data());
    for (const Literal* number : reader.numbers()) *to++ = element<decltype(zero)>(*number, where);
  });
  return make_leaf(shape, type, std::move(value), where);
}

}  // namespace xgrad
