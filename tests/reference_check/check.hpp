#pragma once

#include "tests/reference_check/compare.hpp"
#include "tests/reference_check/corpus.hpp"

namespace xgrad::reference {

// One checker per section. Each says what is wrong with a case; what the library throws is left to the caller.
Findings check_operation(const Corpus& corpus, const Record& record);
Findings check_optimiser(const Corpus& corpus, const Record& record);
Findings check_schedule(const Corpus& corpus, const Record& record);
Findings check_training(const Corpus& corpus, const Record& record);
Findings check_program(const Corpus& corpus, const Record& record);

/// Whether `check_program` knows the program.
bool is_program(const std::string& operation);

inline Tolerance tolerance_of(const Record& record) {
  return {record.number("rtol", 1e-9), record.number("atol", 1e-11)};
}
/// What second-order products are allowed more than outputs and gradients.
inline constexpr double second_order = 10;

}  // namespace xgrad::reference
