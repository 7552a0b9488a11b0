// Keeping and listing records in kind.
#include <algorithm>

#include "common/rpc/operators.h"
#include "services/clearing/institution.h"
#include "services/clearing/service.h"

namespace fundcore::clearing {

namespace {

constexpr size_t kRecordsACommand = 500;
constexpr size_t kPage = 1'000;

absl::Status BadField(std::string_view field, std::string_view value, std::string_view limit) {
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                              StrCat(field, " \"", value, "\" ", limit),
                              {{"field", field}, {"value", value}, {"limit", limit}});
}

void Fill(const InKindKey& key, const InKindRecord& record, v1::InKindRecord* out) {
  out->set_ta_code(key.ta.str());
  out->set_confirm_day(key.confirm_day.raw());
  out->set_ta_serial(key.serial);
  out->set_business(record.business);
  out->set_app_sheet(record.order);
  out->set_trading_account(record.trading_account);
  out->set_ta_account(record.ta_account);
  out->set_fund_code(record.fund.str());
  out->set_units_e2(record.units.raw());
  out->set_amount_fen(record.amount.raw());
  out->set_charge_fen(record.charge.raw());
  out->set_return_code(record.return_code);
  out->set_apply_day(record.apply_day.raw());
  out->set_file_name(record.file_name);
  out->set_line(record.line);
  out->set_detail(record.detail);
}

}  // namespace

Result ClearingMachine::Execute(const InKindKept& c, const machine::Context&) {
  for (const auto& [key, record] : c.records) in_kind_.Put(key, record);
  return {};
}

void InstitutionWorker::KeepInKind(Date day, size_t at, Next then) {
  auto file = Answer("04");
  if (!file || at >= file->in_kind().size()) return then();
  InKindKept command;
  const size_t end = std::min(file->in_kind().size(), at + kRecordsACommand);
  for (size_t i = at; i < end; ++i) {
    const auto& [serial, record] = file->in_kind()[i];
    command.records.push_back({{ta_, D(day).answer_day, serial}, record});
  }
  Submit(command, [this, day, end, then = std::move(then)] { KeepInKind(day, end, then); });
}

void ClearingServiceImpl::ListInKind(const v1::ListInKindRequest& q, v1::ListInKindResponse* r, rpc::Reply reply) {
  if (q.ta_code().empty() || !TaCode::Fits(q.ta_code())) {
    return reply(BadField("ta_code", q.ta_code(), "must be the code of an institution"));
  }
  if (q.confirm_day() != 0 && !Date::Parse(StrCat(q.confirm_day())).ok())
    return reply(BadField("confirm_day", StrCat(q.confirm_day()), "must be a date that exists, or 0 for all"));
  const std::string& token = q.page_token();
  InKindKey after;
  if (!token.empty()) {
    const auto day = Date::Parse(token.substr(0, 8));
    if (!day.ok() || token.size() < 10 || token[8] != '/')
      return reply(BadField("page_token", token, "must be empty or the next_page_token of the page before"));
    after = {TaCode(q.ta_code()), *day, token.substr(9)};
  }
  const PartitionId partition = HashPartition(q.ta_code(), deps_.clearing_partitions);
  host_.On(partition, [ta = TaCode(q.ta_code()), only = Date::FromRaw(q.confirm_day()), after = std::move(after), r,
                       reply = std::move(reply)](Partition& p) mutable {
    if (!p.serving()) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING",
                                        "clearing is still recovering; ask again shortly"));
    }
    p.machine().ForEachInKind(ta, [&](const InKindKey& key, const InKindRecord& record) {
      if (only.is_set() && key.confirm_day != only) return true;
      const bool seen = !after.ta.empty() && (key.confirm_day != after.confirm_day ? key.confirm_day < after.confirm_day
                                                                                   : key.serial <= after.serial);
      if (seen) return true;
      if (static_cast<size_t>(r->records_size()) == kPage) {
        const v1::InKindRecord& last = r->records(r->records_size() - 1);
        r->set_next_page_token(StrCat(Date::FromRaw(last.confirm_day()).Compact(), "/", last.ta_serial()));
        return false;
      }
      Fill(key, record, r->add_records());
      return true;
    });
    reply(absl::OkStatus());
  });
}

}  // namespace fundcore::clearing
