#include "tests/autograd/engine/mutants/table.hpp"

namespace xgrad::mutants {

const std::vector<Room>& rooms() {
  static const std::vector<Room> all{keys_and_caches(), graphs(),       groups(),       views(),
                                     programs(),        interpreters(), machine_code(), plans(),
                                     schedules(),       products(),     evaluations(),  sets_and_threads()};
  return all;
}

}  // namespace xgrad::mutants
