// Handlers: shape checks, submit, reply.
#include "services/product/service.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/operators.h"
#include "common/time/calendar.h"
#include "services/product/convert.h"

namespace fundcore::product {
namespace {

constexpr PartitionId kPartition{0};
constexpr int kMaxNavsAtOnce = 20'000;
constexpr int kMaxQuotaItems = 8'000;

absl::Status NotServing() {
  return rpc::ErrorWithReason(absl::StatusCode::kUnavailable, "NOT_SERVING", "product is still recovering; ask again shortly");
}

constexpr size_t kMostBankBytes = 9;  // as wide as a distributor's code in files

// `advances`: some of them name a bank.
template <class Items>
absl::Status ItemsOf(const Items& items, std::vector<RoomItem>* out, bool* advances) {
  if (items.size() > kMaxQuotaItems) {
    return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                StrCat("items are ", items.size(), "; send at most ", kMaxQuotaItems));
  }
  for (const v1::QuotaItem& item : items) {
    if (item.order_id() == 0 || !FundCode::Fits(item.fund_code()) || item.amount_fen() <= 0 ||
        item.bank_code().size() > kMostBankBytes) {
      return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                  StrCat("order_id ", item.order_id(), ", fund_code \"", item.fund_code(), "\", amount_fen ",
                                         item.amount_fen(), ": an order, a fund and a positive amount are needed"));
    }
    out->push_back({item.order_id(), FundCode(item.fund_code()), Date::FromRaw(item.trade_day()),
                    Money::FromRaw(item.amount_fen()), TimePoint::FromRaw(item.received_at_us()), item.bank_code()});
    *advances |= !item.bank_code().empty();
  }
  return absl::OkStatus();
}

// Without the bank: the command that logs have always had.
std::vector<QuotaItem> QuotasOf(const std::vector<RoomItem>& items) {
  std::vector<QuotaItem> out;
  for (const RoomItem& i : items) out.push_back({i.order, i.fund, i.day, i.amount, i.received});
  return out;
}

}  // namespace

ProductService::ProductService(const ServiceDeps& deps)
    : host_({.service = ServiceId::kProduct, .partitions = 1, .executors = deps.executors, .log = deps.log,
             .store = deps.store, .owner = deps.owner, .supports = deps.machine_versions, .leased = deps.leased},
            deps.product_lead),
      lead_(deps.product_lead) {
  host_.OnServing([this](PartitionId, bool serving) {
    if (serving && started_.load(std::memory_order_acquire)) PutBuiltIn();
  });
}

template <class C, class Response>
void ProductService::Put(C command, Response* response, rpc::Reply reply) {
  host_.On(kPartition, [this, command = std::move(command), response,
                        reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
    if (!p.serving()) return reply(NotServing());
    if (absl::Status held = HeldBack(host_); !held.ok()) return reply(std::move(held));
    host_.Submit(kPartition, command,
                 [response, reply = std::move(reply)](const ProductMachine::Result& r) mutable {
                   if (r.reason != Reason::kOk) {
                     return reply(rpc::ErrorWithReason(absl::StatusCode::kFailedPrecondition, ReasonName(r.reason),
                                                       ReasonText(r.reason)));
                   }
                   response->set_seq(r.seq);
                   response->set_effective_at_us(r.effective_at.raw());
                   reply(absl::OkStatus());
                 });
  });
}

template <class C, class F>
void ProductService::Answer(C command, rpc::Reply reply, F fill) {
  host_.On(kPartition, [this, command = std::move(command), reply = std::move(reply),
                        fill](machine::Partition<ProductMachine>& p) mutable {
    if (!p.serving()) return reply(NotServing());
    if (absl::Status held = HeldBack(host_); !held.ok()) return reply(std::move(held));
    host_.Submit(kPartition, command, [reply = std::move(reply), fill](const ProductMachine::Result& r) mutable {
      fill(r);
      reply(absl::OkStatus());
    });
  });
}

void ProductService::GiveFacts(uint64_t after, uint32_t limit, void* out, rpc::Reply reply) {
  auto* response = static_cast<v1::FactsResponse*>(out);
  ProductMachine& m = host_.At(kPartition).machine();
  m.Facts(after, limit, [&](uint64_t seq, const std::string& body) {
    auto* f = response->add_facts();
    f->set_seq(seq);
    f->set_body(body);
  });
  const uint64_t given = response->facts_size() > 0 ? response->facts(response->facts_size() - 1).seq() : after;
  response->set_more(given < m.last_seq());
  response->set_watermark_us(m.watermark().raw());
  reply(absl::OkStatus());
}

