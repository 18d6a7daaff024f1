#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> movement_compositions() { return {}; }

}  // namespace xgrad::catalogue
