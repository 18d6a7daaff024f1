#pragma once

#include <string>

#include "autograd/core/location.hpp"

namespace xgrad {

/// Chooses what computes values: "reference" (every primitive's own kernel, in tape order). The environment variable
/// XGRAD_ENGINE chooses at start. ValueError for an unknown name. Not to be called while other threads evaluate.
void set_engine(const std::string& name, const Location& where = Location::current());
/// The name of the engine in use.
const std::string& engine();

}  // namespace xgrad
