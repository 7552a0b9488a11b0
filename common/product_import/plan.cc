// What the records make of the funds that are known.
#include <algorithm>
#include <set>

#include "common/base/check.h"
#include "common/money/decimal.h"
#include "common/product_import/c_files.h"
#include "google/protobuf/util/message_differencer.h"

namespace fundcore::product_import {
namespace {

namespace v1 = product::v1;
using google::protobuf::util::MessageDifferencer;
using Schedules = google::protobuf::RepeatedPtrField<v1::FeeSchedule>;
using Fees = std::vector<const CFiles::Fee*>;

constexpr int kMostLots = 2'000;  // as product takes them

class Planner {
 public:
  Planner(const CFiles& files, const std::map<std::string, v1::GetFundResponse>& known) : files_(files), known_(known) {
    plan_.dividends = files.dividends;
    plan_.left = files.left;
    plan_.faults = files.faults;
  }

  ImportPlan Run() {
    for (const std::string& code : files_.funds) Start(code);
    for (const auto& t : files_.terms) Take(t);
    for (const auto& a : files_.agencies) Take(a);
    TakeFees();
    TakeWays();
    for (const auto& r : files_.redeemables) Take(r);
    for (const auto& d : files_.dividends) Find(d.at, "FundCode", d.fund);
    for (auto& [code, w] : work_) Finish(code, w);
    if (!plan_.faults.empty()) plan_.funds.clear();
    return std::move(plan_);
  }

 private:
  struct Work {
    FundImport out;
    v1::Fund before;
    v1::FundConversions conversions_before;
    int64_t newest_us = 0, newest_conversions_us = 0;
    bool known = false, fees_said = false, days_said = false, conversions_touched = false;
    const CFiles::Terms* terms = nullptr;
    Date from, ways_from;
    Origin from_at;
  };

  void Refuse(const Origin& at, std::string_view field, std::string_view value, std::string rule) {
    if (plan_.faults.size() < kMostFaults)
      plan_.faults.push_back({at.file, at.line, 0, std::string(field), std::string(value), std::move(rule)});
  }

  void Start(const std::string& code) {
    Work& w = work_[code];
    w.out.code = code;
    const auto found = known_.find(code);
    w.known = found != known_.end();
    w.out.is_new = !w.known;
    if (!w.known) return;
    w.before = found->second.fund();
    if (w.before.has_rules() && w.before.rules().ByteSizeLong() == 0) w.before.clear_rules();
    w.out.fund = w.before;
    w.newest_us = found->second.effective_at_us();
    if (found->second.has_conversions()) {
      w.conversions_before = found->second.conversions();
      w.newest_conversions_us = found->second.conversions_effective_at_us();
    }
  }

  // The fund of a record; null, and refused, where neither we nor a C1 know it, or it is another institution's.
  Work* Find(const Origin& at, std::string_view field, const std::string& code) {
    Work& w = work_.at(code);
    if (!w.known && !w.terms) {
      Refuse(at, field, code, "is a fund that we do not know; send its C1 along");
      return nullptr;
    }
    const std::string& maker = files_.creators.at(at.file);
    if (w.out.fund.ta_code() != maker) {
      Refuse(at, field, code, StrCat("is registered at ", w.out.fund.ta_code(), ", and ", maker, " made this file"));
      return nullptr;
    }
    return &w;
  }

  // A fund changes at one moment: files of two days are two imports.
  void SetFrom(Work& w, const Origin& at, Date from) {
    if (w.from.is_set() && w.from != from)
      return Refuse(at, "OperateDate", from.Iso(),
                    StrCat("contradicts ", w.from.Iso(), " of ", w.from_at.file, ":", w.from_at.line,
                           "; import the files one after the other"));
    w.from = from;
    w.from_at = at;
  }

