#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace xgrad::reference {

/// An object of the index, read key by key. A key that is absent or null takes the fallback; without one, and for a
/// value of another kind, it is a FormatError that names the key. The index must outlive it.
class Record {
 public:
  /// FormatError unless `object` is an object; `path` says in messages where it stands.
  Record(const nlohmann::json& object, std::string path);

  bool has(const std::string& key) const;
  bool is_list(const std::string& key) const;
  bool is_number(const std::string& key) const;
  std::vector<std::string> keys() const;

  /// A number, or one of the strings "inf", "-inf" and "nan".
  double number(const std::string& key) const;
  double number(const std::string& key, double fallback) const;
  std::int64_t integer(const std::string& key) const;
  std::int64_t integer(const std::string& key, std::int64_t fallback) const;
  bool flag(const std::string& key, bool fallback) const;
  std::string text(const std::string& key) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  /// A list; a single number is a list of one.
  std::vector<std::int64_t> integers(const std::string& key) const;
  std::vector<double> numbers(const std::string& key) const;
  Record record(const std::string& key) const;
  std::vector<Record> records(const std::string& key) const;
  /// A list of lists whose entries may be null.
  std::vector<std::vector<std::optional<std::int64_t>>> rows(const std::string& key) const;

 private:
  const nlohmann::json& at(const std::string& key) const;
  std::string place(const std::string& key) const;

  const nlohmann::json* object_;
  std::string path_;
};

}  // namespace xgrad::reference
