#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> density_compositions() { return {}; }

}  // namespace xgrad::catalogue
