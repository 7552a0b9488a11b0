// What trade and clearing call: reservations in batches, application and confirmation lines, totals, settlement.
#include <algorithm>

#include "common/crypto/person.h"
#include "services/account/check.h"
#include "services/account/dividend_check.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

// Lines that go into one command, so that none runs for long.
constexpr int kLinesACommand = 1'000;
constexpr int kMaxLines = 100'000;
constexpr int kMaxItems = 20'000;
constexpr int kMaxReleasedFirst = 64;  // with one reservation
constexpr int64_t kMaxFigure = 100'000'000'000'000'000;  // beyond every field of the file standard, below overflow

std::string At(std::string_view list, size_t i) { return StrCat(list, "[", i, "]"); }

// A zero byte would end the text within a key of the state, which could then not be read again.
absl::Status CheckCode(std::string_view field, std::string_view value, size_t limit) {
  if (!value.empty() && value.size() <= limit && value.find('\0') == std::string_view::npos) return absl::OkStatus();
  return BadField(field, value, StrCat("must have 1 to ", limit, " bytes, none of them zero"));
}

absl::Status CheckPartition(uint32_t partition, uint16_t count) {
  if (partition < count) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "UNKNOWN_PARTITION",
                              StrCat("partition ", partition, " does not exist; there are ", count, ", numbered from 0"));
}

bool SetHash(const std::string& bytes, Hash256* hash) {
  if (bytes.size() != 32) return false;
  Hash256::Raw raw;
  std::memcpy(raw.data(), bytes.data(), 32);
  *hash = Hash256::FromRaw(raw);
  return true;
}

// One field of a line that does not fit its type. The reader of files has refused such lines long before.
struct LineProblem {
  const char* field = nullptr;
};
template <class C>
C CodeOf(const std::string& s, const char* field, LineProblem* problem) {
  if (C::Fits(s)) return C(s);
  problem->field = field;
  return C();
}
template <class D>
D FigureOf(int64_t raw, const char* field, LineProblem* problem) {
  if (raw >= 0 && raw <= kMaxFigure) return D::FromRaw(raw);
  problem->field = field;
  return D();
}

LineProblem Read(const trade::v1::ConfirmationLine& in, TradeLine* out) {
  LineProblem bad;
  out->line = in.line();
  out->order = OrderId(in.order_id());
  out->investor = InvestorId(in.investor_id());
  out->business = static_cast<uint16_t>(in.business());
  out->return_code = CodeOf<ReturnCode>(in.return_code(), "return_code", &bad);
  out->fund = CodeOf<FundCode>(in.fund_code(), "fund_code", &bad);
  out->ta_account = CodeOf<TaAccountId>(in.ta_account(), "ta_account", &bad);
  out->serial = CodeOf<TaSerialNo>(in.ta_serial(), "ta_serial", &bad);
  out->confirm_day = Date::FromRaw(in.confirm_day());
  out->amount = FigureOf<Money>(in.confirmed_amount_fen(), "confirmed_amount_fen", &bad);
  out->units = FigureOf<Units>(in.confirmed_units_e2(), "confirmed_units_e2", &bad);
  out->nav = FigureOf<Nav>(in.nav_e8(), "nav_e8", &bad);
  out->charge = FigureOf<Money>(in.charge_fen(), "charge_fen", &bad);
  out->other_fee1 = FigureOf<Money>(in.other_fee1_fen(), "other_fee1_fen", &bad);
  out->interim = in.interim();
  out->interest = FigureOf<Money>(in.interest_fen(), "interest_fen", &bad);
  out->interest_units = FigureOf<Units>(in.interest_units_e2(), "interest_units_e2", &bad);
  out->apply_day = Date::FromRaw(in.apply_day());
  return bad;
}

// The first character; 0 where there is none.
uint8_t Letter(const std::string& s) { return s.empty() ? uint8_t{0} : static_cast<uint8_t>(s[0]); }

// What the line says beyond its figures. False where that is nothing.
bool ReadDetail(const trade::v1::ConfirmationLine& in, uint32_t item, TradeDetail* out) {
  // Of most lines nothing: they cost no more than looking.
  if (in.dividend_method().empty() && in.frozen_cause().empty() && in.frozen_method().empty() && in.adjustment().empty() &&
      in.direction().empty() && in.registered_day() == 0 && in.original_serial().empty() && in.reserved_day() == 0) {
    return false;
  }
  *out = {.item = item,
          .dividend_method = Letter(in.dividend_method()),
          .frozen_cause = Letter(in.frozen_cause()),
          .frozen_method = Letter(in.frozen_method()),
          .adjustment = Letter(in.adjustment()),
          .direction = Letter(in.direction()),
          .registered = Date::FromRaw(in.registered_day()),
          .original = TaSerialNo::Fits(in.original_serial()) ? TaSerialNo(in.original_serial()) : TaSerialNo(),
          .reserved = Date::FromRaw(in.reserved_day())};
  return true;
}

