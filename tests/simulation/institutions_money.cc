// Money of an order after its result: what an institution gives back, and what it asks for. It goes by its own files.
#include <algorithm>

#include "common/ofd/reader.h"
#include "tests/simulation/institutions.h"

namespace fundcore::simulation {

void Institutions::Remember(Agent* a, const std::vector<std::string>& files) {
  for (const std::string& name : files) {
    if (!name.ends_with("_04.TXT")) continue;
    auto bytes = a->courier->Read(name);
    auto reader = bytes.ok() ? ofd::Reader::Open(name, *bytes) : absl::StatusOr<ofd::Reader>(bytes.status());
    if (!reader.ok()) continue;
    const ofd::Column order = reader->Find("AppSheetSerialNo"), account = reader->Find("TransactionAccountID"), fund = reader->Find("FundCode"),
                      code = reader->Find("ReturnCode"), business = reader->Find("BusinessCode"), amount = reader->Find("ConfirmedAmount");
    for (ofd::RecordView record; reader->Next(&record);) {
      int64_t fen = 0;
      const std::string_view what = record.Text(business);
      if ((what != "122" && what != "130") || record.Text(code) != "0000" || record.ReadNumber(amount, &fen) != ofd::FieldState::kPresent) continue;
      Agent::Bought b{std::string(record.Text(order)), std::string(record.Text(account)), std::string(record.Text(fund)), fen};
      // The same files may have been sent twice.
      if (std::any_of(a->bought.begin(), a->bought.end(), [&](const Agent::Bought& known) { return known.order == b.order; })) continue;
      // Of figures that are wrong on purpose nothing is given back.
      if (fen > 0 && !b.order.starts_with("R") && !judge_->WasSpoilt(b.order)) a->bought.push_back(std::move(b));
    }
  }
}

void Institutions::DrawRefunds(Agent* a, SeededRandom* r, const std::function<void(const std::string& text, Injected)>& add) {
  std::set<size_t> used;
  for (int n = 0; n < 3; ++n) {
    const uint64_t which = r->Next() >> 8, size = r->Next() >> 8, act = r->Below(8);
    if (a->bought.empty() || !used.insert(which % a->bought.size()).second) continue;
    const Agent::Bought& b = a->bought[which % a->bought.size()];
    if (judge_->WasSpoilt(b.order)) continue;
    const std::string who = StrCat(b.order, ":", b.account, ":", b.fund, ":");
    Injected i{.fault = Fault::kRefunds, .order = b.order};
    if (act < 2) {
      i.asked_fen = static_cast<int64_t>(1 + size % 5'000);
      i.breaks = {"CONFIRMATION_DIFFERS"};
      i.may = {"SHORTFALL"};
      add(StrCat("asks-more:", who, Money::FromRaw(i.asked_fen).ToString()), std::move(i));
    } else if (b.left_fen > 0) {
      i.refunded_fen = act == 2 ? b.left_fen : static_cast<int64_t>(1 + size % static_cast<uint64_t>(b.left_fen));
      add(StrCat("refund:", who, Money::FromRaw(i.refunded_fen).ToString()), std::move(i));
    }
  }
}

}  // namespace fundcore::simulation
