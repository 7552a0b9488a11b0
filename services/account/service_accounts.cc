// What apps call: opening accounts, cards, payments, balances and ledger lines.
#include <algorithm>

#include "absl/strings/numbers.h"
#include "common/crypto/person.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr int64_t kMaxPaymentFen =
    1'000'000'000'000'000;  // ten trillion yuan: far beyond any payment, far below overflow
constexpr Duration kReplyMargin = Duration::Millis(200);   // time to get an answer back before the caller gives up

bool AllOf(std::string_view s, bool (*good)(char)) { return std::all_of(s.begin(), s.end(), good); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsPrintable(char c) { return c > ' ' && c < 0x7f; }

size_t Characters(std::string_view utf8) {
  return static_cast<size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// The first character, then a star for each further one.
std::string MaskName(std::string_view name) {
  size_t end = 1;
  while (end < name.size() && (name[end] & 0xc0) == 0x80) ++end;
  return std::string(name.substr(0, end)) + std::string(Characters(name) - (name.empty() ? 0 : 1), '*');
}

absl::Status CheckPerson(const v1::OpenInvestorRequest& q) {
  if (q.name().empty() || Characters(q.name()) > 60) return BadField("name", "", "must have 1 to 60 characters");
  if (q.certificate_type().empty()) return BadField("certificate_type", "", "must be given, such as 0 for an identity card");
  v1::InvestorData data = q.data();
  data.set_certificate_type(q.certificate_type());
  FC_RETURN_IF_ERROR(CheckData(data, q.institution()));
  if (q.certificate_no().empty() || q.certificate_no().size() > 30 || !AllOf(q.certificate_no(), IsPrintable)) {
    return BadField("certificate_no", "", "must have 1 to 30 printable characters without spaces");
  }
  if (q.mobile().size() > 24) return BadField("mobile", "", "must have at most 24 characters");
  if (q.request_id().size() > RequestId::kMax) return BadField("request_id", "", "must have at most 64 bytes");
  return absl::OkStatus();
}

v1::PaymentState StateOf(PaymentStatus status) {
  switch (status) {
    case PaymentStatus::kPending: return v1::PENDING;
    case PaymentStatus::kDone: return v1::DONE;
    case PaymentStatus::kFailed: return v1::FAILED;
  }
  return v1::PAYMENT_STATE_UNSPECIFIED;
}

}  // namespace

std::string MaskCard(std::string_view number) {
  return "**** " + std::string(number.substr(number.size() > 4 ? number.size() - 4 : 0));
}

absl::Status RefusalStatus(Reason reason, std::string_view what) {
  absl::StatusCode code = absl::StatusCode::kFailedPrecondition;
  if (reason == Reason::kInvestorNotFound || reason == Reason::kCardNotFound || reason == Reason::kPaymentNotFound ||
      reason == Reason::kInstitutionUnknown || reason == Reason::kFundAccountNotFound ||
      reason == Reason::kCardChangeNotFound) {
    code = absl::StatusCode::kNotFound;
  }
  if (reason == Reason::kDataChangedMeanwhile) code = absl::StatusCode::kAborted;
  if (reason == Reason::kRequestIdReused || reason == Reason::kCertificateTaken || reason == Reason::kTradingAccountLinked)
    code = absl::StatusCode::kAlreadyExists;
  return rpc::ErrorWithReason(code, ReasonName(reason), StrCat(what, ": ", ReasonMessage(reason)));
}

std::string_view StateName(FundAccountState state) {
  switch (state) {
    case FundAccountState::kNone: return "";
    case FundAccountState::kNew: return "NEW";
    case FundAccountState::kApplied: return "APPLIED";
    case FundAccountState::kOpen: return "OPEN";
    case FundAccountState::kRefused: return "REFUSED";
    case FundAccountState::kClosed: return "CLOSED";
    case FundAccountState::kEnded: return "ENDED";
    case FundAccountState::kFrozen: return "FROZEN";
    case FundAccountState::kLost: return "LOST";
    case FundAccountState::kFrozenAndLost: return "FROZEN_AND_LOST";
    case FundAccountState::kClosing: return "CLOSING";
    case FundAccountState::kEnding: return "ENDING";
  }
  return "";
}

void AccountServiceImpl::OpenInvestor(const v1::OpenInvestorRequest& request, v1::OpenInvestorResponse* response,
                                      rpc::Reply reply) {
  if (absl::Status s = CheckPerson(request); !s.ok()) return reply(std::move(s));
  const Hash256 certificate = FingerprintOfPerson(*deps_.vault, request.certificate_type(), request.certificate_no());
  const PartitionId p = PartitionOfPerson(certificate, deps_.partitions);
  host_.On(p, [this, &request, response, certificate, number = CertificateNumber(request.certificate_no()),
               reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    Executor* e = part.executor();
    account::OpenInvestor c;
    c.certificate = certificate;
    c.certificate_type = request.certificate_type();
    c.name = deps_.vault->Seal(request.name(), Nonce(e), kNameContext);
    c.certificate_no = deps_.vault->Seal(number, Nonce(e), kCertificateContext);
    c.mobile = deps_.vault->Seal(request.mobile(), Nonce(e), kMobileContext);
    c.institution = request.institution();
    const PartitionId id = part.id().partition;
    host_.Submit(id, c, [this, &request, &part, response, id, reply = std::move(reply)](const Result& r) mutable {
      const InvestorId investor = r.investor.is_set() ? r.investor : MakeInvestorId(id, r.number);
      response->set_investor_id(investor.raw());
      response->set_existed(r.repeated);
      // Told with the opening, or told now for the first time: the opening may have been answered by nobody.
      if (!request.has_data() || r.investor.is_set() || part.machine().FindPersonData(r.number))
        return reply(absl::OkStatus());
      auto change = Changed(part, investor, request.data());
      if (!change.ok()) return reply(change.status());
      change->request = RequestId("open");
      host_.Submit(id, *change, [reply = std::move(reply)](const Result&) mutable { reply(absl::OkStatus()); });
    });
  });
}

void AccountServiceImpl::AddCard(const v1::AddCardRequest& request, v1::AddCardResponse* response, rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  if (request.card_no().size() < 8 || request.card_no().size() > 32 || !AllOf(request.card_no(), IsDigit)) {
    return reply(BadField("card_no", "", "must have 8 to 32 digits"));
  }
  if (request.bank_code().size() > 12 || !AllOf(request.bank_code(), IsPrintable)) {
    return reply(BadField("bank_code", request.bank_code(), "must have at most 12 printable characters"));
  }
  const InvestorId investor(request.investor_id());
  host_.On(PartitionOf(investor), [this, &request, response, investor,
                                   reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    account::AddCard c;
    c.investor = investor;
    c.bank_code = request.bank_code();
    c.fingerprint = deps_.vault->Fingerprint("card", request.card_no());
    c.number = deps_.vault->Seal(request.card_no(), Nonce(part.executor()), kCardContext);
    host_.Submit(PartitionOf(investor), c, [response, investor, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, StrCat("investor ", investor.raw())));
      response->set_card_id(r.number);
      response->set_existed(r.repeated);
      reply(absl::OkStatus());
    });
  });
}

