// The values that a coded field may have, with their meanings, and what the records of a type are for. Data:
// tables/values.tbl.
//
//   const ValueList* list = FindValues(FileType("03"), "LargeRedemptionFlag");
//   for (const ValueMeaning& v : list->values) …      // "0" 取消 cancel, "1" 顺延 defer
//
// Thread-safe; lives as long as the process.
#pragma once

#include <span>
#include <string_view>

#include "common/ofd/fields.h"

namespace fundcore::ofd {

struct ValueMeaning {
  std::string_view code;     // as in the file, without padding
  std::string_view chinese;
  std::string_view english;
};

struct ValueList {
  std::string_view field;
  bool closed = false;  // true: another value is wrong. False: what is listed is what is known.
  std::span<const ValueMeaning> values;
};

// Null where nothing is known. Ignores the case of the name.
const ValueList* FindValues(const FileType& type, std::string_view field);
// Null where the value is not listed.
const ValueMeaning* FindValue(const FileType& type, std::string_view field, std::string_view code);

// "投资人申请确认" and "trade confirmations"; empty for a type the tables do not know.
std::string_view TypeNameChinese(const FileType& type);
std::string_view TypeNameEnglish(const FileType& type);

// The fields that together name a record within its file, for comparing two files and for finding duplicates: a 04 is
// known by TASerialNO and DetailFlag …, an 05 by TAAccountID, TransactionAccountID, FundCode, ShareClass. Only fields
// of the standard; a file may leave some out. Empty where the type has no key: records are then told apart by all their
// bytes.
std::span<const std::string_view> KeyFields(const FileType& type);

// True for fields that hold a date yyyymmdd or blank (TransactionDate, PayDate …), by their name and form.
bool IsDateField(const FieldDef& field);
// True for fields that hold a time hhmmss.
bool IsTimeField(const FieldDef& field);
// What a field says of a person or an account of his, so that masking knows what to replace.
enum class Personal : uint8_t { kNo, kName, kCertificate, kPhone, kEmail, kAddress, kBankAccount, kAccount, kText, kBirthday };
Personal PersonalKind(const FieldDef& field);

}  // namespace fundcore::ofd