// Whether the line is a conversion's; then what it says of the fund that is entered. Absurd figures read as none.
bool ReadConverted(const trade::v1::ConfirmationLine& in, ConvertedFigures* out) {
  if (in.business() < 136 || in.business() > 138) return false;
  LineProblem bad;
  *out = {};
  out->target = CodeOf<FundCode>(in.target_fund_code(), "target_fund_code", &bad);
  out->units = FigureOf<Units>(in.target_units_e2(), "target_units_e2", &bad);
  out->nav = FigureOf<Nav>(in.target_nav_e8(), "target_nav_e8", &bad);
  out->difference_fee = FigureOf<Money>(in.difference_fee_fen(), "difference_fee_fen", &bad);
  return true;
}

LineProblem Read(const v1::AccountConfirmationLine& in, AccountAnswer* out) {
  LineProblem bad;
  out->line = in.line();
  out->application = OrderId(in.application_id());
  out->investor = InvestorId(in.investor_id());
  out->business = static_cast<uint16_t>(in.business());
  out->return_code = CodeOf<ReturnCode>(in.return_code(), "return_code", &bad);
  out->ta_account = CodeOf<TaAccountId>(in.ta_account(), "ta_account", &bad);
  out->confirm_day = Date::FromRaw(in.confirm_day());
  out->detail = in.error_detail();
  out->cause = in.cause();
  out->until = Date::FromRaw(in.until());
  out->target = in.target();
  out->from_ta = in.from_ta();
  return bad;
}

LineProblem Read(const v1::DividendLine& in, DividendEntry* out) {
  LineProblem bad;
  out->line = in.line();
  out->investor = InvestorId(in.investor_id());
  out->fund = CodeOf<FundCode>(in.fund_code(), "fund_code", &bad);
  out->ta_account = CodeOf<TaAccountId>(in.ta_account(), "ta_account", &bad);
  out->serial = CodeOf<TaSerialNo>(in.ta_serial(), "ta_serial", &bad);
  out->confirm_day = Date::FromRaw(in.confirm_day());
  out->cash = FigureOf<Money>(in.confirmed_fen(), "confirmed_fen", &bad);
  out->units = FigureOf<Units>(in.reinvested_units_e2(), "reinvested_units_e2", &bad);
  out->nav = FigureOf<Nav>(in.nav_e8(), "nav_e8", &bad);
  out->return_code = CodeOf<ReturnCode>(in.return_code(), "return_code", &bad);
  return bad;
}

LineProblem ReadDetail(const v1::DividendLine& in, DividendDetail* out) {
  LineProblem bad;
  out->record_day = Date::FromRaw(in.record_day());
  out->ex_day = Date::FromRaw(in.ex_day());
  out->pay_day = Date::FromRaw(in.pay_day());
  out->base = FigureOf<Units>(in.base_units_e2(), "base_units_e2", &bad);
  out->per_unit = FigureOf<Money>(in.per_unit_fen(), "per_unit_fen", &bad);
  out->per_units = FigureOf<Money>(in.per_units(), "per_units", &bad).raw();
  out->total = FigureOf<Money>(in.dividend_fen(), "dividend_fen", &bad);
  out->held = FigureOf<Money>(in.held_fen(), "held_fen", &bad);
  out->held_units = FigureOf<Units>(in.held_units_e2(), "held_units_e2", &bad);
  out->method = Letter(in.method());
  out->kind = Letter(in.kind());
  return bad;
}

// What commands of some kinds hold beside their lines.
void AddDetail(const v1::AccountConfirmationLine&, ApplyAccountAnswers&, LineProblem*) {}
void AddDetail(const trade::v1::ConfirmationLine& in, ApplyTradeLines& c, LineProblem*) {
  TradeDetail detail;
  c.rules = kChangeRules;
  if (ReadDetail(in, static_cast<uint32_t>(c.lines.size()) - 1, &detail)) c.details.push_back(detail);
}
void AddDetail(const v1::DividendLine& in, ApplyDividendLines& c, LineProblem* problem) {
  c.rules = kFastRules;
  if (const LineProblem bad = ReadDetail(in, &c.details.emplace_back()); bad.field) *problem = bad;
}

// Splits the lines of a request into commands of at most kLinesACommand.
template <class C, class Request>
absl::Status ReadLines(const Request& request, std::vector<C>* commands) {
  FC_RETURN_IF_ERROR(CheckCode("ta_code", request.ta_code(), TaCode::kMax));
  Hash256 hash;
  if (!SetHash(request.file_hash(), &hash)) return BadField("file_hash", "", "must be the 32 bytes of a SHA-256");
  if (request.lines_size() > kMaxLines) {
    return BadField("lines", StrCat(request.lines_size()),
                    StrCat("are too many; send at most ", kMaxLines, " at a time"));
  }
  for (int i = 0; i < request.lines_size() || commands->empty(); ++i) {
    if (i % kLinesACommand == 0) {
      C& c = commands->emplace_back();
      c.ta = TaCode(request.ta_code());
      c.file = hash;
      c.file_name = request.file_name();
      c.first_index = request.first_index() + static_cast<uint64_t>(i);
      if constexpr (std::is_same_v<C, ApplyTradeLines>) c.follows_rests = true;
      c.lines.reserve(static_cast<size_t>(std::min(kLinesACommand, request.lines_size() - i)));
    }
    if (i >= request.lines_size()) break;  // no lines at all: one empty command, which tells the next index
    LineProblem bad = Read(request.lines(i), &commands->back().lines.emplace_back());
    AddDetail(request.lines(i), commands->back(), &bad);
    if constexpr (std::is_same_v<C, ApplyTradeLines>) {
      commands->back().explains = true;
      ConvertedFigures figures;
      if (ReadConverted(request.lines(i), &figures)) {
        figures.item = static_cast<uint32_t>(commands->back().lines.size() - 1);
        commands->back().converted.push_back(figures);
      }
      const auto& line = request.lines(i);
      if (line.business() == 130 && line.registered_day() != 0) {
        commands->back().registered.push_back(
            {static_cast<uint32_t>(commands->back().lines.size() - 1), Date::FromRaw(line.registered_day())});
      }
    }
    if (bad.field) {
      return BadField(StrCat(At("lines", static_cast<size_t>(i)), ".", bad.field), "",
                      StrCat("of line ", request.lines(i).line(), " is too long, negative or too large"));
    }
  }
  return absl::OkStatus();
}

