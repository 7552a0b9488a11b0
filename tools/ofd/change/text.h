// Small pieces that the commands of this folder share: exact decimals as text, JSON, and a file that appears whole.
#pragma once

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/ofd/layout.h"

namespace fundcore::ofd_tools {

// A number field of any width as an exact decimal.
//
//   Decimal d;
//   ParseDecimal("0000000000012345", 2, &d)     // kNumber: digits "12345", places 2, negative false
//   d.ToString()                                // "123.45"
struct Decimal {
  bool negative = false;
  std::string digits;  // without leading zeros; "" is zero
  int places = 0;      // of `digits`, after the point
  bool is_zero() const { return digits.empty(); }
  // Without trailing zeros after the point beyond `least`; "0" for zero.
  std::string ToString(int least = 0) const;
  // In `width` places with `decimals` implied ones. False where it does not fit or needs more decimals.
  bool Format(size_t width, int decimals, std::string* out) const;
};
enum class DecimalForm { kNumber, kBlank, kMalformed };
// Signs stand where RecordView::ReadNumber takes them: before the first digit that counts, or last.
DecimalForm ParseDecimal(std::string_view raw, int decimals, Decimal* value);

// "中文" of a field by the table of the file's version, or "" where only the institution knows it.
std::string_view ChineseOf(ofd::Version version, const ofd::FileType& type, std::string_view field);

// A JSON string with its quotes; `utf8` is valid or its stray bytes are shown as \xNN text.
std::string JsonText(std::string_view utf8);

// A file written under a temporary name beside its own, and renamed once whole; what was not committed disappears.
//
//   FC_ASSIGN_OR_RETURN(auto file, NewFile::Create(path, /*replace=*/false));
//   FC_RETURN_IF_ERROR(file->Write(bytes));
//   FC_RETURN_IF_ERROR(file->Commit());
class NewFile {
 public:
  // kAlreadyExists where `path` is taken and may not be replaced; kUnavailable, kPermissionDenied, kNotFound.
  static absl::StatusOr<std::unique_ptr<NewFile>> Create(const std::string& path, bool replace);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  // kResourceExhausted on a full disk.
  absl::Status Write(std::string_view bytes);
  // Durable when it returns OK.
  absl::Status Commit();

 private:
  NewFile(std::string path, std::string temporary, int fd, bool replace)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd), replace_(replace) {}
  const std::string path_, temporary_;
  int fd_;
  const bool replace_;
  bool committed_ = false;
};

// True where both paths lead to one file.
bool SameFile(const std::string& a, const std::string& b);
std::string JoinPath(std::string_view folder, std::string_view name);

}  // namespace fundcore::ofd_tools
