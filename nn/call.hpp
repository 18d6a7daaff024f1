#pragma once

#include "nn/module.hpp"

namespace xgrad::nn {

/// The call of a module by who holds it, as a Sequential does: hands the result to the module's hooks and to `summary`.
/// A call of the same module right inside it is a part of it and does not, be it the module's own Call or that of a
/// class that it derives from: hooks see each result once, as the caller gets it.
class HeldCall {
 public:
  explicit HeldCall(const Module& module) : HeldCall(module, nullptr) {}
  /// Where `inner` is not null, the results that the Call of this module right inside sees are those of `module`, too.
  HeldCall(const Module& module, const Module* inner) {
    if (!module.hooks_.empty() || observer_ || innermost_) [[unlikely]]
      begin(module, inner);
  }
  ~HeldCall() {
    if (begun_) [[unlikely]]
      end();
  }
  HeldCall(const HeldCall&) = delete;
  HeldCall& operator=(const HeldCall&) = delete;

  /// The result, or what the hooks have put in its place. Of a module with several results each may go through here.
  Tensor result(Tensor y) const {
    if (module_) [[unlikely]]
      return finish(std::move(y));
    return y;
  }

 private:
  friend class CallObserver;
  void begin(const Module& module, const Module* inner);
  void end() noexcept;
  Tensor finish(Tensor y) const;

  const Module *called_ = nullptr, *inner_ = nullptr;
  const Module* module_ = nullptr;  // whose hooks are to be called; null where that is done by the call around this one
  HeldCall* outer_ = nullptr;
  bool begun_ = false, observed_ = false;  // shown to the observer
  static inline constinit thread_local HeldCall* innermost_ = nullptr;
  static inline constinit thread_local bool in_hook_ = false;
  static inline constinit thread_local class CallObserver* observer_ = nullptr;
};

/// What a module's call operator begins with: names the library call in progress (see CallScope), and hands the result
/// to the module's hooks and to `summary`. Layers of the library have one; a module of your own may have, so that its
/// hooks are called wherever it is:
///
///     Tensor operator()(const Operand& x) const {
///       const nn::Call call(*this, "Block", x.where());
///       return call.result(second(relu(first(x))));
///     }
///
/// Without hooks and outside of `summary` it costs a CallScope and three comparisons.
class Call : private CallScope, public HeldCall {
 public:
  Call(const Module& module, const char* name, const Location& where) : CallScope(name, where), HeldCall(module) {}
};

/// While it lives, sees the calls of modules on this thread.
class CallObserver {
 public:
  CallObserver() : outer_(std::exchange(HeldCall::observer_, this)) {}
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;

  virtual void begin(const Module& module) = 0;
  virtual void result(const Module& module, const Tensor& y) = 0;
  virtual void end(const Module& module) = 0;

 protected:
  ~CallObserver() { HeldCall::observer_ = outer_; }

 private:
  CallObserver* outer_;
};

}  // namespace xgrad::nn