void Write(const FindingEntry& f, v1::Finding* out) {
  out->set_line(f.line);
  out->set_rule(f.rule);
  out->set_field(f.field);
  out->set_expected(f.expected);
  out->set_found(f.found);
  out->set_order_id(f.order.raw());
  out->set_investor_id(f.investor.raw());
}

}  // namespace

// --- Reserve and Release
// --------------------------------------------------------------------------------------------------

namespace {

// A batch on its way through the executors. One allocation a call, one a shard; items are a pointer and an index.
template <class Request, class Response>
struct Batch {
  struct Part {
    Batch* batch = nullptr;
    std::vector<uint32_t> items;
    size_t left = 0;
    absl::Status status;

    void One() {
      if (--left == 0) batch->gather->One();
    }
    void LostOne() {
      status = LostOutcome();
      One();
    }
  };
  const Request* request;
  Response* response;
  rpc::Reply reply;
  std::vector<Part> parts;
  machine::Gather* gather = nullptr;

  void Finish() {
    absl::Status status;
    for (Part& p : parts)
      if (!p.status.ok()) status = std::move(p.status);
    reply(std::move(status));
    delete this;
  }
  // Starts `work(part)` on the executor of each shard that has items.
  template <class Host, class F>
  void Start(Host& host, F work) {
    size_t busy = 0;
    for (Part& p : parts) busy += p.items.empty() ? 0 : 1;
    if (busy == 0) return Finish();
    gather = machine::Gather::New(busy, [this] { Finish(); });
    for (size_t s = 0; busy > 0; ++s) {
      Part* part = &parts[s];
      if (part->items.empty()) continue;
      part->batch = this;
      part->left = part->items.size();
      --busy;  // before the post: once the last part is out, the batch may be done and gone
      host.shards()[s]->executor()->Post([part, work] { work(part); });
    }
  }
};

// Nothing is set aside for it; it names the order of the same investor whose rest (52) or reservation (53) it withdraws.
absl::Status CheckWithdrawItem(const v1::ReserveItem& item) {
  FC_RETURN_IF_ERROR(CheckCode("fund_code", item.fund_code(), FundCode::kMax));
  FC_RETURN_IF_ERROR(CheckCode("ta_code", item.ta_code(), TaCode::kMax));
  if (item.amount_fen() != 0 || item.units_e2() != 0) {
    return BadField("amount_fen", StrCat(item.amount_fen()), StrCat("and units_e2 must be 0 for business ", item.business()));
  }
  if (item.original_order_id() / kOrderSequenceLimit != item.order_id() / kOrderSequenceLimit) {
    return BadField("original_order_id", StrCat(item.original_order_id()), "must be an order of the same partition");
  }
  return absl::OkStatus();
}

// Units that are to come (27, 34, 80): nothing is set aside here.
absl::Status CheckBringItem(const v1::ReserveItem& item) {
  FC_RETURN_IF_ERROR(CheckCode("fund_code", item.fund_code(), FundCode::kMax));
  FC_RETURN_IF_ERROR(CheckCode("ta_code", item.ta_code(), TaCode::kMax));
  if (item.amount_fen() != 0 || item.units_e2() != 0)
    return BadField("units_e2", StrCat(item.units_e2()), "and amount_fen must be 0 for units that are to come");
  if (item.applied_units_e2() <= 0 || item.applied_units_e2() > kMaxFigure)
    return BadField("applied_units_e2", StrCat(item.applied_units_e2()), "must be positive for units that are to come");
  return absl::OkStatus();
}

absl::Status CheckReserveItem(const v1::ReserveItem& item) {
  const bool conversion = IsConversion(static_cast<uint16_t>(item.business()));
  if (item.business() == 52 || item.business() == 53) return CheckWithdrawItem(item);
  if (BringsUnits(static_cast<uint16_t>(item.business()))) return CheckBringItem(item);
  const bool fast = IsFast(static_cast<uint16_t>(item.business()));
  const bool moves = fast || item.business() == 26 || item.business() == 28 || item.business() == 33 || item.business() == 35;
  const bool of_units = moves || item.business() == 31 || item.business() == 32 || item.business() == 88;
  const bool redemption = item.business() == 24 || item.business() == 25 || item.business() == 63 || of_units || conversion;
  const bool way = item.business() == 29;
  const bool plan = item.business() >= 59 && item.business() <= 61;  // sets nothing aside
  const bool changes = item.business() == kAdjustSubscription;
  const bool purchase = (item.business() >= 20 && item.business() <= 23) || item.business() == 39 || changes;
  if (changes && item.original_order_id() / kOrderSequenceLimit != item.order_id() / kOrderSequenceLimit)
    return BadField("original_order_id", StrCat(item.original_order_id()), "must be an order of the same partition");
  if (!redemption && !way && !plan && !purchase) {
    return BadField("business", StrCat(item.business()),
                    "must be 20 to 29, 31 to 36, 38, 39, 52, 53, 59 to 63, 80, 88 or 96 to 98");
  }
  if (fast) FC_RETURN_IF_ERROR(CheckCode("bank_code", item.bank_code(), DistributorCode::kMax));
  if (conversion) {
    FC_RETURN_IF_ERROR(CheckCode("target_fund_code", item.target_fund_code(), FundCode::kMax));
    FC_RETURN_IF_ERROR(CheckCode("target_ta_code", item.target_ta_code(), TaCode::kMax));
    if (item.min_days() < 0 || item.min_days() > 99'999)
      return BadField("min_days", StrCat(item.min_days()), "must be 0 to 99999");
    if (item.investors() > 2) return BadField("investors", StrCat(item.investors()), "must be 0, 1 or 2");
  }
  FC_RETURN_IF_ERROR(CheckCode("fund_code", item.fund_code(), FundCode::kMax));
  FC_RETURN_IF_ERROR(CheckCode("ta_code", item.ta_code(), TaCode::kMax));
  if (item.release_first_size() > kMaxReleasedFirst) {
    return BadField("release_first", StrCat(item.release_first_size()), StrCat("are too many; send at most ", kMaxReleasedFirst));
  }
  if (way) {
    if (item.detail() == "0" || item.detail() == "1") return absl::OkStatus();
    return BadField("detail", item.detail(), "must be 0 or 1 for business 29");
  }
  const int64_t asked = redemption ? item.units_e2() : item.amount_fen();
  const int64_t other = redemption ? item.amount_fen() : item.units_e2();
  if (plan && asked == 0 && other == 0) return absl::OkStatus();
  if (plan || asked <= 0 || asked > kMaxFigure || other != 0) {
    return BadField(redemption ? "units_e2" : "amount_fen", StrCat(asked), "must be positive, and the other one 0");
  }
  return absl::OkStatus();
}

void Write(const Result& r, v1::ReserveOutcome* out) {
  if (r.units.is_positive()) out->set_units_e2(r.units.raw());
  out->set_reason(static_cast<uint32_t>(r.reason));
  if (r.reason != Reason::kNone) {
    out->set_reason_name(std::string(ReasonName(r.reason)));
  } else if (!r.ta_account.empty()) {
    const std::string_view ta_account = r.ta_account.view();
    out->set_ta_account(ta_account.data(), ta_account.size());
  }
}

}  // namespace

template <class BatchPart>
absl::Status AccountServiceImpl::ReadyFor(const BatchPart& part) {
  const auto& items = part.batch->request->items();
  const auto partition_of = [&](uint32_t i) { return PartitionOf(OrderId(items.Get(static_cast<int>(i)).order_id())); };
  FC_RETURN_IF_ERROR(Ready(host_.At(partition_of(part.items.front())), true));  // the load is the whole executor's
  for (const uint32_t i : part.items) {
    Partition& partition = host_.At(partition_of(i));
    if (!partition.serving()) return Ready(partition, false);
  }
  return absl::OkStatus();
}

void AccountServiceImpl::Reserve(const v1::ReserveRequest& request, v1::ReserveResponse* response, rpc::Reply reply) {
  using ReserveBatch = Batch<v1::ReserveRequest, v1::ReserveResponse>;
  if (request.items_size() > kMaxItems) {
    return reply(BadField("items", StrCat(request.items_size()), StrCat("are too many; send at most ", kMaxItems)));
  }
  auto batch = std::make_unique<ReserveBatch>();
  const size_t shards = host_.shards().size();
  batch->parts.resize(shards);
  response->mutable_outcomes()->Reserve(request.items_size());
  for (int i = 0; i < request.items_size(); ++i) {
    const v1::ReserveItem& item = request.items(i);
    v1::ReserveOutcome* outcome = response->add_outcomes();
    if (absl::Status s = CheckReserveItem(item); !s.ok()) {
      return reply(BadField(At("items", static_cast<size_t>(i)), FormatOrderId(OrderId(item.order_id())),
                            std::string(s.message())));
    }
    const uint64_t partition = item.order_id() / kOrderSequenceLimit;
    if (partition >= deps_.partitions) {
      Write(Result{.reason = Reason::kInvestorNotFound}, outcome);
      continue;
    }
    batch->parts[partition % shards].items.push_back(static_cast<uint32_t>(i));
  }
  batch->request = &request;
  batch->response = response;
  batch->reply = std::move(reply);
  batch.release()->Start(host_, [this](ReserveBatch::Part* part) {
    // What cannot be begun as a whole is better not begun at all: the caller tries all of it again.
    part->status = ReadyFor(*part);
    if (!part->status.ok()) return part->batch->gather->One();
    for (const uint32_t i : part->items) {
      const v1::ReserveItem& item = part->batch->request->items(static_cast<int>(i));
      account::Reserve c;
      c.order = OrderId(item.order_id());
      c.investor = InvestorId(item.investor_id());
      c.business = static_cast<uint16_t>(item.business());
      c.fund = FundCode(item.fund_code());
      c.ta = TaCode(item.ta_code());
      c.amount = Money::FromRaw(item.amount_fen());
      c.units = Units::FromRaw(item.units_e2());
      c.trade_day = Date::FromRaw(item.trade_day());
      c.received_at = TimePoint::FromRaw(item.received_at_us());
      c.least_left = Units::FromRaw(item.least_left_e2());
      c.held_for_a_term = item.held_for_a_term();
      c.most_held = Units::FromRaw(item.most_held_e2());
      c.price = Nav::FromRaw(item.price_e8());
      c.original = OrderId(item.original_order_id());
      c.cancel_rest = item.cancel_rest();
      c.applied_units = Units::FromRaw(item.applied_units_e2());
      c.discount = Discount::FromRaw(item.discount_e8());
      c.detail = Letter(item.detail());
      if (IsFast(c.business)) {
        c.bank = item.bank_code();
        c.fast_a_day = Money::FromRaw(item.fast_a_day_fen());
      }
      if (IsConversion(c.business)) {
        c.target = FundCode(item.target_fund_code());
        c.target_ta = TaCode(item.target_ta_code());
        c.min_days = static_cast<uint32_t>(item.min_days());
        c.investors = static_cast<uint8_t>(item.investors());
      }
      for (const uint64_t over : item.release_first()) {
        const account::Release release{OrderId(over), c.investor};
        if (PartitionOf(release.order) == PartitionOf(c.order)) host_.Submit(PartitionOf(c.order), release);
      }
      const auto executed = [part, i](const Result& r) {
        Write(r, part->batch->response->mutable_outcomes(static_cast<int>(i)));
        part->One();
      };
      host_.Submit(PartitionOf(c.order), c, machine::OrLost(executed, [part] { part->LostOne(); }));
    }
  });
}

void AccountServiceImpl::Release(const v1::ReleaseRequest& request, v1::ReleaseResponse* response, rpc::Reply reply) {
  using ReleaseBatch = Batch<v1::ReleaseRequest, v1::ReleaseResponse>;
  if (request.items_size() > kMaxItems) {
    return reply(BadField("items", StrCat(request.items_size()), StrCat("are too many; send at most ", kMaxItems)));
  }
  auto batch = std::make_unique<ReleaseBatch>();
  const size_t shards = host_.shards().size();
  batch->parts.resize(shards);
  for (int i = 0; i < request.items_size(); ++i) {
    const uint64_t partition = request.items(i).order_id() / kOrderSequenceLimit;
    if (partition < deps_.partitions) batch->parts[partition % shards].items.push_back(static_cast<uint32_t>(i));
  }
  batch->request = &request;
  batch->response = response;
  batch->reply = std::move(reply);
  batch.release()->Start(host_, [this](ReleaseBatch::Part* part) {
    part->status = ReadyFor(*part);
    if (!part->status.ok()) return part->batch->gather->One();
    for (const uint32_t i : part->items) {
      const v1::ReleaseItem& item = part->batch->request->items(static_cast<int>(i));
      const account::Release c{OrderId(item.order_id()), InvestorId(item.investor_id()), item.advance()};
      host_.Submit(PartitionOf(c.order), c,
                   machine::OrLost([part](const Result&) { part->One(); }, [part] { part->LostOne(); }));
    }
  });
}

// --- Applications for fund accounts
// ---------------------------------------------------------------------------------------

void AccountServiceImpl::SealApplications(const rpc::Call& call, const v1::SealApplicationsRequest& request,
                                          v1::SealApplicationsResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  if (request.transfer_no() == 0 || request.transfer_no() > 9'999) {
    return reply(BadField("transfer_no", StrCat(request.transfer_no()), "must be from 1 to 9999"));
  }
  const SealKey key{TaCode(request.ta_code()), Date::FromRaw(request.day()),
                    TransferNo(static_cast<uint16_t>(request.transfer_no()))};
  struct All {
    rpc::Call call;
    std::vector<Seal> seals;
    std::vector<absl::Status> status;
    rpc::Reply reply;
  };
  auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  auto all = std::make_shared<All>();
  all->call = call;
  all->seals.resize(deps_.partitions);
  all->status.resize(deps_.partitions);
  all->reply = std::move(reply);
  machine::Gather* gather = machine::Gather::New(where->size(), [all, where = *where, response] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->reply(std::move(s));
    for (const PartitionId p : where) {
      trade::v1::PartitionSeal* out = response->add_partitions();
      out->set_partition(p.raw());
      out->set_count(all->seals[p.raw()].count);
      out->set_hash(all->seals[p.raw()].hash);
      out->set_tax_lines(all->seals[p.raw()].tax);
    }
    all->reply(absl::OkStatus());
  });
  for (const PartitionId id : *where) {
    host_.On(id, [this, all, gather, key, p = id.raw()](Partition& part) {
      all->status[p] = ReadyFor(all->call, part, true);
      if (!all->status[p].ok()) return gather->One();
      SubmitUntilDone(
          PartitionId(p), account::SealApplications{key},
          [all, gather, key, p, &part](absl::Status status, const Result&) {
            all->status[p] = std::move(status);
            if (all->status[p].ok()) all->seals[p] = *part.machine().FindSeal(key);
            gather->One();
          });
    });
  }
}

