#include "data/csv.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "autograd/core/fail.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/tape/record.hpp"
#include "data/csv_number.hpp"
#include "data/csv_records.hpp"
#include "data/reading.hpp"

namespace xgrad::data {

namespace {

constexpr const char* csv_operation = "load_csv";

DType dtype_for(CsvType type) {
  constexpr DType dtypes[] = {xgrad::float32, xgrad::float64, xgrad::int64, xgrad::boolean, xgrad::int64};
  return dtypes[static_cast<std::size_t>(type)];
}

/// A column on its way into a Tensor.
struct Target {
  std::string name;
  std::size_t field;
  CsvType type;
  Buffer buffer{};
  std::vector<std::string> categories{};
  std::unordered_map<std::string, std::int64_t> codes{};

  template <class T>
  T& at(std::size_t row) const {
    return static_cast<T*>(buffer.data())[row];
  }
};

void check_options(const CsvOptions& options, const Location& where) {
  const auto usable = [](char c) { return c != '"' && c != '\n' && c != '\r' && c != '\0'; };
  check<ValueError>(usable(options.separator), where, csv_operation,
                    ": the separator is a quote, a line end or a zero byte");
  check<ValueError>(options.decimal == '.' || options.decimal == ',', where, csv_operation,
                    ": the decimal sign is neither '.' nor ','");
  check<ValueError>(options.decimal != options.separator, where, csv_operation,
                    ": separator and decimal sign are the same");
  std::unordered_set<std::string_view> chosen;
  for (const std::string& name : options.columns)
    check<ValueError>(chosen.insert(name).second, where, csv_operation, ": column ", printable(name),
                      " is chosen twice");
}

/// One file, read under its options.
class CsvReader {
 public:
  CsvReader(const std::string& path, const CsvOptions& options, const Location& where)
      : path_(path), options_(options), where_(where), file_(csv_operation, path, where) {}

  CsvTable read() {
    const std::size_t rows = count();
    for (Target& target : targets_)
      target.buffer = Buffer::allocate(rows * item_size(dtype_for(target.type)), csv_operation, where_);
    file_.rewind();
    CsvRecords records = all_records();
    bool same = !options_.header || records.next();
    for (std::size_t row = 0; row < rows; ++row) {
      same = same && records.next() && records.size() == width_;
      check<IoError>(same, where_, csv_operation, ": ", printable(path_), " was changed while it was read");
      for (Target& target : targets_) take(records, target, row);
    }
    CsvTable table;
    const Shape shape{static_cast<std::int64_t>(rows)};
    for (Target& target : targets_)
      table.columns.push_back({std::move(target.name), make_leaf(shape, dtype_for(target.type), target.buffer, where_),
                               std::move(target.categories)});
    return table;
  }

 private:
  CsvRecords all_records() { return CsvRecords(file_, options_.separator, csv_operation, path_, where_); }

  /// Reads through the file: how many rows it has, all of the same width, and where the chosen columns are.
  std::size_t count() {
    CsvRecords records = all_records();
    check<FormatError>(records.next(), where_, csv_operation, ": ", printable(path_), " is empty");
    width_ = records.size();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < width_; ++i)
      names.push_back(options_.header ? std::string(trimmed(records[i])) : std::to_string(i));
    choose(names);
    std::size_t rows = options_.header ? 0 : 1;
    for (; records.next(); ++rows)
      check<FormatError>(records.size() == width_, where_, csv_operation, ": ", printable(path_), ": line ",
                         records.line(), " has ", records.size(), records.size() == 1 ? " field" : " fields",
                         ", the first one has ", width_);
    return rows;
  }

  void choose(const std::vector<std::string>& names) {
    std::unordered_map<std::string_view, std::size_t> places, counts;
    for (std::size_t i = 0; i < names.size(); ++i) {
      places.emplace(names[i], i);
      ++counts[names[i]];
    }
    for (const auto& [name, type] : options_.types)
      check<ValueError>(places.contains(name), where_, csv_operation, ": ", printable(path_), " has no column ",
                        printable(name), ", for which there is a type");
    for (const std::string& name : options_.columns.empty() ? names : options_.columns) {
      const auto place = places.find(name);
      check<ValueError>(place != places.end(), where_, csv_operation, ": ", printable(path_), " has no column ",
                        printable(name));
      check<FormatError>(counts[name] == 1, where_, csv_operation, ": ", printable(path_), " has ", counts[name],
                         " columns named ", printable(name));
      const auto type = options_.types.find(name);
      targets_.push_back({name, place->second, type == options_.types.end() ? options_.type : type->second});
    }
    for (const Target& target : targets_) check_fill(target);
  }

