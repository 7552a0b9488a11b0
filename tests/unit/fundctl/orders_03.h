// Makes 03 files for tests: a few lines described in short, written by the file writer.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/check.h"
#include "common/ofd/writer.h"

namespace fundcore::fundctl {

struct Line03 {
  std::string serial;
  std::string account = "T1";
  int64_t amount = 100'000;  // fen
  int64_t units = 0;
  std::string business = "022";
  std::string fund = "000198";
  std::string fund_account;
  std::string date = "20250303";
  // Further fields, as text.
  std::vector<std::pair<std::string, std::string>> more;
};

struct File03 {
  ofd::Version version = ofd::Version::k20;
  std::string creator = "996", receiver = "H0", date = "20250303";
  uint16_t transfer = 1;
  std::vector<std::string> fields;  // empty: all of the type
  std::vector<Line03> lines;

  std::string Name() const { return StrCat("OFD_", creator, "_", receiver, "_", date, "_03.TXT"); }
  std::string Bytes() const {
    std::string bytes;
    ofd::Writer writer(Name(), &bytes);
    ofd::Header h;
    h.version = version;
    h.creator = h.sender = ofd::PartyCode(creator);
    h.receiver = h.recipient = ofd::PartyCode(receiver);
    h.date = *Date::Parse(date);
    h.transfer_no = TransferNo(transfer);
    h.type = ofd::FileType("03");
    h.fields = fields;
    const auto good = [](const absl::Status& s) { FC_CHECK(s.ok(), s.ToString()); };
    good(writer.Begin(h, lines.size()));
    for (const Line03& line : lines) {
      writer.SetText(writer.Find("AppSheetSerialNo"), line.serial);
      writer.SetText(writer.Find("FundCode"), line.fund);
      writer.SetText(writer.Find("TransactionDate"), line.date);
      writer.SetText(writer.Find("TransactionTime"), "140100");
      writer.SetText(writer.Find("TransactionAccountID"), line.account);
      writer.SetText(writer.Find("BusinessCode"), line.business);
      writer.SetText(writer.Find("TAAccountID"), line.fund_account);
      writer.SetText(writer.Find("DistributorCode"), creator);
      writer.SetNumber(writer.Find("ApplicationAmount"), line.amount);
      writer.SetNumber(writer.Find("ApplicationVol"), line.units);
      for (const auto& [name, value] : line.more) {
        const ofd::Column c = writer.Find(name);
        if (c.kind() == ofd::FieldKind::kNumber) {
          writer.SetNumber(c, std::stoll(value));
        } else {
          writer.SetText(c, value);
        }
      }
      good(writer.EndRecord());
    }
    good(writer.Finish());
    return bytes;
  }
};

}  // namespace fundcore::fundctl
