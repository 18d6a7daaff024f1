#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "autograd/tape/tensor.hpp"

namespace xgrad::data {

/// What the fields of a column are, and what becomes of them: numbers of this dtype; for boolean, 0, 1, true or false;
/// categories are texts, which become int64, from 0 on in the order in which they first appear.
enum class CsvType : std::uint8_t { float32, float64, int64, boolean, category };

/// How a CSV file is read:
///
///     data::load_csv("iris.csv", {.types = {{"species", data::CsvType::category}}});
///     data::load_csv("prices.csv", {.separator = ';', .decimal = ',', .columns = {"price"}, .missing = {"NA"}, .fill =
///     0});
struct CsvOptions {
  char separator = ',';
  char decimal = '.';                  ///< between the whole and the fraction of a number
  bool header = true;                  ///< whether the first record names the columns; if not, they are "0", "1", ...
  std::vector<std::string> columns{};  ///< which are read, in this order; without any, all
  CsvType type = CsvType::float32;     ///< of the columns that `types` does not name
  std::map<std::string, CsvType> types{};  ///< of single columns
  std::vector<std::string> missing{};      ///< fields that have no value, beside empty ones
  std::optional<double> fill{};            ///< what stands where there is no value; without it, that is a FormatError
  bool non_finite = false;                 ///< whether nan, inf and infinity are numbers
};

struct CsvColumn {
  std::string name;
  Tensor values;                        ///< [rows]
  std::vector<std::string> categories;  ///< what the numbers of a column of categories stand for
};

/// The columns of a file that were read.
struct CsvTable {
  std::vector<CsvColumn> columns;

  std::int64_t rows() const { return columns.empty() ? 0 : columns[0].values.size(0); }
  /// The column of that name. IndexError when there is none.
  const CsvColumn& operator[](const std::string& name) const { return at(name); }
  const CsvColumn& at(const std::string& name, const Location& where = Location::current()) const;
  /// [rows, columns], or those of the columns that are named. DTypeError when they have several dtypes.
  Tensor matrix(const std::vector<std::string>& names = {}, const Location& where = Location::current()) const;
};

/// Reads a CSV file (RFC 4180), gzip-compressed or not: records of equally many fields, LF or CRLF at the end of each,
/// quotes around fields that hold separators, quotes (doubled) or line ends. Blanks around a number do not count. A
/// number that is nearer to 0 than its dtype can say is 0; the locale plays no part. The file is read twice, so that
/// no more memory is taken than the Tensors need. IoError when it cannot be read; FormatError, with line and column,
/// for what is not what `options` say, a number beyond its dtype included; ValueError for options that contradict
/// each other or name a column that is not there; LimitError for records of more than 16 MiB.
CsvTable load_csv(const std::string& path, const CsvOptions& options = {}, const Location& where = Location::current());

}  // namespace xgrad::data
