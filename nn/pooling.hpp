#pragma once

#include "autograd/ops/pooling.hpp"
#include "nn/call.hpp"

namespace xgrad::nn {

namespace detail {

/// y = Function(x, size, options).
template <auto Function>
class Pool : public Module {
 public:
  explicit Pool(PerAxis kernel_size, PoolingOptions pooling = {}) : size(std::move(kernel_size)), options(pooling) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(Function(x, size, options)); }

  PerAxis size;
  PoolingOptions options;
};

/// The same, with the places of the maxima for those who ask.
template <auto Function, auto WithIndices>
class MaxPool : public Pool<Function> {
 public:
  using Pool<Function>::Pool;
  /// What MaxUnpool takes.
  Pooled with_indices(const Operand& x) const { return WithIndices(x, this->size, this->options); }
};

/// y = Function(x, p, size, options).
template <auto Function>
class LpPool : public Module {
 public:
  LpPool(double power, PerAxis kernel_size, PoolingOptions pooling = {})
      : p(power), size(std::move(kernel_size)), options(pooling) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(Function(x, p, size, options)); }

  double p;
  PerAxis size;
  PoolingOptions options;
};

/// y = Function(x, indices, size, options).
template <auto Function>
class MaxUnpool : public Module {
 public:
  explicit MaxUnpool(PerAxis kernel_size, UnpoolingOptions unpooling = {})
      : size(std::move(kernel_size)), options(unpooling) {}
  Tensor operator()(const Operand& x, const Operand& indices) const {
    return HeldCall(*this).result(Function(x, indices, size, options));
  }
  /// With other sizes of the spatial axes, as several inputs are pooled to the same one.
  Tensor operator()(const Operand& x, const Operand& indices, const PerAxis& output_size) const {
    return HeldCall(*this).result(Function(x, indices, size, {options.stride, options.padding, output_size}));
  }

  PerAxis size;
  UnpoolingOptions options;
};

/// y = Function(x, size).
template <auto Function>
class AdaptivePool : public Module {
 public:
  explicit AdaptivePool(PerAxis output_size) : size(std::move(output_size)) {}
  Tensor operator()(const Operand& x) const { return HeldCall(*this).result(Function(x, size)); }

  PerAxis size;
};

/// The same, with the places of the maxima for those who ask.
template <auto Function, auto WithIndices>
class AdaptiveMaxPool : public AdaptivePool<Function> {
 public:
  using AdaptivePool<Function>::AdaptivePool;
  Pooled with_indices(const Operand& x) const { return WithIndices(x, this->size); }
};

}  // namespace detail

// The operations of autograd/ops/pooling.hpp as modules, which say there what they compute and refuse: MaxPool2d(size,
// options)(x) is max_pool2d(x, size, options). They have no state.

struct MaxPool1d : detail::MaxPool<max_pool1d, max_pool1d_with_indices> {
  using MaxPool::MaxPool;
};
struct MaxPool2d : detail::MaxPool<max_pool2d, max_pool2d_with_indices> {
  using MaxPool::MaxPool;
};
struct MaxPool3d : detail::MaxPool<max_pool3d, max_pool3d_with_indices> {
  using MaxPool::MaxPool;
};

struct AvgPool1d : detail::Pool<avg_pool1d> {
  using Pool::Pool;
};
struct AvgPool2d : detail::Pool<avg_pool2d> {
  using Pool::Pool;
};
struct AvgPool3d : detail::Pool<avg_pool3d> {
  using Pool::Pool;
};

struct LpPool1d : detail::LpPool<lp_pool1d> {
  using LpPool::LpPool;
};
struct LpPool2d : detail::LpPool<lp_pool2d> {
  using LpPool::LpPool;
};
struct LpPool3d : detail::LpPool<lp_pool3d> {
  using LpPool::LpPool;
};

struct AdaptiveMaxPool1d : detail::AdaptiveMaxPool<adaptive_max_pool1d, adaptive_max_pool1d_with_indices> {
  using AdaptiveMaxPool::AdaptiveMaxPool;
};
struct AdaptiveMaxPool2d : detail::AdaptiveMaxPool<adaptive_max_pool2d, adaptive_max_pool2d_with_indices> {
  using AdaptiveMaxPool::AdaptiveMaxPool;
};
struct AdaptiveMaxPool3d : detail::AdaptiveMaxPool<adaptive_max_pool3d, adaptive_max_pool3d_with_indices> {
  using AdaptiveMaxPool::AdaptiveMaxPool;
};

struct AdaptiveAvgPool1d : detail::AdaptivePool<adaptive_avg_pool1d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveAvgPool2d : detail::AdaptivePool<adaptive_avg_pool2d> {
  using AdaptivePool::AdaptivePool;
};
struct AdaptiveAvgPool3d : detail::AdaptivePool<adaptive_avg_pool3d> {
  using AdaptivePool::AdaptivePool;
};

struct MaxUnpool1d : detail::MaxUnpool<max_unpool1d> {
  using MaxUnpool::MaxUnpool;
};
struct MaxUnpool2d : detail::MaxUnpool<max_unpool2d> {
  using MaxUnpool::MaxUnpool;
};
struct MaxUnpool3d : detail::MaxUnpool<max_unpool3d> {
  using MaxUnpool::MaxUnpool;
};

}  // namespace xgrad::nn
