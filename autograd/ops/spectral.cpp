#include "autograd/ops/spectral.hpp"

#include <algorithm>

#include "autograd/core/buffer.hpp"
#include "autograd/kernels/kernels.hpp"
#include "autograd/ops/arrange.hpp"
#include "autograd/ops/batching.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/matmul.hpp"
#include "autograd/ops/matrices.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/orthogonal.hpp"
#include "autograd/ops/reduce.hpp"
#include "autograd/tape/record.hpp"

namespace xgrad {

namespace {

// LAPACK computes values and vectors together: one vector has them all, and the matrix, and has no derivative. The
// parts are primitives, each a function of the matrix with its own derivative, so that derivatives of values do not
// involve vectors. They have that vector as their second input, so that LAPACK runs once.
struct Eigh : Operation<Eigh> {
  static constexpr auto id = "eigh";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    const std::int64_t n = inputs[0].size(-1);
    return {with_sizes(batch_of(inputs[0]), {2 * n * n + n}), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::eigh(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

struct Svd : Operation<Svd> {
  static constexpr auto id = "svd";
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    const std::int64_t m = inputs[0].size(-2), n = inputs[0].size(-1), k = std::min(m, n);
    return {with_sizes(batch_of(inputs[0]), {m * n + m * k + k + n * k}), inputs[0].dtype()};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::svd(inputs[0], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
};

// y = 1 / (a_i - b_j), for a the values from `begin` on, and 0 for a value and itself (unless its double is asked for).
struct ReciprocalGaps : Operation<ReciprocalGaps> {
  static constexpr auto id = "reciprocal_gaps";
  kernels::Gap gap;
  std::int64_t begin, size;  // size: that of the matrix
  ReciprocalGaps(kernels::Gap what, std::int64_t first, std::int64_t n) : gap(what), begin(first), size(n) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    const Tensor &a = inputs[0], &b = inputs[1];
    return {with_sizes(batch_of(unsqueeze(a, -1)), {a.size(-1), b.size(-1)}), a.dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor>, const Tensor& y) const {
    const Tensor change = g * y * y;
    return input == 0 ? -sum(change, -1) : sum(change, -2);
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    kernels::reciprocal_gaps(gap, begin, size, inputs[0], inputs[1], y, where);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(*this, examples); }
  void describe(Fields& fields) const override {
    fields("gap", static_cast<std::int64_t>(gap));
    fields("begin", begin);
    fields("size", size);
  }
};

// A range of the values, or of the vectors, which are rows.
struct Part {
  std::int64_t begin, count;
};

// A function of the matrix (input 0) whose value is a piece of LAPACK's results (input 1; they are computed again if
// they are those of another matrix). Self gives the `Whole`, the shape, and where the piece begins.
template <class Self, class Whole>
struct PartOf : Operation<Self> {
  Part part;
  explicit PartOf(Part chosen) : part(chosen) {}
  Signature infer(std::span<const Tensor> inputs, const Location&) const override {
    return {this->self().shape(inputs[0]), inputs[0].dtype()};
  }
  Tensor vjp(std::size_t input, const Tensor& g, std::span<const Tensor> inputs, const Tensor& y) const {
    return input == 0 ? this->self().by_matrix(g, inputs[0], inputs[1], y) : Tensor{};
  }
  void run(std::span<const View> inputs, const View& y, const Location& where) const override {
    if (y.numel() == 0) return;
    const View &x = inputs[0], &whole = inputs[1];
    if (kernels::are_results_of(x, whole)) return copy_piece(x, whole.data, whole.shape, y);
    const Buffer again =
        Buffer::allocate(static_cast<std::size_t>(whole.numel()) * item_size(y.dtype), Self::id, where);
    Whole{}.run({&x, 1}, {again.data(), whole.shape, y.dtype}, where);
    copy_piece(x, again.data(), whole.shape, y);
  }
  Tensor batched(const Examples& examples) const override { return record_spread(this->self(), examples); }
  void describe(Fields& fields) const override {
    fields("begin", part.begin);
    fields("count", part.count);
  }

 private:
  void copy_piece(const View& x, void* from, const Shape& sizes, const View& y) const {
    const std::int64_t m = x.shape[x.shape.ndim() - 2], n = x.shape.back(), length = sizes.back();
    const std::int64_t batch = sizes.numel() / length;
    const Shape whole{batch, length}, piece{batch, y.numel() / batch};
    kernels::slice({from, whole, y.dtype}, 1, m * n + this->self().offset(m, n), 1, {y.data, piece, y.dtype});
  }
};

// sum_j g_j a_j b_j^T of the rows of a and b
Tensor sum_of_products(const Tensor& g, const Tensor& a, const Tensor& b) {
  return matmul(transpose(a) * unsqueeze(g, -2), b);
}

struct Eigenvalues : PartOf<Eigenvalues, Eigh> {
  static constexpr auto id = "eigenvalues";
  using PartOf::PartOf;
  Shape shape(const Tensor& x) const { return with_sizes(batch_of(x), {part.count}); }
  std::int64_t offset(std::int64_t, std::int64_t n) const { return n * n + part.begin; }
  Tensor by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor& y) const;
};

struct Eigenvectors : PartOf<Eigenvectors, Eigh> {
  static constexpr auto id = "eigenvectors";
  using PartOf::PartOf;
  Shape shape(const Tensor& x) const { return with_sizes(batch_of(x), {part.count, x.size(-1)}); }
  std::int64_t offset(std::int64_t, std::int64_t n) const { return part.begin * n; }
  // dv_j = sum_i v_i (v_i^T dx v_j) / (w_j - w_i)
  Tensor by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor& y) const {
    const std::int64_t n = x.size(-1);
    const Tensor vectors = record(Location::current(), Eigenvectors(Part{0, n}), x, all);
    const Tensor values = record(Location::current(), Eigenvalues(Part{0, n}), x, all);
    const Tensor own = slice(values, -1, part.begin, part.begin + part.count);
    const Tensor gaps =
        record(Location::current(), ReciprocalGaps(kernels::Gap::eigenvalues, part.begin, n), own, values);
    const Tensor of_one_side = matmul(transpose(matmul(gaps * matmul(g, transpose(vectors)), vectors)), y);
    return 0.5 * (of_one_side + transpose(of_one_side));
  }
};

Tensor Eigenvalues::by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor&) const {
  const Tensor vectors = record(Location::current(), Eigenvectors(part), x, all);
  return sum_of_products(g, vectors, vectors);
}

enum class Side { left, right };

struct SingularValues : PartOf<SingularValues, Svd> {
  static constexpr auto id = "singular_values";
  using PartOf::PartOf;
  Shape shape(const Tensor& x) const { return with_sizes(batch_of(x), {part.count}); }
  std::int64_t offset(std::int64_t m, std::int64_t n) const { return m * std::min(m, n) + part.begin; }
  Tensor by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor& y) const;
};

struct SingularVectors : PartOf<SingularVectors, Svd> {
  static constexpr auto id = "singular_vectors";
  Side side;
  SingularVectors(Side which, Part chosen) : PartOf(chosen), side(which) {}
  Shape shape(const Tensor& x) const {
    return with_sizes(batch_of(x), {part.count, x.size(side == Side::left ? -2 : -1)});
  }
  std::int64_t offset(std::int64_t m, std::int64_t n) const {
    return side == Side::left ? part.begin * m : (m + 1) * std::min(m, n) + part.begin * n;
  }
  // With p_ij = u_i^T dx v_j: du_j = sum_i u_i (s_j p_ij + s_i p_ji) / (s_j^2 - s_i^2) + (1 - sum_i u_i u_i^T) dx v_j /
  // s_j, where s_j / (s_j^2 - s_i^2) and s_i / (s_j^2 - s_i^2) are half the sum and half the difference of
  // 1 / (s_j - s_i) and 1 / (s_j + s_i). For v the same, of the transposed matrix.
  Tensor by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor& y) const {
    const std::int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n), size = std::max(m, n);
    const Side beyond = side == Side::left ? Side::right : Side::left;
    const Tensor vectors = record(Location::current(), SingularVectors(side, Part{0, k}), x, all);
    const Tensor others = record(Location::current(), SingularVectors(beyond, Part{0, k}), x, all);
    const Tensor values = record(Location::current(), SingularValues(Part{0, k}), x, all);
    const std::int64_t begin = part.begin, end = begin + part.count;
    const Tensor own = slice(values, -1, begin, end), partners = slice(others, -2, begin, end);
    const bool complement = y.size(-1) > k;  // whether the vectors do not span the space
    const auto gaps = [&](kernels::Gap gap, const Tensor& to) {
      return record(Location::current(), ReciprocalGaps(gap, begin, size), own, to);
    };
    const Tensor differences = gaps(kernels::Gap::singular_values, values);
    const Tensor sums = gaps(complement ? kernels::Gap::sums_and_doubles : kernels::Gap::sums, -values);
    const Tensor along = matmul(g, transpose(vectors)), half = 0.5 * along;
    Tensor of_own = matmul(half * (differences + sums), vectors);
    if (complement)  // 1 / (s_j + s_j)
      of_own = of_own + (g - matmul(along, vectors)) * (2 * unsqueeze(diagonal(sums, begin, -2, -1), -1));
    const Tensor of_others = matmul(half * (differences - sums), others);
    const Tensor result = matmul(transpose(of_own), partners) + matmul(transpose(y), of_others);
    return side == Side::left ? result : transpose(result);
  }
  void describe(Fields& fields) const override {
    PartOf::describe(fields);
    fields("side", static_cast<std::int64_t>(side));
  }
};

