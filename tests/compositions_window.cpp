#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> window_compositions() { return {}; }

}  // namespace xgrad::catalogue
