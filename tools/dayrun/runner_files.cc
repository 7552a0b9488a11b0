// Writes an institution's files C1 to C6 as a script tells them, and takes them in as `fundctl product import` does.
#include "absl/strings/str_split.h"
#include "common/ofd/index_file.h"
#include "common/ofd/writer.h"
#include "common/product_import/send.h"
#include "common/rpc/handlers.h"
#include "tools/dayrun/runner.h"

namespace fundcore::dayrun {
namespace {

// "0.015" in a field of 8 decimals is 1500000.
absl::StatusOr<int64_t> Scaled(std::string_view text, int decimals) {
  int64_t v = 0;
  int left = -1;
  for (char c : text) {
    if (c == '.' && left < 0) {
      left = decimals;
      continue;
    }
    if (c < '0' || c > '9' || left == 0)
      return absl::InvalidArgumentError(StrCat("\"", text, "\" is no number of ", decimals, " decimals"));
    v = v * 10 + (c - '0');
    if (left > 0) --left;
  }
  for (int i = left < 0 ? decimals : left; i > 0; --i) v *= 10;
  return v;
}

// As files say that there is no limit: nines all over.
int64_t Nines(size_t width) {
  int64_t v = 0;
  for (size_t i = 0; i < width && i < 18; ++i) v = v * 10 + 9;
  return v;
}

absl::Status SetField(ofd::Writer& writer, std::string_view word) {
  const size_t equals = std::min(word.find('='), word.size());
  const std::pair<std::string_view, std::string_view> kv(word.substr(0, equals), word.substr(std::min(equals + 1, word.size())));
  const ofd::Column c = writer.Find(kv.first);
  if (!c.present()) return absl::InvalidArgumentError(StrCat("the file has no field \"", kv.first, "\""));
  if (c.kind() != ofd::FieldKind::kNumber) {
    writer.SetText(c, kv.second);
  } else if (kv.second == "no-limit") {
    writer.SetNumber(c, Nines(c.width()));
  } else {
    FC_ASSIGN_OR_RETURN(int64_t v, Scaled(kv.second, c.decimals()));
    writer.SetNumber(c, v);
  }
  return absl::OkStatus();
}

}  // namespace

// Into the next folder from 801 on, which no answer takes; the index comes last, as it should.
absl::Status Runner::Deliver(const ImportFiles& s, const std::vector<product_import::SourceFile>& files) {
  const GivenTa& ta = *script_.Ta(s.ta);
  const std::string prefix = StrCat("in/", s.ta, "/", Today().Compact(), "/");
  FC_ASSIGN_OR_RETURN(const auto listing, driver_->exchange()->List(prefix));
  int transfer = 801;
  for (const auto& info : listing)
    while (info.name.starts_with(StrCat(prefix, transfer, "/"))) ++transfer;
  ofd::IndexFile index;
  index.version = *ofd::ParseVersion(ta.version);
  index.creator = ofd::PartyCode(s.ta);
  index.receiver = ofd::PartyCode(ta.distributor);
  index.date = Today();
  for (const auto& file : files) {
    index.names.push_back(file.name);
    FC_RETURN_IF_ERROR(driver_->exchange()->Publish(StrCat(prefix, transfer, "/", file.name), file.bytes));
  }
  FC_ASSIGN_OR_RETURN(const std::string bytes, index.Format());
  progress_->Set("change", "latest");
  return driver_->exchange()->Publish(
      StrCat(prefix, transfer, "/OFC_", s.ta, "_", ta.distributor, "_", Today().Compact(), ".TXT"), bytes);
}

absl::Status Runner::Do(const ImportFiles& s) {
  const GivenTa& ta = *script_.Ta(s.ta);
  std::vector<product_import::SourceFile> files;
  for (const ImportFiles::File& f : s.files) {
    ofd::Header header;
    header.version = *ofd::ParseVersion(ta.version);
    header.creator = ofd::PartyCode(s.ta);
    header.receiver = ofd::PartyCode(ta.distributor);
    header.date = Today();
    header.transfer_no = TransferNo(1);
    header.type = ofd::FileType(f.type);
    product_import::SourceFile out{
        StrCat("OFD_", s.ta, "_", ta.distributor, "_", header.date.Compact(), "_", f.type, ".TXT"), ""};
    ofd::Writer writer(out.name, &out.bytes);
    FC_RETURN_IF_ERROR(writer.Begin(header, f.records.size()));
    for (size_t i = 0; i < f.records.size(); ++i) {
      if (f.type != "C6") writer.SetText(writer.Find("SequenceNO"), StrCat(i + 1));
      const std::vector<std::string> words = absl::StrSplit(absl::string_view(f.records[i]), ' ', absl::SkipEmpty());
      for (const std::string& word : words) FC_RETURN_IF_ERROR(SetField(writer, word));
      FC_RETURN_IF_ERROR(writer.EndRecord());
    }
    FC_RETURN_IF_ERROR(writer.Finish());
    files.push_back(std::move(out));
  }
  if (s.damaged) files.back().bytes.resize(files.back().bytes.size() - 20);
  if (s.by_transfer) return Deliver(s, files);

  auto result = product_import::RunImport(
      files, {{ta.distributor}, s.person, "by script", s.at_once, false},
      [&](std::string_view method, const google::protobuf::Message& request, google::protobuf::Message* response) {
        return driver_->Call(method, request, response, kOperator);
      });
  absl::Status status = result.status();
  if (result.ok() && !result->plan.faults.empty()) {
    // Judged by the first fault's field; the whole of it is what people read.
    const ofd::FieldError& f = result->plan.faults[0];
    status = rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, StrCat("FILE_REFUSED:", f.field), f.ToString());
  } else if (result.ok() && result->plan.funds.empty()) {
    status = rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NOTHING_NEW",
                                  "the files say what is known already");
  } else if (result.ok() && !result->sent.empty()) {
    if (!s.at_once) progress_->Set("change", StrCat(result->sent.back().change));
    if (result->sent.back().waited)
      status = rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "PROPOSED_BEFORE",
                                    "the same change waits already");
  }
  return Judged(status, s.outcome, "the import");
}

}  // namespace fundcore::dayrun
