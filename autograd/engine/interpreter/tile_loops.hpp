#pragma once

// The loops of tile_functions.hpp over the lanes of one instruction set; included once for each, by a file that is
// compiled for it.

#include <cmath>

#include "autograd/engine/cpu/fault.hpp"
#include "autograd/engine/interpreter/reduce_rows.hpp"
#include "autograd/engine/interpreter/tile_functions.hpp"
#include "autograd/engine/math/simd_lanes.hpp"
#include "autograd/engine/programs/reduction_facts.hpp"
#include "autograd/engine/programs/reduction_lanes.hpp"
#include "autograd/engine/programs/step_semantics.hpp"

namespace xgrad::fused {
namespace {  // so that code of one instruction set is never linked in place of another's

/// An emitter for operations on masks alone, as tiles hold them: numbers with all bits set, or none. Converting them to
/// masks of the processor and back would take longer than the operations.
template <class L>
struct MasksInTiles {
  using R = typename L::R;
  using M = R;
  XGRAD_FORCE_INLINE static R number(double x) { return L::number(x); }
  XGRAD_FORCE_INLINE static M mask_and(M m, M n) { return L::bit_and(m, n); }
  XGRAD_FORCE_INLINE static M mask_or(M m, M n) { return L::bit_or(m, n); }
  XGRAD_FORCE_INLINE static M mask_xor(M m, M n) { return L::bit_xor(m, n); }
  XGRAD_FORCE_INLINE static M mask_not(M m) { return L::bit_xor(m, L::bits(~std::uint64_t{0})); }
  XGRAD_FORCE_INLINE static R keep(M m, R a) { return L::bit_and(m, a); }
};

/// Evaluates one step on operands as tiles hold them.
template <Code code, class L, class R = typename L::R>
XGRAD_FORCE_INLINE R evaluate(L& e, R a, R b, R c) {
  constexpr Form form = form_of(code);
  if constexpr (form == Form::relation) {
    return e.from_mask(Meaning<code>::of(e, a, b, c));
  } else if constexpr (form == Form::selection) {
    return Meaning<code>::of(e, e.mask(a), b, c);
  } else if constexpr (form == Form::connective || form == Form::negation || form == Form::conversion) {
    MasksInTiles<L> masks;
    return Meaning<code>::of(masks, a, b, c);
  } else {
    return Meaning<code>::of(e, a, b, c);
  }
}

/// Whole vectors of a costly code, whose meaning is long: one function for all that its operands can be. A step of 0 is
/// for an operand that is one number, which then lies in all lanes of a vector.
template <Code code, class L, class T = typename L::T>
[[gnu::noinline]] void costly_vectors(T* y, const T* a, std::int64_t step_a, const T* b, std::int64_t step_b,
                                      std::int64_t vectors) {
  L e;
  for (std::int64_t i = 0, end = vectors * L::width; i < end; i += L::width) {
    const typename L::R va = L::load(a + i * step_a), vb = arity(code) < 2 ? va : L::load(b + i * step_b);
    L::store(y + i, evaluate<code>(e, va, vb, vb));
  }
}
/// The loop for one costly code; `single` as below.
template <Code code, int single, class L>
void costly_elements(void* out, const void* a, const void* b, const void*, std::int64_t n) {
  static_assert(arity(code) <= 2);
  using T = typename L::T;
  constexpr int w = L::width;
  const std::int64_t vectors = n / w, rest = n - vectors * w;
  T* const y = static_cast<T*>(out);
  T first_a[w], first_b[w], last_a[w], last_b[w], last_y[w];
  const auto prepare = [&](const void* from, bool is_single, T* first, T* last) {
    const T* const p = static_cast<const T*>(from);
    if (is_single) L::store(first, typename L::R(*p));
    if (rest > 0) L::store(last, is_single ? L::load(first) : L::load_part(p + vectors * w, rest));
    return is_single ? first : p;
  };
  const T* const pa = prepare(a, single & 1, first_a, last_a);
  const T* const pb = arity(code) < 2 ? pa : prepare(b, single & 2, first_b, last_b);
  costly_vectors<code, L>(y, pa, single & 1 ? 0 : 1, pb, single & 2 ? 0 : 1, vectors);
  if (rest == 0) return;
  costly_vectors<code, L>(last_y, last_a, 1, arity(code) < 2 ? last_a : last_b, 1, 1);
  L::store_part(y + vectors * w, L::load(last_y), rest);
}

/// The loop for one other code. Bit k of `single` says that operand k is one number.
template <Code code, int single, class L>
void cheap_elements(void* out, const void* a, const void* b, const void* c, std::int64_t n) {
  using T = typename L::T;
  using R = typename L::R;
  constexpr bool accumulates = code == Code::accumulate;
  constexpr int operands = arity(code), w = L::width;
  L e;
  T* y = static_cast<T*>(out);
  const T *pa = static_cast<const T*>(a), *pb = static_cast<const T*>(b), *pc = static_cast<const T*>(c);
  const R sa = single & 1 ? R(*pa) : R(T{}), sb = single & 2 ? R(*pb) : R(T{}), sc = single & 4 ? R(*pc) : R(T{});
  const auto result = [&](auto&& load, std::int64_t i) XGRAD_LAMBDA_INLINE {
    const R va = single & 1 ? sa : load(pa + i);
    const R vb = operands < 2 || single & 2 ? sb : load(pb + i);
    const R vc = operands < 3 || single & 4 ? sc : load(pc + i);
    if constexpr (accumulates) return e.add(load(y + i), va);
    if constexpr (!accumulates) return evaluate<code>(e, va, vb, vc);
  };
  const auto whole = [](const T* p) XGRAD_LAMBDA_INLINE { return L::load(p); };
  std::int64_t i = 0;
  for (; i + 4 * w <= n; i += 4 * w) {
    const R y0 = result(whole, i), y1 = result(whole, i + w);
    const R y2 = result(whole, i + 2 * w), y3 = result(whole, i + 3 * w);
    L::store(y + i, y0), L::store(y + i + w, y1), L::store(y + i + 2 * w, y2), L::store(y + i + 3 * w, y3);
  }
  for (; i + w <= n; i += w) L::store(y + i, result(whole, i));
  if (i < n) {
    const std::int64_t rest = planted("the rest of a tile is a whole vector") ? w : n - i;
    const auto part = [rest](const T* p) XGRAD_LAMBDA_INLINE { return L::load_part(p, rest); };
    L::store_part(y + i, result(part, i), rest);
  }
}

template <Code code, int single, class L>
constexpr TileFunction elements() {
  if constexpr (cost_of(code) == Cost::costly)
    return costly_elements<code, single, L>;
  else
    return cheap_elements<code, single, L>;
}

/// Adds in float32 the next columns of each lane and of the lane that is joined to it.
template <class Architecture>
XGRAD_FORCE_INLINE void fold(float* sums, const float* p) {
  using L = LanesOf<float, Architecture>;
#pragma GCC unroll 4
  for (int l = 0; l < reduction_lanes; l += L::width) {
    typename L::R sum = L::load(p + l);
#pragma GCC unroll 4
    for (int j = l + reduction_lanes; j < folded_columns * reduction_lanes; j += reduction_lanes)
      sum = L::add(sum, L::load(p + j));
    L::store(sums + l, sum);
  }
  for (int l = 0; l < reduction_lanes / 2; ++l) sums[l] += sums[l + reduction_lanes / 2];
}

/// Reduces into lanes of doubles, beginning with what is in them.
template <Code code, class T, class Architecture>
void reduce_in_lanes(void* out, const void* a, const void*, const void*, std::int64_t n) {
  using L = LanesOf<double, Architecture>;
  using R = typename L::R;
  constexpr int registers = reduction_lanes / L::width;
  constexpr ReductionFacts facts = reduction_facts(code);
  L e;
  double* lanes = static_cast<double*>(out);
  R total[registers];
  for (int k = 0; k < registers; ++k) total[k] = L::load(lanes + k * L::width);
  const auto take = [&](const T* p) XGRAD_LAMBDA_INLINE {
#pragma GCC unroll 8
    for (int k = 0; k < registers; ++k) total[k] = joined<facts.join>(e, total[k], load_double<L>(p + k * L::width));
  };
  const T* p = static_cast<const T*>(a);
  std::int64_t i = 0;
  if constexpr (sizeof(T) == 4 && facts.folds) {
    constexpr int columns = folded_columns * reduction_lanes;
    for (; i + columns <= n; i += columns) {
      T sums[reduction_lanes];
      fold<Architecture>(sums, p + i);
      for (int k = 0; 2 * k < registers; ++k)
        total[k] = joined<facts.join>(e, total[k], load_double<L>(sums + k * L::width));
    }
  }
  for (; i + reduction_lanes <= n; i += reduction_lanes) take(p + i);
  if (i < n) {
    const T nothing = planted("empty lanes of a product are 0") ? T{0} : static_cast<T>(facts.start);
    T x[reduction_lanes];
    for (int k = 0; k < reduction_lanes; ++k) x[k] = i + k < n ? p[i + k] : nothing;
    take(x);
  }
  for (int k = 0; k < registers; ++k) L::store(lanes + k * L::width, total[k]);
}

/// Reductions whose result does not depend on the order of the elements.
template <Code code, class L>
void reduce_in_any_order(void* out, const void* a, const void*, const void*, std::int64_t n) {
  using T = typename L::T;
  using R = typename L::R;
  constexpr int w = L::width, registers = 4;
  L e;
  constexpr Join join = reduction_facts(code).join;
  T& best = *static_cast<T*>(out);
  const T* p = static_cast<const T*>(a);
  std::int64_t i = 0;
  if (n >= w) {
    R lanes[registers] = {R(best), R(best), R(best), R(best)};
    const auto take = [&e](R& lane, R x) XGRAD_LAMBDA_INLINE { lane = joined<join>(e, lane, x); };
    for (; i + registers * w <= n; i += registers * w) {
#pragma GCC unroll 4
      for (int k = 0; k < registers; ++k) take(lanes[k], L::load(p + i + k * w));
    }
    for (; i + w <= n; i += w) take(lanes[0], L::load(p + i));
    if (!planted("some lanes of the largest are forgotten")) take(lanes[2], lanes[3]);
    take(lanes[0], lanes[1]), take(lanes[0], lanes[2]);
    T last[w];
    L::store(last, lanes[0]);
    for (int k = 0; k < w; ++k) best = joined<join>(best, last[k]);
  }
  for (; i < n; ++i) best = joined<join>(best, p[i]);
}

/// Writes whole vectors; the next row overwrites what one writes beyond its row.
template <class L>
void spread(void* out, const void* a, const void*, const void* c, std::int64_t n) {
  using T = typename L::T;
  const std::int64_t columns = *static_cast<const std::int64_t*>(c);
  T* y = static_cast<T*>(out);
  const T* numbers = static_cast<const T*>(a);
  if (columns <= L::width) {
    for (std::int64_t i = 0; i < n; ++i, y += columns) L::store(y, typename L::R(numbers[i]));
    return;
  }
  for (std::int64_t i = 0; i < n; ++i, y += columns) {
    const typename L::R x(numbers[i]);
    for (std::int64_t j = 0; j < columns; j += L::width) L::store(y + j, x);
  }
}

template <class T>
void load_mask(void* out, const void* a, const void*, const void*, std::int64_t n) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const auto* bytes = static_cast<const unsigned char*>(a);
  Word* y = static_cast<Word*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = bytes[i] ? ~Word{} : Word{};
}
template <class T, class Element>
void gather(void* out, const void* a, const void* b, const void* c, std::int64_t n) {
  const std::int64_t columns = *static_cast<const std::int64_t*>(c);
  const Element* row = static_cast<const Element*>(a);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i, row += columns) {
    const Element* at = row + static_cast<std::int64_t>(static_cast<const T*>(b)[i]);
    if constexpr (std::is_same_v<Element, T>)
      y[i] = *at;
    else
      load_mask<T>(y + i, at, nullptr, nullptr, 1);
  }
}
template <class T>
void scatter(void* out, const void* a, const void* b, const void* c, std::int64_t n) {
  const std::int64_t columns = *static_cast<const std::int64_t*>(c);
  T* row = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n;
       ++i, row += planted("elements of all rows are scattered into the first") ? 0 : columns)
    row[static_cast<std::int64_t>(static_cast<const T*>(b)[i])] = static_cast<const T*>(a)[i];
}
template <class T>
void store_mask(void* out, const void* a, const void*, const void*, std::int64_t n) {
  using Word = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  auto* bytes = static_cast<unsigned char*>(out);
  const Word* x = static_cast<const Word*>(a);
  const Word mask = planted("the bytes of a mask have all bits") ? 255 : 1;
  for (std::int64_t i = 0; i < n; ++i) bytes[i] = static_cast<unsigned char>(x[i] & mask);
}
template <class T>
void count(void* out, const void* a, const void*, const void*, std::int64_t n) {
  const double first = *static_cast<const double*>(a);
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = static_cast<T>(first + static_cast<double>(i));
}
template <class T>
void add_to_doubles(void* out, const void* a, const void*, const void*, std::int64_t n) {
  double* y = static_cast<double*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] += static_cast<double>(static_cast<const T*>(a)[i]);
}
template <class T>
void from_integers(void* out, const void* a, const void*, const void*, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) static_cast<T*>(out)[i] = static_cast<T>(static_cast<const std::int64_t*>(a)[i]);
}

