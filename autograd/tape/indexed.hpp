#pragma once

#include <initializer_list>

namespace xgrad {

class Index;
class Tensor;

namespace detail {
/// The part of x that the indices select; defined in ops/indexing.cpp.
Tensor pick(const Tensor& x, std::initializer_list<const Index*> indices);
}  // namespace detail

/// Reading a part of a Tensor or Parameter as numpy does: x(i, j, ...) is numpy's x[i, j, ...], and x[i] takes one
/// index. What an index can be stands at `Index` in ops/indexing.hpp. The part is a Tensor of its own; derivatives flow
/// through it. (C++20 has no subscript of several indices, and only with a fixed number of parameters does each index
/// know the caller's place.)
template <class Self, class T = Tensor>  // T depends on Self, so that it may be incomplete here
class Indexed {
  using I = const Index&;

 public:
  T operator[](I a) const { return read({&a}); }
  T operator()(I a) const { return read({&a}); }
  T operator()(I a, I b) const { return read({&a, &b}); }
  T operator()(I a, I b, I c) const { return read({&a, &b, &c}); }
  T operator()(I a, I b, I c, I d) const { return read({&a, &b, &c, &d}); }
  T operator()(I a, I b, I c, I d, I e) const { return read({&a, &b, &c, &d, &e}); }
  T operator()(I a, I b, I c, I d, I e, I f) const { return read({&a, &b, &c, &d, &e, &f}); }

 private:
  T read(std::initializer_list<const Index*> indices) const {
    const T& x = static_cast<const Self&>(*this);  // of a Parameter, its value
    return detail::pick(x, indices);
  }
};

}  // namespace xgrad
