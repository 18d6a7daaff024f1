#pragma once

#include "benchmarks/work.hpp"

namespace benchmarks {

namespace xgrad_side {
void set_threads(int count);
void add_training(Cases& cases);
void add_graphs(Cases& cases);
void add_functions(Cases& cases);
void add_elementwise(Cases& cases);
void add_movement(Cases& cases);
void add_products(Cases& cases);
void add_optimisers(Cases& cases);
void add_derivatives(Cases& cases);
void add_operations(Cases& cases);
void add_networks(Cases& cases);
void add_arrangements(Cases& cases);
}  // namespace xgrad_side

namespace libtorch_side {
void set_threads(int count);
void add_training(Cases& cases);
void add_graphs(Cases& cases);
void add_functions(Cases& cases);
void add_elementwise(Cases& cases);
void add_movement(Cases& cases);
void add_products(Cases& cases);
void add_optimisers(Cases& cases);
void add_derivatives(Cases& cases);
void add_operations(Cases& cases);
void add_networks(Cases& cases);
void add_arrangements(Cases& cases);
}  // namespace libtorch_side

}  // namespace benchmarks
