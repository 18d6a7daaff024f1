#include "data/safetensors_file.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

#include "autograd/core/fail.hpp"
#include "data/checksum.hpp"
#include "data/file.hpp"

namespace xgrad::data {

namespace {

constexpr const char* state_version = "1";
constexpr std::uint64_t longest_header = 100'000'000;
constexpr const char *header_note = "xxh3_64.header", *tensors_note = "xxh3_64.tensors";
constexpr std::string_view no_checksum = "0000000000000000";

bool is_own(const std::string& key) { return key == header_note || key == tensors_note; }

void check_name(const std::string& name, const char* operation, const Location& where) {
  check<ValueError>(name != "__metadata__" && is_utf8(name), where, operation, ": the name ", printable(name),
                    name == "__metadata__" ? " is reserved" : " is not UTF-8");
  check<LimitError>(name.size() <= longest_name, where, operation, ": the name ", printable(name), " has ", name.size(),
                    " bytes, the most is ", longest_name);
}

/// In the order of their bytes: wide elements first, so that all are aligned, then by name.
std::vector<const NamedTensor*> file_order(const std::vector<NamedTensor>& tensors, FloatStorage floats,
                                           const char* operation, const Location& where) {
  check<LimitError>(tensors.size() <= most_tensors, where, operation, ": ", tensors.size(),
                    " tensors for one file, the most is ", most_tensors);
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& tensor : tensors) {
    check<GraphError>(tensor.value.defined(), where, operation, ": ", printable(tensor.name), " is undefined");
    check_name(tensor.name, operation, where);
    order.push_back(&tensor);
  }
  const auto by_name = [](const NamedTensor* tensor) -> const std::string& { return tensor->name; };
  std::ranges::sort(order, {}, by_name);
  const auto twice = std::ranges::adjacent_find(order, {}, by_name);
  if (twice != order.end())
    fail<ValueError>(where, operation, ": the name ", printable((*twice)->name), " is given twice");
  std::ranges::stable_sort(order, std::greater(), [&](const NamedTensor* tensor) {
    return item_size(stored_type(tensor->value.dtype(), floats));
  });
  return order;
}

void check_metadata(const Metadata& metadata, const char* operation, const Location& where) {
  check<LimitError>(metadata.size() + 2 <= most_metadata, where, operation, ": ", metadata.size(),
                    " notes for one file, the most is ", most_metadata - 2);
  for (const auto& [key, value] : metadata) {
    check<ValueError>(is_utf8(key) && is_utf8(value), where, operation, ": the metadata ", printable(key),
                      " is not UTF-8");
    check<ValueError>(!is_own(key), where, operation, ": the metadata ", printable(key), " is reserved");
  }
}

/// Where the digits of the header's own checksum are; npos when it is written in another way than here.
std::size_t place_of_checksum(const std::string& json) {
  const std::string beginning = std::string("\"") + header_note + "\":\"";
  const std::size_t at = json.find(beginning), digits = at + beginning.size();
  return at != std::string::npos && json.size() > digits + no_checksum.size() ? digits : std::string::npos;
}

/// Of the length and the header, whose digits at `place` are 0.
std::string checksum_of_header(std::string json, std::size_t place) {
  json.replace(place, no_checksum.size(), no_checksum);
  const std::uint64_t length = json.size();
  Checksum checksum;
  checksum.add(&length, sizeof length);
  checksum.add(json.data(), json.size());
  return checksum.text();
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = text.find_first_not_of(' '), end = 0; at < text.size(); at = text.find_first_not_of(' ', end)) {
    end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
  }
  return words;
}

}  // namespace

SafetensorsImage make_image(const std::vector<NamedTensor>& tensors, const Metadata& metadata,
                            const SaveOptions& options, const char* operation, const Location& where) {
  const auto order = file_order(tensors, options.floats, operation, where);
  check_metadata(metadata, operation, where);
  SafetensorsImage image{{{}, metadata}, {}};
  for (const NamedTensor* tensor : order) image.values.push_back(tensor->value);
  evaluate(image.values, where);
  std::uint64_t at = 0;
  for (const NamedTensor* tensor : order) {
    const ElementType type = stored_type(tensor->value.dtype(), options.floats);
    const std::uint64_t end = at + static_cast<std::uint64_t>(tensor->value.numel()) * item_size(type);
    image.header.items.push_back({tensor->name, type, tensor->value.shape(), at, end});
    at = end;
  }
  image.header.metadata[header_note] = no_checksum;
  image.header.metadata[tensors_note] = std::string(17 * order.size(), '0');
  const std::uint64_t length = write_safetensors_header(image.header).size();
  check<LimitError>(length <= longest_header, where, operation, ": the header has ", length, " bytes, the most is ",
                    longest_header);
  return image;
}