template <int code_number, class T, class Architecture>
constexpr void add_code(TileFunctions& table) {
  using L = LanesOf<T, Architecture>;
  constexpr Code code = static_cast<Code>(code_number);
  if constexpr (is_reduction(code)) {
    if constexpr (reduction_facts(code).in_lanes)
      table.reduce[code_number] = reduce_in_lanes<code, T, Architecture>;
    else
      table.reduce[code_number] = reduce_in_any_order<code, L>;
    table.reduce_rows[code_number] = reduce_rows<code, T, Architecture>;
  }
  auto& row = table.elements[code_number];
  if constexpr (form_of(code) == Form::copy || is_elementwise(code) || code == Code::accumulate) {
    row[0] = elements<code, 0, L>();
    if constexpr (code == Code::copy) row[1] = elements<code, 1, L>();
    if constexpr (arity(code) > 1 && form_of(code) != Form::connective)
      row[1] = elements<code, 1, L>(), row[2] = elements<code, 2, L>();
    if constexpr (arity(code) > 2) {
      row[3] = elements<code, 3, L>(), row[4] = elements<code, 4, L>();
      row[5] = elements<code, 5, L>(), row[6] = elements<code, 6, L>();
    }
  }
}

template <class T, class Architecture>
constexpr TileFunctions make_tile_functions() {
  using L = LanesOf<T, Architecture>;
  TileFunctions table{};
  [&]<int... code>(std::integer_sequence<int, code...>) { (add_code<code, T, Architecture>(table), ...); }
  (std::make_integer_sequence<int, codes>());
  table.spread = spread<L>;
  table.gather = gather<T, T>;
  table.gather_mask = gather<T, unsigned char>;
  table.scatter = scatter<T>;
  table.load_mask = load_mask<T>;
  table.store_mask = store_mask<T>;
  table.count = count<T>;
  table.add_to_doubles = add_to_doubles<T>;
  table.from_integers = from_integers<T>;
  return table;
}

template <class Architecture>
const TileFunctions* table_of(DType dtype) {
  static constexpr TileFunctions single = make_tile_functions<float, Architecture>();
  static constexpr TileFunctions twice = make_tile_functions<double, Architecture>();
  return dtype == float32 ? &single : &twice;
}

}  // namespace
}  // namespace xgrad::fused