  void check_fill(const Target& target) const {
    if (!options_.fill) return;
    const double fill = *options_.fill;
    const bool whole = std::abs(fill) < 0x1p63 && fill == std::trunc(fill);
    const bool fits = target.type == CsvType::float32
                          ? !(std::isfinite(fill) && std::abs(fill) > std::numeric_limits<float>::max())
                      : target.type == CsvType::float64 ? true
                      : target.type == CsvType::boolean ? fill == 0 || fill == 1
                                                        : whole;
    check<ValueError>(fits, where_, csv_operation, ": column ", printable(target.name), " cannot be filled with ",
                      fill);
  }

  [[noreturn]] void refuse(const CsvRecords& records, const Target& target, const char* what) const {
    fail<FormatError>(where_, csv_operation, ": ", printable(path_), ": line ", records.line(), ", column ",
                      target.field + 1, " (", printable(target.name),
                      "): ", printable(std::string(records[target.field].substr(0, 300))), " ", what);
  }

  template <class T>
  void take_number(const CsvRecords& records, const Target& target, std::size_t row) {
    const auto read = read_number(records[target.field], options_.decimal, options_.non_finite, target.at<T>(row));
    if (read == Reading::not_a_number)
      refuse(records, target, std::is_integral_v<T> ? "is not a whole number" : "is not a number");
    if (read == Reading::beyond) refuse(records, target, "is beyond what its dtype holds");
  }

  void take_boolean(const CsvRecords& records, const Target& target, std::size_t row) {
    const std::string_view text = trimmed(records[target.field]);
    const bool is_true = text == "1" || text == "true" || text == "True" || text == "TRUE";
    const bool is_false = text == "0" || text == "false" || text == "False" || text == "FALSE";
    if (!is_true && !is_false) refuse(records, target, "is none of 0, 1, true and false");
    target.at<bool>(row) = is_true;
  }

  void fill(const CsvRecords& records, const Target& target, std::size_t row) {
    if (!options_.fill) refuse(records, target, "has no value, and there is no `fill` to stand for it");
    const double value = *options_.fill;
    switch (target.type) {
      case CsvType::float32:
        target.at<float>(row) = static_cast<float>(value);
        break;
      case CsvType::float64:
        target.at<double>(row) = value;
        break;
      case CsvType::boolean:
        target.at<bool>(row) = value == 1;
        break;
      default:
        target.at<std::int64_t>(row) = static_cast<std::int64_t>(value);
    }
  }

  void take(const CsvRecords& records, Target& target, std::size_t row) {
    const std::string_view text = records[target.field];
    if (trimmed(text).empty() || std::ranges::find(options_.missing, text) != options_.missing.end())
      return fill(records, target, row);
    switch (target.type) {
      case CsvType::float32:
        return take_number<float>(records, target, row);
      case CsvType::float64:
        return take_number<double>(records, target, row);
      case CsvType::int64:
        return take_number<std::int64_t>(records, target, row);
      case CsvType::boolean:
        return take_boolean(records, target, row);
      case CsvType::category: {
        const auto next = static_cast<std::int64_t>(target.categories.size());
        const auto [code, fresh] = target.codes.try_emplace(std::string(text), next);
        if (fresh) target.categories.emplace_back(text);
        target.at<std::int64_t>(row) = code->second;
      }
    }
  }

  const std::string& path_;
  const CsvOptions& options_;
  Location where_;
  Contents file_;
  std::size_t width_ = 0;
  std::vector<Target> targets_;
};

}  // namespace

const CsvColumn& CsvTable::at(const std::string& name, const Location& where) const {
  const auto column = std::ranges::find(columns, name, &CsvColumn::name);
  check<IndexError>(column != columns.end(), where, "CsvTable: there is no column ", printable(name));
  return *column;
}

Tensor CsvTable::matrix(const std::vector<std::string>& names, const Location& where) const {
  std::vector<Tensor> chosen;
  for (const std::string& name : names) chosen.push_back(at(name, where).values);
  if (names.empty())
    for (const CsvColumn& column : columns) chosen.push_back(column.values);
  return stack(chosen, 1, where);
}

CsvTable load_csv(const std::string& path, const CsvOptions& options, const Location& where) {
  return reading(csv_operation, path, where, [&] {
    check_options(options, where);
    return CsvReader(path, options, where).read();
  });
}

}  // namespace xgrad::data
