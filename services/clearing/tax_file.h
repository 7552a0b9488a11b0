// The R1 file: where investors say they pay taxes, one line a residence, or a controlling person's residence.
//
//   TaxFile file(head, count);
//   FC_RETURN_IF_ERROR(file.Begin());  for (…) FC_RETURN_IF_ERROR(file.Add(application));  FC_RETURN_IF_ERROR(file.Finish());
//   file.ReadBack()   // the hash over what the written bytes say, to compare with hash()
//
// Written only where a transfer has such lines, so that other transfers are what they always were. Same thread.
#pragma once

#include <string>

#include "absl/status/statusor.h"

#include "services/clearing/out_files.h"

namespace fundcore::clearing {

class TaxFile {
 public:
  TaxFile(const OutHead& head, uint64_t count);
  absl::Status Begin();
  absl::Status Add(const account::v1::AccountApplication& application);
  absl::Status Finish() { return writer_.Finish(); }
  const std::string& name() const { return name_; }
  const std::string& bytes() const { return bytes_; }
  uint64_t hash() const { return hash_.value(); }

  struct Read {
    uint64_t records = 0;
    uint64_t hash = 0;
  };
  // Such files are small: read at once. kDataLoss names the line that does not read as it was written.
  absl::StatusOr<Read> ReadBack() const;

 private:
  void SetHolder(const account::v1::TaxHolder& h);
  void SetController(const account::v1::TaxHolder& h);

  const OutHead head_;
  const std::string name_;
  const uint64_t count_;
  std::string bytes_;
  ofd::Writer writer_;
  LineHash hash_;
};

}  // namespace fundcore::clearing