void write_image(const std::string& path, const SafetensorsImage& image, const char* operation, const Location& where) {
  SafetensorsHeader header = image.header;
  std::string& checksums = header.metadata[tensors_note];
  checksums.clear();
  for (std::size_t i = 0; i < image.values.size(); ++i) {
    ChecksumSink sink;
    write_elements(sink, image.values[i], header.items[i].type);
    checksums += (i == 0 ? "" : " ") + sink.checksum.text();
  }
  std::string json = write_safetensors_header(header);
  const std::size_t place = place_of_checksum(json);
  json.replace(place, no_checksum.size(), checksum_of_header(json, place));
  const std::uint64_t length = json.size();
  OutputFile file(operation, path, where);
  file.write(&length, sizeof length);
  file.write(json);
  for (std::size_t i = 0; i < image.values.size(); ++i) write_elements(file, image.values[i], header.items[i].type);
  file.commit();
}

Metadata state_notes() { return {{"format", "xgrad"}, {"version", state_version}}; }

void check_version(const Metadata& metadata, const char* operation, const std::string& path, const Location& where) {
  const auto format = metadata.find("format"), version = metadata.find("version");
  if (format == metadata.end() || format->second != "xgrad" || version == metadata.end()) return;
  check<FormatError>(version->second == state_version, where, operation, ": ", printable(path), " has version ",
                     printable(version->second), ", known is version ", state_version);
}

SafetensorsFile::SafetensorsFile(const char* operation, const std::string& path, const Location& where)
    : operation_(operation), path_(path), where_(where), file_(operation, path, where) {
  check<FormatError>(file_.size() >= 8, where, operation, ": ", printable(path), " has ", file_.size(),
                     " bytes, a safetensors file has at least 8");
  std::uint64_t length;
  file_.read(&length, 8);
  const std::uint64_t left = file_.size() - 8;
  check<FormatError>(length <= left && length <= longest_header, where, operation, ": ", printable(path),
                     ": a header of ", length, " bytes is announced at byte 0, ",
                     length <= left ? "the most allowed is " : "the file has ", length <= left ? longest_header : left);
  std::string json(length, '\0');
  file_.read(json.data(), length);
  header_ = parse_safetensors_header(json, left - length, path, where);
  take_checksums(json);
}

void SafetensorsFile::take_checksums(const std::string& json) {
  Metadata& metadata = header_.metadata;
  const auto own = metadata.find(header_note), each = metadata.find(tensors_note);
  if (own == metadata.end() && each == metadata.end()) return;
  const std::size_t place = place_of_checksum(json);
  const bool right = own != metadata.end() && each != metadata.end() && place != std::string::npos &&
                     own->second == checksum_of_header(json, place);
  check<FormatError>(right, where_, operation_, ": ", printable(path_),
                     ": the header does not have the checksum that it says; it is damaged, or another program has "
                     "written it anew and kept the notes ",
                     header_note, " and ", tensors_note);
  checksums_ = words_of(each->second);
  check<FormatError>(checksums_.size() == header_.items.size(), where_, operation_, ": ", printable(path_), " has ",
                     checksums_.size(), " checksums for ", header_.items.size(), " tensors");
  std::erase_if(metadata, [](const auto& note) { return is_own(note.first); });
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& item : header_.items) names.push_back(item.name);
  return names;
}

std::vector<NamedTensor> SafetensorsFile::read(const std::vector<bool>& needed) {
  std::vector<NamedTensor> tensors;
  const std::uint64_t data = file_.offset();
  for (std::size_t i = 0; i < header_.items.size(); ++i) {
    const auto& item = header_.items[i];
    tensors.push_back({item.name, Tensor()});
    if (!needed[i]) continue;
    if (file_.offset() != data + item.begin) file_.seek(data + item.begin);
    ChecksumSource source(file_);
    tensors[i].value = read_elements(source, {item.type}, item.shape, operation_, path_ + ": " + item.name, where_);
    check<FormatError>(checksums_.empty() || source.checksum.text() == checksums_[i], where_, operation_, ": ",
                       printable(path_), ": tensor ", printable(item.name),
                       " does not have the checksum that the header says: it is damaged");
  }
  return tensors;
}

}  // namespace xgrad::data
