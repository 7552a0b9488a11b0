// Resolving a file's field list.
#include "common/ofd/layout.h"

#include "common/base/check.h"
#include "common/ofd/ascii.h"
#include "common/ofd/header.h"

namespace fundcore::ofd {
namespace {

const FieldOverride* FindOverride(std::span<const FieldOverride> overrides, const FileType& type,
                                  std::string_view name) {
  for (const FieldOverride& o : overrides) {
    if ((o.type.empty() || EqualsIgnoreCase(o.type, type.view())) && EqualsIgnoreCase(o.name, name)) return &o;
  }
  return nullptr;
}

bool IsFieldName(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name) {
    if (!IsDigit(c) && !IsLetter(c) && c != '_') return false;
  }
  return true;
}

}  // namespace

std::string Layout::Add(Version version, const FileType& type, std::string_view name,
                        std::span<const FieldOverride> overrides) {
  if (columns_.size() >= kMaxFields) return StrCat("is one field too many; the limit is ", kMaxFields);
  if (!IsFieldName(name)) return "is not a field name (letters, digits and _)";
  if (name.size() > kMaxHeaderLineBytes) return StrCat("is longer than ", kMaxHeaderLineBytes, " characters");

  Column column;
  if (const FieldOverride* o = FindOverride(overrides, type, name)) {
    if (o->width == 0 || o->width > kMaxFieldBytes)
      return StrCat("has width ", o->width, " in an override; use 1 to ", kMaxFieldBytes);
    const bool number = o->kind == FieldKind::kNumber;
    if (o->decimals > (number ? 18 : 0))
      return StrCat("has ", o->decimals, " decimals in an override; use 0 to 18, and 0 unless it is of type N");
    column.kind_ = o->kind;
    column.width_ = o->width;
    column.decimals_ = o->decimals;
  } else if (const FieldDef* field = FindField(version, type, name)) {
    column.kind_ = field->kind;
    column.width_ = field->width;
    column.decimals_ = field->decimals;
  } else {
    return StrCat("is not a field of type ", type.view(), " in version ", VersionText(version),
                  "; if the sender adds it, give its kind and width as a field override");
  }
  if (record_bytes_ + column.width_ > kMaxRecordBytes) {
    return StrCat("makes records longer than the limit of ", kMaxRecordBytes, " bytes");
  }
  if (!by_name_.emplace(Upper(name), columns_.size()).second) return "is listed twice";
  column.offset_ = static_cast<uint32_t>(record_bytes_);
  column.index_ = static_cast<uint16_t>(columns_.size());
  record_bytes_ += column.width_;
  const bool number = column.kind_ == FieldKind::kNumber;
  lowest_.resize(record_bytes_, number ? '0' : ' ');
  headroom_.resize(record_bytes_, number ? 127 - '9' : 0);
  field_at_.resize(record_bytes_, column.index_);
  // Digits alone do not make a number of more than 18 places one that is handled: never ordinary.
  if (number && column.width_ > 18) headroom_[column.offset_] = 128;
  columns_.push_back(column);
  names_.emplace_back(name);
  return "";
}

Column Layout::Find(std::string_view name) const {
  const auto it = by_name_.find(Upper(name));
  return it == by_name_.end() ? Column() : columns_[it->second];
}

std::string DescribeForm(Column column) {
  if (column.kind() != FieldKind::kNumber) {
    return StrCat("type ", std::string(1, static_cast<char>(column.kind())), ", ", column.width(), " bytes");
  }
  std::string out = StrCat("type N, ", column.width(), " digits");
  if (column.decimals() > 0) out += StrCat(", ", column.decimals(), " decimals");
  return out;
}

}  // namespace fundcore::ofd
