#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nn/module.hpp"

namespace xgrad::nn {

/// What `summary` says of one module, with all that is inside it.
struct SummaryLine {
  std::string name;                ///< `encoder.0`; "" for the model
  std::string type;                ///< `Linear`
  std::vector<Shape> outputs{};    ///< of its calls; none where it was not called, or has no Call (see call.hpp)
  std::int64_t parameters = 0;     ///< their elements, each Parameter once
  std::int64_t trainable = 0;      ///< of these, the elements of those that are not frozen
  std::int64_t shared = 0;         ///< of these, the elements of those that are listed earlier, outside this module
  std::int64_t multiply_adds = 0;  ///< of the matrix products of its calls; all of them are in the model's line
  std::size_t state_bytes = 0;     ///< of its Parameters and buffers, each once
  std::size_t output_bytes = 0;    ///< of the results of its calls
};

/// The modules of a model, in the order of `visit`, after the model itself.
struct Summary {
  std::vector<SummaryLine> lines;
  /// A table, and what the model needs in all.
  std::string to_string() const;
};
std::ostream& operator<<(std::ostream& out, const Summary& summary);

namespace detail {
/// Records a call of a model for its summary. Afterwards buffers and random streams are as they were.
class SummaryCall {
 public:
  /// Unless the model gives a Tensor, its results are those that its own Call sees.
  SummaryCall(Module& model, bool gives_tensor);
  ~SummaryCall();
  SummaryCall(const SummaryCall&) = delete;
  SummaryCall& operator=(const SummaryCall&) = delete;

  /// After the call; the result is undefined where it is no Tensor.
  Summary summary(Tensor result);

 private:
  struct State;
  std::unique_ptr<State> state_;
};
}  // namespace detail

/// What each module of a model does with these inputs: shapes of results, Parameters, multiply-adds, bytes.
///
///     std::cout << nn::summary(model, zeros({32, 784}));
///
/// model(inputs...) is recorded, not computed, so that it costs nothing to ask for the summary of a large model. The
/// multiply-adds are those of the matrix products (rows x depth x columns each) that the tape then has, in whatever
/// layer or function they were recorded; a convolution is such a product. Where a module is called several times, all
/// its calls count. The model is afterwards as it was.
template <std::derived_from<Module> M, class... Inputs>
Summary summary(M& model, Inputs&&... inputs) {
  using Result = decltype(model(std::forward<Inputs>(inputs)...));
  constexpr bool gives_tensor = std::is_convertible_v<Result, Tensor>;
  detail::SummaryCall call(model, gives_tensor);
  if constexpr (gives_tensor) {
    return call.summary(model(std::forward<Inputs>(inputs)...));
  } else {
    const auto result = model(std::forward<Inputs>(inputs)...);  // which keeps what was recorded
    return call.summary({});
  }
}

}  // namespace xgrad::nn