void ProductService::Register(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  const std::string face = "fundcore.product.v1.ProductService/";
  RegisterQuota(h);
  RegisterFourEyes(h);
  RegisterCampaigns(h);
  h->Unary<v1::PutCalendarRequest, v1::PutResponse>(
      face + "PutCalendar", [this](const Call& call, const v1::PutCalendarRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        auto calendar = FromProto(q.calendar());
        if (!calendar.ok()) return reply(calendar.status());
        Put(PutCalendar{*std::move(calendar)}, r, std::move(reply));
      });
  h->Unary<v1::PutInstitutionRequest, v1::PutResponse>(
      face + "PutInstitution", [this](const Call& call, const v1::PutInstitutionRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        auto terms = FromProto(q.institution());
        if (!terms.ok()) return reply(terms.status());
        Put(PutInstitution{*std::move(terms), q.institution().file_variant()}, r, std::move(reply));
      });
  h->Unary<v1::PutFundRequest, v1::PutResponse>(
      face + "PutFund", [this](const Call& call, const v1::PutFundRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        auto put = PutFundFrom(q.fund(), q.effective_at_us(), lead_);
        if (!put.ok()) return reply(put.status());
        for (std::string& w : LegalWarnings(put->terms)) *r->add_warnings() = std::move(w);
        Put(*std::move(put), r, std::move(reply));
      });
  h->Unary<v1::PutConversionsRequest, v1::PutResponse>(
      face + "PutConversions", [this](const Call& call, const v1::PutConversionsRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        auto terms = FromProto(q.conversions());
        if (!terms.ok()) return reply(terms.status());
        terms->effective_at = TimePoint::FromRaw(q.effective_at_us());
        Put(PutConversions{*std::move(terms), lead_, true}, r, std::move(reply));
      });
  h->Unary<v1::PutNavsRequest, v1::PutResponse>(
      face + "PutNavs", [this](const Call& call, const v1::PutNavsRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.source().empty() || q.source().size() > 300 || q.navs_size() > kMaxNavsAtOnce) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                            StrCat("source must have 1 to 300 bytes and navs at most ", kMaxNavsAtOnce,
                                                         " entries; they have ", q.source().size(), " and ", q.navs_size())));
        }
        PutNavs command;
        command.source = q.source();
        command.lead = lead_;
        for (const auto& n : q.navs()) {
          auto e = FromProto(n);
          if (!e.ok()) return reply(e.status());
          command.entries.push_back(*std::move(e));
          command.incomes.emplace_back();
          if (n.has_income()) command.incomes.back() = Nav::FromRaw(n.income_e8());
          if (n.convert_status().empty()) continue;
          if (n.convert_status().size() != 1 || n.convert_status()[0] < '0' || n.convert_status()[0] > '3') {
            return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                              StrCat("nav.convert_status \"", n.convert_status(), "\" must be 0 to 3, or empty"),
                                              {{"field", "nav.convert_status"}}));
          }
          command.convert_statuses.push_back({FundCode(n.fund_code()), static_cast<uint8_t>(n.convert_status()[0])});
        }
        Put(std::move(command), r, std::move(reply));
      });
  h->Unary<v1::GetFundRequest, v1::GetFundResponse>(
      face + "GetFund", [this](const Call&, const v1::GetFundRequest& q, v1::GetFundResponse* r, Reply reply) {
        host_.On(kPartition, [code = q.fund_code(), r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const FundTerms* f = FundCode::Fits(code) ? p.machine().Newest(FundCode(code)) : nullptr;
          if (!f) return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "FUND_NOT_FOUND",
                                                    StrCat("fund_code \"", code, "\" is not known here")));
          ToProto(*f, r->mutable_fund());
          if (const IncomeTerms* income = p.machine().products().Income(f->code))
            ToProto(*income, r->mutable_fund()->mutable_income());
          if (const FundRules* rules = p.machine().products().Rules(f->code, TimePoint::FromRaw(INT64_MAX)))
            ToProto(*rules, r->mutable_fund()->mutable_rules());
          if (const FastRedemptionTerms* fast = p.machine().products().Fast(f->code, TimePoint::FromRaw(INT64_MAX)))
            ToProto(*fast, r->mutable_fund()->mutable_fast());
          r->set_version(f->version);
          r->set_effective_at_us(f->effective_at.raw());
          if (const FundConversions* c = p.machine().NewestConversions(f->code)) {
            ToProto(*c, r->mutable_conversions());
            r->set_conversions_effective_at_us(c->effective_at.raw());
          }
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::ListFundsRequest, v1::ListFundsResponse>(
      face + "ListFunds", [this](const Call&, const v1::ListFundsRequest& q, v1::ListFundsResponse* r, Reply reply) {
        const uint32_t size = q.page_size() == 0 ? 100 : std::min<uint32_t>(q.page_size(), 1000);
        host_.On(kPartition, [size, token = q.page_token(), r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          p.machine().products().ForEachFund(TimePoint::FromRaw(INT64_MAX), [&](const FundTerms& f) {
            if (f.code.view() <= token) return;
            if (static_cast<uint32_t>(r->funds_size()) < size) {
              ToProto(f, r->add_funds());
              if (const IncomeTerms* income = p.machine().products().Income(f.code))
                ToProto(*income, r->mutable_funds(r->funds_size() - 1)->mutable_income());
            } else if (r->next_page_token().empty()) {
              r->set_next_page_token(r->funds(r->funds_size() - 1).fund_code());
            }
          });
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::ListInstitutionsRequest, v1::ListInstitutionsResponse>(
      face + "ListInstitutions",
      [this](const Call&, const v1::ListInstitutionsRequest&, v1::ListInstitutionsResponse* r, Reply reply) {
        host_.On(kPartition, [r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          ProductBook& products = p.machine().products();
          products.ForEachInstitution([&](const InstitutionTerms& t) {
            v1::Institution* m = r->add_institutions();
            ToProto(t, m);
            m->set_file_variant(std::string(products.FileVariant(t.ta)));
          });
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::GetNavRequest, v1::GetNavResponse>(
      face + "GetNav", [this](const Call&, const v1::GetNavRequest& q, v1::GetNavResponse* r, Reply reply) {
        host_.On(kPartition, [code = q.fund_code(), day = q.nav_day(), r,
                              reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const NavFact* nav = FundCode::Fits(code) ? p.machine().products().FindNav(FundCode(code), Date::FromRaw(day)) : nullptr;
          if (!nav) return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "NAV_NOT_FOUND",
                                                      StrCat("no price of \"", code, "\" for ", day, " yet")));
          ToProto(*nav, r->mutable_nav());
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::FactsRequest, v1::FactsResponse>(
      "fundcore.product.v1.ProductOps/Facts", [this](const Call&, const v1::FactsRequest& q, v1::FactsResponse* r, Reply reply) {
        const uint32_t limit = std::clamp<uint32_t>(q.limit(), 1, 5000);
        host_.On(kPartition, [this, after = q.after_seq(), limit, r,
                              reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          // A watermark that has come too near gets a new one first: time passes in the log, too.
          if (p.executor()->Now() + lead_ < p.machine().watermark() + Duration::Seconds(2)) return GiveFacts(after, limit, r, std::move(reply));
          host_.Submit(kPartition, Tick{}, [this, after, limit, r, reply = std::move(reply)](const ProductMachine::Result&) mutable {
            GiveFacts(after, limit, r, std::move(reply));
          });
        });
      });
}

void ProductService::RegisterQuota(rpc::Handlers* h) {
  using rpc::Call;
  using rpc::Reply;
  h->Unary<v1::GetQuotaRequest, v1::GetQuotaResponse>(
      "fundcore.product.v1.ProductService/GetQuota",
      [this](const Call&, const v1::GetQuotaRequest& q, v1::GetQuotaResponse* r, Reply reply) {
        host_.On(kPartition, [&q, r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const FundTerms* f = FundCode::Fits(q.fund_code()) ? p.machine().Newest(FundCode(q.fund_code())) : nullptr;
          if (!f) return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "FUND_NOT_FOUND",
                                                    StrCat("fund_code \"", q.fund_code(), "\" is not known here")));
          const Date day = Date::FromRaw(q.day());
          if (const FundRules* rules = p.machine().products().Rules(f->code, p.executor()->Now()))
            r->set_quota_fen(rules->daily_quota.raw());
          if (const QuotaUse* use = p.machine().FindQuota(f->code, day)) {
            r->set_taken_fen(use->taken.raw());
            r->set_orders(use->orders);
          }
          reply(absl::OkStatus());
        });
      });
  h->Unary<v1::TakeQuotaRequest, v1::TakeQuotaResponse>(
      "fundcore.product.v1.ProductOps/TakeQuota",
      [this](const Call& call, const v1::TakeQuotaRequest& q, v1::TakeQuotaResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        TakeRoom command;
        bool advances = false;
        if (absl::Status s = ItemsOf(q.items(), &command.items, &advances); !s.ok()) return reply(std::move(s));
        const auto answer = [r](const ProductMachine::Result& result) {
          for (char taken : result.taken) r->add_taken(taken != 0);
        };
        if (advances) return Answer(std::move(command), std::move(reply), answer);
        Answer(TakeQuota{QuotasOf(command.items)}, std::move(reply), answer);
      });
  h->Unary<v1::ReleaseQuotaRequest, v1::ReleaseQuotaResponse>(
      "fundcore.product.v1.ProductOps/ReleaseQuota",
      [this](const Call& call, const v1::ReleaseQuotaRequest& q, v1::ReleaseQuotaResponse*, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        ReleaseRoom command;
        bool advances = false;
        if (absl::Status s = ItemsOf(q.items(), &command.items, &advances); !s.ok()) return reply(std::move(s));
        const auto answer = [](const ProductMachine::Result&) {};
        if (advances) return Answer(std::move(command), std::move(reply), answer);
        Answer(ReleaseQuota{QuotasOf(command.items)}, std::move(reply), answer);
      });
  h->Unary<v1::PutAdvancingBankRequest, v1::PutResponse>(
      "fundcore.product.v1.ProductService/PutAdvancingBank",
      [this](const Call& call, const v1::PutAdvancingBankRequest& q, v1::PutResponse* r, Reply reply) {
        if (!rpc::IsOperator(call)) return reply(rpc::OperatorsOnly(call));
        if (q.bank_code().empty() || q.bank_code().size() > kMostBankBytes || q.limit_fen() < 0) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                            StrCat("bank_code \"", q.bank_code(), "\", limit_fen ", q.limit_fen(),
                                                   ": a code of 1 to ", kMostBankBytes, " bytes and a limit of 0 or more are needed")));
        }
        Put(PutAdvancingBank{q.bank_code(), Money::FromRaw(q.limit_fen())}, r, std::move(reply));
      });
  h->Unary<v1::GetAdvancingBankRequest, v1::GetAdvancingBankResponse>(
      "fundcore.product.v1.ProductService/GetAdvancingBank",
      [this](const Call&, const v1::GetAdvancingBankRequest& q, v1::GetAdvancingBankResponse* r, Reply reply) {
        host_.On(kPartition, [&q, r, reply = std::move(reply)](machine::Partition<ProductMachine>& p) mutable {
          if (!p.serving()) return reply(NotServing());
          const AdvancingBank* bank = p.machine().FindBank(q.bank_code());
          if (!bank) return reply(rpc::ErrorWithReason(absl::StatusCode::kNotFound, "BANK_NOT_FOUND",
                                                       StrCat("bank_code \"", q.bank_code(), "\" is not known here; give it a limit with "
                                                              "PutAdvancingBank")));
          r->set_limit_fen(bank->limit.raw());
          r->set_out_fen(bank->out.raw());
          r->set_orders(bank->orders);
          reply(absl::OkStatus());
        });
      });
}

void ProductService::Start() {
  started_.store(true, std::memory_order_release);
  PutBuiltIn();
}

void ProductService::PutBuiltIn() {
  // Putting a calendar that is there already changes nothing, so this needs no memory of having been done.
  const CalendarSet built_in = CalendarSet::BuiltIn();
  for (const std::string& name : built_in.names()) {
    host_.On(kPartition, [this, calendar = *built_in.Find(name)](machine::Partition<ProductMachine>& p) {
      // Only what was never loaded: an operator's later calendar is not undone by a restart.
      if (p.serving() && !p.machine().products().Calendar(calendar.name())) {
        host_.Submit(kPartition, PutCalendar{calendar});
      }
    });
  }
}

void ProductService::PutTheCampaign(PutCampaign command, v1::PutResponse* response, rpc::Reply reply) {
  Put(std::move(command), response, std::move(reply));
}

}  // namespace fundcore::product
