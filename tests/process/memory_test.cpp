// Where there is no memory, the error says what was asked for and where, and all is as it was.

#include <sys/resource.h>

#include <new>

#include "autograd/autograd.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "tests/process/child.hpp"

namespace xgrad::memory_test {
namespace {

/// While it lives, the process gets no more than so many bytes beyond what it has.
class Limit {
 public:
  explicit Limit(std::size_t more) {
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(status_of_process("VmSize")) * 1024 + more;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  }
  ~Limit() { setrlimit(RLIMIT_AS, &before_); }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

 private:
  rlimit before_{};
};

/// What a LimitError says of an operation that is too large; the place is in this file.
template <class F>
std::string refused(F f) {
  try {
    f();
  } catch (const LimitError& error) {
    CHECK(std::string(error.where().file_name()) == __FILE__);
    return error.what();
  } catch (const std::exception& error) {
    return std::string("another error: ") + error.what();
  }
  return "no error";
}

constexpr std::size_t little = std::size_t{64} << 20;
constexpr std::int64_t side = 4096, many = side * side;  // 64 MiB of float32

}  // namespace

TEST_CASE("child: operations that get no memory", "[.memory_operations]") {
  end_if_it_hangs();
  const Tensor column = normal({side, 1}, default_rng()), row = normal({1, side}, default_rng());
  evaluate({column, row});
  static_cast<void>((exp(column) * 2).to_vector());
  struct Case {
    const char* name;
    std::function<void()> run;
    std::string text;
  };
  const std::string of = std::to_string(many * 4) + " bytes cannot be allocated, at memory_test.cpp:";
  const std::vector<Case> cases{
      {"zeros", [] { tensor_from(std::vector<float>(16).data(), {many}, float32); }, "tensor: " + of},
      {"exp", [&] { evaluate(exp(column + row)); }, ": " + of},
      {"matmul", [&] { evaluate(matmul(column, row)); }, "matmul: " + of},
      {"softmax", [&] { evaluate(softmax(column + row, 1)); }, ": " + of},
      {"concat",
       [&] {
         evaluate(concat({column + row, column + row}, 0));
       },
       "bytes cannot be allocated, at memory_"},
      {"cumsum", [&] { evaluate(cumsum(column + row, 0)); }, "bytes cannot be allocated, at memory_test.cpp:"},
      {"item", [&] { static_cast<void>(sum(matmul(column, row) + 1, 0).to_vector()); }, "matmul: " + of},
  };
  for (const std::string engine_name : {"fused", "reference"}) {
    set_engine(engine_name);
    for (const Case& each : cases) {
      release_pooled_memory();
      std::string said;
      {
        const Limit limit(little / 2);
        said = refused(each.run);
      }
      INFO(engine_name << " " << each.name << ": " << said);
      CHECK(said.find(each.text) != std::string::npos);
    }
  }
  CHECK(sum(matmul(row, column)).item() == Approx(matmul(row, column).item()));
}

TEST_CASE("child: a training that gets no memory goes on as if nothing had been", "[.memory_training]") {
  end_if_it_hangs();
  const auto run = [](bool fails) {
    Rng rng(3);
    const Parameter w(normal({64, 64}, rng));
    optim::Optimizer optimizer({w}, optim::adam(0.01));
    const Tensor x = normal({32, 64}, rng), row = normal({1, side}, rng), column = normal({side, 1}, rng);
    const auto step = [&] { optimizer.step(grad(mean(square(matmul(x, w))), std::vector{w})); };
    for (int i = 0; i < 4; ++i) step();
    const std::vector<double> before = w.value().to_vector();
    if (fails) {
      release_pooled_memory();
      const Limit limit(little / 2);
      CHECK(refused([&] {
              optimizer.step({sum(matmul(column, row)) * 0.0 + grad(mean(square(matmul(x, w))), w)});
            }).find("bytes cannot be allocated") != std::string::npos);
      CHECK(w.value().to_vector() == before);
    }
    for (int i = 0; i < 4; ++i) step();
    return w.value().to_vector();
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("an operation that gets no memory says how much, and where it was recorded", "[process]") {
  if (sanitized) return;  // which takes all address space for itself
  const std::string which = GENERATE("[.memory_operations]", "[.memory_training]");
  const Ended ended = run_apart(which, {"XGRAD_NUM_THREADS=1"});
  INFO(ended);
  CHECK(ended.well());
}

}  // namespace xgrad::memory_test
