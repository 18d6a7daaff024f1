#include "report/digits.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "autograd/core/fail.hpp"
#include "autograd/ops/create.hpp"
#include "autograd/ops/index.hpp"
#include "report/gnuplot.hpp"

namespace xgrad::report {

namespace {

struct Scored {
  Mistake mistake;
  double label_log_probability;
};

/// The mistake in one row of logits.
Scored score(const double* logits, std::int64_t classes, std::int64_t index, std::int64_t label) {
  const std::int64_t predicted = std::max_element(logits, logits + classes) - logits;
  double total = 0;
  for (std::int64_t c = 0; c < classes; ++c) total += std::exp(logits[c] - logits[predicted]);
  const double log_probability = logits[label] - logits[predicted] - std::log(total);
  // A NaN is as wrong as can be; and it cannot be sorted.
  return {{index, label, predicted, 1 / total}, std::isnan(log_probability) ? -INFINITY : log_probability};
}

struct Grid {
  std::size_t columns, rows, tile_width, tile_height, caption_height, title_height;
  std::size_t width() const { return columns * tile_width; }
  std::size_t height() const { return rows * tile_height + title_height; }
};

Grid grid_for(const std::vector<std::string>& captions, bool titled) {
  const std::size_t columns = std::min<std::size_t>(captions.size(), 6);
  std::ptrdiff_t lines = 1;
  for (const std::string& caption : captions)
    lines = std::max(lines, 1 + std::count(caption.begin(), caption.end(), '\n'));
  const std::size_t caption_height = 16 + 18 * static_cast<std::size_t>(lines);
  return {columns,
          (captions.size() + columns - 1) / columns,
          170,
          162 + caption_height,
          caption_height,
          titled ? std::size_t{44} : 0};
}

/// Places tile `i` of a grid; gnuplot measures from the lower left corner, in parts of the picture.
std::string placement(const Grid& grid, std::size_t i) {
  const auto width = static_cast<double>(grid.width()), height = static_cast<double>(grid.height());
  const std::size_t row = i / grid.columns, column = i % grid.columns;
  constexpr double gap = 8;
  const auto caption = static_cast<double>(grid.caption_height);
  const double left = static_cast<double>(column * grid.tile_width) + gap;
  const double top = height - static_cast<double>(grid.title_height + row * grid.tile_height) - caption;
  const double right = left + static_cast<double>(grid.tile_width) - 2 * gap;
  const double bottom = top + caption - static_cast<double>(grid.tile_height) + gap;
  const auto margin = [](const char* side, double at) {
    return std::string("set ") + side + "margin at screen " + fixed(at, 5) + '\n';
  };
  return margin("l", left / width) + margin("r", right / width) + margin("t", top / height) +
         margin("b", bottom / height);
}

std::string pixels(const std::vector<double>& values, std::int64_t image, std::int64_t rows, std::int64_t columns) {
  std::string text = "$image << EOD\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const double value = values[static_cast<std::size_t>((image * rows + row) * columns + column)];
      text += general(std::isfinite(value) ? value : 0.0, 4) + ' ';
    }
    text += "\n";
  }
  return text + "EOD\n";
}

}  // namespace

std::vector<Mistake> worst_mistakes(const Tensor& logits, const Tensor& labels, std::int64_t count,
                                    const Location& where) {
  check<GraphError>(logits.defined() && labels.defined(), where,
                    "worst_mistakes: the logits or the labels are undefined");
  check<ShapeError>(logits.ndim() == 2 && labels.ndim() == 1 && labels.size(0) == logits.size(0), where,
                    "worst_mistakes: needs logits [N, C] and labels [N], got ", describe(logits), " and ",
                    describe(labels));
  const std::vector<double> scores = logits.to_vector(where);
  const auto truth = labels.data<std::int64_t>(where);
  const std::int64_t classes = logits.size(1);
  std::vector<Scored> mistakes;
  for (std::int64_t i = 0; i < logits.size(0); ++i) {
    const std::int64_t label = truth[static_cast<std::size_t>(i)];
    check<IndexError>(label >= 0 && label < classes, where, "worst_mistakes: label ", label, " of sample ", i,
                      " is not one of ", classes, " classes");
    const Scored scored = score(scores.data() + i * classes, classes, i, label);
    if (scored.mistake.predicted != label) mistakes.push_back(scored);
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Scored& a, const Scored& b) { return a.label_log_probability < b.label_log_probability; });
  if (static_cast<std::int64_t>(mistakes.size()) > count) mistakes.resize(static_cast<std::size_t>(count));
  std::vector<Mistake> worst;
  for (const Scored& scored : mistakes) worst.push_back(scored.mistake);
  return worst;
}

