#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> product_compositions() { return {}; }

}  // namespace xgrad::catalogue
