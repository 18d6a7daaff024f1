#include "data/safetensors_header.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

#include "autograd/core/fail.hpp"
#include "data/file.hpp"

namespace xgrad::data {

namespace {

constexpr const char* header_operation = "load";

constexpr std::pair<std::string_view, ElementType> types[] = {
    {"F32", ElementType::f32}, {"F64", ElementType::f64},   {"I64", ElementType::i64}, {"BOOL", ElementType::boolean},
    {"F16", ElementType::f16}, {"BF16", ElementType::bf16}, {"I32", ElementType::i32}, {"I16", ElementType::i16},
    {"I8", ElementType::i8},   {"U64", ElementType::u64},   {"U32", ElementType::u32}, {"U16", ElementType::u16},
    {"U8", ElementType::u8}};

/// Listens to the JSON parser. Every object, list and value has its place; whatever comes elsewhere is refused at
/// once, so that neither deep nesting nor repeated keys get anywhere.
class HeaderReader {
 public:
  HeaderReader(const std::string& path, const Location& where) : path_(path), where_(where) {}

  SafetensorsHeader header;

  bool start_object(std::size_t) {
    switch (place_) {
      case Place::before:
        place_ = Place::top;
        return true;
      case Place::name:
        place_ = name_ == "__metadata__" ? Place::metadata : Place::tensor;
        item_ = {};
        return true;
      default:
        refuse("an object");
    }
  }
  bool end_object() {
    if (place_ == Place::tensor) finish_tensor();
    place_ = place_ == Place::top ? Place::after : Place::top;
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ == Place::tensor && field_ == "shape" && !item_.shape) {
      item_.shape.emplace();
      place_ = Place::shape;
    } else if (place_ == Place::tensor && field_ == "data_offsets" && item_.offsets.empty()) {
      place_ = Place::offsets;
    } else {
      refuse("a list");
    }
    return true;
  }
  bool end_array() {
    if (place_ == Place::offsets) require(item_.offsets.size() == 2, "data_offsets that are not two");
    place_ = Place::tensor;
    return true;
  }
  bool key(std::string& key) {
    if (place_ == Place::tensor) {
      const int field = key == "dtype" ? 0 : key == "shape" ? 1 : key == "data_offsets" ? 2 : 3;
      require(field < 3, "an unknown field");
      require(!std::exchange(item_.seen[field], true), "a field given twice");
      field_ = key;
    } else if (place_ == Place::metadata) {
      require(!header.metadata.contains(key), "a metadata key given twice");
      check<LimitError>(header.metadata.size() < most_metadata, where_, header_operation, ": ", printable(path_),
                        " has more than ", most_metadata, " keys of metadata");
      field_ = key;
    } else {
      check<LimitError>(key.size() <= longest_name, where_, header_operation, ": ", printable(path_), ": the name ",
                        printable(key), " has more than ", longest_name, " bytes");
      name_ = key;
      require(names_.insert(key).second, "a name given twice");
      place_ = Place::name;
    }
    return true;
  }
  bool string(std::string& text) {
    if (place_ == Place::metadata) {
      header.metadata[field_] = text;
      return true;
    }
    if (place_ != Place::tensor || field_ != "dtype") refuse("a string");
    for (const auto& [name, type] : types)
      if (text == name) item_.type = type;
    check<FormatError>(item_.type.has_value(), where_, header_operation, ": ", printable(path_), ": tensor ",
                       printable(name_), ": dtype ", printable(text), " is not supported");
    return true;
  }
  bool number_unsigned(std::uint64_t number) {
    check<LimitError>(number >> 63 == 0, where_, header_operation, ": ", printable(path_), ": tensor ",
                      printable(name_), ": ", number, " is beyond what can be held");
    if (place_ == Place::shape) {
      require(static_cast<std::int64_t>(item_.shape->size()) < max_ndim, "more axes than are supported");
      item_.shape->push_back(static_cast<std::int64_t>(number));
    } else if (place_ == Place::offsets) {
      require(item_.offsets.size() < 2, "data_offsets that are not two");
      item_.offsets.push_back(number);
    } else {
      refuse("a number");
    }
    return true;
  }
  bool number_integer(std::int64_t) { refuse("a negative number"); }
  bool number_float(double, const std::string&) { refuse("a number that is not whole"); }
  bool null() { refuse("null"); }
  bool boolean(bool) { refuse("a bool"); }
  bool binary(std::vector<std::uint8_t>&) { refuse("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    fail<FormatError>(where_, header_operation, ": ", printable(path_), ": the header is not JSON at byte ",
                      8 + position);
  }

