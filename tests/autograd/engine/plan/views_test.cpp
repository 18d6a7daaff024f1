// What is read where it lies: views of views in row programs, against the reference kernels, which copy.

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "autograd/core/buffer.hpp"
#include "tests/autograd/engine/agreement.hpp"
#include "tests/autograd/engine/scopes.hpp"

namespace views_test {

using namespace xgrad;

namespace {

std::size_t kernels_in(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = text.find("kernel:"); at != std::string::npos; at = text.find("kernel:", at + 1)) ++count;
  return count;
}

/// One movement that fits `x`, chosen at random.
Tensor moved(const Tensor& x, std::mt19937& random) {
  const auto below = [&](std::int64_t n) { return static_cast<std::int64_t>(random() % static_cast<unsigned>(n)); };
  const std::int64_t axis = below(x.ndim()), size = x.size(axis);
  switch (below(8)) {
    case 0: {
      const std::int64_t start = below(size), stop = start + 1 + below(size - start);
      return slice(x, axis, start, stop, 1 + below(3));
    }
    case 1:
      return flip(x, axis);
    case 2:
      return transpose(x, axis, below(x.ndim()));
    case 3:
      return pad(x, axis, below(3), below(3), static_cast<double>(below(2)));
    case 4:
      return reshape(x, {-1, x.size(x.ndim() - 1)});
    case 5:
      return reshape(x, {x.size(0), -1, 1});
    case 6:
      return x.ndim() < 5 ? unsqueeze(x, axis) : x;
    default: {
      std::vector<std::int64_t> sizes(x.shape().begin(), x.shape().end());
      for (std::int64_t& each : sizes)
        if (each == 1 && x.numel() < 4000) each = 1 + below(4);
      return broadcast_to(x, sizes);
    }
  }
}

Shape start(std::mt19937& random) {
  const Shape shapes[] = {{7, 5, 3}, {4, 80}, {3, 2, 70}, {130, 9}, {200}, {2, 3, 4, 5}, {65, 66}, {33, 128}};
  return shapes[random() % std::size(shapes)];
}

}  // namespace

TEST_CASE("chains of movements in programs are what the reference kernels copy", "[views]") {
  for (unsigned seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    check_agreement([&] {
      std::mt19937 random(seed);
      const Tensor x = track(numbers(start(random), static_cast<int>(seed)));
      Tensor y = random() % 2 ? mul(x, x) : x;
      for (unsigned i = 1 + random() % 4; i > 0; --i) y = moved(y, random);
      if (random() % 3 == 0) y = where(greater(y, 0.1), y, mul(y, 0.5));
      const Tensor z = sin(add(y, 1.));
      const Tensor w = random() % 2 ? sum(mul(z, z), -1) : mul(z, mean(z, 0, keep_dims));
      const Tensor loss = sum(mul(w, w));
      return Roots{z, w, grad(loss, x)};
    });
  }
}

