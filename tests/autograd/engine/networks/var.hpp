#pragma once

// Tensors that know how a program would write them, so that what a random program computes and its listing are one.

#include <concepts>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/autograd.hpp"
#include "nn/activations.hpp"

namespace xgrad::networks {

struct Var {
  Tensor value;
  std::string text;

  const Shape& shape() const { return value.shape(); }
  std::int64_t ndim() const { return value.ndim(); }
  std::int64_t size(std::int64_t axis) const { return value.size(axis); }
};

/// Whether Vars made by this thread are given a text: that takes longer than recording does.
inline constinit thread_local bool writes_text = false;

std::string written(double number);
std::string written(std::int64_t number);
inline std::string written(int number) { return written(std::int64_t{number}); }
inline std::string written(bool value) { return value ? "true" : "false"; }
inline std::string written(KeepDims keep) { return keep == KeepDims::yes ? "keep_dims" : "KeepDims::no"; }
inline std::string written(const char* text) { return text; }
inline const std::string& written(const std::string& text) { return text; }
inline const std::string& written(const Var& var) { return var.text; }
/// {2, 3}, for shapes and axes.
std::string written(std::span<const std::int64_t> sizes);
inline std::string written(const Shape& shape) { return written(std::span<const std::int64_t>(shape)); }
inline std::string written(const std::vector<std::int64_t>& sizes) {
  return written(std::span<const std::int64_t>(sizes));
}

/// The value of a call name(arguments...).
template <class... Arguments>
Var call(const char* name, Tensor value, const Arguments&... arguments) {
  Var result{std::move(value), {}};
  if (!writes_text) return result;
  const char* separator = "";
  ((result.text += separator, result.text += written(arguments), separator = ", "), ...);
  result.text = std::string(name) + '(' + result.text + ')';
  return result;
}

inline const Tensor& plain(const Var& var) { return var.value; }
template <std::floating_point Number>
Number plain(Number number) {
  return number;
}

template <class A, class B>
concept OneIsVar = (std::same_as<A, Var> && (std::same_as<B, Var> || std::floating_point<B>)) ||
                   (std::floating_point<A> && std::same_as<B, Var>);

template <class A, class B>
Var infix(const char* symbol, Tensor value, const A& a, const B& b) {
  if (!writes_text) return {std::move(value), {}};
  return {std::move(value), '(' + std::string(written(a)) + ' ' + symbol + ' ' + written(b) + ')'};
}

template <class A, class B>
requires OneIsVar<A, B> Var operator+(const A& a, const B& b) { return infix("+", plain(a) + plain(b), a, b); }
template <class A, class B>
requires OneIsVar<A, B> Var operator-(const A& a, const B& b) { return infix("-", plain(a) - plain(b), a, b); }
template <class A, class B>
requires OneIsVar<A, B> Var operator*(const A& a, const B& b) { return infix("*", plain(a) * plain(b), a, b); }
template <class A, class B>
requires OneIsVar<A, B> Var operator/(const A& a, const B& b) { return infix("/", plain(a) / plain(b), a, b); }
template <class A, class B>
requires OneIsVar<A, B> Var operator<(const A& a, const B& b) { return infix("<", plain(a) < plain(b), a, b); }
template <class A, class B>
requires OneIsVar<A, B> Var operator>(const A& a, const B& b) { return infix(">", plain(a) > plain(b), a, b); }
inline Var operator-(const Var& a) { return call("-", -a.value, a); }

// The functions that layers are written with.
inline Var exp(const Var& x) { return call("exp", xgrad::exp(x.value), x); }
inline Var log(const Var& x) { return call("log", xgrad::log(x.value), x); }
inline Var tanh(const Var& x) { return call("tanh", xgrad::tanh(x.value), x); }
inline Var sigmoid(const Var& x) { return call("sigmoid", xgrad::sigmoid(x.value), x); }
inline Var relu(const Var& x) { return call("relu", xgrad::relu(x.value), x); }
inline Var abs(const Var& x) { return call("abs", xgrad::abs(x.value), x); }
inline Var sqrt(const Var& x) { return call("sqrt", xgrad::sqrt(x.value), x); }
inline Var square(const Var& x) { return call("square", xgrad::square(x.value), x); }
inline Var softmax(const Var& x, std::int64_t axis) { return call("softmax", xgrad::softmax(x.value, axis), x, axis); }
inline Var log_softmax(const Var& x, std::int64_t axis) {
  return call("log_softmax", xgrad::log_softmax(x.value, axis), x, axis);
}
inline Var matmul(const Var& a, const Var& b) { return call("matmul", xgrad::matmul(a.value, b.value), a, b); }
inline Var transpose(const Var& x) { return call("transpose", xgrad::transpose(x.value), x); }
inline Var reshape(const Var& x, const Shape& shape) {
  return call("reshape", xgrad::reshape(x.value, shape), x, shape);
}
inline Var slice(const Var& x, std::int64_t axis, std::int64_t start, std::int64_t stop, std::int64_t step = 1) {
  return call("slice", xgrad::slice(x.value, axis, start, stop, step), x, axis, start, stop, step);
}
inline Var where(const Var& mask, const Var& a, const Var& b) {
  return call("where", xgrad::where(mask.value, a.value, b.value), mask, a, b);
}
inline Var where(const Var& mask, const Var& a, double b) {
  return call("where", xgrad::where(mask.value, a.value, b), mask, a, b);
}
inline Var stop_gradient(const Var& x) { return call("stop_gradient", xgrad::stop_gradient(x.value), x); }

using AxisList = std::vector<std::int64_t>;
inline Var sum(const Var& x, const AxisList& axes, KeepDims keep = KeepDims::no) {
  return call("sum", xgrad::sum(x.value, axes, keep), x, axes, keep);
}
inline Var mean(const Var& x, const AxisList& axes, KeepDims keep = KeepDims::no) {
  return call("mean", xgrad::mean(x.value, axes, keep), x, axes, keep);
}
inline Var mean(const Var& x) { return call("mean", xgrad::mean(x.value), x); }
inline Var sum(const Var& x) { return call("sum", xgrad::sum(x.value), x); }
Var concat(const std::vector<Var>& parts, std::int64_t axis);
Var stack(const std::vector<Var>& parts, std::int64_t axis);

}  // namespace xgrad::networks
