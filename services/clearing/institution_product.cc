// Product files (C1 to C6) out of a transfer, and dividends (06) against the plans that C4 has announced.
#include <algorithm>

#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"
#include "common/product_import/send.h"
#include "common/rpc/handlers.h"
#include "services/clearing/institution_check.h"

namespace fundcore::clearing {

namespace pi = product_import;
namespace pv1 = product::v1;

namespace {

constexpr uint64_t kLargestSet = uint64_t{256} << 20;
constexpr std::string_view kGetFund = "fundcore.product.v1.ProductService/GetFund";
constexpr std::string_view kListChanges = "fundcore.product.v1.ProductService/ListChanges";
constexpr std::string_view kProposeFund = "fundcore.product.v1.ProductService/ProposeFund";
constexpr std::string_view kPutFund = "fundcore.product.v1.ProductService/PutFund";
constexpr std::string_view kPutConversions = "fundcore.product.v1.ProductService/PutConversions";

bool OfProducts(const FileInfo& index) {
  const auto name = ofd::FileName::Parse(index.name);
  return name.ok() && name->family == 'C';
}

Finding Refused(std::string_view file, std::string_view rule, std::string message) {
  Finding f;
  f.kind = BreakKind::kProductFileRefused;
  f.type = FileType("C1");
  f.file_name = std::string(file);
  f.subject = StrCat(file, " ", rule);
  f.rule = std::string(rule);
  f.message = std::move(message);
  return f;
}

std::string PerUnits(int64_t n) { return n > 1 ? StrCat(" for ", n, " units") : std::string(" a unit"); }

}  // namespace

bool IsProductFile(const FileType& type) { return type.view().size() == 2 && type.view()[0] == 'C'; }

bool HoldsOnlyProductFiles(const TransferFolder& folder) {
  return !folder.files.empty() &&
         std::all_of(folder.files.begin(), folder.files.end(), [](const auto& f) { return IsProductFile(f.first); }) &&
         std::all_of(folder.indexes.begin(), folder.indexes.end(), OfProducts);
}

// --- Taking them
// -------------------------------------------------------------------------------------------------------------

struct InstitutionWorker::ProductFiles {
  ProductFilesTaken command;
  std::vector<pi::SourceFile> files;
  pi::SendOptions options;
  pi::CFiles read;
  std::map<std::string, pv1::GetFundResponse> known;
  pv1::ListChangesResponse changes;
  // What product is to be told, in order.
  std::vector<std::pair<std::string_view, std::unique_ptr<google::protobuf::Message>>> calls;
};

bool InstitutionWorker::LookForProductFiles(Date day, const std::vector<TransferFolder>& folders,
    const InstitutionTerms& terms) {
  if (held_.contains(Date())) return false;  // tried, and soon again
  const Date date = D(day).answer_day;
  for (const TransferFolder& folder : folders) {
    const auto index = std::find_if(folder.indexes.begin(), folder.indexes.end(), OfProducts);
    if (index == folder.indexes.end() || m().FindProductFiles({ta_, date, folder.transfer})) continue;
    TransferFolder products = folder;
    products.indexes = {*index};
    if (!Lacking(products, {}, false, date, *deps_->exchange).empty()) continue;
    std::erase_if(products.files, [](const auto& f) { return !IsProductFile(f.first); });
    if (products.files.empty()) continue;
    TakeProductFiles(day, date, products, terms);
    return true;
  }
  return false;
}

void InstitutionWorker::TakeProductFiles(Date day, Date date, const TransferFolder& folder,
    const InstitutionTerms& terms) {
  Begin(Date());
  auto p = std::make_shared<ProductFiles>();
  p->command.folder = {ta_, date, folder.transfer};
  p->command.day = day;
  uint64_t bytes = 0;
  for (const auto& [type, info] : folder.files) bytes += info.size;
  if (bytes > kLargestSet) {
    p->command.findings.push_back(Refused(folder.indexes.front().name, "TOO_LARGE",
                                          StrCat("the product files of transfer ", folder.transfer, " of ",
                                              date.Iso(), " have ", bytes,
                                                 " bytes; at most ", kLargestSet,
                                                     " are taken in; import them in parts")));
    return SubmitAndEnd(p->command);
  }
  for (const auto& [type, info] : folder.files) {
    auto read = deps_->exchange->Read(info.name);
    if (!read.ok()) return Retry(read.status());
    p->command.files.push_back({type, info.name, Sha256(*read), read->size(), 0});
    p->files.push_back({info.name, *std::move(read)});
  }
  p->options.read.distributor = terms.distributor.str();
  p->options.person = StrCat("ta-", ta_.view());
  p->options.note = StrCat("transfer ", folder.transfer, " of ", date.Iso());
  p->read = pi::ReadCFiles(p->files, p->options.read);
  if (!p->read.faults.empty()) return RefuseProductFiles(p, p->read.faults);
  AskForFunds(p, 0);
}

void InstitutionWorker::RefuseProductFiles(std::shared_ptr<ProductFiles> p,
    const std::vector<ofd::FieldError>& faults) {
  for (const ofd::FieldError& e : faults) {
    Finding f = Refused(e.file, "CANNOT_BE_CARRIED", StrCat(e.ToString(), "; nothing of the set was sent to product"));
    for (const OutFile& file : p->command.files) {
      if (file.name != e.file) continue;
      f.type = file.type;
      f.sha = file.sha;
    }
    f.line = e.line;
    f.field = e.field;
    f.found = e.value;
    f.expected = e.rule;
    f.subject = StrCat(e.file, " ", e.line, " ", e.field);
    p->command.findings.push_back(std::move(f));
  }
  SubmitAndEnd(p->command);
}

void InstitutionWorker::AskForFunds(std::shared_ptr<ProductFiles> p, size_t at) {
  if (at == p->read.funds.size()) {
    return Call<pv1::ListChangesResponse>(kListChanges, pv1::ListChangesRequest(), kPeerDeadline,
                                          [this, p](const pv1::ListChangesResponse& r) {
                                            p->changes = r;
                                            PlanProducts(p);
                                          });
  }
  pv1::GetFundRequest q;
  q.set_fund_code(p->read.funds[at]);
  rpc::CallPeer<pv1::GetFundResponse>(
      deps_->peers, kGetFund, q, kPeerDeadline, executor(),
      [this, run = run_, p, at](absl::Status status, std::unique_ptr<pv1::GetFundResponse> response) {
        if (run != run_) return;
        if (status.ok()) {
          p->known[p->read.funds[at]] = *response;
        } else if (!absl::IsNotFound(status)) {
          return Retry(status);
        }
        AskForFunds(p, at + 1);
      });
}

// The import as people make it, answered from what was asked for before; what it sends is kept, and sent then.
void InstitutionWorker::PlanProducts(std::shared_ptr<ProductFiles> p) {
  p->options.at_once = variant_ && variant_->products_at_once && !p->changes.two_persons();
  const auto call = [&](std::string_view method, const google::protobuf::Message& request,
                        google::protobuf::Message* response) -> absl::Status {
    if (method == kGetFund) {
      const auto it = p->known.find(static_cast<const pv1::GetFundRequest&>(request).fund_code());
      if (it == p->known.end()) return absl::NotFoundError("no such fund");
      response->CopyFrom(it->second);
      return absl::OkStatus();
    }
    if (method == kListChanges) {
      response->CopyFrom(p->changes);
      return absl::OkStatus();
    }
    std::unique_ptr<google::protobuf::Message> kept(request.New());
    kept->CopyFrom(request);
    p->calls.emplace_back(method == kProposeFund ? kProposeFund : method == kPutFund ? kPutFund : kPutConversions,
        std::move(kept));
    return absl::OkStatus();
  };
  const auto result = pi::RunImport(p->files, p->options, call);
  if (!result.ok()) return Retry(result.status());
  if (!result->plan.faults.empty()) return RefuseProductFiles(p, result->plan.faults);
  (p->options.at_once ? p->command.applied : p->command.proposed) = result->sent.size();
  for (const pi::CFiles::Dividend& d : result->plan.dividends) {
    if (!FundCode::Fits(d.fund)) continue;
    p->command.plans.push_back({{ta_, FundCode(d.fund), d.record},
                                {d.ex, d.paid, Money::FromRaw(d.amount_e2), d.per_units, d.at.file, d.at.line}});
  }
  TellProduct(p, 0);
}

void InstitutionWorker::TellProduct(std::shared_ptr<ProductFiles> p, size_t at) {
  if (at == p->calls.size()) return SubmitAndEnd(p->command);
  const auto next = [this, run = run_, p, at](absl::Status status) {
    if (run != run_) return;
    if (absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status)) {
      p->command.findings.push_back(Refused(p->command.files.front().name, rpc::ReasonOf(status),
                                            StrCat("product refuses what the files say: ",
                                                std::string(status.message()))));
    } else if (!status.ok()) {
      return Retry(status);
    }
    TellProduct(p, at + 1);
  };
  const auto& [method, request] = p->calls[at];
  if (method == kProposeFund) {
    rpc::CallPeer<pv1::ProposeResponse>(deps_->peers, method, *request, kPeerDeadline, executor(),
                                        [next](absl::Status status, auto) { next(std::move(status)); });
  } else {
    rpc::CallPeer<pv1::PutResponse>(deps_->peers, method, *request, kPeerDeadline, executor(),
                                    [next](absl::Status status, auto) { next(std::move(status)); });
  }
}