 private:
  enum class Place { before, top, name, tensor, metadata, shape, offsets, after };
  struct PartialItem {
    bool seen[3] = {};
    std::optional<ElementType> type;
    std::optional<std::vector<std::int64_t>> shape;
    std::vector<std::uint64_t> offsets;
  };

  [[noreturn]] void refuse(const char* what) const {
    fail<FormatError>(where_, header_operation, ": ", printable(path_), ": the header has ", what, " out of place",
                      " after the name ", printable(name_));
  }
  void require(bool condition, const char* what) const {
    if (!condition)
      fail<FormatError>(where_, header_operation, ": ", printable(path_), ": the header has ", what, " in ",
                        printable(name_));
  }
  void finish_tensor() {
    require(item_.type && item_.shape && item_.offsets.size() == 2, "no dtype, shape or data_offsets");
    check<LimitError>(header.items.size() < most_tensors, where_, header_operation, ": ", printable(path_),
                      " has more than ", most_tensors, " tensors");
    header.items.push_back({name_, *item_.type, *item_.shape, item_.offsets[0], item_.offsets[1]});
  }

  const std::string& path_;
  Location where_;
  Place place_ = Place::before;
  std::unordered_set<std::string> names_;
  std::string name_;
  std::string field_;
  PartialItem item_;
};

void check_layout(SafetensorsHeader& header, std::uint64_t bytes, const std::string& path, const Location& where) {
  auto& items = header.items;
  std::stable_sort(items.begin(), items.end(),
                   [](const auto& a, const auto& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::uint64_t at = 0;
  for (const auto& item : items) {
    const std::uint64_t size = checked_bytes(item.type, item.shape, header_operation, path, where);
    check<FormatError>(item.begin <= item.end && item.end - item.begin == size, where, header_operation, ": ",
                       printable(path), ": tensor ", printable(item.name), ": shape ", item.shape, " needs ", size,
                       " bytes, its data_offsets are [", item.begin, ", ", item.end, "]");
    check<FormatError>(item.begin == at, where, header_operation, ": ", printable(path), ": tensor ",
                       printable(item.name), " starts at byte ", item.begin, " of the data, where ", at,
                       " is expected");
    at = item.end;
  }
  check<FormatError>(at == bytes, where, header_operation, ": ", printable(path), ": the tensors take ", at,
                     " bytes of data, the file has ", bytes);
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& json, std::uint64_t bytes, const std::string& path,
                                           const Location& where) {
  check<FormatError>(!json.empty() && json[0] == '{', where, header_operation, ": ", printable(path),
                     ": the header does not start with '{' at byte 8");
  HeaderReader reader(path, where);
  nlohmann::json::sax_parse(json, &reader);
  check_layout(reader.header, bytes, path, where);
  return std::move(reader.header);
}

std::string write_safetensors_header(const SafetensorsHeader& header) {
  const auto string = [](const std::string& text) { return nlohmann::json(text).dump(); };
  std::string text = "{";
  if (!header.metadata.empty()) text += "\"__metadata__\":" + nlohmann::json(header.metadata).dump() + ",";
  for (const auto& item : header.items) {
    const auto type = std::find_if(std::begin(types), std::end(types), [&](auto& t) { return t.second == item.type; });
    text += string(item.name) + ":{\"dtype\":\"" + std::string(type->first) + "\",\"shape\":[";
    for (const std::int64_t size : item.shape) text += std::to_string(size) + ",";
    if (text.back() == ',') text.pop_back();
    text += "],\"data_offsets\":[" + std::to_string(item.begin) + "," + std::to_string(item.end) + "]},";
  }
  if (text.back() == ',') text.pop_back();
  text += "}";
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

}  // namespace xgrad::data
