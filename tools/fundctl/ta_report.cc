// See ta_report.h. Protobuf's own JSON reader serves: the tool is linked with it anyway.
#include "tools/fundctl/ta_report.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <sstream>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::fundctl {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;

absl::Status Broken(const std::string& name, std::string_view what) {
  return absl::DataLossError(StrCat(name, ": ", what, "; write it anew with ta_sim report --json"));
}

absl::StatusOr<const ListValue*> List(const Struct& s, const std::string& name, const char* key) {
  auto it = s.fields().find(key);
  if (it == s.fields().end() || !it->second.has_list_value()) return Broken(name, StrCat("no list \"", key, "\""));
  return &it->second.list_value();
}

// The text under `key` of an entry of a list; "" where it has none, which no parser below takes.
std::string Text(const google::protobuf::Value& entry, const char* key) {
  auto it = entry.struct_value().fields().find(key);
  return it == entry.struct_value().fields().end() ? "" : it->second.string_value();
}

}  // namespace

absl::StatusOr<TaReport> ParseTaReport(std::string_view json, const std::string& name) {
  Struct root;
  if (!google::protobuf::util::JsonStringToMessage(google::protobuf::StringPiece(json.data(), json.size()), &root)
           .ok()) {
    return Broken(name, "is no JSON object");
  }
  TaReport report;
  FC_ASSIGN_OR_RETURN(const ListValue* funds, List(root, name, "funds"));
  for (const auto& f : funds->values()) {
    auto units = Units::Parse(Text(f, "units"));
    if (!units.ok() || Text(f, "fund").empty()) return Broken(name, "an entry of \"funds\" has no fund and units");
    report.units[Text(f, "fund")] += *units;
  }
  FC_ASSIGN_OR_RETURN(const ListValue* cash, List(root, name, "cash_lines"));
  for (const auto& c : cash->values()) {
    auto amount = Money::Parse(Text(c, "amount"));
    auto day = Date::Parse(Text(c, "pay_day"));
    const std::string who = Text(c, "distributor");
    if (!amount.ok() || !day.ok() || (who != "receives" && who != "pays")) {
      return Broken(name, "an entry of \"cash_lines\" lacks amount, pay_day or distributor");
    }
    report.cash.push_back({Text(c, "fund"), *day, *amount, who == "receives"});
  }
  return report;
}

absl::StatusOr<TaReport> ReadTaReport(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) return absl::NotFoundError(StrCat(path, ": cannot be read; check the path"));
  return ParseTaReport(text.str(), path);
}

}  // namespace fundcore::fundctl
