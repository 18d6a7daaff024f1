#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "autograd/core/dtype.hpp"
#include "autograd/core/location.hpp"
#include "autograd/core/shape.hpp"

namespace xgrad {

struct Entry;

/// A light handle to one entry of the tape: a shape, a dtype, and a value that may not have been computed yet.
/// A Tensor never changes; assigning to the variable makes it a handle to another entry.
class Tensor {
 public:
  Tensor() = default;  ///< undefined: a handle to nothing
  Tensor(const Tensor& other) noexcept : entry_(other.entry_) {
    if (entry_) retain(entry_);
  }
  Tensor(Tensor&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  Tensor& operator=(const Tensor& other) noexcept {
    Tensor(other).swap(*this);
    return *this;
  }
  Tensor& operator=(Tensor&& other) noexcept {
    Tensor(std::move(other)).swap(*this);
    return *this;
  }
  ~Tensor() {
    if (entry_) release(entry_);
  }
  void swap(Tensor& other) noexcept { std::swap(entry_, other.entry_); }

  bool defined() const { return entry_ != nullptr; }
  const Shape& shape() const;
  DType dtype() const;
  std::int64_t ndim() const { return shape().ndim(); }
  std::int64_t numel() const { return shape().numel(); }
  /// The size of an axis, which may be counted from the end.
  std::int64_t size(std::int64_t axis, const Location& where = Location::current()) const;

  /// Whether derivatives flow through this Tensor.
  bool tracked() const;
  /// Whether the value has been computed.
  bool evaluated() const;

  /// The only element, as a double (or as T). Evaluates. ShapeError unless there is exactly one element.
  double item(const Location& where = Location::current()) const;
  template <class T>
  T item(const Location& where = Location::current()) const {
    return dtype() == int64 ? static_cast<T>(item_int64(where)) : static_cast<T>(item(where));
  }
  /// The elements, row-major, valid while this Tensor lives. Evaluates. DTypeError unless T is the element type.
  template <class T>
  std::span<const T> data(const Location& where = Location::current()) const {
    static_assert(dtype_of<T> != int64 || std::is_same_v<T, std::int64_t>, "use std::int64_t");
    return {static_cast<const T*>(data_of(dtype_of<T>, where)), static_cast<std::size_t>(numel())};
  }
  /// A copy of the elements, converted to T. Evaluates.
  template <class T = double>
  std::vector<T> to_vector(const Location& where = Location::current()) const {
    evaluate_value(where);
    std::vector<T> values(static_cast<std::size_t>(numel()));
    dispatch(dtype(), [&](auto zero) {
      const auto* from = static_cast<const decltype(zero)*>(data_of(dtype(), where));
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(from[i]);
    });
    return values;
  }
  /// As numpy prints an array.
  std::string to_string() const;

  Entry* entry() const { return entry_; }
  /// Takes over a reference that the caller holds.
  static Tensor adopt(Entry* entry) {
    Tensor tensor;
    tensor.entry_ = entry;
    return tensor;
  }
  /// A new handle to `entry`.
  static Tensor share(Entry* entry) {
    retain(entry);
    return adopt(entry);
  }

 private:
  static void retain(Entry* entry) noexcept;
  static void release(Entry* entry) noexcept;
  void evaluate_value(const Location& where) const;
  std::int64_t item_int64(const Location& where) const;
  const void* data_of(DType dtype, const Location& where) const;

  Entry* entry_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

/// `[2, 3] f32`, for messages: put together only when it is printed.
struct Description {
  const Tensor& tensor;
  std::string str() const;
};
inline Description describe(const Tensor& tensor) { return {tensor}; }
std::ostream& operator<<(std::ostream& out, const Description& description);

/// Computes the values of these Tensors together, with whatever they need.
void evaluate(std::span<const Tensor> tensors, const Location& where = Location::current());
inline void evaluate(const Tensor& tensor, const Location& where = Location::current()) {
  evaluate(std::span(&tensor, 1), where);
}

}  // namespace xgrad
