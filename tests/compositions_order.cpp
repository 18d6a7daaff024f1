#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> order_compositions() { return {}; }

}  // namespace xgrad::catalogue
