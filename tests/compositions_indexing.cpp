#include "tests/compositions.hpp"

namespace xgrad::catalogue {

std::vector<Composition> indexing_compositions() { return {}; }

}  // namespace xgrad::catalogue