// --- Payments
// -------------------------------------------------------------------------------------------------------------

void AccountServiceImpl::FillPayment(Partition& partition, uint64_t seq, v1::PaymentResponse* response) {
  const Payment& payment = *partition.machine().FindPayment(seq);
  response->set_payment_id(MakePaymentId(partition.id().partition, seq).raw());
  response->set_state(StateOf(payment.status));
  response->set_card_id(payment.card.raw());
  if (const PaymentNote* note = partition.machine().FindPaymentNote(seq)) {
    const PartitionId p = partition.id().partition;
    if (note->follows != 0) response->set_follows(MakePaymentId(p, note->follows).raw());
    if (note->followed_by != 0) response->set_followed_by(MakePaymentId(p, note->followed_by).raw());
  }
  if (payment.status != PaymentStatus::kFailed) return;
  response->set_reason(payment.reason.empty() ? std::string(ReasonName(Reason::kBankRefused)) : payment.reason);
  response->set_message(payment.message.empty() ? std::string(ReasonMessage(Reason::kBankRefused)) : payment.message);
}

void AccountServiceImpl::MakePayment(const rpc::Call& call, PaymentDirection direction, const v1::PaymentRequest& request,
                                     v1::PaymentResponse* response, rpc::Reply reply) {
  if (request.request_id().empty() || request.request_id().size() > RequestId::kMax ||
      !AllOf(request.request_id(), IsPrintable)) {
    return reply(BadField("request_id", "", "must have 1 to 64 printable characters without spaces"));
  }
  if (request.amount_fen() <= 0 || request.amount_fen() > kMaxPaymentFen) {
    return reply(BadField("amount_fen", StrCat(request.amount_fen()), StrCat("must be from 1 to ", kMaxPaymentFen)));
  }
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  Pay c;
  c.caller = call.caller;
  c.request = RequestId(request.request_id());
  c.investor = InvestorId(request.investor_id());
  c.card = CardId(request.card_id());
  c.direction = direction;
  c.amount = Money::FromRaw(request.amount_fen());
  c.rules = kPayoutCard;
  const Duration wait = std::max(Duration::Millis(1), Duration::Micros(call.deadline.raw() - kReplyMargin.raw()));
  host_.On(PartitionOf(c.investor), [this, c, wait, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, true); !s.ok()) return reply(std::move(s));
    const PartitionId id = part.id().partition;
    host_.Submit(id, c, [this, &part, id, wait, response, reply = std::move(reply)](const Result& r) mutable {
      if (r.reason != Reason::kNone) return reply(RefusalStatus(r.reason, "the payment"));
      response->set_repeated(r.repeated);
      if (part.machine().FindPayment(r.number)->status != PaymentStatus::kPending) {
        FillPayment(part, r.number, response);
        return reply(absl::OkStatus());
      }
      worker_.Await(id, r.number, wait, [this, &part, seq = r.number, response, reply = std::move(reply)]() mutable {
        FillPayment(part, seq, response);
        reply(absl::OkStatus());
      });
    });
  });
}