TEST_CASE("a 5-point stencil is one program, which reads its input where it lies", "[views]") {
  const auto stencil = [](const Tensor& x) {
    const auto at = [&](std::int64_t i, std::int64_t j) {
      return slice(slice(x, 0, 1 + i, x.size(0) - 1 + i), 1, 1 + j, x.size(1) - 1 + j);
    };
    return sub(add(add(at(-1, 0), at(1, 0)), add(at(0, -1), at(0, 1))), mul(at(0, 0), 4.));
  };
  for (const std::int64_t size : {3, 10, 66, 67, 130}) {
    check_agreement([&] {
      const Tensor x = track(numbers({size, size + 2}, 1));
      const Tensor y = stencil(x);
      return Roots{y, grad(sum(mul(y, y)), x)};
    });
  }
  const fused::testing::InEngine engine("fused");
  const Tensor x = numbers({100, 100}, 1);
  const std::string text = plan({stencil(x)});
  CAPTURE(text);
  CHECK(kernels_in(text) == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
}

TEST_CASE("a plan serves views that begin elsewhere", "[views]") {
  const Tensor x = numbers({40, 90}, 3);
  const auto run = [&](std::int64_t row, std::int64_t column, std::int64_t before) {
    const Tensor part = slice(slice(x, 0, row, row + 8), 1, column, column + 70);
    return sin(pad(part, 1, before, 5 - before)).to_vector();
  };
  run(0, 0, 0);
  for (const auto& [row, column, before] : {std::tuple{3, 7, 1}, {32, 20, 5}, {0, 0, 2}, {31, 1, 0}}) {
    const auto here = run(row, column, before);
    for (std::int64_t i = 0; i < 8; ++i)
      for (std::int64_t j = 0; j < 75; ++j) {
        const std::int64_t from = j - before;
        const double expected = from < 0 || from >= 70
                                    ? 0
                                    : std::sin(x.to_vector()[static_cast<std::size_t>((row + i) * 90 + column + from)]);
        CHECK(here[static_cast<std::size_t>(i * 75 + j)] == Approx(expected).margin(1e-14));
      }
  }
}

TEST_CASE("products read views that begin anywhere", "[views][gemm]") {
  const Tensor x = numbers({4, 30, 96}, 1), w = numbers({96, 40}, 2);
  for (const std::int64_t start : {0, 7, 13}) {
    check_agreement([&] {
      const Tensor part = slice(track(x), 1, start, start + 17);     // rows, for each of the batch
      const Tensor columns = slice(track(w), 1, start, start + 20);  // columns of a matrix
      const Tensor flat = reshape(slice(x, 0, 1, 3), {60, 96});      // one after the other
      const Tensor heads = permute(reshape(slice(x, 2, 0, 48), {4, 30, 3, 16}), {0, 2, 1, 3});
      const Tensor flipped = flip(slice(w, 0, 0, 17), 1);      // backwards: it is copied
      const Tensor padded = pad(slice(w, 0, 0, 90), 0, 6, 0);  // with zeros: it is copied
      const Tensor y = matmul(part, columns);
      return Roots{y,
                   matmul(flat, columns),
                   matmul(heads, transpose(heads, -2, -1)),
                   matmul(slice(x, 2, 0, 17), flipped),
                   matmul(x, padded),
                   matmul(transpose(part, -2, -1), slice(x, 1, 0, 17)),
                   grad(sum(mul(y, y)), columns)};
    });
  }
  const fused::testing::InEngine engine("fused");
  const auto text_of_rows = [&] {
    const Tensor rows = slice(numbers({100, 96}, 3), 0, 10, 50);
    return plan({matmul(rows, w)});
  };
  CHECK(kernels_in(text_of_rows()) == 0);
}

TEST_CASE("views of views in products take the offsets of each run", "[views][gemm]") {
  const Tensor x = numbers({60, 64}, 1), w = numbers({64, 70}, 2);
  for (const std::int64_t start : {0, 20, 3, 28}) {
    const auto product = matmul(slice(x, 0, start, start + 32), w).to_vector();
    for (const std::int64_t i : {0, 31})
      for (const std::int64_t j : {0, 69}) {
        double expected = 0;
        for (std::int64_t k = 0; k < 64; ++k)
          expected += x.to_vector()[static_cast<std::size_t>((start + i) * 64 + k)] *
                      w.to_vector()[static_cast<std::size_t>(k * 70 + j)];
        CHECK(product[static_cast<std::size_t>(i * 70 + j)] == Approx(expected).margin(1e-12));
      }
  }
}

TEST_CASE("a program reads a product plainly and as a view of it", "[views][gemm]") {
  check_agreement([] {
    const Tensor a = numbers({70, 40}, 1), b = numbers({40, 80}, 2), y = matmul(a, b);
    return Roots{sin(y) + flip(y, 0), exp(y) * slice(pad(y, 1, 3, 0), 1, 0, 80)};
  });
}

TEST_CASE("programs read rows that lie anywhere in either dtype, for any number of threads", "[views]") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = cast(numbers({300, 200}, 5), dtype);
    const auto run = [&] {
      const Tensor t = track(x);
      const Tensor y =
          mul(slice(flip(t, 1), 0, 1, {}, 3), exp(slice(transpose(t, 0, 1), 0, 0, 100)(all, slice(0, 200))));
      const Tensor loss =
          sum(softmax(transpose(y, 0, 1), -1) * 0.5 + transpose(pad(slice(y, 0, 2, 90), 0, 2, 10), 0, 1));
      return std::pair(loss.to_vector(), grad(loss, t).to_vector());
    };
    const int before = num_threads();
    set_num_threads(1);
    const auto expected = run();
    for (const int threads : {2, 3, 8}) {
      set_num_threads(threads);
      CHECK(run() == expected);
    }
    set_num_threads(before);
  }
}