void AccountServiceImpl::PullApplications(const v1::PullApplicationsRequest& request,
                                          v1::PullApplicationsResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, p, &request, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    AccountMachine& m = part.machine();
    const SealKey key{TaCode(request.ta_code()), Date::FromRaw(request.day()),
                      TransferNo(static_cast<uint16_t>(request.transfer_no()))};
    const Seal* found = m.FindSeal(key);
    if (!found || !found->closed) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, "NOT_SEALED",
                                        StrCat("transfer ", request.transfer_no(), " of ", request.ta_code(), " on ",
                                               key.day.Iso(), " is not sealed; call SealApplications first")));
    }
    const Seal seal = *found;
    response->set_last_page((request.page() + uint64_t{1}) * kApplicationsAPage >= seal.count);
    const SealedPage* page = m.FindSealedPage({key.ta, key.day, key.transfer, request.page()});
    if (!page) return reply(absl::OkStatus());
    for (const uint64_t seq : page->applications) {
      const Application& a = *m.FindApplication(seq);
      const InvestorId investor = MakeInvestorId(p, a.investor);
      v1::AccountApplication* out = response->add_applications();
      out->set_application_id(MakeApplicationId(p, seq).raw());
      out->set_investor_id(investor.raw());
      out->set_business(a.business);
      if (absl::Status s = FillData(m, seq, a, out); !s.ok()) return reply(std::move(s));
      out->set_institution(m.FindInvestor(investor)->institution);
      out->set_applied_at_us(a.applied_at.raw());
      out->set_day(a.day.raw());
      // An account that is being opened has no number yet, or has it from before: then the institution knows it by that.
      if (const FundAccount* own = FindFundAccount(*m.FindInvestor(investor), key.ta); own && a.business != 1)
        out->set_ta_account(own->ta_account.str());
      if (a.business == kTaxBusiness) {
        if (absl::Status s = FillTaxLine(m, a, out->mutable_tax()); !s.ok()) return reply(std::move(s));
        continue;
      }
      if (a.business == 58) {
        out->set_former_account(a.cause);
      } else {
        out->set_cause(a.cause);
      }
      out->set_until(a.until.raw());
    }
    reply(absl::OkStatus());
  });
}