void AccountServiceImpl::GetPayment(const v1::GetPaymentRequest& request, v1::PaymentResponse* response,
                                    rpc::Reply reply) {
  const PaymentId payment(request.payment_id());
  const auto missing = [payment] { return RefusalStatus(Reason::kPaymentNotFound, StrCat("payment ", payment.raw())); };
  if (payment.raw() / kOrderSequenceLimit >= deps_.partitions) return reply(missing());
  host_.On(PartitionOf(payment), [this, payment, missing, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    const uint64_t seq = payment.raw() % kOrderSequenceLimit;
    if (!part.machine().FindPayment(seq)) return reply(missing());
    FillPayment(part, seq, response);
    reply(absl::OkStatus());
  });
}

// --- Balances and lines
// ---------------------------------------------------------------------------------------------------

void AccountServiceImpl::GetAccount(const v1::GetAccountRequest& request, v1::GetAccountResponse* response,
                                    rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  const InvestorId id(request.investor_id());
  host_.On(PartitionOf(id), [this, id, response, reply = std::move(reply)](Partition& part) mutable {
    if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
    const Investor* investor = part.machine().FindInvestor(id);
    if (!investor) return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", id.raw())));
    const Person& person = *part.machine().FindPerson(id);
    auto name = deps_.vault->Open(person.name, kNameContext);
    if (!name.ok()) return reply(name.status());
    response->set_investor_id(id.raw());
    response->set_name_masked(MaskName(*name));
    response->set_available_fen(investor->cash.available.raw());
    response->set_reserved_fen(investor->cash.reserved.raw());
    response->set_awaiting_fen(investor->cash.awaiting.raw());
    response->set_withdrawing_fen(investor->cash.withdrawing.raw());
    response->set_institution(investor->institution);
    for (const FundAccount& a : investor->fund_accounts)
      FillFundAccount(part.machine(), id, a, response->add_fund_accounts());
    const Date today = part.executor()->Now().date();
    for (const Holding& h : investor->holdings) {
      v1::Position* out = response->add_positions();
      out->set_fund_code(h.fund.str());
      out->set_ta_code(h.ta.str());
      out->set_units_e2(h.units.raw());
      out->set_frozen_units_e2(h.frozen.raw());
      out->set_usable_units_e2(UsableUnits(h, today).raw());
      if (const HoldingNote* note = part.machine().FindNote(id, h.fund)) {
        out->set_blocked_units_e2(note->blocked.raw());
        if (note->way) out->set_dividend_method(std::string(1, static_cast<char>(note->way)));
        for (const UnitFreeze& f : note->freezes) {
          v1::UnitFreezeView* view = out->add_freezes();
          view->set_ta_serial(f.serial.str());
          view->set_day(f.day.raw());
          view->set_units_e2(f.units.raw());
          if (f.cause) view->set_cause(std::string(1, static_cast<char>(f.cause)));
          view->set_with_fruits(f.with_fruits);
          view->set_derived(f.derived);
        }
        for (const HeldDividend& held : note->held) {
          v1::HeldDividendView* view = out->add_held_dividends();
          view->set_record_day(held.record_day.raw());
          view->set_amount_fen(held.cash.raw());
          view->set_units_e2(held.units.raw());
        }
      }
      for (const Lot& lot : h.lots) {
        v1::LotView* view = out->add_lots();
        view->set_registered(lot.registered.raw());
        view->set_units_e2(lot.units.raw());
        view->set_usable_from(lot.usable_from.raw());
      }
    }
    FillIncome(part.machine(), id, *investor, response);
    reply(FillCards(part.machine(), id, response));
  });
}

