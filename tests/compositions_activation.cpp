#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> activation_compositions() { return {}; }

}  // namespace xgrad::catalogue
