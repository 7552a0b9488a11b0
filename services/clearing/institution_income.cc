// Income of money funds: the days of the 07 file go to every partition of account; what the 05 file says of each holder is
// compared, and counts where we cannot know better.
#include <algorithm>

#include "services/clearing/institution.h"
#include "services/clearing/reconciliation.h"

namespace fundcore::clearing {

namespace {

Finding OfIncome(const AnswerFile& file, const account::v1::Finding& f) {
  Finding out;
  out.kind = BreakKind::kIncomeDiffers;
  out.type = file.type();
  out.sha = file.sha;
  out.file_name = file.name();
  out.line = f.line();
  out.rule = f.rule();
  out.field = f.field();
  out.expected = f.expected();
  out.found = f.found();
  out.message = StrCat(f.field(), " is ", f.found(), ", we have ", f.expected(), " (", f.rule(), ")");
  return out;
}

}  // namespace

std::vector<uint16_t> InstitutionWorker::PartitionsWithIncome() {
  std::vector<uint16_t> all;
  auto file = Answer("07");
  const bool any = file && std::any_of(file->prices().begin(), file->prices().end(), [&](const auto& n) {
    return n.has_income() && FundCode::Fits(n.fund_code()) && m().products().Income(FundCode(n.fund_code()));
  });
  for (uint16_t p = 0; any && p < deps_->partitions; ++p) all.push_back(p);
  return all;
}

void InstitutionWorker::ApplyIncome(Date day, uint16_t partition, Next done) {
  auto file = Answer("07");
  const uint64_t first = m().NextIndex({ta_, day, Phase::kIncome, partition});
  account::v1::AppendIncomeRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_file_hash(std::string(file->sha.raw().begin(), file->sha.raw().end()));
  q.set_file_name(file->name());
  q.set_first_index(first);
  q.set_answer_day(D(day).answer_day.raw());
  q.set_product_seq(D(day).product_seq);
  std::vector<std::pair<const product::v1::NavRecord*, uint64_t>> days;
  uint64_t record = 0;
  for (const auto& n : file->prices()) {
    ++record;
    if (n.has_income() && n.nav_type() == 0 && n.nav_day() != 0 && FundCode::Fits(n.fund_code())) days.emplace_back(&n, record);
  }
  for (size_t i = first; i < std::min<size_t>(days.size(), first + kLinesAMessage); ++i) {
    auto* line = q.add_lines();
    line->set_line(days[i].second);
    line->set_fund_code(days[i].first->fund_code());
    line->set_day(days[i].first->nav_day());
    line->set_income_e8(days[i].first->income_e8());
  }
  if (q.lines_size() == 0) return done();
  Call<account::v1::ApplyResult>(
      "fundcore.account.v1.AccountOps/AppendIncome", q, kPeerDeadline,
      [this, day, partition, first, file, done = std::move(done)](const account::v1::ApplyResult& r) {
        // All partitions find the same; people are told once.
        std::vector<Finding> found;
        if (partition == 0)
          for (const auto& f : r.findings()) found.push_back(OfIncome(*file, f));
        Acknowledge(day, Phase::kIncome, partition, first, r.next_index(), std::move(found),
                    [this, day, partition, done] { ApplyIncome(day, partition, done); });
      });
}

void InstitutionWorker::TellIncome(std::shared_ptr<Reconciliation> r, uint16_t partition, size_t begin, size_t end,
                                   const account::v1::CheckBalancesResponse& answer, Next then) {
  auto file = Answer("05");
  for (const auto& f : answer.findings())
    if (f.field() == kIncomeField) r->findings.push_back(OfIncome(*file, f));
  if (answer.told_income().empty()) return then();
  account::v1::AdoptIncomeRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_confirm_day(r->answer_day.raw());
  const auto& lines = file->balances(partition);
  const std::set<uint64_t> told(answer.told_income().begin(), answer.told_income().end());
  for (size_t i = begin; i < end; ++i) {
    if (!told.contains(lines[i].record)) continue;
    auto* line = q.add_lines();
    line->set_line(lines[i].record);
    line->set_investor_id(lines[i].investor.raw());
    line->set_fund_code(lines[i].fund.str());
    line->set_income_fen(lines[i].income.raw());
  }
  Call<account::v1::AdoptIncomeResponse>("fundcore.account.v1.AccountOps/AdoptIncome", q, kPeerDeadline,
                                         [then = std::move(then)](auto&) { then(); });
}

}  // namespace fundcore::clearing