void AccountServiceImpl::ApplyAccountConfirmations(const v1::ApplyAccountConfirmationsRequest& request,
                                                   v1::ApplyAccountConfirmationsResponse* response, rpc::Reply reply) {
  std::vector<ApplyAccountAnswers> commands;
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = ReadLines(request, &commands); !s.ok()) return reply(std::move(s));
  // By a fingerprint: a number must not stand in the log.
  int at = 0;
  for (ApplyAccountAnswers& c : commands) {
    for (size_t i = 0; i < c.lines.size(); ++i, ++at) {
      const auto& line = request.lines(at);
      if (line.certificate_no().empty()) continue;
      c.certificates.resize(c.lines.size());
      c.certificates[i] = FingerprintOfPerson(*deps_.vault, line.certificate_type(), line.certificate_no());
    }
  }
  SubmitLines(PartitionId(static_cast<uint16_t>(request.partition())), std::move(commands),
              [response, reply = std::move(reply)](absl::Status status, Applied& applied) mutable {
                response->set_next_index(applied.next_index);
                for (const HungOrder& h : applied.hung) {
                  v1::Hung* out = response->add_hung();
                  out->set_order_id(h.order.raw());
                  out->set_investor_id(h.investor.raw());
                  out->set_return_code(h.return_code.str());
                  out->set_detail(h.detail);
                }
                for (const FindingEntry& f : applied.findings) Write(f, response->add_findings());
                reply(std::move(status));
              });
}

