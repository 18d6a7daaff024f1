#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> statistics_compositions() { return {}; }

}  // namespace xgrad::catalogue