  void Take(const CFiles::Terms& t) {
    Work& w = work_.at(t.fund);
    const std::string& maker = files_.creators.at(t.at.file);
    if (!t.ta.empty() && t.ta != maker)
      return Refuse(t.at, "RegistrarCode", t.ta, StrCat("is not ", maker, ", which made this file"));
    if (w.terms) {
      const CFiles::Terms& o = *w.terms;
      if (o.name != t.name || o.type != t.type || o.qdii != t.qdii || o.newest_first != t.newest_first ||
          o.inside != t.inside || o.share_e8 != t.share_e8 || o.figures != t.figures || o.from != t.from)
        Refuse(t.at, "FundCode", t.fund, StrCat("has other terms in ", o.at.file, ":", o.at.line));
      return;
    }
    w.terms = &t;
    v1::Fund& f = w.out.fund;
    if (!w.known) {
      f.set_fund_code(t.fund);
      f.set_ta_code(maker);
      f.set_status("9");
      f.set_risk_grade(5);
      f.set_calendar("XSHG");
      f.set_confirm_days(1);
      f.set_purchase_pay_days(2);
      f.set_redemption_pay_days(3);
      f.set_face_e8(Nav::kOne);
      w.out.assumed = {"closed until somebody opens it", "risk R5 until somebody grades it", "calendar XSHG",
                       "confirmed T+1"};
      if (t.name.empty()) Refuse(t.at, "FundName", "", "has to be said of a new fund");
      if (!t.inside) Refuse(t.at, "CollectFeeType", "", "has to be said of a new fund");
    }
    if (Find(t.at, "FundCode", t.fund) == nullptr) return;
    if (!t.name.empty()) f.set_name(t.name);
    SetKind(t, f);
    if (t.newest_first) f.set_lifo(*t.newest_first);
    for (const auto& [i, value] : t.figures) {
      // A price of 0 says nothing; of limits, 0 is none.
      if (C1Figures()[i].field == "FaceValue" && value == 0) continue;
      C1Figures()[i].set(f, value);
    }
    SetFrom(w, t.at, t.from);
  }

  void SetKind(const CFiles::Terms& t, v1::Fund& f) {
    static const std::map<std::string_view, std::string_view> kKinds = {
        {"01", "equity"}, {"02", "bond"}, {"03", "mixed"}, {"04", "money"}};
    const auto kind = kKinds.find(t.type);
    if (kind == kKinds.end()) {
      if (!f.kind().empty() && t.type.empty()) return;
      return Refuse(t.at, "FundType", t.type, "is not one of 01 (equity), 02 (bond), 03 (mixed), 04 (money)");
    }
    std::string now(t.qdii ? "qdii" : kind->second);
    // Kinds that the standard does not tell apart.
    if (!t.qdii && ((f.kind() == "index" && now != "money") || (f.kind() == "fof" && now == "mixed"))) now = f.kind();
    if (f.has_income() && now != "money")
      return Refuse(t.at, "FundType", t.type,
                    "contradicts the daily income that the fund has, which is of money funds only");
    f.set_kind(now);
  }

  void Take(const CFiles::Agency& a) {
    Work* w = Find(a.at, "FundCode", a.fund);
    if (!w) return;
    v1::Fund& f = w->out.fund;
    const auto contradicts = [&](std::string_view field, int32_t before, const std::optional<int32_t>& now) {
      if (w->days_said && now && before != *now)
        Refuse(a.at, field, StrCat(*now), StrCat("contradicts ", before, " of an earlier line"));
    };
    contradicts("BuyPayPeriod", f.purchase_pay_days(), a.purchase_days);
    contradicts("RedemptionPayPeriod", f.redemption_pay_days(), a.redemption_days);
    if (a.purchase_days) f.set_purchase_pay_days(*a.purchase_days);
    if (a.redemption_days) f.set_redemption_pay_days(*a.redemption_days);
    w->days_said = true;
    SetFrom(*w, a.at, a.from);
  }

  // --- C5

  void TakeFees() {
    std::map<std::pair<std::string, Date>, Fees> by_day;
    for (const auto& f : files_.fees)
      if (Find(f.at, "FundCode", f.fund)) by_day[{f.fund, f.from}].push_back(&f);
    for (const auto& [key, fees] : by_day) TakeTable(work_.at(key.first), key.second, fees);
  }

  static Fees Of(const Fees& fees, bool redemption, std::string_view investors) {
    Fees out;
    for (const CFiles::Fee* f : fees)
      if (f->redemption == redemption && investors.find(f->investors) != std::string_view::npos) out.push_back(f);
    return out;
  }