// --- Confirmations, dividends, balances
// -----------------------------------------------------------------------------------

void AccountServiceImpl::CheckConfirmations(const v1::CheckConfirmationsRequest& request,
                                            v1::CheckConfirmationsResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  std::vector<TradeLine> lines(static_cast<size_t>(request.lines_size()));
  for (int i = 0; i < request.lines_size(); ++i) {
    const LineProblem bad = Read(request.lines(i), &lines[static_cast<size_t>(i)]);
    if (bad.field) {
      return reply(BadField(StrCat(At("lines", static_cast<size_t>(i)), ".", bad.field), "",
                            "is too long, negative or too large"));
    }
  }
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, &request, response, lines = std::move(lines), reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    AccountMachine& m = part.machine();
    if (m.products().absorbed() < request.product_seq()) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "PRODUCT_FACTS_BEHIND",
                                        StrCat("account has product facts up to ", m.products().absorbed(), ", not yet ",
                                               request.product_seq(), "; ask again in a moment")));
    }
    std::vector<FindingEntry> findings;
    ConfirmationChecker checker(m, TaCode(request.ta_code()));
    ConvertedFigures figures;
    TradeDetail detail;
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto& in = request.lines(static_cast<int>(i));
      const bool more = ReadDetail(in, static_cast<uint32_t>(i), &detail);
      const bool converts = ReadConverted(in, &figures);
      checker.Check(lines[i], more ? &detail : nullptr, converts ? &figures : nullptr, &findings);
    }
    checker.Finish(&findings);
    for (const FindingEntry& f : findings) Write(f, response->add_findings());
    reply(absl::OkStatus());
  });
}

