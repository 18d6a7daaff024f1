#pragma once

#include <concepts>
#include <memory>
#include <type_traits>

namespace xgrad::fused {

template <class Signature>
class FunctionRef;

/// Refers to a callable, which must live as long as the call that gets the reference. May be null.
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  FunctionRef() = default;
  template <class Body>
  requires(!std::same_as<std::remove_cvref_t<Body>, FunctionRef> && std::invocable<Body&, Arguments...>)
      FunctionRef(Body&& body)  // NOLINT: a lambda is handed over as it is
      : body_(const_cast<void*>(static_cast<const void*>(std::addressof(body)))),
        call_([](void* self, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<Body>*>(self))(arguments...);
        }) {}

  Result operator()(Arguments... arguments) const { return call_(body_, arguments...); }
  explicit operator bool() const { return call_ != nullptr; }

 private:
  void* body_ = nullptr;
  Result (*call_)(void*, Arguments...) = nullptr;
};

}  // namespace xgrad::fused
