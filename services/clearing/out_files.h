// The files that go out: 01 (fund-account applications), 03 (orders) and the index, written record by record, and read
// back.
//
//   OrdersFile file({version, distributor, ta, day, transfer}, count);
//   FC_RETURN_IF_ERROR(file.Begin());
//   for (const trade::v1::Order& o : page.orders()) FC_RETURN_IF_ERROR(file.Add(o));
//   FC_RETURN_IF_ERROR(file.Finish());
//   file.bytes();                     // the whole file
//
// Pure: no I/O. One thread at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "common/ofd/reader.h"
#include "common/ofd/variant.h"
#include "common/ofd/writer.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/clearing/commands.h"

namespace fundcore::clearing {

// What names a transfer of ours.
struct OutHead {
  ofd::Version version = ofd::Version::k21;
  DistributorCode distributor;
  TaCode ta;
  Date day;
  uint16_t transfer = 1;
  std::shared_ptr<const ofd::Variant> variant;  // what the receiver wants otherwise; null = nothing

  std::string Folder() const;                         // "out/11/20250303/001/"
  std::string FileName(std::string_view type) const;  // "OFD_301_11_20250303_03.TXT", with its folder
  std::string IndexName() const;
  ofd::Header Header(std::string_view type) const;
  ofd::ReaderOptions reader_options() const;
  ofd::WriterOptions writer_options() const;
};

// What is written must be what is read back: a hash over all that a line says.
class LineHash {
 public:
  void Add(uint64_t id, uint64_t investor, uint32_t business, int64_t amount, int64_t units);
  uint64_t value() const { return h_; }

 private:
  void Mix(uint64_t v);
  uint64_t h_ = 0xcbf29ce484222325ull;
};

class OrdersFile {
 public:
  OrdersFile(const OutHead& head, uint64_t count);
  absl::Status Begin();
  absl::Status Add(const trade::v1::Order& order);
  absl::Status Finish() { return writer_.Finish(); }
  const std::string& name() const { return name_; }
  const std::string& bytes() const { return bytes_; }
  uint64_t hash() const { return hash_.value(); }

 private:
  const OutHead head_;
  const std::string name_;
  const uint64_t count_;
  std::string bytes_;
  ofd::Writer writer_;
  LineHash hash_;
  ofd::Column serial_, fund_, large_, discount_, date_, time_, account_, distributor_, vol_, amount_, business_,
      ta_account_,
      deposit_, currency_, kind_, share_class_, method_, frozen_cause_, target_, target_ta_, target_class_,
      original_, to_distributor_, to_branch_, to_account_, move_reason_, subscription_day_, purchase_day_, redemption_day_;
  ofd::Column protocol_, ration_type_, plan_begin_, plan_end_, plan_day_, plan_unit_, plan_every_, plan_times_;
  void SetPlan(const trade::v1::Order& order);
};

class ApplicationsFile {
 public:
  ApplicationsFile(const OutHead& head, uint64_t count);
  absl::Status Begin();
  absl::Status Add(const account::v1::AccountApplication& application);
  absl::Status Finish() { return writer_.Finish(); }
  const std::string& name() const { return name_; }
  const std::string& bytes() const { return bytes_; }
  uint64_t hash() const { return hash_.value(); }

 private:
  const OutHead head_;
  const std::string name_;
  const uint64_t count_;
  std::string bytes_;
  ofd::Writer writer_;
  LineHash hash_;
};

// Reads a written file with the reader that everybody uses, some records at a time.
class ReadBack {
 public:
  // `bytes` must outlive it.
  ReadBack(const OutHead& head, std::string_view name, std::string_view bytes);
  // True while there is more.
  bool ReadOn(size_t records);
  const absl::Status& status() const { return status_; }
  uint64_t records() const { return records_; }
  uint64_t hash() const { return hash_.value(); }
  // Orders by partition, as trade seals them.
  std::vector<Seal> seals() const;

 private:
  std::optional<ofd::Reader> reader_;
  absl::Status status_;
  uint64_t records_ = 0;
  LineHash hash_;
  std::map<uint16_t, Seal> seals_;
  ofd::Column serial_, account_, target_, business_, amount_, vol_;
};

}  // namespace fundcore::clearing
