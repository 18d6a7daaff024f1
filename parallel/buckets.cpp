#include "parallel/buckets.hpp"

#include <algorithm>

#include "autograd/tape/record.hpp"

namespace xgrad::parallel::detail {

namespace {

constexpr std::int64_t line = 16;  // elements: what is read side by side begins at a cache line

std::int64_t bytes_of(const Parameter& parameter) {
  return parameter.numel() * static_cast<std::int64_t>(item_size(parameter.dtype()));
}

void lay_out(Bucket& bucket, const std::vector<Parameter>& parameters, const std::vector<int>& owners, int ranks) {
  if (!owners.empty()) std::ranges::stable_sort(bucket.places, {}, [&](std::size_t place) { return owners[place]; });
  bucket.counts.assign(static_cast<std::size_t>(ranks), 0);
  for (const std::size_t place : bucket.places) {
    const std::int64_t room = (parameters[place].numel() + line - 1) / line * line;
    bucket.offsets.push_back(bucket.elements);
    bucket.shapes.push_back(parameters[place].shape());
    bucket.elements += room;
    if (!owners.empty()) bucket.counts[static_cast<std::size_t>(owners[place])] += room;
  }
  if (!owners.empty()) return;
  for (std::int64_t rank = 0; rank < ranks; ++rank)
    bucket.counts[static_cast<std::size_t>(rank)] =
        bucket.elements * (rank + 1) / ranks - bucket.elements * rank / ranks;
}

}  // namespace

Tensor Bucket::value(std::size_t i, const Buffer& memory, DType of, const Location& where) const {
  const std::size_t offset = static_cast<std::size_t>(offsets[i]) * item_size(of);
  const std::size_t size = static_cast<std::size_t>(shapes[i].numel()) * item_size(of);
  const Buffer part =
      Buffer::adopt(static_cast<std::byte*>(memory.data()) + offset, size, std::make_shared<Buffer>(memory));
  return make_leaf(shapes[i], of, part, where);
}

std::vector<Bucket> buckets_of(const std::vector<Parameter>& parameters, std::vector<std::size_t> places,
                               std::int64_t bytes, const std::vector<int>& owners, int ranks) {
  std::vector<Bucket> buckets;
  std::int64_t filled = 0;
  std::ranges::reverse(places);
  for (const std::size_t place : places) {
    const DType dtype = parameters[place].dtype();
    if (buckets.empty() || filled >= bytes || buckets.back().dtype != dtype) {
      buckets.push_back({dtype, {}, {}, {}, 0, {}});
      filled = 0;
    }
    buckets.back().places.push_back(place);
    filled += bytes_of(parameters[place]);
  }
  for (Bucket& bucket : buckets) lay_out(bucket, parameters, owners, ranks);
  return buckets;
}

std::vector<int> owners_of(const std::vector<Parameter>& parameters, int ranks) {
  std::int64_t all = 0, before = 0;
  for (const Parameter& parameter : parameters) all += bytes_of(parameter);
  std::vector<int> owners;
  for (const Parameter& parameter : parameters) {
    const std::int64_t middle = before + bytes_of(parameter) / 2;
    owners.push_back(all == 0 ? 0 : static_cast<int>(std::min<std::int64_t>(middle * ranks / all, ranks - 1)));
    before += bytes_of(parameter);
  }
  return owners;
}

}  // namespace xgrad::parallel::detail
