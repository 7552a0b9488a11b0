// Applying the validated files, reconciling what we have with what they say, moving the money.
#include <algorithm>

#include "fundcore/bank/v1/bank.pb.h"
#include "services/clearing/institution.h"
#include "services/clearing/reconciliation.h"

namespace fundcore::clearing {

namespace {

// How the 25 file groups: forced redemption, planned redemption, liquidation and termination under redemption, a failed
// offer under the offer's result, a dividend that was held under the dividends.
uint16_t Folded(uint32_t business) {
  switch (business) {
    case 142:
    case 150:
    case 151:
    case 163: return 124;
    case 149: return 130;
    case 157: return 143;
    default: return static_cast<uint16_t>(business);
  }
}

bool PaysTheInstitution(uint32_t business) {
  return business == 120 || business == 122 || business == 130 || business == 137 || business == 139 || business == 141;
}

std::string HashBytes(const Hash256& h) { return std::string(h.raw().begin(), h.raw().end()); }

Finding OfStatement(const AnswerFile* file, std::string_view type, BreakKind kind, std::string subject) {
  Finding f;
  f.kind = kind;
  f.type = FileType(type);
  if (file) {
    f.sha = file->sha;
    f.file_name = file->name();
  }
  f.subject = std::move(subject);
  f.rule = KindName(kind);
  return f;
}

// What the bank knows a settlement by. The same one asked again moves nothing.
std::string InstructionId(const SettlementKey& key) {
  return StrCat(key.ta.view(), "-", key.confirm_day.Compact(), "-", key.fund.view(), "-", key.business);
}

constexpr TimeOfDay kPayTime = TimeOfDay::Hms(9, 0);

}  // namespace

// --- Apply
// --------------------------------------------------------------------------------------------------------------

void InstitutionWorker::Apply(Date day) {
  Begin(day);
  Ensure(day, [this, day] {
    auto lines = [this](std::string_view type) {
      auto file = Answer(type);
      return file ? file->partitions_with_lines() : std::vector<uint16_t>();
    };
    Lanes(
        lines("02"), [this, day](uint16_t p, Next done) { ApplyAccounts(day, "02", p, std::move(done)); },
        [this, day, lines] {
          const auto hung = [this, day, lines] {
            KeepInKind(day, 0, [this, day, lines] { ApplyHung(day, [this, day, lines] {
              const auto confirmations = [this, day, lines] {
                Lanes(
                    lines("04"), [this, day](uint16_t p, Next done) { ApplyConfirmations(day, p, std::move(done)); },
                    [this, day, lines] {
                      Lanes(
                          lines("06"), [this, day](uint16_t p, Next done) { ApplyDividends(day, p, std::move(done)); },
                          [this, day] {
                            SubmitAndEnd(Advance{ta_, day, Step::kApply});
                          });
                    });
              };
              // The days that money funds earned on come before what changes units from today on.
              Lanes(
                  PartitionsWithIncome(), [this, day](uint16_t p, Next done) { ApplyIncome(day, p, std::move(done)); },
                  confirmations);
            }); });
          };
          Lanes(
              lines("R2"), [this, day](uint16_t p, Next done) { ApplyAccounts(day, "R2", p, std::move(done)); }, hung);
        });
  });
}

void InstitutionWorker::Acknowledge(Date day, Phase phase, uint16_t partition, uint64_t sent, uint64_t next,
                                    std::vector<Finding> findings, Next again) {
  if (next <= sent) {
    return Retry(absl::UnavailableError(
        StrCat("partition ", partition, " stays at line ", next, " of its lines; it was sent those from ", sent)));
  }
  Record(day, Stage::kNote, std::move(findings), [] {});
  Submit(Applied{ta_, day, phase, partition, next}, std::move(again));
}

void InstitutionWorker::ApplyAccounts(Date day, std::string_view type, uint16_t partition, Next done) {
  auto file = Answer(type);
  const Phase phase = type == "02" ? Phase::kAccounts : Phase::kTax;
  const auto& lines = file->lines(partition);
  const uint64_t first = m().NextIndex({ta_, day, phase, partition});
  if (first >= lines.size()) return done();
  account::v1::ApplyAccountConfirmationsRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_file_hash(HashBytes(file->sha));
  q.set_file_name(file->name());
  q.set_first_index(first);
  for (size_t i = first; i < std::min(lines.size(), first + kLinesAMessage); ++i) file->Fill(lines[i], q.add_lines());
  Call<account::v1::ApplyAccountConfirmationsResponse>(
      "fundcore.account.v1.AccountOps/ApplyAccountConfirmations", q, kPeerDeadline,
      [this, day, type, phase, partition, first, file,
       done = std::move(done)](const account::v1::ApplyAccountConfirmationsResponse& r) {
        HungRecorded hung{ta_, day, {}};
        for (const auto& h : r.hung()) {
          hung.orders.emplace_back(OrderId(h.order_id()),
                                   HungOrder{InvestorId(h.investor_id()), h.return_code(), h.detail()});
        }
        if (!hung.orders.empty()) Submit(hung, [] {});
        std::vector<Finding> notes;
        for (const auto& f : r.findings()) {
          Finding finding = OfStatement(file.get(), type, BreakKind::kAccountConfirmationDiffers, "");
          finding.line = f.line();
          finding.rule = f.rule();
          finding.field = f.field();
          finding.expected = f.expected();
          finding.found = f.found();
          finding.message = StrCat(f.field(), " is ", f.found().empty() ? "blank" : f.found(), ", expected ",
                                   f.expected().empty() ? "none" : f.expected(), " (", f.rule(), ")");
          notes.push_back(std::move(finding));
        }
        Acknowledge(day, phase, partition, first, r.next_index(), std::move(notes),
                    [this, day, type, partition, done] { ApplyAccounts(day, type, partition, done); });
      });
}

// Orders that hung on a refused fund account are refused with its code, as if a file had said so.
void InstitutionWorker::ApplyHung(Date day, Next then) {
  auto orders = std::make_shared<std::vector<std::pair<OrderId, HungOrder>>>(m().Hung(Key(day)));
  std::vector<uint16_t> partitions;
  for (const auto& [order, hung] : *orders) {
    const uint16_t p = PartitionOf(order).raw();
    if (p < deps_->partitions && (partitions.empty() || partitions.back() != p)) partitions.push_back(p);
  }
  Lanes(
      std::move(partitions),
      [this, day, orders](uint16_t p, Next done) { ApplyHungLane(day, orders, p, std::move(done)); }, std::move(then));
}

void InstitutionWorker::ApplyHungLane(Date day, std::shared_ptr<std::vector<std::pair<OrderId, HungOrder>>> orders,
                                      uint16_t partition, Next done) {
  auto file = Answer("02");
  const uint64_t first = m().NextIndex({ta_, day, Phase::kHung, partition});
  trade::v1::ApplyConfirmationsRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_file_hash(HashBytes(
      Sha256(StrCat("orders that hung on ", ta_.view(), "/", day.Compact(), "/", file ? file->sha.Hex() : ""))));
  q.set_file_name(file ? file->name() : "");
  q.set_first_index(first);
  uint64_t index = 0;
  for (const auto& [order, hung] : *orders) {
    if (PartitionOf(order).raw() != partition || index++ < first) continue;
    if (static_cast<size_t>(q.lines_size()) == kLinesAMessage) break;
    auto* line = q.add_lines();
    line->set_line(index);
    line->set_order_id(order.raw());
    line->set_investor_id(hung.investor.raw());
    line->set_return_code(hung.return_code);
    line->set_confirm_day(D(day).answer_day.raw());
    line->set_error_detail(hung.detail);
  }
  if (q.lines_size() == 0) return done();
  Call<trade::v1::ApplyConfirmationsResponse>(
      "fundcore.trade.v1.TradeOps/ApplyConfirmations", q, kPeerDeadline,
      [this, day, orders, partition, first, done = std::move(done)](const trade::v1::ApplyConfirmationsResponse& r) {
        Acknowledge(day, Phase::kHung, partition, first, r.next_index(), {},
                    [this, day, orders, partition, done] { ApplyHungLane(day, orders, partition, done); });
      });
}

// The same message to account, which posts it, then to trade, which tells the investor.
void InstitutionWorker::ApplyConfirmations(Date day, uint16_t partition, Next done) {
  auto file = Answer("04");
  const auto& lines = file->lines(partition);
  const uint64_t first = m().NextIndex({ta_, day, Phase::kConfirmations, partition});
  if (first >= lines.size()) return done();
  auto q = std::make_shared<trade::v1::ApplyConfirmationsRequest>();
  q->set_partition(partition);
  q->set_ta_code(ta_.str());
  q->set_file_hash(HashBytes(file->sha));
  q->set_file_name(file->name());
  q->set_first_index(first);
  const size_t end = std::min<size_t>(lines.size(), first + kLinesAMessage);
  q->mutable_lines()->Reserve(static_cast<int>(end - first));
  for (size_t i = first; i < end; ++i) file->Fill(lines[i], q->add_lines());
  Call<account::v1::ApplyResult>(
      "fundcore.account.v1.AccountOps/ApplyConfirmations", *q, kPeerDeadline,
      [this, day, partition, first, end, q, file, done = std::move(done)](const account::v1::ApplyResult& posted) {
        std::vector<Finding> shortfalls;
        for (const auto& f : posted.findings()) {
          Finding finding = OfStatement(file.get(), "04", BreakKind::kShortfall, "");
          finding.line = f.line();
          finding.rule = f.rule();
          finding.field = f.field();
          finding.expected = f.expected();
          finding.found = f.found();
          finding.order = OrderId(f.order_id());
          const bool left_over = f.rule() == "SHORT" || f.rule() == "MORE_THAN_RESERVED" || f.rule() == "UNKNOWN_INVESTOR" ||
                                 f.rule() == "ADVANCE_NOT_COVERED" || f.rule() == "FURTHER_PAYMENT_ADVANCED" ||
                                 f.rule() == "VOID_PAYMENT_AWAITED";
          finding.message = StrCat(f.rule(), ": ", f.field(), " ", f.found(), ", there was ", f.expected(),
                                   left_over ? "; the rest stands in the suspense account" : "; nothing more was posted");
          shortfalls.push_back(std::move(finding));
        }
        if (posted.next_index() < end) {
          return Retry(absl::UnavailableError(StrCat("account is at line ", posted.next_index(), " of partition ",
                                                     partition, ", after lines up to ", end, " were sent")));
        }
        Call<trade::v1::ApplyConfirmationsResponse>(
            "fundcore.trade.v1.TradeOps/ApplyConfirmations", *q, kPeerDeadline,
            [this, day, partition, first, end, shortfalls = std::move(shortfalls),
             done](const trade::v1::ApplyConfirmationsResponse& r) mutable {
              Acknowledge(day, Phase::kConfirmations, partition, first, std::min<uint64_t>(r.next_index(), end),
                          std::move(shortfalls),
                          [this, day, partition, done] { ApplyConfirmations(day, partition, done); });
            });
      });
}

void InstitutionWorker::ApplyDividends(Date day, uint16_t partition, Next done) {
  auto file = Answer("06");
  const auto& lines = file->lines(partition);
  const uint64_t first = m().NextIndex({ta_, day, Phase::kDividends, partition});
  if (first >= lines.size()) return done();
  account::v1::ApplyDividendsRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_file_hash(HashBytes(file->sha));
  q.set_file_name(file->name());
  q.set_first_index(first);
  for (size_t i = first; i < std::min(lines.size(), first + kLinesAMessage); ++i) file->Fill(lines[i], q.add_lines());
  Call<account::v1::ApplyResult>(
      "fundcore.account.v1.AccountOps/ApplyDividends", q, kPeerDeadline,
      [this, day, partition, first, file, done = std::move(done)](const account::v1::ApplyResult& r) {
        std::vector<Finding> notes;
        for (const auto& f : r.findings()) {
          Finding finding = OfStatement(file.get(), "06", BreakKind::kDividendDiffers, "");
          finding.line = f.line();
          finding.rule = f.rule();
          finding.field = f.field();
          finding.expected = f.expected();
          finding.found = f.found();
          finding.message = StrCat(f.field(), " is ", f.found(), ", expected ", f.expected(), " (", f.rule(), ")");
          notes.push_back(std::move(finding));
        }
        Acknowledge(day, Phase::kDividends, partition, first, r.next_index(), std::move(notes),
                    [this, day, partition, done] { ApplyDividends(day, partition, done); });
      });
}

// --- Reconcile
// ----------------------------------------------------------------------------------------------------------

void InstitutionWorker::Reconcile(Date day) {
  Begin(day);
  Ensure(day, [this, day] {
    auto r = std::make_shared<Reconciliation>();
    r->day = day;
    r->answer_day = D(day).answer_day;
    r->command.ta = ta_;
    r->command.day = day;

    // Our orders and the institution's confirmations. Compared once: after a corrected statement the orders are no
    // longer due.
    auto confirmations = Answer("04");
    auto accounts = Answer("02");
    if (!D(day).reconciliation.empty()) {
      r->command.lines.push_back(D(day).reconciliation.front());
    } else {
      Reconciled line{"orders and confirmations", 0, 0, 0, "", ""};
      std::vector<OrderId> answered = confirmations ? confirmations->answered() : std::vector<OrderId>();
      std::vector<OrderId> unrouted = confirmations ? confirmations->unrouted() : std::vector<OrderId>();
      std::vector<OrderId> hung;
      for (const auto& [order, h] : m().Hung(Key(day))) hung.push_back(order);
      std::sort(answered.begin(), answered.end());
      std::sort(unrouted.begin(), unrouted.end());
      const auto in = [](const std::vector<OrderId>& list, OrderId o) {
        return std::binary_search(list.begin(), list.end(), o);
      };
      const std::set<OrderId> kept = AddReservations(r->command, confirmations.get(), answered, unrouted, hung);
      for (const DueOrder& due : m().Due(ta_, r->answer_day)) {
        ++line.compared;
        const bool applied = (in(answered, due.order) && !in(unrouted, due.order)) || in(hung, due.order);
        ++(applied ? line.equal : line.different);
        // Unanswered orders are not forgotten: the next answer is expected to hold them.
        if (!applied && !kept.contains(due.order)) r->command.carried.push_back(due);
      }
      if (confirmations) AddDeferred(*r, *confirmations);
      line.ours = StrCat(line.compared, " orders due");
      line.theirs = StrCat(confirmations ? confirmations->records() : 0, " lines");
      r->command.lines.push_back(std::move(line));
    }

    if (const size_t kept = confirmations ? confirmations->in_kind().size() : 0; kept > 0) {
      r->command.lines.push_back({"ETF in kind (191 to 194), kept as records", kept, kept, 0, "", StrCat(kept, " lines")});
    }
    auto balances = Answer("05");
    r->command.lines.push_back({"unit balances", 0, 0, 0, "", ""});
    Lanes(
        balances ? balances->partitions_with_lines() : std::vector<uint16_t>(),
        [this, r](uint16_t p, Next done) { BalanceLane(r, p, 0, std::move(done)); }, [this, r] { CompareTotals(r); });
  });
}

// Rests of large redemptions: the next line of each is due with the answer to the fund's next open day.
void InstitutionWorker::AddDeferred(Reconciliation& r, const AnswerFile& file) {
  std::map<Date, std::vector<DueOrder>> by_due;
  for (const AnswerFile::Deferred& d : file.deferred()) {
    Date due = r.answer_day.AddDays(1);
    const FundTerms* fund = m().products().Fund(d.fund, Now());
    if (const TradingCalendar* calendar = fund ? m().products().Calendar(fund->calendar) : nullptr) {
      if (auto next = calendar->Next(r.answer_day); next.ok()) due = *next;
    }
    by_due[due].push_back({d.order, d.investor});
  }
  for (auto& [due, orders] : by_due) r.command.deferred.push_back({due, std::move(orders)});
}

void InstitutionWorker::BalanceLane(std::shared_ptr<Reconciliation> r, uint16_t partition, size_t at, Next done) {
  auto file = Answer("05");
  const auto& lines = file->balances(partition);
  if (at >= lines.size()) return done();
  account::v1::CheckBalancesRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_confirm_day(r->answer_day.raw());
  const size_t end = std::min(lines.size(), at + kLinesAMessage);
  for (size_t i = at; i < end; ++i) {
    auto* line = q.add_lines();
    line->set_line(lines[i].record);
    line->set_investor_id(lines[i].investor.raw());
    line->set_fund_code(lines[i].fund.str());
    line->set_ta_account(lines[i].account.str());
    line->set_total_units_e2(lines[i].units.raw());
    line->set_frozen_units_e2(lines[i].frozen.raw());
    line->set_frozen_given(lines[i].frozen_given);
    if (lines[i].way) line->set_dividend_method(std::string(1, lines[i].way));
    line->set_has_income(lines[i].has_income);
    line->set_income_fen(lines[i].income.raw());
  }
  Call<account::v1::CheckBalancesResponse>(
      "fundcore.account.v1.AccountOps/CheckBalances", q, kPeerDeadline,
      [this, r, partition, at, end, file, done = std::move(done)](const account::v1::CheckBalancesResponse& answer) {
        Reconciled& sum = r->command.lines.back();
        sum.compared += end - at;
        sum.equal += end - at;
        const auto& lines = file->balances(partition);
        for (const auto& f : answer.findings()) {
          if (f.field() == kIncomeField) continue;  // apart, below
          Finding finding = OfStatement(file.get(), "05", BreakKind::kBalanceDiffers, "");
          finding.line = f.line();
          finding.rule = f.rule();
          finding.field = f.field();
          finding.expected = f.expected();
          finding.found = f.found();
          finding.message = StrCat(f.field(), " is ", f.found(), ", we have ", f.expected(), " (", f.rule(), ")");
          const bool seen =
              std::any_of(r->findings.begin(), r->findings.end(), [&](const Finding& x) { return x.line == f.line(); });
          auto line = std::find_if(lines.begin() + static_cast<std::ptrdiff_t>(at),
                                   lines.begin() + static_cast<std::ptrdiff_t>(end),
                                   [&](const auto& l) { return l.record == f.line(); });
          if (!seen) {
            --sum.equal;
            ++sum.different;
            auto ours = Units::Parse(f.expected()), theirs = Units::Parse(f.found());
            if (f.rule() == "FROZEN_DIFFERS" || f.rule() == "WAY_DIFFERS") {
              // The units themselves agree.
            } else if (line != lines.end() && ours.ok() && theirs.ok()) {
              r->explained[line->fund] += *ours - *theirs;
            } else if (line != lines.end()) {
              r->unclear.insert(line->fund);
            }
            r->findings.push_back(std::move(finding));
          }
        }
        TellIncome(r, partition, at, end, answer, [this, r, partition, end, done] { BalanceLane(r, partition, end, done); });
      });
}

// Per fund: finds holders that the file leaves out, which no line of it can show.
void InstitutionWorker::CompareTotals(std::shared_ptr<Reconciliation> r) {
  auto file = Answer("05");
  account::v1::UnitTotalsRequest q;
  q.set_ta_code(ta_.str());
  Call<account::v1::UnitTotalsResponse>(
      "fundcore.account.v1.AccountOps/UnitTotals", q, kLongDeadline,
      [this, r, file](const account::v1::UnitTotalsResponse& t) {
        std::map<FundCode, std::pair<Units, Units>> funds;  // ours, theirs
        Units ours, theirs;
        for (const auto& f : t.totals()) {
          if (FundCode::Fits(f.fund_code())) funds[FundCode(f.fund_code())].first = Units::FromRaw(f.units_e2());
        }
        if (file)
          for (const auto& [fund, units] : file->fund_totals()) funds[fund].second = units;
        Reconciled line{"unit totals by fund", 0, 0, 0, "", ""};
        const bool given = file && file->records() > 0;
        for (const auto& [fund, both] : funds) {
          ours += both.first;
          theirs += both.second;
          if (!given) continue;
          ++line.compared;
          const Units left = both.first - both.second - r->explained[fund];
          if (left.is_zero() || r->unclear.contains(fund)) {
            ++(both.first == both.second ? line.equal : line.different);
            continue;
          }
          ++line.different;
          Finding f = OfStatement(file.get(), "05", BreakKind::kUnitTotalDiffers, fund.str());
          f.field = "TotalVolOfDistributorInTA";
          f.expected = both.first.ToString();
          f.found = both.second.ToString();
          f.message = StrCat("fund ", fund.view(), ": we hold ", f.expected, " units, the file has ", f.found, "; ",
                             left.ToString(), " of the difference is in no line");
          r->findings.push_back(std::move(f));
        }
        line.ours = ours.ToString();
        line.theirs = given ? theirs.ToString() : "no lines in file 05";
        r->command.lines.push_back(std::move(line));
        CompareCash(r);
      });
}

void InstitutionWorker::CompareCash(std::shared_ptr<Reconciliation> r) {
  account::v1::SettlementTotalsRequest q;
  q.set_ta_code(ta_.str());
  q.set_confirm_day(r->answer_day.raw());
  Call<account::v1::SettlementTotalsResponse>(
      "fundcore.account.v1.AccountOps/SettlementTotals", q, kLongDeadline,
      [this, r, file = Answer("25")](const account::v1::SettlementTotalsResponse& t) {
        struct Both {
          Money our_pay, our_receive, their_pay, their_receive;
        };
        const bool given = file && file->records() > 0;
        std::map<AnswerFile::CashKey, Both> all;
        for (const auto& s : t.totals()) {
          if (!FundCode::Fits(s.fund_code())) continue;
          const AnswerFile::CashKey key{FundCode(s.fund_code()), Folded(s.business())};
          all[key].our_pay += Money::FromRaw(s.pay_fen());
          all[key].our_receive += Money::FromRaw(s.receive_fen());

          ReconciledDay::Item item;
          item.key = {ta_, r->answer_day, key.fund, static_cast<uint16_t>(s.business())};
          item.settlement.day = r->day;
          item.settlement.pay = Money::FromRaw(s.pay_fen());
          item.settlement.receive = Money::FromRaw(s.receive_fen());
          item.settlement.count = s.count();
          // No money moves: there is nothing to wait for.
          if (s.pay_fen() == 0 && s.receive_fen() == 0 && s.business() >= 136 && s.business() <= 138)
            item.settlement.pay_date = r->answer_day;
          if (given) {
            if (auto theirs = file->cash().find(key); theirs != file->cash().end())
              item.settlement.pay_date = theirs->second.pay_date;
          }
          if (!item.settlement.pay_date.is_set()) {
            // The fund's own terms: so many open days after the trading day.
            item.settlement.pay_date = r->answer_day;
            const FundTerms* fund = m().products().Fund(key.fund, Now());
            const TradingCalendar* calendar = fund ? m().products().Calendar(fund->calendar) : nullptr;
            if (calendar) {
              const int days = PaysTheInstitution(s.business()) ? fund->purchase_pay_days : fund->redemption_pay_days;
              auto date = calendar->AddOpenDays(r->answer_day, days - fund->confirm_days);
              if (date.ok()) item.settlement.pay_date = *date;
            }
          }
          r->command.settlements.push_back(std::move(item));
        }
        if (file) {
          for (const auto& [key, cash] : file->cash()) {
            all[key].their_pay = cash.pay;
            all[key].their_receive = cash.receive;
          }
        }
        Reconciled line{"cash by fund and business", 0, 0, 0, "", ""};
        Both sum;
        for (const auto& [key, b] : all) {
          sum.our_pay += b.our_pay;
          sum.our_receive += b.our_receive;
          sum.their_pay += b.their_pay;
          sum.their_receive += b.their_receive;
          if (!given) continue;
          ++line.compared;
          if (b.our_pay == b.their_pay && b.our_receive == b.their_receive) {
            ++line.equal;
            continue;
          }
          ++line.different;
          Finding f =
              OfStatement(file.get(), "25", BreakKind::kCashDiffers, StrCat(key.fund.view(), "/", key.business));
          if (auto theirs = file->cash().find(key); theirs != file->cash().end()) f.line = theirs->second.record;
          f.field = "ConfirmedAmount";
          f.expected = StrCat("pay ", b.our_pay.ToString(), " receive ", b.our_receive.ToString());
          f.found = StrCat("pay ", b.their_pay.ToString(), " receive ", b.their_receive.ToString());
          f.message = StrCat("fund ", key.fund.view(), ", business ", key.business, ": our confirmations say ",
                             f.expected, ", the file says ", f.found);
          r->findings.push_back(std::move(f));
        }
        line.ours = StrCat("pay ", sum.our_pay.ToString(), " receive ", sum.our_receive.ToString());
        line.theirs = given ? StrCat("pay ", sum.their_pay.ToString(), " receive ", sum.their_receive.ToString())
                            : "no lines in file 25";
        r->command.lines.push_back(std::move(line));
        Record(r->day, Stage::kReconcile, std::move(r->findings), [this, r] { SubmitAndEnd(r->command); });
      });
}

// --- Settle
// -------------------------------------------------------------------------------------------------------------

// Settlements to make, but for those whose refusal by the bank is still an open break.
std::vector<std::pair<SettlementKey, Settlement>> InstitutionWorker::Payable(Date last) {
  auto due = m().Pending(ta_, last);
  if (due.empty()) return due;
  std::set<std::string> refused;
  m().ForEachOpenBreak(ta_, [&](uint64_t, const Break& b) {
    if (b.finding.kind == BreakKind::kPaymentRefused) refused.insert(b.finding.subject);
  });
  std::erase_if(due, [&](const auto& item) { return refused.contains(InstructionId(item.first)); });
  return due;
}

// Money whose pay date has come, whatever its business day is doing.
bool InstitutionWorker::SettleDue() {
  const Date next = m().NextPayDate(ta_);
  if (!next.is_set()) return false;
  const TimePoint now = Now();
  const Date last = now.time_of_day() >= kPayTime ? now.date() : now.date().AddDays(-1);
  auto due = Payable(last);
  if (due.empty()) {
    Arm(TimePoint::At(next, kPayTime));
    // Later ones may become due while an earlier one waits for its break.
    if (next <= last) Arm(TimePoint::At(now.date().AddDays(1), kPayTime));
    return false;
  }
  Begin(Date());
  Settle(std::move(due));
  return true;
}

void InstitutionWorker::SettleCash(Date day) {
  Begin(day);
  auto due = Payable(D(day).answer_day);
  if (due.empty()) return CloseDayFor(day);
  Settle(std::move(due));
}

void InstitutionWorker::Settle(std::vector<std::pair<SettlementKey, Settlement>> due) {
  constexpr size_t kAtOnce = 500;
  if (due.size() > kAtOnce) due.resize(kAtOnce);
  SettlementIntended intended;
  for (const auto& [key, s] : due) intended.keys.push_back(key);
  Submit(intended, [this, due = std::move(due)] {
    bank::v1::ExecuteRequest q;
    std::vector<size_t> whose;  // of the instructions: index into `due`
    for (size_t i = 0; i < due.size(); ++i) {
      const auto& [key, s] = due[i];
      const std::string id = InstructionId(key);
      const auto add = [&](std::string id, bank::v1::Direction direction, Money amount) {
        auto* instruction = q.add_instructions();
        instruction->set_instruction_id(std::move(id));
        instruction->set_direction(direction);
        instruction->set_counterparty(ta_.str());
        instruction->set_amount_fen(amount.raw());
        whose.push_back(i);
      };
      if (s.pay.is_positive()) add(id, bank::v1::SETTLEMENT_TO_TA, s.pay);
      if (s.receive.is_positive()) add(s.pay.is_positive() ? id + "-R" : id, bank::v1::TA_TO_SETTLEMENT, s.receive);
    }
    const auto go_on = [this, due, whose](const bank::v1::ExecuteResponse& r) {
      if (static_cast<size_t>(r.results_size()) != whose.size()) {
        return Retry(
            absl::InternalError(StrCat("the bank answered ", r.results_size(), " of ", whose.size(), " instructions")));
      }
      std::vector<bool> refused(due.size());
      for (size_t i = 0; i < whose.size(); ++i) {
        const auto& result = r.results(static_cast<int>(i));
        if (result.done() || refused[whose[i]]) continue;
        refused[whose[i]] = true;
        const auto& [key, s] = due[whose[i]];
        Finding f;
        f.kind = BreakKind::kPaymentRefused;
        f.subject = InstructionId(key);
        f.rule = result.reason().empty() ? "PAYMENT_REFUSED" : result.reason();
        f.expected = StrCat("pay ", s.pay.ToString(), " receive ", s.receive.ToString());
        f.message = StrCat("the bank does not carry out ", InstructionId(key), ": ", result.message(),
                           "; once this is closed it is asked again");
        std::vector<Finding> one;
        one.push_back(std::move(f));
        Record(s.day, Stage::kStop, std::move(one), [] {});
      }
      auto keys = std::make_shared<std::vector<SettlementKey>>();
      for (size_t i = 0; i < due.size(); ++i)
        if (!refused[i]) keys->push_back(due[i].first);
      SettleOne(keys, 0, [this, keys] { SubmitAndEnd(SettlementsDone{*keys}); });
    };
    if (q.instructions_size() == 0) return go_on(bank::v1::ExecuteResponse());
    Call<bank::v1::ExecuteResponse>("fundcore.bank.v1.BankService/Execute", q, kPeerDeadline, go_on);
  });
}

void InstitutionWorker::SettleOne(std::shared_ptr<std::vector<SettlementKey>> keys, size_t at, Next done) {
  if (at == keys->size()) return done();
  const SettlementKey& key = (*keys)[at];
  account::v1::SettleRequest q;
  q.set_ta_code(ta_.str());
  q.set_confirm_day(key.confirm_day.raw());
  q.set_fund_code(key.fund.str());
  q.set_business(key.business);
  q.set_payment_reference(InstructionId(key));
  Call<account::v1::SettleResponse>(
      "fundcore.account.v1.AccountOps/Settle", q, kLongDeadline, [this, keys, at, key, done = std::move(done)](auto&) {
        trade::v1::SettleRequest q;
        q.set_ta_code(ta_.str());
        q.set_confirm_day(key.confirm_day.raw());
        q.set_fund_code(key.fund.str());
        q.set_business(key.business);
        Call<trade::v1::SettleResponse>("fundcore.trade.v1.TradeOps/Settle", q, kLongDeadline,
                                        [this, keys, at, done](auto&) { SettleOne(keys, at + 1, done); });
      });
}

// The last look: a receipt that never got into a transfer must not be forgotten with its day.
void InstitutionWorker::CloseDayFor(Date day) {
  const auto close = [this, day] {
    if (answers_day_ == day) answers_.clear();
    SubmitAndEnd(Advance{ta_, day, Step::kSettleCash});
  };
  if (!D(day).may_grow) return close();
  trade::v1::DayCountsRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  Call<trade::v1::DayCountsResponse>(
      "fundcore.trade.v1.TradeOps/DayCounts", q, kPeerDeadline,
      [this, day, close](const trade::v1::DayCountsResponse& r) {
        const uint64_t recorded = RecordedOrders(day);
        const uint64_t unrecorded = r.sealed() > recorded ? r.sealed() - recorded : 0;
        if (r.undecided() == 0 && r.accepted_unsealed() == 0 && unrecorded == 0) return close();
        Finding f;
        f.kind = BreakKind::kOrdersLeft;
        f.subject = "orders left";
        f.rule = "ORDERS_LEFT";
        f.found = StrCat(r.undecided(), " undecided, ", r.accepted_unsealed() + unrecorded, " accepted and in no transfer");
        f.message =
            StrCat("orders of ", day.Iso(), " are in no transfer: ", f.found,
                   "; agree a late transfer with the institution, or cancel them with notice to their investors");
        std::vector<Finding> one;
        one.push_back(std::move(f));
        // Closed by people it is not found again, and the day closes.
        Record(day, Stage::kCash, std::move(one), [this, day, close] {
          if (m().Blocking(Key(day)) > 0) return End();
          close();
        });
      });
}

}  // namespace fundcore::clearing