void AccountServiceImpl::ApplyConfirmations(const trade::v1::ApplyConfirmationsRequest& request,
                                            v1::ApplyResult* response, rpc::Reply reply) {
  std::vector<ApplyTradeLines> commands;
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = ReadLines(request, &commands); !s.ok()) return reply(std::move(s));
  SubmitLines(PartitionId(static_cast<uint16_t>(request.partition())), std::move(commands),
              [response, reply = std::move(reply)](absl::Status status, Applied& applied) mutable {
                response->set_next_index(applied.next_index);
                for (const FindingEntry& f : applied.findings) Write(f, response->add_findings());
                reply(std::move(status));
              });
}

void AccountServiceImpl::CheckDividends(const v1::CheckDividendsRequest& request, v1::CheckDividendsResponse* response,
                                        rpc::Reply reply) {
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  std::vector<DividendEntry> lines(static_cast<size_t>(request.lines_size()));
  std::vector<DividendDetail> details(lines.size());
  for (int i = 0; i < request.lines_size(); ++i) {
    const auto at = static_cast<size_t>(i);
    LineProblem bad = Read(request.lines(i), &lines[at]);
    if (!bad.field) bad = ReadDetail(request.lines(i), &details[at]);
    if (bad.field) return reply(BadField(StrCat(At("lines", at), ".", bad.field), "", "is too long, negative or too large"));
  }
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, &request, response, lines = std::move(lines), details = std::move(details),
               reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    AccountMachine& m = part.machine();
    if (m.products().absorbed() < request.product_seq()) {
      return reply(rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "PRODUCT_FACTS_BEHIND",
                                        StrCat("account has product facts up to ", m.products().absorbed(), ", not yet ",
                                               request.product_seq(), "; ask again in a moment")));
    }
    std::vector<FindingEntry> findings;
    DividendChecker checker(m, TaCode(request.ta_code()));
    for (size_t i = 0; i < lines.size(); ++i) {
      if (absl::Status s = checker.Check(lines[i], details[i], &findings); !s.ok()) return reply(std::move(s));
    }
    for (const FindingEntry& f : findings) Write(f, response->add_findings());
    reply(absl::OkStatus());
  });
}

void AccountServiceImpl::ApplyDividends(const v1::ApplyDividendsRequest& request, v1::ApplyResult* response,
                                        rpc::Reply reply) {
  std::vector<ApplyDividendLines> commands;
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  if (absl::Status s = ReadLines(request, &commands); !s.ok()) return reply(std::move(s));
  SubmitLines(PartitionId(static_cast<uint16_t>(request.partition())), std::move(commands),
              [response, reply = std::move(reply)](absl::Status status, Applied& applied) mutable {
                response->set_next_index(applied.next_index);
                for (const FindingEntry& f : applied.findings) Write(f, response->add_findings());
                reply(std::move(status));
              });
}

