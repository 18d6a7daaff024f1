#pragma once

#include <concepts>
#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape/state.hpp"

namespace xgrad::data {

/// What names of a file are called in the object that is loaded: a function of the name, or a list. In a list, what
/// ends in a dot stands for every name that begins so; the whole name goes before, then the longest beginning:
///
///     {{"fc1.", "hidden."}, {"fc2.weight", "output.weight"}, {"module.", ""}}
class Renaming {
 public:
  Renaming() = default;
  /// ValueError for a name that is given twice.
  Renaming(std::initializer_list<std::pair<std::string, std::string>> rules,
           const Location& where = Location::current());
  Renaming(std::vector<std::pair<std::string, std::string>> rules, const Location& where = Location::current());
  template <std::invocable<const std::string&> F>
  requires std::convertible_to<std::invoke_result_t<F, const std::string&>, std::string> Renaming(F function)
      : function_(std::move(function)) {}

  /// The new names, in the same order. ValueError for a rule that none of the names needs: it is mistyped.
  std::vector<std::string> apply(const std::vector<std::string>& names, const char* operation,
                                 const Location& where) const;

 private:
  std::vector<std::pair<std::string, std::string>> rules_;
  std::function<std::string(const std::string&)> function_;
};

/// How a file is taken over by a model or an optimiser:
///
///     data::load("bert.safetensors", encoder, {.strict = false, .rename = {{"bert.encoder.", ""}}});
///     data::load("classifier.safetensors", model, {.only = {"hidden.*"}});
struct LoadOptions {
  /// Whether the file and the object must have the same names. If not, what the file lacks stays as it is, and what the
  /// object lacks is left; shapes and dtypes must fit all the same.
  bool strict = true;
  /// From the names of the file to those of the object.
  Renaming rename{};
  /// Patterns for the names of the object, `*` standing for any characters and `?` for one. What matches none stays as
  /// it is, and is no concern of `strict`. Without patterns, everything is loaded.
  std::vector<std::string> only{};
  /// Whether floating values are rounded or widened to the dtype that the object has: float64 files into a float32
  /// model (magnitudes beyond float32 become infinite), and the other way round. float16 and bfloat16 are float32 as
  /// soon as they are read, and need no cast to that.
  bool cast = false;
};

/// What was not loaded; both are empty when `strict`.
struct LoadReport {
  std::vector<std::string> missing;     ///< names of the object that the file lacks, random states included
  std::vector<std::string> unexpected;  ///< names of the file, as they are there, that the object lacks
};

/// A state for an object's `load_state`, and what is not in it.
struct FittedState {
  std::vector<NamedTensor> state;
  LoadReport report;
};

/// Makes `saved` a state of an object whose present one is `present`: renames, selects, casts, and puts present values
/// where others may be missing. What still does not fit, `load_state` finds. A tied Parameter that is saved under one
/// of its names needs no other. ValueError for a pattern that no name of the object matches and for a renaming of
/// nothing; FormatError when `saved` has nothing at all for the object.
FittedState fit_state(const std::vector<NamedTensor>& saved, const std::vector<NamedTensor>& present,
                      const LoadOptions& options, const char* operation = "load_state",
                      const Location& where = Location::current());

/// Which of the values that are saved under these names `fit_state` looks at: the others need not be read, and may be
/// undefined.
std::vector<bool> needed_values(const std::vector<std::string>& names, const std::vector<NamedTensor>& present,
                                const LoadOptions& options, const char* operation, const Location& where);

}  // namespace xgrad::data