TEST_CASE("a masked value is chosen from views", "[views]") {
  check_agreement([] {
    const Tensor x = track(numbers({40, 70}, 1));
    const Tensor left = slice(x, 1, 0, 35), right = slice(x, 1, 35, 70);
    const Tensor y = where(greater(left, right), mul(left, left), sin(right));
    return Roots{y, sum(y, 0), max(y, 1), grad(sum(y), x)};
  });
}

TEST_CASE("scores of classes are taken from views", "[views]") {
  check_agreement([] {
    const Tensor scores = track(numbers({20, 90}, 1));
    const Tensor some = slice(scores, 1, 10, 80);
    const Tensor labels = tensor(std::vector<double>(20, 3.), {20, 1}, int64);
    const Tensor gathered = gather(log_softmax(some, 1), 1, labels);
    return Roots{gathered, gather(some, 1, labels), grad(sum(gathered), scores)};
  });
}

TEST_CASE("one number that is read beside many leaves them their rows", "[views]") {
  const std::int64_t before = violations();
  check_agreement([] {
    const Tensor x = track(numbers({4, 80}, 1));
    const Tensor one = mul(select(select(x, 0, 1), 0, 2), 2.);
    return Roots{sin(x), one, mul(x, flip(x, 1)), grad(one, x)};
  });
  check_agreement([] {
    const Tensor x = numbers({4, 80}, 1);
    return Roots{sin(x), mul(select(select(x, 0, 1), 0, 2), 2.), sum(mul(x, x), 1)};
  });
  CHECK(violations() == before);
}

TEST_CASE("a view of little that somebody holds keeps little in memory", "[views]") {
  Parameter weight(numbers({100, 1000}, 1));
  const auto x = numbers({8, 100}, 2);
  std::vector<Tensor> rows, results;
  const auto step = [&] {
    const Tensor y = tanh(matmul(x, weight)), loss = sum(mul(y, y));
    rows.push_back(slice(weight, 0, 0, 1));
    results.push_back(select(tanh(mul(Tensor(weight), 2.)), 1, 3));
    const Tensor next = sub(weight, mul(grad(loss, weight), 1e-3));
    weight.assign(next);
  };
  step(), step();
  const std::size_t before = live_memory();
  for (int i = 0; i < 10; ++i) step();
  CHECK(live_memory() < before + 10 * 8 * (1000 + 100) + 100000);
  const Tensor again = select(tanh(mul(numbers({100, 1000}, 1), 2.)), 1, 3);
  CHECK(results[0].to_vector() == again.to_vector());
  CHECK(rows[0].to_vector() == slice(numbers({100, 1000}, 1), 0, 0, 1).to_vector());
}

TEST_CASE("a view of a view that has to be in memory is copied once, to the bit", "[views]") {
  const fused::testing::InEngine engine("fused");
  const Tensor x = numbers({6, 7, 66}, 1);
  evaluate({x});
  const auto framed = [&] { return pad(pad(x, 1, 1, 2), 2, 2, 1); };
  const auto turned = [&] { return flip(transpose(x, 0, 2), 1); };
  const std::string text = plan({framed(), turned()});
  CAPTURE(text);
  CHECK(kernels_in(text) == 0);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  for (const int threads : {1, 3}) {
    const fused::testing::Threads with(threads);
    CHECK(compute("fused", [&] {
            return Roots{framed(), turned()};
          }) == compute("reference", [&] {
            return Roots{framed(), turned()};
          }));
  }
  const std::string once = plan({flip(x, 1)});
  CAPTURE(once);
  CHECK(kernels_in(once) == 1);
}

}  // namespace views_test
