#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "autograd/core/random.hpp"
#include "autograd/tape/parameter.hpp"
#include "autograd/tape/state.hpp"

namespace xgrad::data::detail {

/// Variables as what has a state: one Tensor without a name. They must outlive what is returned.
std::unique_ptr<Stateful> stateful(bool& value);
std::unique_ptr<Stateful> stateful(int& value);
std::unique_ptr<Stateful> stateful(std::int64_t& value);
std::unique_ptr<Stateful> stateful(std::uint64_t& value);
std::unique_ptr<Stateful> stateful(float& value);
std::unique_ptr<Stateful> stateful(double& value);
std::unique_ptr<Stateful> stateful(std::string& value);
std::unique_ptr<Stateful> stateful(std::vector<std::int64_t>& value);
std::unique_ptr<Stateful> stateful(std::vector<double>& value);
std::unique_ptr<Stateful> stateful(Tensor& value);
std::unique_ptr<Stateful> stateful(Parameter& value);
std::unique_ptr<Stateful> stateful(Rng& value);

/// The `default_rng` of the thread that asks.
std::unique_ptr<Stateful> default_rng_state();

}  // namespace xgrad::data::detail
