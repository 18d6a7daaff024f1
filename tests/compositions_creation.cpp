#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> creation_compositions() { return {}; }

}  // namespace xgrad::catalogue
