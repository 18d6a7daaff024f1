// Section ops: outputs, gradients and Hessian-vector products of single operations.

#include "tests/reference_check/derivatives.hpp"

namespace xgrad::reference {

Findings check_operation(const Corpus& corpus, const Record& record) {
  Findings findings;
  const auto rule = rules().find(record.text("op"));
  if (rule == rules().end()) {
    findings.note("unknown operation " + record.text("op"));
    return findings;
  }
  const Inputs inputs(corpus, record);
  const std::vector<Record> expected = record.records("outputs");
  const Tensors results = rule->second(inputs.call);
  if (results.size() != expected.size()) {
    findings.note(std::to_string(results.size()) + " outputs, expected " + std::to_string(expected.size()));
    return findings;
  }
  Heads heads;
  for (std::size_t i = 0; i < results.size(); ++i) {
    findings.compare(results.size() == 1 ? "output" : "output " + std::to_string(i), results[i],
                     corpus.tensor(expected[i]), tolerance_of(record));
    if (!expected[i].has("cot") || !is_floating(results[i].dtype())) continue;
    heads.outputs.push_back(results[i]);
    heads.cotangents.push_back(corpus.tensor(expected[i], "cot"));
  }
  check_derivatives(corpus, record, heads, inputs, findings);
  return findings;
}

}  // namespace xgrad::reference