void AccountServiceImpl::ListLedger(const v1::ListLedgerRequest& request, v1::ListLedgerResponse* response,
                                    rpc::Reply reply) {
  if (absl::Status s = CheckInvestorPartition(request.investor_id()); !s.ok()) return reply(std::move(s));
  // A token is a position in the partition's ledger, sealed for this investor: nobody reads another's lines by guessing.
  const auto token_of = [this, investor = request.investor_id()](uint64_t position) {
    return StrCat(position, "-",
                  deps_.vault->Fingerprint("ledger page", StrCat(investor, "|", position)).Hex().substr(0, 24));
  };
  uint64_t from = 0;
  if (!request.page_token().empty()) {
    const std::string digits = request.page_token().substr(0, request.page_token().find('-'));
    if (!absl::SimpleAtoi(digits, &from) || from == 0 || token_of(from) != request.page_token()) {
      return reply(BadField("page_token", request.page_token(), "must be empty or a next_page_token of this method"));
    }
  }
  const uint32_t size = std::min<uint32_t>(request.page_size() ? request.page_size() : 50, 500);
  const InvestorId id(request.investor_id());
  host_.On(PartitionOf(id),
           [this, id, from, size, token_of, response, reply = std::move(reply)](Partition& part) mutable {
             if (absl::Status s = Ready(part, false); !s.ok()) return reply(std::move(s));
             AccountMachine& m = part.machine();
             const Investor* investor = m.FindInvestor(id);
             if (!investor) return reply(RefusalStatus(Reason::kInvestorNotFound, StrCat("investor ", id.raw())));
             uint64_t position = from ? from : investor->last_line;
             for (uint32_t i = 0; i < size && position != 0; ++i) {
               auto entry = m.ledger().Read(position);
               if (!entry.ok()) return reply(entry.status());
               const Movement legs = MovesOf(entry->cause);
               v1::LedgerLine* line = response->add_lines();
               line->set_at_us(entry->at.raw());
               line->set_cause(std::string(CauseName(entry->cause)));
               line->set_from_leg(std::string(LegName(legs.from)));
               line->set_to_leg(std::string(LegName(legs.to)));
               if (legs.units) {
                 line->set_units_e2(entry->quantity);
               } else {
                 line->set_amount_fen(entry->quantity);
               }
               line->set_reference(entry->reference);
               line->set_fund_code(entry->fund.str());
               if (entry->order) {
                 const OrderId order = MakeOrderId(part.id().partition, entry->order);
                 line->set_order_id(order.raw());
                 const Reservation* r = m.FindReservation(order);
                 if (entry->fund.empty() && r) line->set_fund_code(r->fund.str());
               }
               position = entry->previous;
             }
             if (position != 0) response->set_next_page_token(token_of(position));
             reply(absl::OkStatus());
           });
}

}  // namespace fundcore::account