void AccountServiceImpl::CheckBalances(const v1::CheckBalancesRequest& request, v1::CheckBalancesResponse* response,
                                       rpc::Reply reply) {
  if (absl::Status s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(std::move(s));
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  host_.On(p, [this, &request, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    for (const v1::BalanceLine& line : request.lines()) {
      if (CompareIncome(part.machine(), line, Date::FromRaw(request.confirm_day()), response))
        response->add_told_income(line.line());
      const InvestorId id(line.investor_id());
      const Investor* investor = part.machine().FindInvestor(id);
      const Units theirs = Units::FromRaw(line.total_units_e2());
      FindingEntry f{.line = line.line(), .investor = id};
      if (!investor) {
        f.rule = "UNKNOWN_INVESTOR";
        f.field = "TransactionAccountID";
        f.found = FormatInvestorId(id);
        Write(f, response->add_findings());
        continue;
      }
      const Holding* holding =
          FundCode::Fits(line.fund_code()) ? FindHolding(*investor, FundCode(line.fund_code())) : nullptr;
      const Units ours = holding ? holding->units : Units();
      if (ours != theirs) {
        f.rule = "UNITS_DIFFER";
        f.field = "TotalVolOfDistributorInTA";
        f.expected = ours.ToString();
        f.found = theirs.ToString();
        Write(f, response->add_findings());
        continue;
      }
      // One finding a line, the gravest.
      const HoldingNote* note =
          FundCode::Fits(line.fund_code()) ? part.machine().FindNote(id, FundCode(line.fund_code())) : nullptr;
      const Units frozen = note ? FrozenUnits(*note) : Units();
      if (line.frozen_given() && frozen != Units::FromRaw(line.frozen_units_e2())) {
        f.rule = "FROZEN_DIFFERS";
        f.field = "TotalFrozenVol";
        f.expected = frozen.ToString();
        f.found = Units::FromRaw(line.frozen_units_e2()).ToString();
        Write(f, response->add_findings());
      } else if (note && note->way && !line.dividend_method().empty() && Letter(line.dividend_method()) != note->way) {
        f.rule = "WAY_DIFFERS";
        f.field = "DefDividendMethod";
        f.expected = std::string(1, static_cast<char>(note->way));
        f.found = line.dividend_method();
        Write(f, response->add_findings());
      }
    }
    reply(absl::OkStatus());
  });
}

void AccountServiceImpl::UnitTotals(const rpc::Call& call, const v1::UnitTotalsRequest& request,
                                    v1::UnitTotalsResponse* response, rpc::Reply reply) {
  struct Total {
    Units units;
    uint64_t holders = 0;
  };
  using Part = std::map<std::string, Total>;
  Collect<Part>(
      call,
      [ta = request.ta_code()](Partition& p, Part& part) {
        p.machine().ledger().ForEachFund([&](const UnitKey& key, const account::UnitTotals& t) {
          if (key.ta.view() != ta) return;
          Total& total = part[key.fund.str()];
          total.units += t.free + t.frozen;
          total.holders += t.holders;
        });
      },
      [response, reply = std::move(reply)](absl::Status status, std::vector<Part>& parts) mutable {
        if (!status.ok()) return reply(std::move(status));
        Part all;
        for (const Part& part : parts) {
          for (const auto& [fund, total] : part) {
            all[fund].units += total.units;
            all[fund].holders += total.holders;
          }
        }
        for (const auto& [fund, total] : all) {
          v1::FundTotal* out = response->add_totals();
          out->set_fund_code(fund);
          out->set_units_e2(total.units.raw());
          out->set_holders(total.holders);
        }
        reply(absl::OkStatus());
      });
}

// --- Settlement
// -----------------------------------------------------------------------------------------------------------

void AccountServiceImpl::SettlementTotals(const rpc::Call& call, const v1::SettlementTotalsRequest& request,
                                          v1::SettlementTotalsResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  struct Total {
    Money pay, receive;
    uint64_t count = 0;
  };
  using Part = std::map<std::pair<std::string, uint16_t>, Total>;
  Collect<Part>(
      call,
      [ta = TaCode(request.ta_code()), day = Date::FromRaw(request.confirm_day())](Partition& p, Part& part) {
        p.machine().ForEachSettlement(ta, day, [&](const SettlementKey& key, const Settlement& s) {
          Total& total = part[{key.fund.str(), key.business}];
          total.pay += s.pay;
          total.receive += s.receive;
          total.count += s.count;
        });
      },
      [response, reply = std::move(reply)](absl::Status status, std::vector<Part>& parts) mutable {
        if (!status.ok()) return reply(std::move(status));
        Part all;
        for (const Part& part : parts) {
          for (const auto& [key, total] : part) {
            all[key].pay += total.pay;
            all[key].receive += total.receive;
            all[key].count += total.count;
          }
        }
        for (const auto& [key, total] : all) {
          v1::SettlementTotal* out = response->add_totals();
          out->set_fund_code(key.first);
          out->set_business(key.second);
          out->set_pay_fen(total.pay.raw());
          out->set_receive_fen(total.receive.raw());
          out->set_count(total.count);
        }
        reply(absl::OkStatus());
      });
}

void AccountServiceImpl::Settle(const rpc::Call& call, const v1::SettleRequest& request, v1::SettleResponse* response,
                                rpc::Reply reply) {
  if (absl::Status s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckCode("fund_code", request.fund_code(), FundCode::kMax); !s.ok()) return reply(std::move(s));
  if (absl::Status s = CheckCode("payment_reference", request.payment_reference(), 128); !s.ok())
    return reply(std::move(s));
  account::Settle c;
  c.settlement = {TaCode(request.ta_code()), Date::FromRaw(request.confirm_day()), FundCode(request.fund_code()),
                  SettlementBusiness(static_cast<uint16_t>(request.business()))};
  c.reference = request.payment_reference();
  c.keeps_day = true;
  struct All {
    rpc::Call call;
    std::vector<Money> settled;
    std::vector<absl::Status> status;
    rpc::Reply reply;
  };
  const auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  auto all = std::make_shared<All>();
  all->call = call;
  all->settled.resize(deps_.partitions);
  all->status.resize(deps_.partitions);
  all->reply = std::move(reply);
  machine::Gather* gather = machine::Gather::New(where->size(), [all, response] {
    for (absl::Status& s : all->status)
      if (!s.ok()) return all->reply(std::move(s));
    Money sum;
    for (const Money m : all->settled) sum += m;
    response->set_settled_fen(sum.raw());
    all->reply(absl::OkStatus());
  });
  for (const PartitionId id : *where) {
    host_.On(id, [this, all, gather, c, p = id.raw()](Partition& part) {
      all->status[p] = ReadyFor(all->call, part, true);
      // Most partitions have nothing of a small settlement; they need no log record to say so.
      if (!all->status[p].ok() || !part.machine().FindSettlement(c.settlement)) return gather->One();
      SubmitUntilDone(PartitionId(p), c, [all, gather, p](absl::Status status, const Result& r) {
        all->status[p] = std::move(status);
        all->settled[p] = r.amount;
        gather->One();
      });
    });
  }
}

}  // namespace fundcore::account
