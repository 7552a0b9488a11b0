// What goes out: closing the day, sealing transfers, writing their files, releasing them.
#include <algorithm>

#include "common/ofd/index_file.h"
#include "services/clearing/institution.h"
#include "services/clearing/tax_file.h"

namespace fundcore::clearing {

struct InstitutionWorker::Export {
  Date day;
  uint16_t transfer = 0;
  OutHead head;
  bool send_index = true;
  OutTransfer seals;
  std::unique_ptr<ApplicationsFile> applications;
  std::unique_ptr<OrdersFile> orders;
  std::unique_ptr<TaxFile> tax;  // null where no line of it was sealed
  TaxFile::Read tax_back;
  size_t at = 0;      // in the seals
  uint32_t page = 0;  // of that partition
  std::unique_ptr<ReadBack> applications_back, orders_back;
  std::vector<OutFile> files;
  std::map<std::string, std::string> bytes;
};

namespace {

std::vector<Seal> FromProto(const google::protobuf::RepeatedPtrField<trade::v1::PartitionSeal>& seals) {
  std::vector<Seal> out;
  for (const auto& s : seals) {
    out.push_back({static_cast<uint16_t>(s.partition()), s.count(), Money::FromRaw(s.sum_amount_fen()),
                   Units::FromRaw(s.sum_units_e2()), s.hash()});
  }
  std::sort(out.begin(), out.end(), [](const Seal& a, const Seal& b) { return a.partition < b.partition; });
  return out;
}

uint64_t Count(const std::vector<Seal>& seals) {
  uint64_t n = 0;
  for (const Seal& s : seals) n += s.count;
  return n;
}

Finding CannotWrite(const OutHead& head, const absl::Status& status) {
  Finding f;
  f.kind = BreakKind::kExportDiffers;
  f.file_name = head.FileName("03");
  f.subject = StrCat("write ", head.transfer);
  f.rule = "CANNOT_WRITE";
  f.message = StrCat("a line cannot be written: ", std::string(status.message()),
                     "; once this is closed the files are written anew");
  return f;
}

}  // namespace

bool InstitutionWorker::WorkOut(Date day, uint16_t transfer) {
  const OutTransfer* out = m().Out(Key(day), transfer);
  if (!out) return false;
  switch (out->state) {
    case OutState::kSealed: WriteTransfer(day, transfer); return true;
    case OutState::kApproved:
      Begin(day);
      Release(day, transfer, 0);
      return true;
    case OutState::kReleased:
      Begin(day);
      MarkDispatched(day, transfer);
      return true;
    case OutState::kDispatched: return false;
  }
  return false;
}

void InstitutionWorker::CloseTheDay(Date day) {
  Begin(day);
  trade::v1::CloseDayRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  Call<trade::v1::CloseDayResponse>("fundcore.trade.v1.TradeOps/CloseDay", q, kPeerDeadline, [this, day](auto&) {
    SubmitAndEnd(Advance{ta_, day, Step::kCutOff});
  });
}

void InstitutionWorker::CountForSeal(Date day, const InstitutionTerms& terms) {
  Begin(day);
  const TimePoint deadline = TimePoint::At(day, terms.export_deadline);
  trade::v1::DayCountsRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  Call<trade::v1::DayCountsResponse>(
      "fundcore.trade.v1.TradeOps/DayCounts", q, kPeerDeadline,
      [this, day, deadline](const trade::v1::DayCountsResponse& r) {
        if (r.undecided() > 0 && Now() < deadline) {
          Arm(deadline);
          return Pause(kPollEvery, StrCat(r.undecided(), " undecided orders, until ", deadline.time_of_day().Iso()));
        }
        SealTransfer(day, 1);
      });
}

// After the release: what recovery has accepted meanwhile goes into a further transfer of the same day. The answer of the
// institution is looked for only once trade has said that there is nothing to seal, nor anything sealed and not recorded.
void InstitutionWorker::Grow(Date day) {
  Begin(day);
  trade::v1::DayCountsRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  Call<trade::v1::DayCountsResponse>(
      "fundcore.trade.v1.TradeOps/DayCounts", q, kPeerDeadline, [this, day](const trade::v1::DayCountsResponse& r) {
        // Orders that trade has sealed and we have not recorded: a crash or a lost answer came between. Sealing the same number
        // again gives the same figures.
        if (r.accepted_unsealed() > 0 || r.sealed() > RecordedOrders(day)) {
          return SealTransfer(day, static_cast<uint16_t>(D(day).sealed + 1));
        }
        if (r.undecided() == 0) return SubmitAndEnd(GrowthEnded{ta_, day});
        growth_held_ = true;
        executor()->PostAfter(Duration::Seconds(1), [this] {
          growth_held_ = false;
          Look();
        });
        End();
      });
}

uint64_t InstitutionWorker::RecordedOrders(Date day) {
  uint64_t n = 0;
  for (uint16_t t = 1; t <= D(day).sealed; ++t)
    if (const OutTransfer* out = m().Out(Key(day), t)) n += Count(out->orders);
  return n;
}

// Orders first: an application that an order hangs on is older than the order, so it is in the same transfer or an
// earlier one.
//
// What is left for a further transfer is counted after sealing: the answer to the sealing may have been lost and asked for
// again much later, and an order accepted in between is in none.
void InstitutionWorker::SealTransfer(Date day, uint16_t transfer) {
  trade::v1::SealRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  q.set_transfer_no(transfer);
  Call<trade::v1::SealResponse>(
      "fundcore.trade.v1.TradeOps/Seal", q, kLongDeadline, [this, day, transfer](const trade::v1::SealResponse& sealed) {
        SealRecorded command{ta_, day, transfer, FromProto(sealed.partitions()), {}, true};
        account::v1::SealApplicationsRequest q;
        q.set_ta_code(ta_.str());
        q.set_day(day.raw());
        q.set_transfer_no(transfer);
        Call<account::v1::SealApplicationsResponse>(
            "fundcore.account.v1.AccountOps/SealApplications", q, kLongDeadline,
            [this, command = std::move(command)](const account::v1::SealApplicationsResponse& r) mutable {
              command.applications = FromProto(r.partitions());
              for (const auto& p : r.partitions()) command.tax += p.tax_lines();
              trade::v1::DayCountsRequest q;
              q.set_ta_code(ta_.str());
              q.set_day(command.day.raw());
              Call<trade::v1::DayCountsResponse>(
                  "fundcore.trade.v1.TradeOps/DayCounts", q, kPeerDeadline,
                  [this, command = std::move(command)](const trade::v1::DayCountsResponse& left) mutable {
                    command.undecided_left = left.undecided() > 0 || left.accepted_unsealed() > 0;
                    SubmitAndEnd(command);
                  });
            });
      });
}

void InstitutionWorker::WriteTransfer(Date day, uint16_t transfer) {
  Begin(day);
  const InstitutionTerms& terms = *m().products().Institution(ta_);
  auto e = std::make_shared<Export>();
  e->day = day;
  e->transfer = transfer;
  e->send_index = terms.send_index;
  e->head = {static_cast<ofd::Version>(terms.file_version), terms.distributor, ta_, day, transfer, variant_};
  e->seals = *m().Out(Key(day), transfer);
  e->applications = std::make_unique<ApplicationsFile>(e->head, Count(e->seals.applications) - e->seals.tax);
  if (e->seals.tax > 0) {
    e->tax = std::make_unique<TaxFile>(e->head, e->seals.tax);
    if (auto s = e->tax->Begin(); !s.ok()) return StopWith(day, CannotWrite(e->head, s));
  }
  e->orders = std::make_unique<OrdersFile>(e->head, Count(e->seals.orders));
  if (auto s = e->applications->Begin(); !s.ok()) return StopWith(day, CannotWrite(e->head, s));
  if (auto s = e->orders->Begin(); !s.ok()) return StopWith(day, CannotWrite(e->head, s));
  PullApplications(std::move(e));
}

void InstitutionWorker::PullApplications(std::shared_ptr<Export> e) {
  while (e->at < e->seals.applications.size() && e->seals.applications[e->at].count == 0) ++e->at;
  if (e->at == e->seals.applications.size()) {
    e->at = 0;
    e->page = 0;
    return PullOrders(std::move(e));
  }
  account::v1::PullApplicationsRequest q;
  q.set_partition(e->seals.applications[e->at].partition);
  q.set_ta_code(ta_.str());
  q.set_day(e->day.raw());
  q.set_transfer_no(e->transfer);
  q.set_page(e->page);
  Call<account::v1::PullApplicationsResponse>("fundcore.account.v1.AccountOps/PullApplications", q, kPeerDeadline,
                                              [this, e](const account::v1::PullApplicationsResponse& r) {
                                                for (const auto& a : r.applications()) {
                                                  auto s = a.has_tax() && e->tax ? e->tax->Add(a) : e->applications->Add(a);
                                                  if (!s.ok()) return StopWith(e->day, CannotWrite(e->head, s));
                                                }
                                                ++e->page;
                                                if (r.last_page()) {
                                                  ++e->at;
                                                  e->page = 0;
                                                }
                                                PullApplications(e);
                                              });
}

// The fund by whose confirmation days the order is due: a conversion inside one institution by those of the later fund.
std::string_view InstitutionWorker::LaterOf(const trade::v1::Order& o) {
  if (o.business() != 36) return o.fund_code();
  const auto days = [&](const std::string& code) {
    const FundTerms* fund = FundCode::Fits(code) ? m().products().Fund(FundCode(code), Now()) : nullptr;
    return fund ? int{fund->confirm_days} : 0;
  };
  return days(o.target_fund_code()) > days(o.fund_code()) ? o.target_fund_code() : o.fund_code();
}

void InstitutionWorker::PullOrders(std::shared_ptr<Export> e) {
  while (e->at < e->seals.orders.size() && e->seals.orders[e->at].count == 0) ++e->at;
  if (e->at == e->seals.orders.size()) return FinishFiles(std::move(e));
  const uint16_t partition = e->seals.orders[e->at].partition;
  trade::v1::PullSealedRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_day(e->day.raw());
  q.set_transfer_no(e->transfer);
  q.set_page(e->page);
  Call<trade::v1::PullSealedResponse>(
      "fundcore.trade.v1.TradeOps/PullSealed", q, kPeerDeadline,
      [this, e, partition](const trade::v1::PullSealedResponse& r) {
        std::map<std::string_view, std::vector<DueOrder>> by_fund;
        DueRecorded due{ta_, e->day, e->transfer, partition, e->page, {}, {}, true};
        for (const auto& o : r.orders()) {
          if (auto s = e->orders->Add(o); !s.ok()) return StopWith(e->day, CannotWrite(e->head, s));
          if (o.business() == 21 || o.business() == 23 || o.business() == 25) {
            due.reservations.push_back({{OrderId(o.order_id()), InvestorId(o.investor_id())}, FundCode(o.fund_code()),
                                        Date::FromRaw(o.trade_day_wanted())});
            continue;
          }
          by_fund[LaterOf(o)].push_back({OrderId(o.order_id()), InvestorId(o.investor_id())});
        }
        for (auto& [fund, orders] : by_fund)
          if (FundCode::Fits(fund)) due.groups.push_back({FundCode(fund), std::move(orders)});
        // Not waited for: the command that approves the files comes after it in the same log.
        if (!due.groups.empty() || !due.reservations.empty()) Submit(due, [] {});
        ++e->page;
        if (r.last_page()) {
          ++e->at;
          e->page = 0;
        }
        PullOrders(e);
      });
}

void InstitutionWorker::FinishFiles(std::shared_ptr<Export> e) {
  if (auto s = e->applications->Finish(); !s.ok()) return StopWith(e->day, CannotWrite(e->head, s));
  if (auto s = e->orders->Finish(); !s.ok()) return StopWith(e->day, CannotWrite(e->head, s));
  if (e->tax) {
    if (auto s = e->tax->Finish(); !s.ok()) return StopWith(e->day, CannotWrite(e->head, s));
    auto back = e->tax->ReadBack();
    if (!back.ok()) return StopWith(e->day, CannotWrite(e->head, back.status()));
    e->tax_back = *back;
  }
  e->applications_back = std::make_unique<ReadBack>(e->head, e->applications->name(), e->applications->bytes());
  e->orders_back = std::make_unique<ReadBack>(e->head, e->orders->name(), e->orders->bytes());
  Sliced([e] { return e->applications_back->ReadOn(kRecordsASlice) || e->orders_back->ReadOn(kRecordsASlice); },
         [this, e] { Approve(e); });
}

void InstitutionWorker::Approve(std::shared_ptr<Export> e) {
  for (const ReadBack* back : {e->applications_back.get(), e->orders_back.get()})
    if (!back->status().ok()) return StopWith(e->day, CannotWrite(e->head, back->status()));
  FilesWritten command{ta_, e->day, e->transfer, {}, {}};
  command.figures.orders = e->orders_back->seals();
  command.figures.applications = e->applications_back->records();
  command.figures.pulled_hash = e->applications->hash() ^ (e->orders->hash() * 3);
  command.figures.read_hash = e->applications_back->hash() ^ (e->orders_back->hash() * 3);

  if (e->tax) {
    command.figures.applications += e->tax_back.records;
    command.figures.pulled_hash ^= e->tax->hash() * 5;
    command.figures.read_hash ^= e->tax_back.hash * 5;
  }

  written_ = {e->day, e->transfer, {}};
  written_.files[e->applications->name()] = e->applications->bytes();
  written_.files[e->orders->name()] = e->orders->bytes();
  command.files = {
      {FileType("01"), e->applications->name(), {}, e->applications->bytes().size(), e->applications_back->records()},
      {FileType("03"), e->orders->name(), {}, e->orders->bytes().size(), e->orders_back->records()}};
  if (e->tax) {
    written_.files[e->tax->name()] = e->tax->bytes();
    command.files.push_back({FileType("R1"), e->tax->name(), {}, e->tax->bytes().size(), e->tax_back.records});
    e->tax.reset();
  }
  if (e->send_index) {
    ofd::IndexFile index;
    index.version = e->head.version;
    index.creator = ofd::PartyCode(e->head.distributor.view());
    index.receiver = ofd::PartyCode(ta_.view());
    index.date = e->day;
    for (const OutFile& f : command.files) index.names.push_back(f.name.substr(e->head.Folder().size()));
    auto bytes = index.Format(e->head.writer_options().lf_line_ends ? ofd::kLf : ofd::kCrLf);
    if (!bytes.ok()) return StopWith(e->day, CannotWrite(e->head, bytes.status()));
    command.files.push_back({{}, e->head.IndexName(), {}, bytes->size(), 2});
    written_.files[e->head.IndexName()] = *std::move(bytes);
  }
  e->applications.reset();
  e->orders.reset();

  struct Hashing {
    FilesWritten command;
    size_t file = 0, at = 0;
    Sha256Stream stream;
  };
  auto h = std::make_shared<Hashing>();
  h->command = std::move(command);
  Sliced(
      [this, h] {
        if (h->file == h->command.files.size()) return false;
        const std::string& bytes = written_.files[h->command.files[h->file].name];
        const std::string_view piece = std::string_view(bytes).substr(h->at, 1 << 20);
        h->stream.Add(piece);
        h->at += piece.size();
        if (h->at == bytes.size()) {
          h->command.files[h->file].sha = h->stream.Finish();
          ++h->file;
          h->at = 0;
        }
        return true;
      },
      [this, h] { SubmitAndEnd(h->command); });
}

// One file a task, the index last: whoever waits for the index finds the others. The intent is in the log already.
void InstitutionWorker::Release(Date day, uint16_t transfer, size_t at) {
  const OutTransfer& out = *m().Out(Key(day), transfer);
  if (at == out.files.size()) {
    return Submit(FilesReleased{ta_, day, transfer}, [this, day, transfer] {
      written_ = {};
      MarkDispatched(day, transfer);
    });
  }
  const OutFile file = out.files[at];
  const auto next = [this, day, transfer, at, run = run_] {
    executor()->Post([this, day, transfer, at, run] {
      if (run == run_) Release(day, transfer, at + 1);
    });
  };
  const bool in_memory = written_.day == day && written_.transfer == transfer && written_.files.contains(file.name);
  if (in_memory) {
    const absl::Status s = deps_->exchange->Publish(file.name, written_.files[file.name]);
    if (s.ok()) return next();
    if (!absl::IsAlreadyExists(s)) return Retry(s);
  }
  // There already, or written before a restart: what counts is whether its bytes are the approved ones.
  auto there = deps_->exchange->Read(file.name);
  if (absl::IsNotFound(there.status())) return WriteTransfer(day, transfer);
  if (!there.ok()) return Retry(there.status());
  const Hash256 found = Sha256(*there);
  if (found == file.sha) return next();
  Finding f;
  f.kind = BreakKind::kFileConflict;
  f.type = file.type;
  f.sha = found;
  f.file_name = file.name;
  f.subject = file.name;
  f.rule = "FILE_CONFLICT";
  f.expected = file.sha.Hex();
  f.found = found.Hex();
  f.message = StrCat("a file of other bytes is in the place of ", file.name,
                     "; move it away, then close this break, and the approved file is released");
  StopWith(day, std::move(f));
}

void InstitutionWorker::MarkDispatched(Date day, uint16_t transfer) {
  const OutTransfer& out = *m().Out(Key(day), transfer);
  trade::v1::MarkDispatchedRequest q;
  q.set_ta_code(ta_.str());
  q.set_day(day.raw());
  q.set_transfer_no(transfer);
  for (const OutFile& f : out.files)
    if (f.type.view() == "03") q.set_file_name(f.name);
  Call<trade::v1::MarkDispatchedResponse>("fundcore.trade.v1.TradeOps/MarkDispatched", q, kLongDeadline,
                                          [this, day, transfer](auto&) {
                                            SubmitAndEnd(Dispatched{ta_, day, transfer});
                                          });
}

}  // namespace fundcore::clearing
