// fundctl product import: files C1 to C6 of an institution, as a diff and as proposals.
#include <fstream>
#include <sstream>

#include "common/base/check.h"
#include "common/product_import/send.h"
#include "tools/fundctl/commands.h"

namespace fundcore::fundctl {
namespace {

namespace pi = product_import;
constexpr uintmax_t kLargestFile = 256u << 20;

absl::StatusOr<std::string> Whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return absl::NotFoundError(StrCat(path, " cannot be read; is the path right?"));
  const auto size = static_cast<uintmax_t>(in.tellg());
  if (size > kLargestFile)
    return absl::InvalidArgumentError(StrCat(path, " has ", size, " bytes; at most ", kLargestFile, " are read"));
  in.seekg(0);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in) return absl::UnavailableError(StrCat(path, " cannot be read to its end"));
  return std::move(bytes).str();
}

}  // namespace

Result ImportProducts(Remote& remote, const ProductImportOptions& o) {
  if (!o.dry_run && !o.at_once && o.person.empty())
    return absl::InvalidArgumentError("say who proposes with --person, or --at-once, or only look with --dry-run");
  std::vector<pi::SourceFile> files;
  for (const std::string& path : o.files) {
    FC_ASSIGN_OR_RETURN(std::string bytes, Whole(path));
    files.push_back({path, std::move(bytes)});
  }
  FC_ASSIGN_OR_RETURN(
      const pi::ImportResult r,
      pi::RunImport(files, {{o.distributor}, o.person, o.note, o.at_once, o.dry_run},
                    [&](std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response) { return remote.Call(method, request, response); }));
  Answer a;
  a.Add("refused", !r.plan.faults.empty());
  Table& faults = a.AddTable("faults", {"file", "line", "field", "value", "fault"},
                             r.plan.faults.empty() ? "" : "refused, and nothing was sent");
  for (const auto& f : r.plan.faults) faults.Row({f.file, uint64_t{f.line}, f.field, f.value, f.rule});
  Table& changes =
      a.AddTable("changes", {"fund", "field", "before", "after"}, r.plan.funds.empty() ? "" : "what changes");
  for (const auto& f : r.plan.funds)
    for (const auto& c : f.changes) changes.Row({f.code, c.field, c.before, c.after});
  Table& funds =
      a.AddTable("funds", {"fund", "new", "effective_at", "change", "waited"}, r.plan.funds.empty() ? "" : "funds");
  for (const auto& f : r.plan.funds) {
    uint64_t change = 0;
    bool waited = false;
    for (const auto& s : r.sent) {
      if (s.code != f.code) continue;
      change = s.change;
      waited = s.waited;
    }
    funds.Row({f.code, f.is_new,
               f.effective_at_us == 0 ? Value("at once") : Value(TimePoint::FromRaw(f.effective_at_us)), change,
               waited});
    for (const std::string& assumed : f.assumed) a.Say(StrCat("fund ", f.code, " is new: ", assumed));
  }
  Table& dividends = a.AddTable("dividends", {"fund", "record", "ex", "paid", "amount", "per_units"},
                                r.plan.dividends.empty() ? "" : "dividend plans (C4), which are shown and not kept");
  for (const auto& d : r.plan.dividends)
    dividends.Row({d.fund, d.record, d.ex, d.paid, Money::FromRaw(d.amount_e2), static_cast<uint64_t>(d.per_units)});
  Table& left = a.AddTable("left", {"file", "line", "field", "value", "lines", "why"},
                           r.plan.left.empty() ? "" : "what is not carried");
  for (const auto& l : r.plan.left)
    left.Row({l.first.file, uint64_t{l.first.line}, l.field, l.value, uint64_t{l.lines}, l.why});
  if (r.plan.faults.empty() && r.plan.funds.empty()) a.Say("nothing new");
  a.exit_code = r.plan.faults.empty() ? 0 : 1;
  return a;
}

}  // namespace fundcore::fundctl
