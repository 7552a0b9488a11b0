// Judging dividends before anything of a transfer is applied: account recomputes the lines of file 06, and a dividend that
// an 04 file speaks of must stand in an 06 file, by which alone it is posted.
#include <algorithm>

#include "common/ofd/business_code.h"
#include "services/clearing/institution_check.h"

namespace fundcore::clearing {

Finding OfPeer(const AnswerFile& file, BreakKind kind, const account::v1::Finding& p) {
  Finding f;
  f.kind = kind;
  f.type = file.type();
  f.sha = file.sha;
  f.file_name = file.name();
  f.line = p.line();
  f.field = p.field();
  f.expected = p.expected();
  f.found = p.found();
  f.rule = p.rule();
  f.order = OrderId(p.order_id());
  f.message = StrCat(p.field().empty() ? p.rule() : p.field(), " is ", p.found().empty() ? "blank" : p.found(),
                     ", expected ", p.expected().empty() ? "none" : p.expected(), " (", p.rule(), ")");
  if (f.rule == "BUSINESS_NOT_APPLIED") {
    f.message = StrCat("business ", p.found(), " ", ofd::BusinessCodeName(p.found()),
                       " is not applied here; nothing of the line is posted (", f.rule, ")");
  }
  return f;
}

void InstitutionWorker::CheckDividends(std::shared_ptr<Check> c) {
  const Day& d = D(c->day);
  const auto of = [&](std::string_view type) {
    return std::find_if(d.files.begin(), d.files.end(), [&](const InFile& f) { return f.type.view() == type; });
  };
  auto trades = Answer("04"), file = Answer("06");
  const bool trades_fresh = of("04") != d.files.end() && !of("04")->validated;
  const bool fresh = of("06") != d.files.end() && !of("06")->validated;
  // A line is known by investor and fund: TASerialNO need not be the same in both files.
  if (trades && (trades_fresh || fresh)) {
    std::vector<AnswerFile::DividendKey> there = file ? file->dividend_keys() : std::vector<AnswerFile::DividendKey>();
    std::sort(there.begin(), there.end());
    for (const auto& [key, record] : trades->dividends_told()) {
      if (std::binary_search(there.begin(), there.end(), key)) continue;
      Finding f;
      f.kind = BreakKind::kDividendDiffers;
      // What is missing is missing in file 06: a correction of that one is wanted.
      const AnswerFile& wanting = file ? *file : *trades;
      f.type = wanting.type();
      f.sha = wanting.sha;
      f.file_name = wanting.name();
      if (!file) f.line = record;
      f.subject = StrCat("dividend of ", FormatInvestorId(key.investor), " in ", key.fund.view());
      f.rule = "DIVIDEND_NOT_IN_06";
      f.field = "TransactionAccountID";
      f.found = FormatInvestorId(key.investor);
      f.message = StrCat("line ", record, " of ", trades->name(), " says 143 of fund ", key.fund.view(), " for ", f.found,
                         ", and file 06 has no line of it; nothing is posted by the 04 file alone");
      c->findings.Add(std::move(f));
    }
  }
  if (!fresh) return FinishValidation(c);
  Lanes(
      file->partitions_with_lines(),
      [this, c](uint16_t p, Next done) { CheckDividendLane(c, p, 0, std::move(done)); },
      [this, c] { FinishValidation(c); });
}

void InstitutionWorker::CheckDividendLane(std::shared_ptr<Check> c, uint16_t partition, size_t at, Next done) {
  auto file = Answer("06");
  const auto& lines = file->lines(partition);
  if (at >= lines.size()) return done();
  account::v1::CheckDividendsRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_product_seq(c->product_seq);
  const size_t end = std::min(at + kLinesAMessage, lines.size());
  for (size_t i = at; i < end; ++i) {
    auto* line = q.add_lines();
    file->Fill(lines[i], line);
    ComparePlan(*c, *file, *line);
  }
  Call<account::v1::CheckDividendsResponse>(
      "fundcore.account.v1.AccountOps/CheckDividends", q, kPeerDeadline,
      [this, c, partition, end, file, done = std::move(done)](const account::v1::CheckDividendsResponse& r) mutable {
        for (const auto& f : r.findings()) c->findings.Add(OfPeer(*file, BreakKind::kDividendDiffers, f));
        CheckDividendLane(c, partition, end, std::move(done));
      });
}

}  // namespace fundcore::clearing