  void TakeTable(Work& w, Date day, const Fees& fees) {
    v1::Fund& fund = w.out.fund;
    w.fees_said = true;
    for (bool redemption : {false, true}) {
      const Fees all = Of(fees, redemption, "2"), one = Of(fees, redemption, "01");
      if (!all.empty() && !one.empty())
        return Refuse(one[0]->at, "IndividualOrInstitution", std::string(1, one[0]->investors),
                      StrCat("contradicts line ", all[0]->at.line, ", which is for all (2) from the same day"));
      if (all.empty() && !one.empty() && fund.fees().empty() &&
          (Of(fees, redemption, "0").empty() || Of(fees, redemption, "1").empty()))
        return Refuse(one[0]->at, "IndividualOrInstitution", std::string(1, one[0]->investors),
                      "leaves the other investors without a fee, and none is known; send lines for them, too");
    }
    const bool apart = !Of(fees, false, "01").empty() || !Of(fees, true, "01").empty();
    if (apart && fund.institution_fees().empty()) *fund.mutable_institution_fees() = fund.fees();
    Put(w, day, Of(fees, false, "12"), Of(fees, true, "12"), fund.mutable_fees());
    if (apart || !fund.institution_fees().empty())
      Put(w, day, Of(fees, false, "02"), Of(fees, true, "02"), fund.mutable_institution_fees());
  }

  // The schedule of `day` in `list`, with what is not said taken from the one in force until then.
  void Put(Work& w, Date day, Fees purchase, Fees redemption, Schedules* list) {
    if (purchase.empty() && redemption.empty()) return;
    v1::FeeSchedule* at = nullptr;
    const v1::FeeSchedule* before = nullptr;
    for (auto& s : *list) {
      if (s.effective_day() == day.raw()) at = &s;
      if (s.effective_day() <= day.raw() && (!before || s.effective_day() > before->effective_day())) before = &s;
    }
    v1::FeeSchedule next = at ? *at : before ? *before : v1::FeeSchedule();
    const v1::FeeSchedule old = next;
    next.set_effective_day(day.raw());
    if (w.terms && w.terms->inside) next.set_inside(*w.terms->inside);
    if (!purchase.empty()) PutPurchase(std::move(purchase), &next);
    if (!redemption.empty()) PutRedemption(w, std::move(redemption), old, &next);
    if (at) {
      *at = next;
    } else {
      *list->Add() = next;
      std::sort(list->begin(), list->end(),
                [](const auto& a, const auto& b) { return a.effective_day() < b.effective_day(); });
    }
  }

  void PutPurchase(Fees fees, v1::FeeSchedule* s) {
    std::stable_sort(fees.begin(), fees.end(), [](auto* a, auto* b) { return a->from_fen < b->from_fen; });
    const google::protobuf::RepeatedPtrField<v1::PurchaseTier> before = s->purchase();
    s->clear_purchase();
    for (size_t i = 0; i < fees.size(); ++i) {
      const CFiles::Fee& f = *fees[i];
      const std::string from = Money::FromRaw(f.from_fen).ToString();
      if (i == 0 && f.from_fen > 1)
        Refuse(f.at, "AmountLowerLimit", from, "is where the first tier begins; it must begin at 0");
      if (i > 0) {
        const CFiles::Fee& p = *fees[i - 1];
        if (p.to_fen == 0 || f.from_fen <= p.to_fen)
          Refuse(
              f.at, "AmountLowerLimit", from,
              StrCat("overlaps the tier of line ", p.at.line, ", which ends at ",
                     p.to_fen == 0 ? "no limit" : Money::FromRaw(p.to_fen).ToString(), "; both ends belong to a tier"));
        else if (f.from_fen != p.to_fen + 1)
          Refuse(f.at, "AmountLowerLimit", from,
                 StrCat("leaves a gap after ", Money::FromRaw(p.to_fen).ToString(), " of line ", p.at.line));
      }
      if (i + 1 == fees.size() && f.to_fen != 0)
        Refuse(f.at, "AmountUpperLimit", Money::FromRaw(f.to_fen).ToString(),
               "leaves larger amounts without a fee; the last tier has no limit");
      auto* t = s->add_purchase();
      t->set_min_fen(i == 0 ? 0 : f.from_fen);
      t->set_max_fen(f.to_fen);
      t->set_rate_e8(f.rate_e8);
      t->set_fixed_fee_fen(f.fixed_fen);
      // No file says below which rate no discount goes: that stays as it was for such an amount.
      for (const v1::PurchaseTier& b : before) {
        const bool holds = b.min_fen() <= t->min_fen() && (b.max_fen() == 0 || t->min_fen() <= b.max_fen());
        if (holds && f.fixed_fen == 0) t->set_least_rate_e8(b.least_rate_e8());
      }
    }
  }