bool draw_images(const std::string& path, const Tensor& images, const std::vector<std::string>& captions,
                 const std::string& title, const Location& where) {
  check<GraphError>(images.defined(), where, "draw_images: the images are undefined");
  const bool flat = images.ndim() == 2;
  const auto side = flat ? static_cast<std::int64_t>(std::lround(std::sqrt(images.size(1)))) : 0;
  check<ShapeError>(images.ndim() == 3 || (flat && side * side == images.size(1)), where,
                    "draw_images: needs [N, H, W] or [N, H * H], got ", describe(images));
  check<ShapeError>(!captions.empty() && static_cast<std::int64_t>(captions.size()) == images.size(0), where,
                    "draw_images: ", captions.size(), " captions for images ", describe(images));
  const std::int64_t rows = flat ? side : images.size(1), columns = flat ? side : images.size(2);
  const std::vector<double> values = images.to_vector(where);
  const Grid grid = grid_for(captions, !title.empty());
  std::string script = "set terminal pngcairo size " + std::to_string(grid.width()) + "," +
                       std::to_string(grid.height()) + " font 'sans,10'\nset multiplot\n";
  if (!title.empty())
    script += "set label 1 " + gnuplot_string(title) + " at screen 0.5, screen " +
              fixed(1 - 22.0 / static_cast<double>(grid.height()), 6) + " center font 'sans,14' noenhanced front\n";
  script +=
      "unset key\nunset colorbox\nunset tics\nset border lc rgb '#999999'\nset palette gray negative\n"
      "set cbrange [0:1]\nset yrange [] reverse\nset autoscale xfix\nset autoscale yfix\n";
  for (std::size_t i = 0; i < captions.size(); ++i) {
    script += pixels(values, static_cast<std::int64_t>(i), rows, columns) + placement(grid, i);
    script += "set title " + gnuplot_string(captions[i]) + " noenhanced offset 0,-0.6\n";
    script += "plot $image matrix with image\nunset label 1\n";
  }
  return write_picture(script + "unset multiplot\n", "draw_images", path, where);
}

bool draw_mistakes(const std::string& path, const Tensor& images, const Tensor& labels, const Tensor& logits,
                   const std::vector<std::string>& names, const std::string& title, std::int64_t count,
                   const Location& where) {
  const CallScope scope("draw_mistakes", where);
  const std::vector<Mistake> mistakes = worst_mistakes(logits, labels, count, where);
  if (mistakes.empty()) return false;
  const auto name = [&](std::int64_t index) {
    check<IndexError>(index < static_cast<std::int64_t>(names.size()), where, "draw_mistakes: class ", index, " of ",
                      names.size(), " names");
    return names[static_cast<std::size_t>(index)];
  };
  std::vector<std::int64_t> indices;
  std::vector<std::string> captions;
  for (const auto& [index, label, predicted, confidence] : mistakes) {
    indices.push_back(index);
    const std::string percent = std::to_string(std::lround(100 * confidence)) + " %";
    captions.push_back(name(label) + "\ntaken for " + name(predicted) + ", " + percent);
  }
  return draw_images(path, take(images, tensor(indices)), captions, title, where);
}

}  // namespace xgrad::report
