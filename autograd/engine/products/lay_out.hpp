#pragma once

// Factors that lie anywhere and that a kernel reads along the depth: they are laid out some rows at a time, in the
// cache.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "autograd/engine/products/block_product.hpp"

namespace xgrad::fused {

std::vector<Run> runs_of(std::span<const std::int64_t> offsets);

/// Whether enough elements lie side by side along the depth, so that what is laid out along it is copied by vectors.
bool lies_along_depth(std::span<const std::int64_t> depths);
/// Whether a block product of `columns` columns lays its other factor out rather than packs it across the depth: where
/// runs along the depth are longer, all of it is laid out at once, and packing those columns costs less.
bool is_worth_laying_out(std::span<const std::int64_t> depths, std::span<const std::int64_t> others,
                         std::int64_t columns, std::size_t item);

/// The memory that run_laid_out() asks for.
std::size_t laid_out_bytes(const Block& block, std::size_t item);

/// Computes a block of which A or B has offsets by a kernel that takes none.
template <class T>
void run_laid_out(BlockProduct kernel, LayOut lay_out, const Block& block, const Scratch& scratch, char* memory);

extern template void run_laid_out<float>(BlockProduct, LayOut, const Block&, const Scratch&, char*);
extern template void run_laid_out<double>(BlockProduct, LayOut, const Block&, const Scratch&, char*);

}  // namespace xgrad::fused