  void PutRedemption(Work& w, Fees fees, const v1::FeeSchedule& old, v1::FeeSchedule* s) {
    std::stable_sort(fees.begin(), fees.end(), [](auto* a, auto* b) { return a->from_days < b->from_days; });
    s->clear_redemption();
    for (size_t i = 0; i < fees.size(); ++i) {
      const CFiles::Fee& f = *fees[i];
      if (i == 0 && f.from_days != 0)
        Refuse(f.at, "DaysLowerLimit", StrCat(f.from_days), "is where the first tier begins; it must begin at 0");
      if (i > 0 && f.from_days <= fees[i - 1]->to_days)
        Refuse(f.at, "DaysLowerLimit", StrCat(f.from_days),
               StrCat("overlaps the tier of line ", fees[i - 1]->at.line, ", which ends with day ",
                      fees[i - 1]->to_days, "; both ends belong to a tier"));
      else if (i > 0 && f.from_days != fees[i - 1]->to_days + 1)
        Refuse(f.at, "DaysLowerLimit", StrCat(f.from_days),
               StrCat("leaves a gap after day ", fees[i - 1]->to_days, " of line ", fees[i - 1]->at.line));
      if (i + 1 == fees.size() && f.to_days < 99'999)
        Refuse(f.at, "DaysUpperLimit", StrCat(f.to_days),
               "leaves longer holdings without a fee; the last tier ends at 99999");
      auto* t = s->add_redemption();
      t->set_min_days(f.from_days);
      t->set_max_days(f.to_days);
      t->set_rate_e8(f.rate_e8);
      if (f.rate_e8 == 0) continue;
      std::optional<int64_t> share = w.terms ? w.terms->share_e8 : std::nullopt;
      for (const auto& o : old.redemption())
        if (!share && o.rate_e8() > 0 && o.min_days() <= f.from_days && f.from_days <= o.max_days())
          share = o.fund_share_e8();
      if (!share)
        Refuse(
            f.at, "RateFee", f.rate_text,
            "has no share of the fund's assets: no C1 with RedeemFeeBackRatio came along, and no earlier tier tells");
      t->set_fund_share_e8(share.value_or(0));
    }
  }

  // --- C3

  void TakeWays() {
    std::set<std::string> emptied;
    std::set<std::pair<std::string, std::string>> said;
    for (const auto& way : files_.ways) {
      Work* w = Find(way.at, "FundCode", way.fund);
      const std::string& target = way.relation.target_fund();
      Work& into = work_.at(target);
      if (!into.known && !into.terms)
        Refuse(way.at, "CodeOfTargetFund", target, "is a fund that we do not know; send its C1 along");
      if (!w) continue;
      v1::FundConversions* c = Conversions(*w, "2");
      if (w->ways_from.is_set() && w->ways_from != way.from)
        Refuse(way.at, "OperateDate", way.from.Iso(),
               StrCat("contradicts ", w->ways_from.Iso(), " of another line of this fund"));
      w->ways_from = way.from;
      if (way.whole && emptied.insert(way.fund).second) c->clear_relations();
      auto* relations = c->mutable_relations();
      auto found =
          std::find_if(relations->begin(), relations->end(), [&](const auto& r) { return r.target_fund() == target; });
      if (way.deleted) {
        if (found != relations->end()) relations->erase(found);
        continue;
      }
      v1::ConversionRelation next = way.relation;
      for (const auto& r : w->conversions_before.relations())
        if (r.target_fund() == target) next.set_by_fee_amounts(r.by_fee_amounts());
      if (!said.emplace(way.fund, target).second && found != relations->end()) {
        // A line for institutions and one for individuals that say the same are one for all.
        if (next.min_units_e2() != found->min_units_e2() || next.max_units_e2() != found->max_units_e2() ||
            next.min_days() != found->min_days()) {
          Refuse(way.at, "CodeOfTargetFund", target, "is there twice with other limits; one way has one set of limits");
          continue;
        }
        if (next.investors() != found->investors()) next.set_investors("2");
      }
      if (found != relations->end()) {
        *found = next;
      } else {
        *relations->Add() = next;
      }
      if (!into.conversions_touched && into.conversions_before.fund_code().empty()) {
        Conversions(into, "1");
        into.ways_from = way.from;
      } else if (into.out.conversions && into.conversions_before.fund_code().empty() &&
                 into.out.conversions->status() == "2") {
        into.out.conversions->set_status("0");
      }
    }
  }

  v1::FundConversions* Conversions(Work& w, const char* status) {
    if (!w.conversions_touched) {
      w.conversions_touched = true;
      w.out.conversions = w.conversions_before;
      if (w.conversions_before.fund_code().empty()) w.out.conversions->set_status(status);
      w.out.conversions->set_fund_code(w.out.code);
    } else if (w.conversions_before.fund_code().empty() && w.out.conversions->status() != status) {
      w.out.conversions->set_status("0");  // a way in and a way out
    }
    return &*w.out.conversions;
  }

  // --- C6

  void Take(const CFiles::Redeemable& r) {
    Work* w = Find(r.at, "FundCode", r.fund);
    if (!w) return;
    auto* lots = w->out.fund.mutable_rules()->mutable_first_redemptions();
    auto found = std::find_if(lots->begin(), lots->end(), [&](const auto& f) { return f.lot_day() == r.lot.raw(); });
    if (r.voided) {
      if (found != lots->end()) lots->erase(found);
      return;
    }
    auto [said, first_time] = lots_said_.emplace(std::pair(r.fund, r.lot), r.first);
    if (!first_time && said->second != r.first)
      return Refuse(r.at, "AllowRedemptDate", r.first.Iso(),
                    StrCat("contradicts ", said->second.Iso(), " of an earlier line for the same lots"));
    if (found == lots->end()) {
      lots->Add()->set_lot_day(r.lot.raw());
      found = lots->end() - 1;
    }
    found->set_first_day(r.first.raw());
    std::sort(lots->begin(), lots->end(), [](const auto& a, const auto& b) { return a.lot_day() < b.lot_day(); });
    if (lots->size() > kMostLots)
      Refuse(r.at, "ShareRegisterDate", r.lot.Iso(),
             StrCat("is one lot more than the ", kMostLots, " that a fund may have"));
  }

  // ---

  void Finish(const std::string& code, Work& w) {
    v1::Fund& f = w.out.fund;
    if (f.has_rules() && f.rules().ByteSizeLong() == 0 && !w.before.has_rules()) f.clear_rules();
    if (w.terms && w.known && !w.fees_said) {
      const auto leave = [&](std::string_view field) {
        plan_.left.push_back({w.terms->at, std::string(field), "", "counts from the next C5 of the fund on", 1});
      };
      bool share = false, inside = false;
      for (const auto& s : f.fees()) {
        inside = inside || (w.terms->inside && *w.terms->inside != s.inside());
        for (const auto& t : s.redemption())
          share = share || (w.terms->share_e8 && t.rate_e8() > 0 && t.fund_share_e8() != *w.terms->share_e8);
      }
      if (share) leave("RedeemFeeBackRatio");
      if (inside) leave("CollectFeeType");
    }
    if (!w.known && !w.terms) return;  // refused before
    if (!w.known && !w.days_said) w.out.assumed.push_back("paid T+2, received T+3");
    if (!w.known && !w.fees_said) w.out.assumed.push_back("no fees");
    const bool same_fund = w.known && MessageDifferencer::Equals(f, w.before);
    if (w.out.conversions && MessageDifferencer::Equals(*w.out.conversions, w.conversions_before))
      w.out.conversions.reset();
    if (same_fund && !w.out.conversions) return;
    const auto moment = [](Date from, int64_t newest) {
      const int64_t at = from.is_set() ? TimePoint::At(from, TimeOfDay()).raw() : 0;
      return std::max(at, newest);  // never before terms that were said earlier and are still to come
    };
    w.out.effective_at_us = moment(w.from, w.newest_us);
    if (w.out.conversions) w.out.conversions_effective_at_us = moment(w.ways_from, w.newest_conversions_us);
    const auto before = w.known ? Describe(w.before, w.conversions_before) : std::map<std::string, std::string>();
    const auto now = Describe(f, w.out.conversions ? *w.out.conversions : w.conversions_before);
    std::set<std::string> fields;
    for (const auto& [field, value] : before) fields.insert(field);
    for (const auto& [field, value] : now) fields.insert(field);
    const auto of = [](const auto& all, const std::string& field) {
      return all.contains(field) ? all.at(field) : std::string();
    };
    for (const std::string& field : fields)
      if (of(before, field) != of(now, field)) w.out.changes.push_back({field, of(before, field), of(now, field)});
    w.out.code = code;
    plan_.funds.push_back(w.out);
  }

  const CFiles& files_;
  const std::map<std::string, v1::GetFundResponse>& known_;
  std::map<std::string, Work> work_;
  std::map<std::pair<std::string, Date>, Date> lots_said_;
  ImportPlan plan_;
};

std::string PurchaseText(const v1::FeeSchedule& s) {
  std::string out = s.inside() ? "inside" : "outside";
  for (const auto& t : s.purchase())
    out += StrCat(
        "; ", Money::FromRaw(t.min_fen()).ToString(), " to ",
        t.max_fen() == 0 ? "no limit" : Money::FromRaw(t.max_fen()).ToString(), ": ",
        t.fixed_fee_fen() > 0 ? Money::FromRaw(t.fixed_fee_fen()).ToString() : Rate::FromRaw(t.rate_e8()).ToPercent(),
        t.least_rate_e8() > 0 ? StrCat(", not below ", Rate::FromRaw(t.least_rate_e8()).ToPercent()) : std::string());
  return out;
}

std::string RedemptionText(const v1::FeeSchedule& s) {
  std::string out;
  for (const auto& t : s.redemption())
    out += StrCat(out.empty() ? "" : "; ", t.min_days(),
                  t.max_days() >= 99'999 ? std::string(" days and more") : StrCat(" to ", t.max_days(), " days"), ": ",
                  Rate::FromRaw(t.rate_e8()).ToPercent(), ", fund ", Rate::FromRaw(t.fund_share_e8()).ToPercent());
  return out;
}

}  // namespace

std::map<std::string, std::string> Describe(const v1::Fund& f, const v1::FundConversions& conversions) {
  std::map<std::string, std::string> out;
  const auto money = [&](std::string_view field, int64_t v) {
    if (v != 0) out[std::string(field)] = Money::FromRaw(v).ToString();
  };
  const auto units = [&](std::string_view field, int64_t v) {
    if (v != 0) out[std::string(field)] = Units::FromRaw(v).ToString();
  };
  out["name"] = f.name();
  out["kind"] = f.kind();
  out["risk"] = StrCat("R", f.risk_grade());
  out["status"] = f.status();
  out["purchases_paid"] = StrCat("T+", f.purchase_pay_days());
  out["redemptions_received"] = StrCat("T+", f.redemption_pay_days());
  out["lots"] = f.lifo() ? "newest first" : "oldest first";
  out["face"] = Nav::FromRaw(f.face_e8()).ToString();
  money("min_purchase", f.min_purchase_fen());
  money("min_additional", f.min_additional_fen());
  money("max_purchase", f.max_purchase_fen());
  units("min_redemption", f.min_redemption_e2());
  units("min_holding", f.min_holding_e2());
  money("purchases_a_day", f.rules().max_purchase_a_day_fen());
  units("max_redemption", f.rules().max_redemption_e2());
  units("redemptions_a_day", f.rules().max_redemption_a_day_e2());
  for (const auto& r : f.rules().first_redemptions())
    out[StrCat("first_redemption of lots of ", Date::FromRaw(r.lot_day()).Iso())] = Date::FromRaw(r.first_day()).Iso();
  const auto schedules = [&](std::string_view whose, const Schedules& list) {
    for (const auto& s : list) {
      const std::string day = Date::FromRaw(s.effective_day()).Iso();
      out[StrCat(whose, "purchase fees from ", day)] = PurchaseText(s);
      out[StrCat(whose, "redemption fees from ", day)] = RedemptionText(s);
    }
  };
  schedules("", f.fees());
  schedules("institutions' ", f.institution_fees());
  if (!conversions.fund_code().empty()) out["convert_status"] = conversions.status();
  for (const auto& r : conversions.relations())
    out[StrCat("conversion into ", r.target_fund())] =
        StrCat("units ", Units::FromRaw(r.min_units_e2()).ToString(), " to ",
               r.max_units_e2() == 0 ? "no limit" : Units::FromRaw(r.max_units_e2()).ToString(), ", held ",
               r.min_days(), " days, investors ", r.investors());
  return out;
}

ImportPlan PlanImport(const CFiles& files, const std::map<std::string, v1::GetFundResponse>& known) {
  return Planner(files, known).Run();
}

}  // namespace fundcore::product_import
