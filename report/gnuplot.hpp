#pragma once

#include <string>

#include "autograd/core/location.hpp"

namespace xgrad::report {

/// Runs gnuplot on a script that draws to the standard output, and writes what it drew into a file, which appears whole
/// or not at all: IoError, in the name of `operation`, otherwise. False, with one line on standard error, when gnuplot
/// is not installed or fails.
bool write_picture(const std::string& script, const char* operation, const std::string& path, const Location& where);

/// The text as a string of the gnuplot language.
std::string gnuplot_string(const std::string& text);

}  // namespace xgrad::report
