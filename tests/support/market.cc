// Building the market, repeatably: every request id is derived from its place.
#include "tests/support/market.h"

#include <mutex>

#include "absl/strings/str_format.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/risk/v1/risk.pb.h"

namespace fundcore::testing {
namespace {

absl::Status PutProducts(AsyncClient* client, const MarketOptions& o, Market* market) {
  product::v1::PutInstitutionRequest institution;
  auto* i = institution.mutable_institution();
  i->set_ta_code(o.ta);
  i->set_name("Load Registry");
  i->set_distributor_code("301");
  i->set_file_version("21");
  i->set_same_day_orders(true);
  i->set_calendar("XSHG");
  i->set_cutoff_us(15ll * 3600 * 1'000'000);
  i->set_export_deadline_us(18ll * 3600 * 1'000'000);
  i->set_send_index(true);
  i->set_use_008_when_registered(true);
  product::v1::PutResponse put;
  FC_RETURN_IF_ERROR(client->Wait("fundcore.product.v1.ProductService/PutInstitution", institution, &put));
  for (int n = 0; n < o.funds; ++n) {
    product::v1::PutFundRequest fund;
    auto* f = fund.mutable_fund();
    f->set_fund_code(absl::StrFormat("%06d", 110000 + n));
    f->set_name(StrCat("Load Fund ", n));
    f->set_ta_code(o.ta);
    f->set_kind("mixed");
    f->set_risk_grade(3);
    f->set_calendar("XSHG");
    f->set_confirm_days(1);
    f->set_purchase_pay_days(2);
    f->set_redemption_pay_days(3);
    f->set_status("0");
    f->set_min_purchase_fen(1000);
    auto* fees = f->add_fees();
    fees->set_effective_day(20200101);
    auto* p = fees->add_purchase();
    p->set_rate_e8(1'200'000);
    auto* r = fees->add_redemption();
    r->set_max_days(6);
    r->set_rate_e8(1'500'000);
    r->set_fund_share_e8(100'000'000);
    r = fees->add_redemption();
    r->set_min_days(7);
    r->set_max_days(99999);
    r->set_rate_e8(500'000);
    FC_RETURN_IF_ERROR(client->Wait("fundcore.product.v1.ProductService/PutFund", fund, &put));
    market->funds.push_back(f->fund_code());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeMarket(AsyncClient* client, const MarketOptions& o, bool steered, Market* market) {
  FC_RETURN_IF_ERROR(PutProducts(client, o, market));
  if (steered) {
    admin::v1::StatusResponse status;
    FC_RETURN_IF_ERROR(client->Wait("fundcore.admin.v1.AdminService/Status", admin::v1::StatusRequest(), &status));
    admin::v1::AdvanceClockRequest advance;
    advance.set_to_us(status.now_us() + 60'000'000);
    admin::v1::AdvanceClockResponse advanced;
    FC_RETURN_IF_ERROR(client->Wait("fundcore.admin.v1.AdminService/AdvanceClock", advance, &advanced));
  }
  market->investors.assign(static_cast<size_t>(o.investors), 0);
  market->cards.assign(static_cast<size_t>(o.investors), 0);
  std::mutex mutex;
  absl::Status first;
  auto fail = [&](const absl::Status& s) {
    std::lock_guard<std::mutex> lock(mutex);
    first.Update(s);
  };
  struct Slot {
    account::v1::OpenInvestorResponse opened;
    account::v1::AddCardResponse card;
    risk::v1::AssessResponse assessed;
    account::v1::PaymentResponse paid;
  };
  std::vector<Slot> slots(static_cast<size_t>(o.investors));
  RunMany(slots.size(), static_cast<size_t>(o.in_flight), [&](size_t i, std::function<void()> done) {
    Slot* s = &slots[i];
    account::v1::OpenInvestorRequest open;
    open.set_request_id(StrCat("open-", i));
    open.set_name(StrCat("Investor ", i));
    open.set_certificate_type("0");
    open.set_certificate_no(absl::StrFormat("110101199%09d", i));
    client->Call("fundcore.account.v1.AccountService/OpenInvestor", open, &s->opened, [=, &market = *market](absl::Status status) {
      if (!status.ok()) return fail(status), done();
      market.investors[i] = s->opened.investor_id();
      risk::v1::AssessRequest assess;
      assess.set_request_id(StrCat("assess-", i));
      assess.set_investor_id(s->opened.investor_id());
      for (int a = 0; a < 10; ++a) assess.add_answers(9);
      client->Call("fundcore.risk.v1.RiskService/Assess", assess, &s->assessed, [=, &market](absl::Status status) {
        if (!status.ok()) return fail(status), done();
        account::v1::AddCardRequest card;
        card.set_investor_id(s->opened.investor_id());
        card.set_bank_code("102");
        card.set_card_no(absl::StrFormat("62220200%08d", i));
        client->Call("fundcore.account.v1.AccountService/AddCard", card, &s->card, [=, &market](absl::Status status) {
          if (!status.ok()) return fail(status), done();
          market.cards[i] = s->card.card_id();
          account::v1::PaymentRequest pay;
          pay.set_request_id(StrCat("deposit-", i));
          pay.set_investor_id(s->opened.investor_id());
          pay.set_card_id(s->card.card_id());
          pay.set_amount_fen(o.deposit_fen);
          client->Call("fundcore.account.v1.AccountService/Deposit", pay, &s->paid, [=](absl::Status status) {
            if (!status.ok()) fail(status);
            if (status.ok() && s->paid.state() != account::v1::DONE)
              fail(absl::UnavailableError(StrCat("deposit ", i, ": ", s->paid.reason(), " ", s->paid.message())));
            done();
          });
        });
      });
    });
  });
  return first;
}

}  // namespace fundcore::testing
