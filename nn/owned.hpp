#pragma once

#include <concepts>
#include <memory>
#include <typeinfo>
#include <utility>

#include "nn/module.hpp"

namespace xgrad::nn {

/// An M of any type that derives from T, held by value: a copy has an M of its own, so that a module with such a member
/// can be copied and cloned, which one with a std::unique_ptr cannot.
///
///     nn::Owned<nn::Module> step = nn::Linear(2, 3);
template <class T>
class Owned {
 public:
  Owned() = default;  ///< nothing
  template <std::derived_from<T> M>
  requires(std::copy_constructible<M> && !std::same_as<M, Module>)  // of which there would be only a slice
      Owned(M value)
      : held_(std::make_unique<M>(std::move(value))), copy_(&copy_of<M>) {}
  Owned(const Owned& other) : held_(other.held_ ? other.copy_(*other.held_) : nullptr), copy_(other.copy_) {}
  Owned(Owned&&) noexcept = default;
  Owned& operator=(Owned other) noexcept {
    held_.swap(other.held_);
    std::swap(copy_, other.copy_);
    return *this;
  }

  explicit operator bool() const { return held_ != nullptr; }
  T& operator*() { return *held_; }
  const T& operator*() const { return *held_; }
  T* operator->() { return held_.get(); }
  const T* operator->() const { return held_.get(); }

  /// What is held, if it is an M (not of a class that derives from it, nor of one that it derives from); else null.
  template <class M>
  M* as() {
    return held_ && typeid(*held_) == typeid(M) ? static_cast<M*>(held_.get()) : nullptr;
  }
  template <class M>
  const M* as() const {
    return const_cast<Owned&>(*this).as<M>();
  }

 private:
  template <class M>
  static std::unique_ptr<T> copy_of(const T& from) {
    return std::make_unique<M>(static_cast<const M&>(from));
  }

  std::unique_ptr<T> held_;
  std::unique_ptr<T> (*copy_)(const T&) = nullptr;
};

}  // namespace xgrad::nn
