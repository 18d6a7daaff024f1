#pragma once

#include <string>

namespace xgrad::report {

/// Runs gnuplot on a script. False, with one line on standard error, when gnuplot is not installed or fails.
bool run_gnuplot(const std::string& script);

/// The text as a string of the gnuplot language.
std::string gnuplot_string(const std::string& text);

}  // namespace xgrad::report