Tensor SingularValues::by_matrix(const Tensor& g, const Tensor& x, const Tensor& all, const Tensor&) const {
  return sum_of_products(g, record(Location::current(), SingularVectors(Side::left, part), x, all),
                         record(Location::current(), SingularVectors(Side::right, part), x, all));
}

Part part_of(const Spectrum& chosen, std::int64_t count) {
  const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + count : at, 0, count); };
  const std::int64_t begin = place(chosen.begin), end = place(chosen.end.value_or(count));
  return {begin, std::max<std::int64_t>(end - begin, 0)};
}

// The results for a matrix. Equal entries are merged, so that one result serves everything that is asked of a matrix.
template <class Whole>
Tensor results_of(const Tensor& x, const Location& where) {
  const NoGrad untracked;
  return record(where, Whole{}, x);
}

struct Symmetric {
  Tensor x, all;
  Part part;
  Symmetric(const Operand& operand, const Spectrum& chosen, const char* call) {
    x = square_matrices(operand, call);
    all = results_of<Eigh>(x, operand.where());
    part = part_of(chosen, x.size(-1));
  }
  Tensor values(const Location& where) const { return record(where, Eigenvalues(part), x, all); }
  Tensor vectors(const Location& where) const { return transpose(record(where, Eigenvectors(part), x, all)); }
};

