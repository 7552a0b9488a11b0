// A distributor for the tests of ta_sim: writes application files, reads answers field by field.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "common/base/check.h"
#include "common/files/memory.h"
#include "common/ofd/index_file.h"
#include "common/ofd/reader.h"
#include "common/ofd/writer.h"
#include "tools/ta_sim/ta_sim.h"

namespace fundcore::ta_sim {

using Row = std::map<std::string, std::string>;  // field name, value as people read it

inline Date D(std::string_view text) { return *Date::Parse(text); }
inline Yuan Y(std::string_view text) { return *Yuan::Parse(text); }
inline Shares U(std::string_view text) { return *Shares::Parse(text); }
inline Price P(std::string_view text) { return *Price::Parse(text); }
inline Rate R(std::string_view text) { return *ParseRate(text); }

// Agent 11 for distributor 301: fund 110022 at 1.2%, NAV 1.1280 on 2025-03-03 and 0.0010 more on each open day;
// fund 118888 is a QDII of the joint calendar, T+2.
inline TaConfig TestConfig(ofd::Version version = ofd::Version::k21) {
  TaConfig config{.ta = TaCode("11"), .distributor = DistributorCode("301"), .version = version};
  config.calendars.Put(
      *TradingCalendar::Intersect("QDII", *config.calendars.Find("XSHG"), *config.calendars.Find("XHKG")));
  FundTerms fund{.code = FundCode("110022"), .name = "Growth A"};
  fund.purchase_tiers = {{.rate = R("1.2%")}};
  fund.redemption_tiers = {{0, R("1.5%"), R("100%")}, {7, R("0.75%"), R("25%")}};
  fund.nav_rule = NavRule{D("2025-03-03"), P("1.1280"), P("0.0010")};
  FundTerms qdii = fund;
  qdii.code = FundCode("118888");
  qdii.name = "Overseas";
  qdii.calendar = "QDII";
  qdii.confirm_days = 2;
  config.funds = {fund, qdii};
  return config;
}

// "2025-03-04" in, files of applications out.
class Distributor {
 public:
  explicit Distributor(MemoryFiles* files, ofd::Version version = ofd::Version::k21)
      : files_(files), version_(version) {}

  void Open(std::string sheet, std::string trading, std::string certificate, std::string business = "001") {
    accounts_.push_back({{"AppSheetSerialNo", sheet},
                         {"TransactionAccountID", trading},
                         {"CertificateType", "0"},
                         {"CertificateNo", certificate},
                         {"BusinessCode", business},
                         {"InvestorName", "Li"}});
  }
  void Buy(std::string sheet, std::string trading, std::string amount, std::string fund = "110022",
           std::string business = "022") {
    trades_.push_back({{"AppSheetSerialNo", sheet},
                       {"TransactionAccountID", trading},
                       {"FundCode", fund},
                       {"BusinessCode", business},
                       {"ApplicationAmount", amount},
                       {"Specification", "kept"}});
  }
  void Sell(std::string sheet, std::string trading, std::string units, std::string fund = "110022") {
    trades_.push_back({{"AppSheetSerialNo", sheet},
                       {"TransactionAccountID", trading},
                       {"FundCode", fund},
                       {"BusinessCode", "024"},
                       {"ApplicationVol", units}});
  }
  void Dividend(std::string sheet, std::string trading, std::string method) {
    trades_.push_back({{"AppSheetSerialNo", sheet},
                       {"TransactionAccountID", trading},
                       {"FundCode", "110022"},
                       {"BusinessCode", "029"},
                       {"DefDividendMethod", method}});
  }
  void Send(Date day, uint16_t transfer = 1) {
    const std::string folder = StrCat("out/11/", day.Compact(), "/00", transfer, "/");
    ofd::IndexFile index{
        .version = version_, .creator = ofd::PartyCode("301"), .receiver = ofd::PartyCode("11"), .date = day};
    for (const std::string type : {"01", "03"}) {
      std::vector<Row>& rows = type == "01" ? accounts_ : trades_;
      const std::string name = StrCat("OFD_301_11_", day.Compact(), "_", type, ".TXT");
      std::string bytes;
      ofd::Writer w(name, &bytes);
      Must(w.Begin({.version = version_,
                    .creator = index.creator,
                    .receiver = index.receiver,
                    .date = day,
                    .transfer_no = TransferNo(transfer),
                    .type = ofd::FileType(type)},
                   rows.size()));
      for (Row row : rows) {
        row.try_emplace("TransactionDate", day.Compact());
        row["DistributorCode"] = "301";
        for (const auto& [field, value] : row) {
          const ofd::Column c = w.Find(field);
          if (c.kind() == ofd::FieldKind::kNumber) {
            w.SetNumber(c, Y(value).raw());
          } else {
            w.SetText(c, value);
          }
        }
        Must(w.EndRecord());
      }
      Must(w.Finish());
      Must(files_->Publish(folder + name, bytes));
      index.names.push_back(name);
      rows.clear();
    }
    Must(files_->Publish(StrCat(folder, "OFI_301_11_", day.Compact(), ".TXT"), *index.Format()));
  }

 private:
  static void Must(const absl::Status& status) { FC_CHECK(status.ok(), std::string(status.message())); }

  MemoryFiles* files_;
  ofd::Version version_;
  std::vector<Row> accounts_, trades_;
};

inline std::string AnswerName(Date day, std::string_view type, int transfer = 1) {
  return StrCat("in/11/", day.Compact(), "/00", transfer, "/OFD_11_301_", day.Compact(), "_", type, ".TXT");
}

// The records of an answer; numbers with their point, as "4380.06". Fails the test where the file is not whole.
inline std::vector<Row> ReadRows(const Files& files, Date day, std::string_view type, int transfer = 1) {
  const std::string name = AnswerName(day, type, transfer);
  const auto bytes = files.Read(name);
  EXPECT_TRUE(bytes.ok()) << name;
  if (!bytes.ok()) return {};
  auto reader = ofd::Reader::Open(name, *bytes);
  EXPECT_TRUE(reader.ok()) << reader.status();
  if (!reader.ok()) return {};
  std::vector<Row> rows;
  for (ofd::RecordView record; reader->Next(&record);) {
    Row& row = rows.emplace_back();
    for (size_t i = 0; i < reader->layout().field_count(); ++i) {
      const ofd::Column c = reader->layout().column(i);
      if (c.kind() != ofd::FieldKind::kNumber) {
        row[reader->layout().name(i)] = std::string(record.Text(c));
        continue;
      }
      const auto number = record.NumberOr(c, 0);
      EXPECT_TRUE(number.ok()) << number.status();
      row[reader->layout().name(i)] = number.ok() ? decimal_internal::Format(*number, c.decimals(), c.decimals()) : "";
    }
  }
  EXPECT_TRUE(reader->done()) << reader->status();
  return rows;
}

}  // namespace fundcore::ta_sim