// --- Plans and what was paid
// -------------------------------------------------------------------------------------------------------------

// One break for each field of a plan, however many investors the dividend has.
void InstitutionWorker::ComparePlan(Check& c, const AnswerFile& file, const account::v1::DividendLine& line) {
  if (line.kind() == "2" || !FundCode::Fits(line.fund_code())) return;  // income of a money fund is not announced
  const FundCode fund(line.fund_code());
  const Date record = Date::FromRaw(line.record_day()), ex = Date::FromRaw(line.ex_day()),
      paid = Date::FromRaw(line.pay_day());
  const auto differs = [&](const DividendPlan& plan, Date planned, std::string_view field, std::string expected,
      std::string found) {
    Finding f;
    f.kind = BreakKind::kDividendPlanDiffers;
    f.type = file.type();
    f.sha = file.sha;
    f.file_name = file.name();
    f.subject = StrCat("plan of ", fund.view(), " ", planned.Compact(), " ", field);
    if (!c.plans_told.insert(f.subject).second) return;
    f.field = std::string(field);
    f.rule = "DIVIDEND_PLAN_DIFFERS";
    f.message = StrCat("dividend of fund ", fund.view(), ": ", field, " is ", found, " in line ", line.line(),
        ", and ", plan.file_name,
                       " line ", plan.line, " has announced ", expected);
    f.expected = std::move(expected);
    f.found = std::move(found);
    c.findings.Add(std::move(f));
  };
  const auto day = [](Date d) { return d.is_set() ? d.Compact() : std::string(); };
  const DividendPlan* plan = m().FindDividendPlan({ta_, fund, record});
  if (!plan) {
    // Announced for another record day, it is known by its ex-day.
    m().ForEachDividendPlan({ta_, fund}, [&](const DividendPlanKey& key, const DividendPlan& other) {
      if (other.ex.is_set() && other.ex == ex) differs(other, key.record, "RegistrationDate", day(key.record),
          day(record));
    });
    return;
  }
  if (plan->ex.is_set() && plan->ex != ex) differs(*plan, record, "XRDate", day(plan->ex), day(ex));
  if (plan->paid.is_set() && plan->paid != paid) differs(*plan, record, "DividentDate", day(plan->paid), day(paid));
  const int64_t ours = std::max<int64_t>(plan->per_units, 1), theirs = std::max<int64_t>(line.per_units(), 1);
  if (static_cast<__int128>(plan->amount.raw()) * theirs != static_cast<__int128>(line.per_unit_fen()) * ours) {
    differs(*plan, record, "DividendPerUnit", StrCat(plan->amount.ToString(), PerUnits(ours)),
            StrCat(Money::FromRaw(line.per_unit_fen()).ToString(), PerUnits(theirs)));
  }
}

}  // namespace fundcore::clearing