// `vectors`, with further columns that make the matrix square.
Tensor completed(const Tensor& vectors) {
  const std::int64_t rows = vectors.size(-2), columns = vectors.size(-1);
  if (rows == columns) return vectors;
  return concat({vectors, slice(qr(vectors, QrMode::complete).q, -1, columns, rows)}, -1);
}

}  // namespace

Eigenpairs eigh(const Operand& operand, const Spectrum& chosen) {
  const CallScope scope("eigh", operand.where());
  const Symmetric of(operand, chosen, "eigh");
  return {of.values(operand.where()), of.vectors(operand.where())};
}

Tensor eigvalsh(const Operand& operand, const Spectrum& chosen) {
  const CallScope scope("eigvalsh", operand.where());
  return Symmetric(operand, chosen, "eigvalsh").values(operand.where());
}

SingularFactors svd(const Operand& operand, const SvdOptions& options) {
  const CallScope scope("svd", operand.where());
  const Location& where = operand.where();
  const Tensor x = matrices(operand, "svd");
  const std::int64_t k = std::min(x.size(-2), x.size(-1));
  const Part part = part_of(options.chosen, k);
  check<ValueError>(!options.full_matrices || part.count == k, where, "svd: full_matrices of ", part.count, " of ", k,
                    " singular values");
  const Tensor all = results_of<Svd>(x, where);
  const Tensor u = transpose(record(where, SingularVectors(Side::left, part), x, all));
  const Tensor vh = record(where, SingularVectors(Side::right, part), x, all);
  const Tensor s = record(where, SingularValues(part), x, all);
  if (!options.full_matrices) return {u, s, vh};
  return {completed(u), s, transpose(completed(transpose(vh)))};
}

Tensor svdvals(const Operand& operand, const Spectrum& chosen) {
  const CallScope scope("svdvals", operand.where());
  const Tensor x = matrices(operand, "svdvals");
  const Part part = part_of(chosen, std::min(x.size(-2), x.size(-1)));
  return record(operand.where(), SingularValues(part), x, results_of<Svd>(x, operand.where()));
}

}  // namespace xgrad
