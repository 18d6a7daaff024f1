#include "autograd/tape/slab.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <thread>
#include <vector>

namespace xgrad::slab_test {
namespace {

std::vector<Entry*> take(std::size_t count) {
  std::vector<Entry*> entries(count);
  for (Entry*& entry : entries) entry = EntrySlab::take();
  return entries;
}
void give(const std::vector<Entry*>& entries) {
  for (Entry* entry : entries) {
    entry->~Entry();
    EntrySlab::give(entry);
  }
}
template <class F>
void in_a_thread(F f) {
  std::thread(f).join();
}

TEST_CASE("entries lie in the order in which they were recorded, in whatever order the places were given back") {
  std::mt19937 random(1);
  const std::vector<Entry*> kept = take(7);  // what lives on, as parameters do
  for (int step = 0; step < 100; ++step) {
    std::vector<Entry*> entries = take(1500);
    std::size_t next_to_each_other = 0;
    for (std::size_t i = 1; i < entries.size(); ++i) next_to_each_other += entries[i] == entries[i - 1] + 1;
    CHECK(next_to_each_other > 1400);
    std::shuffle(entries.begin(), entries.end(), random);
    give(entries);
  }
  give(kept);
}

TEST_CASE("entries that live together have places of their own") {
  std::vector<Entry*> entries = take(3000);
  for (std::size_t round = 0; round < 20; ++round) {
    CHECK(std::set<Entry*>(entries.begin(), entries.end()).size() == entries.size());
    std::vector<Entry*> given, held;  // three of four, others each time
    for (std::size_t i = 0; i < entries.size(); ++i) (i % 4 == round % 4 ? held : given).push_back(entries[i]);
    give(given);
    entries = take(given.size());
    entries.insert(entries.end(), held.begin(), held.end());
  }
  give(entries);
}

TEST_CASE("places that another thread gave back are taken again") {
  std::set<Entry*> places;
  for (int round = 0; round < 50; ++round) {
    const std::vector<Entry*> entries = take(2000);
    places.insert(entries.begin(), entries.end());
    in_a_thread([&] { give(entries); });
  }
  CHECK(places.size() < 5000);
}

TEST_CASE("a thread goes on with the places of one that ended") {
  std::set<Entry*> places;
  for (int round = 0; round < 50; ++round) {
    std::vector<Entry*> entries;
    in_a_thread([&] { entries = take(2000); });
    places.insert(entries.begin(), entries.end());
    in_a_thread([&] { give(entries); });
  }
  CHECK(places.size() < 8000);
}

}  // namespace
}  // namespace xgrad::slab_test
