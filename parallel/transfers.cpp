#include "parallel/transfers.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <numeric>

#include "autograd/core/fail.hpp"

namespace xgrad::parallel::detail {

namespace {

MPI_Datatype type_of(DType dtype) {
  return dtype == float32 ? MPI_FLOAT : dtype == boolean ? MPI_BYTE : dtype == int64 ? MPI_INT64_T : MPI_DOUBLE;
}

std::byte* at(const Buffer& memory, std::size_t offset) { return static_cast<std::byte*>(memory.data()) + offset; }

// Called from within the library: MPI's own words come with the call that the user knows.
void must(int code, const char* call) { check_mpi(code, call, Location::current()); }

// Messages have at most so many bytes: MPI counts with an int.
constexpr std::size_t most = std::size_t{1} << 30;

}  // namespace

Slices Slices::of(const std::vector<std::int64_t>& counts, DType dtype, const Location& where) {
  const std::int64_t all = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  check<LimitError>(all <= std::numeric_limits<int>::max(), where, "Communicator: ", all,
                    " elements at a time are more than MPI counts");
  Slices slices{dtype, {}, {}};
  for (const std::int64_t count : counts) {
    slices.offsets.push_back(slices.counts.empty() ? 0 : slices.offsets.back() + slices.counts.back());
    slices.counts.push_back(static_cast<int>(count));
  }
  return slices;
}

Slices Slices::equal(std::int64_t elements, DType dtype, int ranks, const Location& where) {
  std::vector<std::int64_t> counts;
  for (std::int64_t rank = 0; rank < ranks; ++rank)
    counts.push_back(elements * (rank + 1) / ranks - elements * rank / ranks);
  return of(counts, dtype, where);
}

std::size_t Slices::bytes() const {
  return static_cast<std::size_t>(offsets.back() + counts.back()) * item_size(dtype);
}

std::pair<std::size_t, std::size_t> Slices::at(int rank) const {
  const auto place = static_cast<std::size_t>(rank);
  return {static_cast<std::size_t>(offsets[place]) * item_size(dtype),
          static_cast<std::size_t>(counts[place]) * item_size(dtype)};
}

std::vector<Step> reduce_slices(const std::shared_ptr<Group>& group, Slices slices, Combine how, Buffer in,
                                Buffer out) {
  struct State {
    Slices slices;
    Buffer in, out, parts;
    std::vector<int> sizes, places;  // of what comes in: this rank's slice, once from each
  };
  const int mine = slices.counts[static_cast<std::size_t>(group->rank)];
  auto state = std::make_shared<State>(State{std::move(slices), std::move(in), std::move(out), {}, {}, {}});
  for (int rank = 0; rank < group->size; ++rank) {
    state->sizes.push_back(mine);
    state->places.push_back(mine * rank);
  }
  const auto exchange = [group, state](std::vector<MPI_Request>& requests) {
    const auto all = state->slices.bytes_of(group->rank) * static_cast<std::size_t>(group->size);
    state->parts = Buffer::allocate(all, "all_reduce", Location::current());
    const MPI_Datatype type = type_of(state->slices.dtype);
    must(MPI_Ialltoallv(state->in.data(), state->slices.counts.data(), state->slices.offsets.data(), type,
                        state->parts.data(), state->sizes.data(), state->places.data(), type, group->data,
                        &requests.emplace_back()),
         "MPI_Ialltoallv");
  };
  const auto put_together = [group, state, how, mine](std::vector<MPI_Request>&) {
    combine_tree(how, state->slices.dtype, state->parts.data(), mine, group->size);
    const auto [offset, bytes] = state->slices.at(group->rank);
    if (bytes > 0) std::memcpy(at(state->out, offset), state->parts.data(), bytes);
    state->parts = {};
  };
  return {exchange, put_together};
}

std::vector<Step> gather_slices(const std::shared_ptr<Group>& group, Slices slices, Buffer memory) {
  const auto held = std::make_shared<Slices>(std::move(slices));
  return {[group, held, memory](std::vector<MPI_Request>& requests) {
    must(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, memory.data(), held->counts.data(), held->offsets.data(),
                         type_of(held->dtype), group->data, &requests.emplace_back()),
         "MPI_Iallgatherv");
  }};
}

std::vector<Step> gather_slices_at(int root, const std::shared_ptr<Group>& group, Slices slices, Buffer memory) {
  const auto held = std::make_shared<Slices>(std::move(slices));
  return {[root, group, held, memory](std::vector<MPI_Request>& requests) {
    const MPI_Datatype type = type_of(held->dtype);
    const bool here = group->rank == root;
    const auto rank = static_cast<std::size_t>(group->rank);
    must(MPI_Igatherv(here ? MPI_IN_PLACE : at(memory, held->at(group->rank).first), held->counts[rank], type,
                      memory.data(), held->counts.data(), held->offsets.data(), type, root, group->data,
                      &requests.emplace_back()),
         "MPI_Igatherv");
  }};
}

std::vector<Step> send_all_from(int root, const std::shared_ptr<Group>& group, std::size_t bytes, Buffer memory) {
  return {[=](std::vector<MPI_Request>& requests) {
    for (std::size_t begin = 0; begin < bytes; begin += most)
      must(MPI_Ibcast(at(memory, begin), static_cast<int>(std::min(most, bytes - begin)), MPI_BYTE, root, group->data,
                      &requests.emplace_back()),
           "MPI_Ibcast");
  }};
}

std::vector<Step> shift_round(std::int64_t distance, const std::shared_ptr<Group>& group, std::size_t bytes, Buffer in,
                              Buffer out) {
  const std::int64_t ranks = group->size, by = (distance % ranks + ranks) % ranks;
  const int to = static_cast<int>((group->rank + by) % ranks);
  const int from = static_cast<int>((group->rank + ranks - by) % ranks);
  return {[=](std::vector<MPI_Request>& requests) {
    if (by == 0 && bytes > 0) std::memcpy(out.data(), in.data(), bytes);
    for (std::size_t begin = 0; by != 0 && begin < bytes; begin += most) {
      const int size = static_cast<int>(std::min(most, bytes - begin));
      must(MPI_Irecv(at(out, begin), size, MPI_BYTE, from, 0, group->data, &requests.emplace_back()), "MPI_Irecv");
      must(MPI_Isend(at(in, begin), size, MPI_BYTE, to, 0, group->data, &requests.emplace_back()), "MPI_Isend");
    }
  }};
}

std::vector<Step> then(std::vector<Step> first, std::vector<Step> second) {
  std::ranges::move(second, std::back_inserter(first));
  return first;
}

}  // namespace xgrad::parallel::detail
