#include "data/checkpoint_values.hpp"

#include <limits>
#include <utility>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/tape/text.hpp"

namespace xgrad::data::detail {

namespace {

constexpr const char* values_operation = "load_state";

/// A variable, which two functions make a Tensor and take from one.
template <class Read, class Write>
class Variable : public Stateful {
 public:
  Variable(Read read, Write write) : read_(std::move(read)), write_(std::move(write)) {}
  std::vector<NamedTensor> state() const override { return {{"", read_()}}; }
  void load_state(const std::vector<NamedTensor>& saved, const Location& where) override {
    check<FormatError>(saved.size() == 1 && saved[0].name.empty() && saved[0].value.defined(), where, values_operation,
                       ": one value is expected, ", saved.size(), " were saved");
    write_(saved[0].value, where);
  }

 private:
  Read read_;
  Write write_;
};

template <class Read, class Write>
std::unique_ptr<Stateful> variable(Read read, Write write) {
  return std::make_unique<Variable<Read, Write>>(std::move(read), std::move(write));
}

void require(bool condition, const char* what, const Tensor& got, const Location& where) {
  check<FormatError>(condition, where, values_operation, ": ", what, " is expected, got ", describe(got));
}

template <class T>
std::unique_ptr<Stateful> whole_number(T& value) {
  return variable([&value] { return tensor(static_cast<std::int64_t>(value)); },
                  [&value](const Tensor& saved, const Location& where) {
                    require(saved.dtype() == int64 && saved.ndim() == 0, "a whole number", saved, where);
                    const auto number = saved.item<std::int64_t>(where);
                    // (As for std::uint64_t, all bits are taken.)
                    check<FormatError>(static_cast<std::int64_t>(static_cast<T>(number)) == number, where,
                                       values_operation, ": ", number, " does not fit the variable");
                    value = static_cast<T>(number);
                  });
}

template <class T>
std::unique_ptr<Stateful> floating(T& value) {
  return variable([&value] { return tensor(static_cast<double>(value), float64); },
                  [&value](const Tensor& saved, const Location& where) {
                    require(saved.dtype() == float64 && saved.ndim() == 0, "a number", saved, where);
                    value = static_cast<T>(saved.item(where));
                  });
}

template <class T>
std::unique_ptr<Stateful> list(std::vector<T>& value) {
  return variable([&value] { return tensor(value, dtype_of<T>); },
                  [&value](const Tensor& saved, const Location& where) {
                    require(saved.dtype() == dtype_of<T> && saved.ndim() == 1, "a list", saved, where);
                    value = saved.to_vector<T>(where);
                  });
}

Tensor to_tensor(const Rng& rng) {
  const RandomState state = rng.state();
  return tensor(
      std::vector<std::int64_t>{static_cast<std::int64_t>(state.key), static_cast<std::int64_t>(state.counter)});
}

void set(Rng& rng, const Tensor& saved, const Location& where) {
  require(saved.dtype() == int64 && saved.ndim() == 1 && saved.numel() == 2, "a random state", saved, where);
  const auto numbers = saved.data<std::int64_t>(where);
  rng.set_state({static_cast<std::uint64_t>(numbers[0]), static_cast<std::uint64_t>(numbers[1])});
}

}  // namespace

std::unique_ptr<Stateful> stateful(bool& value) {
  return variable([&value] { return tensor(value); },
                  [&value](const Tensor& saved, const Location& where) {
                    require(saved.dtype() == xgrad::boolean && saved.ndim() == 0, "a bool", saved, where);
                    value = saved.item(where) != 0;
                  });
}
std::unique_ptr<Stateful> stateful(int& value) { return whole_number(value); }
std::unique_ptr<Stateful> stateful(std::int64_t& value) { return whole_number(value); }
std::unique_ptr<Stateful> stateful(std::uint64_t& value) { return whole_number(value); }
std::unique_ptr<Stateful> stateful(float& value) { return floating(value); }
std::unique_ptr<Stateful> stateful(double& value) { return floating(value); }
std::unique_ptr<Stateful> stateful(std::string& value) {
  return variable(
      [&value] { return text_tensor(value); },
      [&value](const Tensor& saved, const Location& where) { value = text_of(saved, values_operation, where); });
}
std::unique_ptr<Stateful> stateful(std::vector<std::int64_t>& value) { return list(value); }
std::unique_ptr<Stateful> stateful(std::vector<double>& value) { return list(value); }
std::unique_ptr<Stateful> stateful(Tensor& value) {
  return variable([&value] { return value; }, [&value](const Tensor& saved, const Location&) { value = saved; });
}
std::unique_ptr<Stateful> stateful(Parameter& value) {
  return variable([&value] { return value.value(); },
                  [&value](const Tensor& saved, const Location& where) {
                    require(saved.shape() == value.shape() && saved.dtype() == value.dtype(),
                            describe(value.value()).str().c_str(), saved, where);
                    value.assign(saved, where);
                  });
}
std::unique_ptr<Stateful> stateful(Rng& value) {
  return variable([&value] { return to_tensor(value); },
                  [&value](const Tensor& saved, const Location& where) { set(value, saved, where); });
}
std::unique_ptr<Stateful> default_rng_state() {
  return variable([] { return to_tensor(default_rng()); },
                  [](const Tensor& saved, const Location& where) { set(default_rng(), saved, where); });
}

}  // namespace xgrad::data::detail
