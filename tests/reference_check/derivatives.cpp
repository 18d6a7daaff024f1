#include "tests/reference_check/derivatives.hpp"

#include "autograd/core/error.hpp"
#include "autograd/ops/ops.hpp"
#include "autograd/tape/record.hpp"
#include "autograd/transform/grad.hpp"

namespace xgrad::reference {

namespace {

constexpr GradOptions unused_is_zero{.create_graph = false, .allow_unused = true};
constexpr GradOptions differentiable{.create_graph = true, .allow_unused = true};

void check_gradients(const Corpus& corpus, const Heads& heads, const Inputs& inputs, Tolerance tolerance,
                     Findings& findings) {
  Tensors xs;
  std::vector<Record> records;
  for (const auto& [record, value] : inputs.differentiated) {
    if (!record.has("grad")) continue;
    xs.push_back(value);
    records.push_back(record);
  }
  if (xs.empty()) return;
  const Tensors gradients = differentiate(heads.outputs, heads.cotangents, xs, unused_is_zero);
  for (std::size_t i = 0; i < xs.size(); ++i)
    findings.compare("gradient of " + records[i].text("name"), gradients[i], corpus.tensor(records[i], "grad"),
                     tolerance);
}

Tensors gradients_of(const std::string& head, const Heads& heads, const Tensors& xs) {
  if (head == "none") return differentiate(heads.outputs, heads.cotangents, xs, differentiable);
  if (head != "square") throw FormatError("hvp_head is " + head);
  Tensor total = zeros({}, float64);
  for (std::size_t i = 0; i < heads.outputs.size(); ++i)
    total = total + sum(heads.cotangents[i] * heads.outputs[i] * heads.outputs[i]) / 2;
  const Tensor one;
  return differentiate({&total, 1}, {&one, 1}, xs, differentiable);
}

void check_second_order(const Corpus& corpus, const std::string& head, const Heads& heads, const Inputs& inputs,
                        Tolerance tolerance, Findings& findings) {
  Tensors xs, directions;
  std::vector<Record> records;
  for (const auto& [record, value] : inputs.differentiated) {
    if (!record.has("v") || !record.has("hvp")) continue;
    xs.push_back(value);
    directions.push_back(corpus.tensor(record, "v"));
    records.push_back(record);
  }
  if (xs.empty()) return;
  const Tensors products = differentiate(gradients_of(head, heads, xs), directions, xs, unused_is_zero);
  for (std::size_t i = 0; i < xs.size(); ++i)
    findings.compare("hvp of " + records[i].text("name"), products[i], corpus.tensor(records[i], "hvp"), tolerance);
}

}  // namespace

Inputs::Inputs(const Corpus& corpus, const Record& record) : call{{}, record.record("args")} {
  for (const Record& input : record.records("inputs")) {
    Tensor value = corpus.tensor(input);
    if (input.text("kind", "") == "mask") value = cast(value, boolean);
    if (input.has("grad") || input.has("v")) {
      value = track(value);
      differentiated.push_back({input, value});
    }
    call.inputs.emplace_back(input.text("name"), value);
  }
}

void check_derivatives(const Corpus& corpus, const Record& record, const Heads& heads, const Inputs& inputs,
                       Findings& findings) {
  const Tolerance tolerance = tolerance_of(record);
  check_gradients(corpus, heads, inputs, tolerance, findings);
  check_second_order(corpus, record.text("hvp_head", "none"), heads, inputs, tolerance.times(second_order), findings);
}

}  // namespace xgrad::reference
