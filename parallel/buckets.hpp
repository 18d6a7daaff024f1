#pragma once

// Gradients side by side, as they are exchanged.

#include <cstdint>
#include <vector>

#include "autograd/core/buffer.hpp"
#include "autograd/tape/parameter.hpp"
#include "parallel/transfers.hpp"

namespace xgrad::parallel::detail {

/// Some of the Parameters, whose gradients are exchanged together: each begins at its offset in one piece of memory, of
/// which each rank has a slice.
struct Bucket {
  DType dtype;                        // of the Parameters
  std::vector<std::size_t> places;    // of the Parameters
  std::vector<std::int64_t> offsets;  // of their first elements
  std::vector<Shape> shapes;
  std::int64_t elements = 0;
  std::vector<std::int64_t> counts;  // of the elements in each rank's slice

  std::size_t bytes(DType of) const { return static_cast<std::size_t>(elements) * item_size(of); }
  /// What belongs to Parameter number i of it, in memory that holds all of them, as `of`.
  Tensor value(std::size_t i, const Buffer& memory, DType of, const Location& where) const;
};

/// The Parameters at these places, the last ones first, for their gradients are known first. A bucket is closed when it
/// has so many bytes, and has one dtype. Where each Parameter has an owner, its slices are theirs; else they are equal.
std::vector<Bucket> buckets_of(const std::vector<Parameter>& parameters, std::vector<std::size_t> places,
                               std::int64_t bytes, const std::vector<int>& owners, int ranks);

/// A rank for each Parameter, in order, so that each has about as many bytes.
std::vector<int> owners_of(const std::vector<Parameter>& parameters, int ranks);

}  // namespace xgrad::parallel::detail
