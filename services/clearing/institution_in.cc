// What comes in: finding a complete transfer, taking it, validating it as a whole before anything of it is applied.
#include <algorithm>

#include "absl/strings/str_format.h"
#include "services/clearing/institution_check.h"

namespace fundcore::clearing {

namespace {

// A file is read whole and kept until it is applied, so the machine's memory has to hold it: some 3.5 million lines of a 04 file
// of version 21. Larger answers come as several transfers.
constexpr uint64_t kLargestFile = uint64_t{4} << 30;

Finding OfFile(const InFile& file, BreakKind kind, std::string message) {
  Finding f;
  f.kind = kind;
  f.type = file.type;
  f.sha = file.sha;
  f.file_name = file.name;
  f.rule = KindName(kind);
  f.message = std::move(message);
  return f;
}

std::string RefusedIdentity(const std::string& name, const std::string& earlier, uint16_t number) {
  return StrCat(name, " has the identity of ", earlier, " (transfer ", number, ") and other bytes; it is refused");
}

}  // namespace

std::shared_ptr<AnswerFile> InstitutionWorker::Answer(std::string_view type) {
  auto it = answers_.find(FileType(type));
  return it == answers_.end() ? nullptr : it->second;
}

// --- Taking a transfer in
// -----------------------------------------------------------------------------------------------

bool InstitutionWorker::LookForTransfer(Date day, const InstitutionTerms& terms) {
  const Day& d = D(day);
  const std::string prefix = AnswerPrefix(ta_, d.answer_day);
  auto listing = deps_->exchange->List(prefix);
  if (!listing.ok()) {
    Say(day, StrCat("the exchange folder: ", std::string(listing.status().message())));
    return false;
  }
  const std::vector<TransferFolder> folders = SortFolders(prefix, *listing);
  if (LookForProductFiles(day, folders, terms)) return true;
  for (const TransferFolder& folder : folders) {
    if (folder.transfer <= d.taken || HoldsOnlyProductFiles(folder)) continue;
    const std::string lacking = Lacking(folder, d.awaited, d.index_used, d.answer_day, *deps_->exchange);
    if (!lacking.empty()) {
      Say(day, lacking);
      return false;
    }
    for (const auto& [type, info] : folder.files) {
      if (info.size <= kLargestFile) continue;
      Say(day, StrCat(info.name, " to be split: it has ", info.size, " bytes, at most ", kLargestFile, " are taken"));
      return false;
    }
    TakeTransfer(day, folder, Expected(day, terms));
    return true;
  }
  Say(day, d.taken == 0
               ? StrCat("files of ", d.answer_day.Iso())
               : StrCat("a corrected transfer of ", d.answer_day.Iso(), " after ", absl::StrFormat("%03d", d.taken)));
  return false;
}

void InstitutionWorker::Fetch(const FileInfo& info, FileType type, const Expectation& expectation,
                              std::function<void(std::shared_ptr<AnswerFile>)> then) {
  auto bytes = deps_->exchange->Read(info.name);
  if (!bytes.ok()) return Retry(bytes.status());
  auto file = std::make_shared<AnswerFile>(type, info.name, *std::move(bytes), expectation);
  struct Hashing {
    size_t at = 0;
    Sha256Stream stream;
  };
  auto h = std::make_shared<Hashing>();
  Sliced(
      [file, h] {
        const std::string_view piece = file->bytes().substr(h->at, 1 << 20);
        h->stream.Add(piece);
        h->at += piece.size();
        return h->at < file->bytes().size();
      },
      [file, h, then = std::move(then)] {
        file->sha = h->stream.Finish();
        then(file);
      });
}

void InstitutionWorker::TakeTransfer(Date day, const TransferFolder& folder, const Expectation& expectation) {
  Begin(day);
  if (answers_day_ != day) answers_.clear();
  answers_day_ = day;
  struct Taking {
    TransferTaken command;
    std::vector<std::pair<FileType, FileInfo>> files;
    std::map<FileType, std::shared_ptr<AnswerFile>> read;
    std::function<void()> next;
  };
  auto t = std::make_shared<Taking>();
  t->command = {ta_, day, folder.transfer, !folder.indexes.empty(), {}};
  // Types that the day does not use (announcements, totals) stay in the folder.
  for (const auto& [type, info] : folder.files)
    for (const auto* known : {&AnswerTypes(), &OptionalTypes()})
      if (std::find(known->begin(), known->end(), type) != known->end()) t->files.emplace_back(type, info);
  t->next = [this, t_weak = std::weak_ptr<Taking>(t), expectation] {
    auto t = t_weak.lock();
    if (t->read.size() == t->files.size()) {
      for (auto& [type, file] : t->read) answers_[type] = file;
      return SubmitAndEnd(t->command);
    }
    const auto& [type, info] = t->files[t->read.size()];
    Fetch(info, type, expectation, [t, type = type](std::shared_ptr<AnswerFile> file) {
      t->command.files.push_back({type, t->command.transfer, file->name(), file->sha, file->bytes().size(), 0, false});
      t->read[type] = std::move(file);
      t->next();
    });
  };
  t->next();
}

// --- Files in memory
// ----------------------------------------------------------------------------------------------------

void InstitutionWorker::ReadFile(std::shared_ptr<AnswerFile> file, Next then) {
  if (file->finished()) return then();
  Sliced([file] { return file->ReadOn(kRecordsASlice); }, std::move(then));
}

void InstitutionWorker::Ensure(Date day, Next then) {
  if (answers_day_ != day) answers_.clear();
  answers_day_ = day;
  for (const InFile& in : D(day).files) {
    auto& held = answers_[in.type];
    if (held && held->sha == in.sha && held->finished()) continue;
    if (held && held->sha == in.sha) return ReadFile(held, [this, day, then] { Ensure(day, then); });
    const Expectation expectation = Expected(day, *m().products().Institution(ta_));
    const InFile want = in;
    return Fetch(
        {want.name, want.bytes}, want.type, expectation, [this, day, want, then](std::shared_ptr<AnswerFile> file) {
          if (file->sha == want.sha) {
            answers_[want.type] = file;
            return Ensure(day, then);
          }
          Finding f =
              OfFile(want, BreakKind::kFileConflict,
                     StrCat(want.name,
                            " has other bytes now than when it was taken in; put the first ones back, or await a "
                            "corrected transfer"));
          f.sha = file->sha;
          f.expected = want.sha.Hex();
          f.found = file->sha.Hex();
          if (D(day).step != Step::kValidate) return StopWith(day, std::move(f));
          std::vector<Finding> one;
          one.push_back(std::move(f));
          Record(day, Stage::kIn, std::move(one), [this, day] { SubmitAndEnd(Validated{ta_, day, false, 0, {}}); });
        });
  }
  then();
}

// --- Validation
// ---------------------------------------------------------------------------------------------------------

void InstitutionWorker::Validate(Date day) {
  Begin(day);
  Ensure(day, [this, day] {
    auto c = std::make_shared<Check>();
    c->day = day;
    c->answer_day = D(day).answer_day;
    std::vector<Finding> whole = WholeFileFindings(day);
    if (whole.empty()) return PutPrices(c);
    Record(day, Stage::kIn, std::move(whole), [this, day] { SubmitAndEnd(Validated{ta_, day, false, 0, {}}); });
  });
}

// What is wrong with files as wholes: then nothing of the transfer is looked at line by line.
std::vector<Finding> InstitutionWorker::WholeFileFindings(Date day) {
  std::vector<Finding> out;
  const Day& d = D(day);
  for (const InFile& in : d.files) {
    if (in.validated) continue;
    const AnswerFile& file = *answers_[in.type];
    if (!file.header_fault().empty()) {
      out.push_back(OfFile(in, BreakKind::kFileWrongHeader, StrCat(in.name, ": ", file.header_fault())));
      continue;
    }
    if (!file.damage().ok()) {
      out.push_back(OfFile(in, BreakKind::kFileDamaged, std::string(file.damage().message())));
      continue;
    }
    const uint16_t number = file.header_transfer();
    if (number == in.transfer) continue;
    const FileEntry* earlier = m().File({ta_, day, true, number, in.type});
    if (!earlier) {
      out.push_back(OfFile(in, BreakKind::kFileWrongHeader,
                           StrCat(in.name, " calls itself transfer ", number, " but lies in transfer ", in.transfer)));
    } else if (earlier->sha != in.sha) {
      Finding f = OfFile(in, BreakKind::kFileConflict, RefusedIdentity(in.name, earlier->name, number));
      f.expected = earlier->sha.Hex();
      f.found = in.sha.Hex();
      out.push_back(std::move(f));
    } else if (earlier->state == FileState::kSetAside && number < in.transfer &&
               std::find(d.awaited.begin(), d.awaited.end(), in.type) != d.awaited.end()) {
      out.push_back(
          OfFile(in, BreakKind::kFileRepeated, StrCat(in.name, " is the file again that was to be corrected")));
    }
  }
  return out;
}

void InstitutionWorker::PutPrices(std::shared_ptr<Check> c) {
  const Day& d = D(c->day);
  auto in = std::find_if(d.files.begin(), d.files.end(), [](const InFile& f) { return f.type.view() == "07"; });
  auto file = Answer("07");
  if (in == d.files.end() || in->validated || !file) {
    c->product_seq = d.product_seq;
    return CheckLines(c);
  }
  product::v1::PutNavsRequest q;
  q.set_source(StrCat(file->name().substr(file->name().rfind('/') + 1), "#", file->sha.Hex()));
  for (const auto& n : file->prices()) {
    // An institution sends all its funds; only those that we sell, with a price, concern us.
    const bool ours = FundCode::Fits(n.fund_code()) && m().products().Fund(FundCode(n.fund_code()), Now());
    if (!ours || n.nav_e8() <= 0 || n.nav_day() == 0) continue;
    *q.add_navs() = n;
    // A blank number is written as zeros: only where the fund has income is it one.
    if (!m().products().Income(FundCode(n.fund_code()))) q.mutable_navs(q.navs_size() - 1)->set_has_income(false);
  }
  rpc::CallPeer<product::v1::PutResponse>(
      deps_->peers, "fundcore.product.v1.ProductService/PutNavs", q, kPeerDeadline, executor(),
      [this, run = run_, c, in = *in](absl::Status status, std::unique_ptr<product::v1::PutResponse> r) {
        if (run != run_) return;
        const bool refused = absl::IsInvalidArgument(status) || absl::IsFailedPrecondition(status);
        if (!status.ok() && !refused) return Retry(status);
        if (refused) {
          c->findings.Add(OfFile(in, BreakKind::kPricesRefused,
                                 StrCat("the prices of ", in.name, " are not taken: ", std::string(status.message()))));
          c->product_seq = D(c->day).product_seq;
        } else {
          c->product_seq = r->seq();
        }
        CheckLines(c);
      });
}

void InstitutionWorker::CheckLines(std::shared_ptr<Check> c) {
  for (const InFile& in : D(c->day).files) {
    if (in.validated) continue;
    for (Finding f : answers_[in.type]->faults()) {
      f.sha = in.sha;
      c->findings.Add(std::move(f));
    }
  }
  const Day& d = D(c->day);
  auto in = std::find_if(d.files.begin(), d.files.end(), [](const InFile& f) { return f.type.view() == "04"; });
  if (in == d.files.end() || in->validated) return CheckDividends(c);
  auto file = Answer("04");
  Lanes(
      file->partitions_with_lines(),
      [this, c, file](uint16_t p, Next done) {
        // By investor, so that lines of one investor go in one message: later ones see the lots that earlier ones
        // leave.
        auto lines = std::make_shared<std::vector<AnswerFile::Line>>(file->lines(p));
        std::stable_sort(lines->begin(), lines->end(),
                         [](const auto& a, const auto& b) { return a.investor < b.investor; });
        CheckLane(c, p, lines, 0, std::move(done));
      },
      [this, c] {
        FindMissing(*c);
        CheckDividends(c);
      });
}

void InstitutionWorker::CheckLane(std::shared_ptr<Check> c, uint16_t partition,
                                  std::shared_ptr<std::vector<AnswerFile::Line>> lines, size_t at, Next done) {
  if (at >= lines->size()) return done();
  auto file = Answer("04");
  account::v1::CheckConfirmationsRequest q;
  q.set_partition(partition);
  q.set_ta_code(ta_.str());
  q.set_product_seq(c->product_seq);
  size_t end = std::min(at + kLinesAMessage, lines->size());
  while (end < lines->size() && (*lines)[end].investor == (*lines)[end - 1].investor) ++end;
  for (size_t i = at; i < end; ++i) file->Fill((*lines)[i], q.add_lines());
  Call<account::v1::CheckConfirmationsResponse>("fundcore.account.v1.AccountOps/CheckConfirmations", q, kPeerDeadline,
                                                [this, c, partition, lines, end, file, done = std::move(done)](
                                                    const account::v1::CheckConfirmationsResponse& r) mutable {
                                                  for (const auto& f : r.findings())
                                                    c->findings.Add(OfPeer(*file, BreakKind::kConfirmationDiffers, f));
                                                  CheckLane(c, partition, lines, end, std::move(done));
                                                });
}

// Orders whose confirmation is due and does not come. An order of an investor whose fund account was not confirmed is
// excused: it hangs on that. Not where an 008 follows: then no order hangs, and each has a line of its own.
void InstitutionWorker::FindMissing(Check& c) {
  auto file = Answer("04");
  auto accounts = Answer("02");
  std::vector<OrderId> answered = file->answered();
  std::sort(answered.begin(), answered.end());
  const InstitutionTerms* terms = m().products().Institution(ta_);
  const bool follows_008 = !terms || terms->use_008_when_registered;
  for (const DueOrder& due : m().Due(ta_, c.answer_day)) {
    if (std::binary_search(answered.begin(), answered.end(), due.order)) continue;
    if (accounts && accounts->unconfirmed().contains(due.investor)) continue;
    if (accounts && !follows_008 && accounts->registered_already().contains(due.investor)) continue;
    Finding f;
    f.kind = BreakKind::kMissingConfirmation;
    f.type = file->type();
    f.sha = file->sha;
    f.file_name = file->name();
    f.rule = "MISSING_CONFIRMATION";
    f.field = "AppSheetSerialNo";
    f.expected = FormatOrderId(due.order);
    f.order = due.order;
    f.message = StrCat("order ", f.expected, " is due by ", c.answer_day.Iso(), " and has no line in this file");
    c.findings.Add(std::move(f));
  }
}

void InstitutionWorker::FinishValidation(std::shared_ptr<Check> c) {
  Validated command{ta_, c->day, true, c->product_seq, {}};
  for (const InFile& in : D(c->day).files) command.records.emplace_back(in.type, answers_[in.type]->records());
  Record(c->day, Stage::kIn, c->findings.Take(kFindingsAFile),
         [this, command = std::move(command)] { SubmitAndEnd(command); });
}

// --- What comes after the day is done with its files
// --------------------------------------------------------------------

bool InstitutionWorker::LookForLate(Date day, const InstitutionTerms& terms) {
  const Day* d = m().FindDay(Key(day));
  if (!d) return false;
  const std::string prefix = AnswerPrefix(ta_, d->answer_day);
  auto listing = deps_->exchange->List(prefix);
  if (!listing.ok()) return false;
  for (const InFile& in : d->files) {
    auto it = std::find_if(listing->begin(), listing->end(), [&](const FileInfo& f) { return f.name == in.name; });
    if (it == listing->end() || it->size == in.bytes || !reported_.insert(StrCat(in.name, it->size)).second) continue;
    Begin(day);
    std::vector<Finding> one;
    one.push_back(OfFile(in, BreakKind::kFileConflict,
                         StrCat(in.name, " was applied with ", in.bytes, " bytes and has ", it->size, " now")));
    one.back().subject = in.name;
    Record(day, Stage::kNote, std::move(one), [this] { End(); });
    return true;
  }
  const std::vector<TransferFolder> folders = SortFolders(prefix, *listing);
  if (LookForProductFiles(day, folders, terms)) return true;
  for (const TransferFolder& folder : folders) {
    if (folder.transfer <= std::max(d->taken, d->looked) || folder.files.empty() || HoldsOnlyProductFiles(folder))
      continue;
    if (!Lacking(folder, {}, d->index_used, d->answer_day, *deps_->exchange).empty()) continue;
    ExamineLate(day, folder, Expected(day, terms));
    return true;
  }
  return false;
}

// Sent again with the same bytes changes nothing; the same identity with other bytes is refused; anything else came too
// late.
void InstitutionWorker::ExamineLate(Date day, const TransferFolder& folder, const Expectation& expectation) {
  Begin(day);
  struct Examining {
    std::vector<std::pair<FileType, FileInfo>> files;
    size_t at = 0;
    std::vector<Finding> findings;
    std::function<void()> next;
  };
  auto x = std::make_shared<Examining>();
  for (const auto& [type, info] : folder.files)
    if (info.size <= kLargestFile && !IsProductFile(type)) x->files.emplace_back(type, info);
  x->next = [this, weak = std::weak_ptr<Examining>(x), day, n = folder.transfer, expectation] {
    auto x = weak.lock();
    if (x->at == x->files.size()) {
      return Record(day, Stage::kNote, std::move(x->findings), [this, day, n] {
        SubmitAndEnd(LateTransferSeen{ta_, day, n});
      });
    }
    const auto& [type, info] = x->files[x->at++];
    Fetch(info, type, expectation, [this, x, day, n, type = type](std::shared_ptr<AnswerFile> file) {
      file->ReadOn(0);  // the head alone
      const InFile in{type, n, file->name(), file->sha, file->bytes().size(), 0, false};
      const uint16_t number = file->header_transfer();
      const FileEntry* earlier = number ? m().File({ta_, day, true, number, type}) : nullptr;
      if (!earlier) {
        x->findings.push_back(OfFile(in, BreakKind::kFileAfterApply,
                                     StrCat(in.name, " came after the day had been applied; it is not used")));
      } else if (earlier->sha != in.sha) {
        Finding f = OfFile(in, BreakKind::kFileConflict, RefusedIdentity(in.name, earlier->name, number));
        f.expected = earlier->sha.Hex();
        f.found = in.sha.Hex();
        x->findings.push_back(std::move(f));
      }
      x->next();
    });
  };
  x->next();
}

}  // namespace fundcore::clearing
