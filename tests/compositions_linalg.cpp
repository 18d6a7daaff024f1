#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> linalg_compositions() { return {}; }

}  // namespace xgrad::catalogue
