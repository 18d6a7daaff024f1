#include "tests/reference_check/record.hpp"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "autograd/core/error.hpp"

namespace xgrad::reference {

namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& place, const char* wanted, const Json& got) {
  throw FormatError(place + " must be " + wanted + ", it is " + got.dump().substr(0, 60));
}

double to_number(const Json& value, const std::string& place) {
  if (value.is_number()) return value.get<double>();
  if (value == "inf") return std::numeric_limits<double>::infinity();
  if (value == "-inf") return -std::numeric_limits<double>::infinity();
  if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
  refuse(place, "a number", value);
}

std::int64_t to_integer(const Json& value, const std::string& place) {
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    return value.get<std::int64_t>();
  if (value.is_number_integer() && !value.is_number_unsigned()) return value.get<std::int64_t>();
  if (value.is_number_float() && std::abs(value.get<double>()) < 0x1p53 &&
      std::trunc(value.get<double>()) == value.get<double>())
    return static_cast<std::int64_t>(value.get<double>());
  refuse(place, "a whole number", value);
}

template <class T, class Convert>
std::vector<T> to_list(const Json& value, const std::string& place, Convert&& convert) {
  std::vector<T> list;
  if (!value.is_array()) return {convert(value, place)};
  for (const Json& element : value) list.push_back(convert(element, place));
  return list;
}

}  // namespace

Record::Record(const Json& object, std::string path) : object_(&object), path_(std::move(path)) {
  if (!object.is_object()) refuse(path_.empty() ? "the index" : path_, "an object", object);
}

std::string Record::place(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

bool Record::has(const std::string& key) const {
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

const Json& Record::at(const std::string& key) const {
  if (!has(key)) throw FormatError(place(key) + " is missing");
  return *object_->find(key);
}

bool Record::is_list(const std::string& key) const { return has(key) && at(key).is_array(); }
bool Record::is_number(const std::string& key) const { return has(key) && at(key).is_number(); }

std::vector<std::string> Record::keys() const {
  std::vector<std::string> keys;
  for (const auto& item : object_->items()) keys.push_back(item.key());
  return keys;
}

double Record::number(const std::string& key) const { return to_number(at(key), place(key)); }
double Record::number(const std::string& key, double fallback) const { return has(key) ? number(key) : fallback; }
std::int64_t Record::integer(const std::string& key) const { return to_integer(at(key), place(key)); }
std::int64_t Record::integer(const std::string& key, std::int64_t fallback) const {
  return has(key) ? integer(key) : fallback;
}

bool Record::flag(const std::string& key, bool fallback) const {
  if (!has(key)) return fallback;
  if (at(key).is_boolean()) return at(key).get<bool>();
  if (at(key) == 0 || at(key) == 1) return at(key) == 1;
  refuse(place(key), "true or false", at(key));
}

std::string Record::text(const std::string& key) const {
  if (!at(key).is_string()) refuse(place(key), "a string", at(key));
  return at(key).get<std::string>();
}
std::string Record::text(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

std::vector<std::int64_t> Record::integers(const std::string& key) const {
  return to_list<std::int64_t>(at(key), place(key), to_integer);
}
std::vector<double> Record::numbers(const std::string& key) const {
  return to_list<double>(at(key), place(key), to_number);
}

Record Record::record(const std::string& key) const { return Record(at(key), place(key)); }

std::vector<Record> Record::records(const std::string& key) const {
  if (!at(key).is_array()) refuse(place(key), "a list", at(key));
  std::vector<Record> records;
  for (const Json& element : at(key)) records.emplace_back(element, place(key) + "." + std::to_string(records.size()));
  return records;
}

std::vector<std::vector<std::optional<std::int64_t>>> Record::rows(const std::string& key) const {
  if (!at(key).is_array()) refuse(place(key), "a list of lists", at(key));
  std::vector<std::vector<std::optional<std::int64_t>>> rows;
  for (const Json& row : at(key)) {
    if (!row.is_array()) refuse(place(key), "a list of lists", at(key));
    auto& numbers = rows.emplace_back();
    for (const Json& element : row)
      numbers.push_back(element.is_null() ? std::nullopt : std::optional(to_integer(element, place(key))));
  }
  return rows;
}

}  // namespace xgrad::reference
