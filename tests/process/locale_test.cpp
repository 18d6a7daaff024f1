// The locale of the program changes nothing that is said or written.

#include <clocale>
#include <filesystem>
#include <iterator>
#include <locale>
#include <map>
#include <sstream>

#include "autograd/autograd.hpp"
#include "autograd/check/check.hpp"
#include "autograd/engine/about.hpp"
#include "autograd/inspect/inspect.hpp"
#include "autograd/tape/memory_report.hpp"
#include "data/data.hpp"
#include "nn/nn.hpp"
#include "optim/optim.hpp"
#include "report/progress.hpp"
#include "report/report.hpp"
#include "tests/process/child.hpp"

namespace xgrad::locale_test {
namespace {

namespace fs = std::filesystem;
using Said = std::map<std::string, std::string>;

// 1234567.5 is `1 234 567;5`, and true `yes`.
struct Grouping : std::numpunct<char> {
  char do_decimal_point() const override { return ';'; }
  char do_thousands_sep() const override { return ' '; }
  std::string do_grouping() const override { return "\3"; }
  std::string do_truename() const override { return "yes"; }
};

class InLocale {
 public:
  InLocale() : c_before_(std::setlocale(LC_ALL, nullptr)), before_(std::locale()) {
    std::locale::global(std::locale(std::locale::classic(), new Grouping));
    for (const char* name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "en_US.UTF-8"})  // whichever is there
      if (std::setlocale(LC_ALL, name)) break;
  }
  ~InLocale() {
    std::locale::global(before_);
    std::setlocale(LC_ALL, c_before_.c_str());
  }

 private:
  std::string c_before_;
  std::locale before_;
};

template <class T>
std::string printed(const T& value) {
  std::ostringstream stream;
  stream << value;
  return stream.str();
}
template <class F>
std::string error_of(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}
std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void say_errors(Said& said) {
  const Tensor large = zeros({1234567, 2}), wide = zeros({3, 1234567});
  said["matmul"] = error_of([&] { matmul(large, wide * 1); });
  said["add"] = error_of([&] { add(large, wide); });
  said["index"] = error_of([&] { gather(large, 0, tensor({std::int64_t{7654321}})).to_vector(); });
  said["value"] = error_of([&] { full({2}, 1234567.25, int64); });
  said["limit"] = error_of([&] { zeros({std::int64_t{1} << 45, 1234567}); });
  said["optimiser"] = error_of([] { optim::adam(-1234567.5); });
  said["layer"] = error_of([&] { nn::Linear(1234567, 1)(zeros({1, 7654321})); });
  said["finite"] = error_of([&] { check_finite(tensor({1234567.5, 0.0}) / 0.0); });
  said["npy"] = error_of([&] { data::load_npy("no-such-file-1234567"); });
  said["state"] = error_of([&] { match_state({{"w", large}}, {{"w", wide}}, "load", Location::current()); });
}

void say_objects(Said& said) {
  const Tensor numbers = tensor({1234567.5, -0.25, 1e-7}), whole = tensor({std::int64_t{1234567}, std::int64_t{-7}});
  const Tensor x = tensor({1234567.5, 2345678.5}, float64);
  said["float"] = printed(numbers);
  said["int"] = printed(whole);
  said["scalar"] = printed(tensor(1234567.5)) + printed(tensor(std::int64_t{1234567}));
  said["bool"] = printed(whole > 0);
  said["shape"] = printed(Shape{1234567, 2}) + printed(describe(zeros({1234567})));
  const Parameter parameter(zeros({123456}));
  said["parameter"] = printed(describe(parameter));
  const Tensor loss = sum(exp(zeros({12345}) * parameter[0] + concat({numbers, numbers}, 0)[0]));
  said["tape"] = print_tape(loss) + tape_dot(loss);
  nn::Linear model(12345, 17);
  said["module"] = printed(model);
  said["summary"] = printed(nn::summary(model, zeros({2048, 12345})));
  said["explain"] = printed(explain(loss, numbers));
  said["why_nan"] = printed(why_nan(log(x - 1234567.5) * 1234.5));
  said["close"] = difference(x, x + 1234.25, 0, 0, false);
  said["check"] = check_gradient([](const Tensor& t) { return sum(t * stop_gradient(t)); }, {x}).text();
  said["about"] = printed(about());
}

void say_files(Said& said, const fs::path& directory) {
  fs::create_directories(directory);
  Rng rng(1);
  const Tensor numbers = normal({1234, 3}, rng);
  data::save_npy(directory / "a.npy", numbers);
  data::save_npz(directory / "a.npz", {{"numbers", numbers}});
  data::save(directory / "a.safetensors", {{"numbers", numbers}}, {{"step", "1234567"}});
  report::Series series{"loss", {1234, 1234567}, {0.25, 12345.5}};
  report::write_csv(directory / "a.csv", {{series}});
  {  // a gnuplot that keeps what it is told
    std::ofstream(directory / "gnuplot") << "#!/bin/sh\ncat \"$@\" >> \"$XGRAD_SCRIPT\"\n";
    fs::permissions(directory / "gnuplot", fs::perms::all);
    const std::string path = std::getenv("PATH") ? std::getenv("PATH") : "";
    setenv("XGRAD_SCRIPT", (directory / "script").c_str(), 1);
    setenv("PATH", (directory.string() + ":" + path).c_str(), 1);
    report::draw_curve(directory / "curve", {{series}}, {.title = "loss"});
    report::draw_images(directory / "images.png", normal({2, 2, 2}, rng) * 1234.5, {"a", "b"}, "digits");
    setenv("PATH", path.c_str(), 1);
  }
  for (const char* name : {"a.npy", "a.npz", "a.safetensors", "a.csv", "script"})
    said[name] = bytes_of(directory / name);
  said["npy read"] = printed(data::load_npy(directory / "a.npy"));
  said["progress"] = report::progress_line({"epoch 2/5", 1234567, 2345678, 3.0, 1234.5678}, 100);
  fs::remove_all(directory);
}

Said all_said() {
  Said said;
  say_errors(said);
  say_objects(said);
  const std::string directory = (fs::temp_directory_path() / ("xgrad_locale_" + std::to_string(getpid()))).string();
  say_files(said, directory);
  for (auto& [what, text] : said)
    for (std::size_t at; (at = text.find(directory)) != std::string::npos;) text.erase(at, directory.size());
  return said;
}

}  // namespace

TEST_CASE("a locale that groups digits changes no message and no file", "[process]") {
  const Said plain = all_said();
  Said grouped;
  {
    const InLocale locale;
    REQUIRE(printed(1234567) == "1 234 567");
    grouped = all_said();
  }
  for (const auto& [what, text] : plain) {
    INFO(what);
    CHECK(!text.empty());
    CHECK(text != "no error");
    CHECK(grouped[what] == text);
  }
}

}  // namespace xgrad::locale_test
