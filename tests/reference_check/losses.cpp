// Families loss and normalise.

#include "nn/losses.hpp"
#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "nn/normalisation.hpp"
#include "tests/reference_check/call.hpp"

namespace xgrad::reference {

namespace {

nn::Reduction reduction(const Call& call) {
  const std::string name = call.args.text("reduction", "mean");
  if (name == "none") return nn::Reduction::none;
  if (name == "mean") return nn::Reduction::mean;
  if (name == "sum") return nn::Reduction::sum;
  if (name == "batchmean") return nn::Reduction::batch_mean;
  throw FormatError("args.reduction is " + name);
}

/// A loss of two tensors of one shape: the library broadcasts nothing in silence, the reference does.
template <class Loss>
Rule paired(Loss loss) {
  return [loss](const Call& call) {
    const Tensor &output = call["input"], &target = call["target"];
    const Shape shape = broadcast_shapes(output.shape(), target.shape(), "loss", Location::current());
    return Tensors{loss(call, broadcast_to(output, shape), broadcast_to(target, shape))};
  };
}

void add_regression(Rules& rules) {
  rules["mse_loss"] = paired(
      [](const Call& call, const Tensor& x, const Tensor& target) { return nn::mse_loss(x, target, reduction(call)); });
  rules["l1_loss"] = paired(
      [](const Call& call, const Tensor& x, const Tensor& target) { return nn::l1_loss(x, target, reduction(call)); });
  rules["smooth_l1_loss"] = paired([](const Call& call, const Tensor& x, const Tensor& target) {
    const double beta = call.args.number("beta", 1);
    if (beta == 0) return nn::l1_loss(x, target, reduction(call));
    return nn::smooth_l1_loss(x, target, {.beta = beta, .reduction = reduction(call)});
  });
  rules["huber_loss"] = paired([](const Call& call, const Tensor& x, const Tensor& target) {
    return nn::huber_loss(x, target, {.delta = call.args.number("delta", 1), .reduction = reduction(call)});
  });
  rules["kl_div"] = paired([](const Call& call, const Tensor& x, const Tensor& target) {
    return nn::kl_div(x, target, {.log_target = call.args.flag("log_target", false), .reduction = reduction(call)});
  });
  rules["hinge_loss"] = paired([](const Call& call, const Tensor& x, const Tensor& target) {
    return nn::hinge_loss(x, target, {.margin = call.args.number("margin", 1), .reduction = reduction(call)});
  });
  rules["hinge_embedding_loss"] = paired([](const Call& call, const Tensor& x, const Tensor& target) {
    return nn::hinge_embedding_loss(x, target, {.margin = call.args.number("margin", 1), .reduction = reduction(call)});
  });
}

void add_classification(Rules& rules) {
  rules["binary_cross_entropy"] = [](const Call& call) {
    return Tensors{nn::binary_cross_entropy(call["input"], call["target"],
                                            {.weight = call.optional("weight"), .reduction = reduction(call)})};
  };
  rules["binary_cross_entropy_with_logits"] = [](const Call& call) {
    return Tensors{nn::binary_cross_entropy_with_logits(
        call["input"], call["target"],
        {.weight = call.optional("weight"), .pos_weight = call.optional("pos_weight"), .reduction = reduction(call)})};
  };
  rules["cross_entropy"] = [](const Call& call) {
    return Tensors{nn::cross_entropy(call["input"], call["target"],
                                     {.class_weights = call.optional("weight"),
                                      .label_smoothing = call.args.number("label_smoothing", 0),
                                      .ignore_index = call.args.integer("ignore_index", -100),
                                      .reduction = reduction(call)})};
  };
  rules["nll_loss"] = [](const Call& call) {
    return Tensors{nn::nll_loss(call["input"], call["target"],
                                {.class_weights = call.optional("weight"),
                                 .ignore_index = call.args.integer("ignore_index", -100),
                                 .reduction = reduction(call)})};
  };
  rules["multi_margin_loss"] = [](const Call& call) {
    return Tensors{nn::multi_margin_loss(call["input"], call["target"],
                                         {.power = static_cast<int>(call.args.integer("p", 1)),
                                          .margin = call.args.number("margin", 1),
                                          .class_weights = call.optional("weight"),
                                          .reduction = reduction(call)})};
  };
}

void add_normalisation(Rules& rules) {
  rules["layer_norm"] = [](const Call& call) {
    return Tensors{nn::layer_norm(call["input"], call.args.integers("normalized_shape"), call.optional("weight"),
                                  call.optional("bias"), call.args.number("eps", 1e-5))};
  };
  rules["batch_norm"] = [](const Call& call) {
    const nn::BatchNormalised result =
        nn::batch_norm(call["input"], call.optional("running_mean"), call.optional("running_var"),
                       {.weight = call.optional("weight"),
                        .bias = call.optional("bias"),
                        .training = call.args.flag("training", false),
                        .momentum = call.args.number("momentum", 0.1),
                        .eps = call.args.number("eps", 1e-5)});
    if (!result.mean.defined()) return Tensors{result.output};
    return Tensors{result.output, result.mean, result.variance};
  };
}

}  // namespace

void add_losses(Rules& rules) {
  add_normalisation(rules);
  add_regression(rules);
  add_classification(rules);
}

}  // namespace xgrad::reference
