// Primitives that must compile, and, one at a time, those that must not (see refuses.sh).

#include <array>

#include "autograd/autograd.hpp"

using namespace xgrad;

template <class Self>
struct Custom : Operation<Self> {
  static constexpr auto id = "custom";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {inputs[0].shape(), inputs[0].dtype()};
  }
  void run(std::span<const View>, const View&, const Location&) const override {}
};

struct Bare : Custom<Bare> {};
struct Described : Custom<Described> {
  double factor = 2;
  void describe(Fields& fields) const override { fields("factor", factor); }
};
struct Alone : Custom<Alone> {
  static constexpr bool mergeable = false;
  std::array<double, 9> factors{};
};

template <class Self>
struct Family : Custom<Self> {  // with room behind its last member
  double factor = 2;
  int power = 1;
  void describe(Fields& fields) const override {
    fields("factor", factor);
    fields("power", std::int64_t{power});
  }
};
struct Member : Family<Member> {};
struct LastMember final : Family<LastMember> {};

struct Undescribed : Custom<Undescribed> {
  double factor = 2;
};
struct Larger : Family<Larger> {
  double more = 3;
};
struct Tight : Family<Tight> {
  int more = 3;
};
struct LastTight final : Family<LastTight> {
  char more = 3;
};

Tensor apply(const Tensor& x) {
  const Location where = Location::current();
  Tensor y = record(where, Bare{}, x);
  y = record(where, Described{}, y);
  y = record(where, Alone{}, y);
  y = record(where, Member{}, y);
  y = record(where, LastMember{}, y);
#ifdef UNDESCRIBED
  y = record(where, Undescribed{}, y);
#endif
#ifdef LARGER
  y = record(where, Larger{}, y);
#endif
#ifdef TIGHT
  y = record(where, Tight{}, y);
#endif
#ifdef LAST_TIGHT
  y = record(where, LastTight{}, y);
#endif
  return y;
}
