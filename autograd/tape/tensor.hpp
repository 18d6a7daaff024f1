#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
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
#include "autograd/tape/indexed.hpp"

namespace xgrad {

struct Entry;

/// The part of an entry that handles and traversals read. What traversals read fits into one cache line.
struct alignas(64) EntryHead {
  static constexpr std::size_t inputs_in_place = 3;

  std::atomic<std::uint32_t> references{1};  // handles, and perhaps `miscounted`
  std::atomic<std::uint32_t> readers{0};     // the handles that are inputs of entries of its own thread
  DType dtype = float32;
  std::atomic<bool> evaluated{false};
  bool tracked = false;
  bool many_inputs : 1 = false;     // whether inputs are on the heap, as they do not fit in place
  bool differentiated : 1 = false;  // whether a backward pass has visited it, so that no later one needs its value
  bool stopped : 1 = false;         // whether stop_gradient of it was recorded before it had a value
  bool source : 1 = false;          // whether track() made it, so that derivatives by it may be asked for
  std::uint8_t computed : 2 = 0;    // how often it was computed without being kept, up to 2
  std::uint32_t input_count = 0;
  std::uint32_t owner = 0;                // the thread that recorded it
  mutable std::uint32_t number = 0;       // that of the latest Numbering of its own thread which met it
  mutable std::uint64_t numbered_by = 0;  // that Numbering
  std::atomic<std::uint64_t> sequence{0};
  alignas(void*) std::byte input_storage[inputs_in_place * sizeof(void*)];
  Shape shape;

  /// A bit of `references`: another thread has released an input, so that `readers` is too large.
  static constexpr std::uint32_t miscounted = std::uint32_t{1} << 31;
  static std::uint32_t handles(std::uint32_t references) { return references & ~miscounted; }
  std::uint32_t handles() const { return handles(references.load(std::memory_order_acquire)); }
  /// Whether there are more handles outside the tape than `known`. Only its own thread may ask.
  bool held(std::uint32_t known = 0) const {
    const std::uint32_t now = references.load(std::memory_order_acquire);
    return now > readers.load(std::memory_order_relaxed) + known;
  }
};

/// A light handle to one entry of the tape: a shape, a dtype, and a value that may not have been computed yet.
/// A Tensor never changes; assigning to the variable makes it a handle to another entry.
/// Whatever is asked of an undefined Tensor, or of one that was moved from, is a GraphError, except `defined`,
/// `tracked`, `evaluated` and printing. Parts are read as x(0, slice(1, -1)) and x[i]: see Indexed.
class Tensor : public Indexed<Tensor> {
 public:
  Tensor() = default;  ///< undefined
  Tensor(const Tensor& other) noexcept : head_(other.head_) {
    if (head_) head_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Tensor(Tensor&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  // For variables only, because x[0] = y would change nothing.
  Tensor& operator=(const Tensor& other) & noexcept {
    Tensor(other).swap(*this);
    return *this;
  }
  Tensor& operator=(Tensor&& other) & noexcept {
    Tensor(std::move(other)).swap(*this);
    return *this;
  }
  ~Tensor() {
    if (head_) release(head_);
  }
  void swap(Tensor& other) noexcept { std::swap(head_, other.head_); }

  bool defined() const { return head_ != nullptr; }
  const Shape& shape(const Location& where = Location::current()) const { return head("shape", where).shape; }
  DType dtype(const Location& where = Location::current()) const { return head("dtype", where).dtype; }
  std::int64_t ndim(const Location& where = Location::current()) const { return head("ndim", where).shape.ndim(); }
  std::int64_t numel(const Location& where = Location::current()) const { return head("numel", where).shape.numel(); }
  /// The size of an axis, which may be counted from the end.
  std::int64_t size(std::int64_t axis, const Location& where = Location::current()) const;

  /// Whether derivatives flow through this Tensor.
  bool tracked() const { return head_ && head_->tracked; }
  /// Whether the value has been computed.
  bool evaluated() const { return head_ && head_->evaluated.load(std::memory_order_acquire); }

  /// The only element, as a double (or as T). Evaluates. ShapeError unless there is exactly one element.
  double item(const Location& where = Location::current()) const;
  template <class T>
  T item(const Location& where = Location::current()) const {
    return head("item", where).dtype == int64 ? static_cast<T>(item_int64(where)) : static_cast<T>(item(where));
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
  /// The text that numpy prints for such an array.
  std::string to_string() const;

  // For the library: defined in entry.hpp.
  inline Entry* entry() const;
  /// Takes over a reference that the caller holds.
  static inline Tensor adopt(Entry* entry);
  /// A new handle to `entry`.
  static inline Tensor share(Entry* entry);
  /// A new handle to `entry`, or an undefined one if no handle is left and another thread may be destroying it. `entry`
  /// is in a place of this thread, which no other thread takes again.
  static inline Tensor try_share(Entry* entry);

 private:
  // The owner of the last handle need not count down atomically.
  static void release(EntryHead* head) noexcept {
    if (head->references.load(std::memory_order_acquire) == 1)
      release_last(head);
    else if (EntryHead::handles(head->references.fetch_sub(1, std::memory_order_acq_rel)) == 1)
      destroy(head);
  }
  static void release_last(EntryHead* head) noexcept;
  static void destroy(EntryHead* head) noexcept;
  // The Location is passed by value, because a reference would put it into memory for every call.
  const EntryHead& head(const char* call, Location where) const {
    if (!head_) [[unlikely]]
      refuse_undefined(call, where);
    return *head_;
  }
  [[noreturn, gnu::cold]] static void refuse_undefined(const char* call, Location where);
  void evaluate_value(const Location& where) const;
  std::int64_t item_int64(const Location& where) const;
  const void* data_of(DType dtype, const Location& where) const;

  EntryHead* head_ = nullptr;
};

std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

/// `[2, 3] f32`, for messages: put together only when it is printed.
struct Description {
  const Tensor& tensor;
  std::string str() const;
};
inline Description describe(const Tensor& tensor) { return {tensor}; }
std::ostream& operator<<(std::ostream& out, const Description& description);

/// Computes the values of these Tensors together, with everything that they depend on.
void evaluate(std::span<const Tensor> tensors, const Location& where = Location::current());
inline void evaluate(const Tensor& tensor, const Location& where = Location::current()) {
  evaluate(std::span(&tensor, 1), where);
}
inline void evaluate(std::initializer_list<Tensor> tensors, const Location& where = Location::current()) {
  evaluate(std::span(tensors.begin(), tensors.size()), where);
}
namespace detail {
/// The first of several Tensors, and the location of the call.
struct FirstTensor {
  FirstTensor(const Tensor& tensor, const Location& place = Location::current()) : first(tensor), where(place) {}
  const Tensor& first;
  Location where;
};
}  // namespace detail
template <std::convertible_to<Tensor>... More>
requires(sizeof...(More) > 0) void evaluate(const detail::FirstTensor& x, const More&... more) {
  evaluate({x.first, Tensor(more)...}, x.where);
}

}  // namespace xgrad
