#include "report/curve.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "autograd/core/fail.hpp"
#include "autograd/core/output_file.hpp"
#include "autograd/ops/create.hpp"
#include "report/gnuplot.hpp"

namespace xgrad::report {

namespace {

constexpr const char* colours[] = {"#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"};

std::string number(double value) { return general(value, 9); }

void check_series(std::span<const Series> series, const char* operation, const Location& where) {
  for (const Series& each : series)
    check<ShapeError>(each.x.size() == each.y.size(), where, operation, ": series '", each.name, "' has ",
                      each.x.size(), " x and ", each.y.size(), " y");
}

/// A CSV field: quoted when it has to be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

std::string block(std::size_t index, std::span<const double> x, std::span<const double> y) {
  std::string text = "$series" + std::to_string(index) + " << EOD\n";
  for (std::size_t i = 0; i < x.size(); ++i)
    if (std::isfinite(x[i]) && std::isfinite(y[i])) text += number(x[i]) + " " + number(y[i]) + "\n";
  return text + "EOD\n";
}

std::string settings(const CurveOptions& options) {
  std::string text = "set title " + gnuplot_string(options.title) + " noenhanced\n";
  text += "set xlabel " + gnuplot_string(options.x_label) + " noenhanced\n";
  text += "set ylabel " + gnuplot_string(options.y_label) + " noenhanced\n";
  if (options.logarithmic) text += "set logscale y\n";
  return text +
         "set format y '%g'\nset grid lc rgb '#dddddd'\nset border 3 lc rgb '#555555'\nset tics nomirror out\n"
         "set key top right noenhanced\n";
}

}  // namespace

std::vector<double> running_mean(std::span<const double> values, std::size_t window) {
  std::vector<double> means(values.size());
  const std::size_t half = window / 2;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t begin = i > half ? i - half : 0, end = std::min(values.size(), i + half + 1);
    double sum = 0;
    for (std::size_t k = begin; k < end; ++k) sum += values[k];
    means[i] = sum / static_cast<double>(end - begin);
  }
  return means;
}

std::vector<NamedTensor> Series::state() const {
  const auto column = [](const std::vector<double>& values) {
    return tensor(values, Shape{static_cast<std::int64_t>(values.size())}, float64);
  };
  return {{"x", column(x)}, {"y", column(y)}};
}

void Series::load_state(const std::vector<NamedTensor>& saved, const Location& where) {
  std::vector<NamedTensor> expected = state();
  // However many points there are.
  for (NamedTensor& each : expected)
    for (const NamedTensor& found : saved)
      if (found.name == each.name && found.value.defined() && found.value.ndim() == 1 && found.value.dtype() == float64)
        each.value = found.value;
  const std::vector<Tensor> values = match_state(expected, saved, "load_state", where);
  check<FormatError>(values[0].numel() == values[1].numel(), where, "load_state: a Series of ", values[0].numel(),
                     " x and ", values[1].numel(), " y");
  x = values[0].to_vector(where);
  y = values[1].to_vector(where);
}

void write_csv(const std::string& path, std::span<const Series> series, const std::string& x_label,
               const Location& where) {
  check_series(series, "write_csv", where);
  std::map<double, std::vector<std::string>> rows;
  for (std::size_t column = 0; column < series.size(); ++column) {
    for (std::size_t i = 0; i < series[column].x.size(); ++i) {
      auto& row = rows[series[column].x[i]];
      row.resize(series.size());
      row[column] = number(series[column].y[i]);
    }
  }
  std::string text = field(x_label);
  for (const Series& each : series) text += "," + field(each.name);
  text += "\n";
  for (const auto& [x, row] : rows) {
    text += number(x);
    for (const std::string& value : row) text += "," + value;
    text += "\n";
  }
  OutputFile file("write_csv", path, where);
  file.write(text);
  file.commit();
}

bool draw_curve(const std::string& stem, std::span<const Series> series, const CurveOptions& options,
                const Location& where) {
  check_series(series, "draw_curve", where);
  std::string script = settings(options), faint, bold;
  std::size_t blocks = 0;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Series& each = series[i];
    if (each.x.empty()) continue;
    const std::string colour = colours[i % std::size(colours)];
    const auto line = [&](const std::string& y_style, const std::string& title) {
      return "$series" + std::to_string(blocks++) + " using 1:2 with " + y_style + " title " + title + ", ";
    };
    if (each.style == Series::Style::noisy) {
      script += block(blocks, each.x, each.y);
      faint += line("lines lw 1 lc rgb '#bb" + colour.substr(1) + "'", "''");
      const std::size_t window = std::max<std::size_t>(each.y.size() / 50, 1);
      script += block(blocks, each.x, running_mean(each.y, window));
    } else {
      script += block(blocks, each.x, each.y);
    }
    const std::string style = each.style == Series::Style::points ? "linespoints pt 7 ps 0.8" : "lines";
    bold += line(style + " lw 2 lc rgb '" + colour + "'", gnuplot_string(each.name));
  }
  check<ValueError>(!bold.empty(), where, "draw_curve: there is no point to draw");
  // The bold lines lie over the faint ones.
  std::string lines = faint + bold;
  lines.resize(lines.size() - 2);
  const auto plot = [&](const std::string& terminal, const std::string& path) {
    return write_picture("set terminal " + terminal + "\n" + script + "plot " + lines + "\n", "draw_curve", path,
                         where);
  };
  return plot("pngcairo size 960,600 font 'sans,11'", stem + ".png") &&
         plot("svg size 960,600 font 'sans,14' background '#ffffff'", stem + ".svg");
}

}  // namespace xgrad::report
