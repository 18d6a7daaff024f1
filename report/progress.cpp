#include "report/progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "autograd/core/text.hpp"

namespace xgrad::report {

namespace {

bool moves_in_place(std::FILE* out) {
  const char *colour = std::getenv("NO_COLOR"), *terminal = std::getenv("TERM");
  return ::isatty(::fileno(out)) && !(colour && *colour) && !(terminal && std::strcmp(terminal, "dumb") == 0);
}

int width_of(std::FILE* out) {
  winsize size{};
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string duration(double seconds) {
  const auto whole = static_cast<long>(std::ceil(std::min(seconds, 1e6)));
  char text[32];
  if (whole < 3600)
    std::snprintf(text, sizeof text, "%ld:%02ld", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", whole / 3600, whole / 60 % 60, whole % 60);
  return text;
}

std::string bar(double part, int width) {
  const int filled = std::clamp(static_cast<int>(part * width), 0, width);
  std::string text = "[" + std::string(static_cast<std::size_t>(filled), '=');
  text.resize(static_cast<std::size_t>(width) + 1, ' ');
  if (filled < width) text[static_cast<std::size_t>(filled) + 1] = '>';
  return text + "]";
}

}  // namespace

std::string progress_line(const ProgressState& state, int width) {
  const double part =
      state.total > 0 ? std::clamp(static_cast<double>(state.done) / static_cast<double>(state.total), 0.0, 1.0) : 1.0;
  const double rate = state.seconds > 0 ? static_cast<double>(state.done) / state.seconds : 0;
  const std::string percent = std::to_string(static_cast<int>(part * 100));
  std::string text = std::string(4 - percent.size(), ' ') + percent + "%  loss " + fixed(state.loss, 4) + "  " +
                     fixed(rate, 0) + ' ' + state.unit + "/s";
  if (rate > 0) text += "  " + duration(static_cast<double>(state.total - state.done) / rate) + " left";
  constexpr int narrowest_bar = 5, widest_bar = 40;
  const int room = width - static_cast<int>(state.label.size() + text.size()) - 3;
  std::string line = state.label;
  if (room >= narrowest_bar) line += " " + bar(part, std::min(room, widest_bar));
  line += text;
  if (static_cast<int>(line.size()) > width) line.resize(static_cast<std::size_t>(std::max(width, 0)));
  return line;
}

Progress::Progress(std::string label, std::int64_t total, std::string unit, std::FILE* out, std::optional<bool> moving)
    : out_(out), moving_(moving.value_or(moves_in_place(out))) {
  state_.label = std::move(label);
  state_.total = total;
  state_.unit = std::move(unit);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void Progress::advance(std::int64_t count, double loss) {
  state_.done += count;
  state_.loss = loss;
  if (!moving_) return;
  const Clock::time_point now = Clock::now();
  if (drawn_ && now - latest_ < std::chrono::milliseconds(100)) return;
  latest_ = now;
  state_.seconds = std::chrono::duration<double>(now - start_).count();
  // One column stays free: a full line would wrap on some terminals.
  std::fprintf(out_, "\r\033[K%s", progress_line(state_, width_of(out_) - 1).c_str());
  std::fflush(out_);
  drawn_ = true;
}

void Progress::clear() {
  if (!std::exchange(drawn_, false)) return;
  std::fputs("\r\033[K", out_);
  std::fflush(out_);
}

}  // namespace xgrad::report
