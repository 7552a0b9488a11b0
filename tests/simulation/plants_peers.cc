// Plants between a service and those it calls.
#include <algorithm>
#include <map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/bank/v1/bank.pb.h"
#include "fundcore/risk/v1/risk.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "tests/simulation/plants_parts.h"

namespace fundcore::simulation {

bool PeersPlant::Repeated(std::string_view method, const google::protobuf::Message& request) {
  return !calls_.insert(StrCat(method, " ", request.SerializeAsString())).second;
}

namespace {

using google::protobuf::Message;

constexpr std::string_view kReserve = "fundcore.account.v1.AccountOps/Reserve";
constexpr std::string_view kRelease = "fundcore.account.v1.AccountOps/Release";
constexpr std::string_view kCheck = "fundcore.account.v1.AccountOps/CheckConfirmations";
constexpr std::string_view kPost = "fundcore.account.v1.AccountOps/ApplyConfirmations";
constexpr std::string_view kApply = "fundcore.trade.v1.TradeOps/ApplyConfirmations";
constexpr std::string_view kExecute = "fundcore.bank.v1.BankService/Execute";
constexpr std::string_view kDecide = "fundcore.risk.v1.RiskOps/Decide";

using trade::v1::ApplyConfirmationsRequest;
using trade::v1::ConfirmationLine;

class ReleaseForgotten final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kRelease) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    executor->Post([done = std::move(done)]() mutable { done(absl::OkStatus()); });
  }
};

class TimeoutIsRefusal final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kReserve) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    const int items = static_cast<const account::v1::ReserveRequest&>(request).items_size();
    auto* answer = static_cast<account::v1::ReserveResponse*>(response);
    real_->Call(method, request, response, deadline, executor, [answer, items, done = std::move(done)](absl::Status s) mutable {
      if (!absl::IsDeadlineExceeded(s)) return done(std::move(s));
      for (int i = 0; i < items; ++i) {
        auto* outcome = answer->add_outcomes();
        outcome->set_reason(6);
        outcome->set_reason_name("NOT_ENOUGH_CASH");
      }
      done(absl::OkStatus());
    });
  }
};

// The steps whose answers say nothing that the caller needs.
class TimeoutIsSuccess final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != "fundcore.trade.v1.TradeOps/MarkDispatched" && method != "fundcore.trade.v1.TradeOps/Settle" &&
        method != "fundcore.account.v1.AccountOps/Settle") {
      return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    }
    real_->Call(method, request, response, deadline, executor,
                [done = std::move(done)](absl::Status) mutable { done(absl::OkStatus()); });
  }
};

class PaymentIdPerTry final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kExecute) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    bank::v1::ExecuteRequest changed = static_cast<const bank::v1::ExecuteRequest&>(request);
    for (auto& instruction : *changed.mutable_instructions()) {
      const int again = tries_[instruction.instruction_id()]++;
      if (again > 0) instruction.set_instruction_id(StrCat(instruction.instruction_id(), "-again-", again));
    }
    real_->Call(method, changed, response, deadline, executor, std::move(done));
  }

 private:
  std::map<std::string, int> tries_;
};

// Payments of investors, or those between us and institutions, are taken for made once they were asked for.
class DoneWhenAsked final : public PeersPlant {
 public:
  explicit DoneWhenAsked(bool with_institutions) : with_institutions_(with_institutions) {}
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kExecute) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    const auto& asked = static_cast<const bank::v1::ExecuteRequest&>(request);
    const bool mine = std::all_of(asked.instructions().begin(), asked.instructions().end(),
                                  [&](const bank::v1::Instruction& i) {
                                    const bool institution = i.direction() == bank::v1::SETTLEMENT_TO_TA ||
                                                             i.direction() == bank::v1::TA_TO_SETTLEMENT;
                                    return institution == with_institutions_;
                                  });
    if (!mine) return real_->Call(method, request, response, deadline, executor, std::move(done));
    auto* answer = static_cast<bank::v1::ExecuteResponse*>(response);
    real_->Call(method, request, response, deadline, executor,
                [answer, items = asked.instructions_size(), done = std::move(done)](absl::Status s) mutable {
                  if (s.ok()) return done(std::move(s));
                  answer->Clear();
                  for (int i = 0; i < items; ++i) answer->add_results()->set_done(true);
                  done(absl::OkStatus());
                });
  }

 private:
  const bool with_institutions_;
};

// Whenever a reservation is made, those that are older than two hours are given back.
class ReservationExpires final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method == kReserve) {
      auto release = std::make_shared<account::v1::ReleaseRequest>();
      auto released = std::make_shared<account::v1::ReleaseResponse>();
      std::erase_if(held_, [&](const auto& h) {
        if (h.second.first + Duration::Seconds(7'200) > executor->Now()) return false;
        account::v1::ReleaseItem& item = *release->add_items();
        item.set_order_id(h.first);
        item.set_investor_id(h.second.second);
        return true;
      });
      if (release->items_size() > 0) {
        real_->Call(kRelease, *release, released.get(), deadline, executor, [released](absl::Status) {});
      }
      for (const auto& item : static_cast<const account::v1::ReserveRequest&>(request).items())
        held_.emplace(item.order_id(), std::pair(executor->Now(), item.investor_id()));
    }
    real_->Call(method, request, response, deadline, executor, std::move(done));
  }

 private:
  std::map<uint64_t, std::pair<TimePoint, uint64_t>> held_;  // order: when, whose
};

// Changes the lines of a file on their way into the books. Mistakes that show in a second call only get one: of each first
// call the network loses the request or the reply, which the services stand without the plant.
enum class Loses { kNothing, kRequest, kReply };
class LinesPlant : public PeersPlant {
 public:
  explicit LinesPlant(std::string_view method, Loses loses = Loses::kNothing) : method_(method), loses_(loses) {}
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    Look(method, request);
    if (method != method_) return real_->Call(method, request, response, deadline, executor, std::move(done));
    ApplyConfirmationsRequest changed = static_cast<const ApplyConfirmationsRequest&>(request);
    const bool repeated = Repeated(method, request);
    Change(&changed, repeated);
    if (!repeated && loses_ != Loses::kNothing) {
      auto lost = [done = std::move(done)](absl::Status) mutable { done(absl::DeadlineExceededError("lost on the way")); };
      if (loses_ == Loses::kReply) return real_->Call(method, changed, response, deadline, executor, std::move(lost));
      return executor->Post([lost = std::move(lost)]() mutable { lost(absl::OkStatus()); });
    }
    real_->Call(method, changed, response, deadline, executor, std::move(done));
  }

 protected:
  virtual void Look(std::string_view, const Message&) {}
  virtual void Change(ApplyConfirmationsRequest* request, bool repeated) = 0;

 private:
  const std::string_view method_;
  const Loses loses_;
};

class PartialReleasesAll final : public LinesPlant {
 public:
  PartialReleasesAll() : LinesPlant(kPost) {}

 private:
  void Look(std::string_view method, const Message& request) override {
    if (method != kReserve) return;
    for (const auto& item : static_cast<const account::v1::ReserveRequest&>(request).items())
      amounts_[item.order_id()] = item.amount_fen();
  }
  void Change(ApplyConfirmationsRequest* request, bool) override {
    for (ConfirmationLine& line : *request->mutable_lines()) {
      auto asked = amounts_.find(line.order_id());
      if (line.business() != 122 || asked == amounts_.end() || line.confirmed_amount_fen() >= asked->second) continue;
      line.set_confirmed_amount_fen(0);
      line.set_charge_fen(0);
    }
  }
  std::map<uint64_t, int64_t> amounts_;
};

// Nothing in the second call says that it is the first one again.
class FileAppliedTwice final : public LinesPlant {
 public:
  FileAppliedTwice() : LinesPlant(kPost, Loses::kReply) {}

 private:
  void Change(ApplyConfirmationsRequest* request, bool repeated) override {
    if (!repeated || request->first_index() != 0) return;
    std::string hash = request->file_hash();
    hash.front() = static_cast<char>(hash.front() ^ 1);
    request->set_file_hash(hash);
    for (ConfirmationLine& line : *request->mutable_lines()) {
      std::string serial = line.ta_serial();
      if (!serial.empty()) serial.front() = 'X';
      line.set_ta_serial(serial);
    }
  }
};

class LotsCounted final : public LinesPlant {
 public:
  LotsCounted() : LinesPlant(kPost) {}

 private:
  void Change(ApplyConfirmationsRequest* request, bool) override {
    for (ConfirmationLine& line : *request->mutable_lines())
      if (line.business() == 124) line.set_confirmed_units_e2(2 * line.confirmed_units_e2());
  }
};

class WrongInvestor final : public LinesPlant {
 public:
  WrongInvestor() : LinesPlant(kPost) {}

 private:
  void Change(ApplyConfirmationsRequest* request, bool) override {
    for (int i = 1; i < request->lines_size(); ++i) {
      ConfirmationLine& a = *request->mutable_lines(i - 1);
      ConfirmationLine& b = *request->mutable_lines(i);
      if (a.business() != 122 || b.business() != 122 || a.investor_id() == b.investor_id() || a.fund_code() != b.fund_code()) continue;
      const int64_t units = a.confirmed_units_e2();
      a.set_confirmed_units_e2(b.confirmed_units_e2());
      b.set_confirmed_units_e2(units);
      return;
    }
  }
};

class FenLost final : public LinesPlant {
 public:
  FenLost() : LinesPlant(kPost) {}

 private:
  void Change(ApplyConfirmationsRequest* request, bool) override {
    for (ConfirmationLine& line : *request->mutable_lines())
      if (line.business() == 124 && line.confirmed_amount_fen() % 2 == 1) line.set_confirmed_amount_fen(line.confirmed_amount_fen() - 1);
  }
};

class FeeDoubled final : public LinesPlant {
 public:
  FeeDoubled() : LinesPlant(kApply, Loses::kRequest) {}

 private:
  void Change(ApplyConfirmationsRequest* request, bool repeated) override {
    if (!repeated) return;
    for (ConfirmationLine& line : *request->mutable_lines()) line.set_charge_fen(2 * line.charge_fen());
  }
};

class CheckSkipped final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kCheck) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    auto* answer = static_cast<account::v1::CheckConfirmationsResponse*>(response);
    real_->Call(method, request, response, deadline, executor, [answer, done = std::move(done)](absl::Status s) mutable {
      answer->clear_findings();
      done(std::move(s));
    });
  }
};

class AllowedUnasked final : public PeersPlant {
 public:
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    if (method != kDecide) return PeersPlant::Call(method, request, response, deadline, executor, std::move(done));
    const int items = static_cast<const risk::v1::DecideRequest&>(request).items_size();
    auto* answer = static_cast<risk::v1::DecideResponse*>(response);
    real_->Call(method, request, response, deadline, executor, [answer, items, done = std::move(done)](absl::Status s) mutable {
      if (s.ok()) return done(std::move(s));
      answer->Clear();
      for (int i = 0; i < items; ++i) answer->add_outcomes()->set_outcome(1);
      done(absl::OkStatus());
    });
  }
};

}  // namespace

std::unique_ptr<Plant> MakePeersPlant(std::string_view name) {
  if (name == "release-forgotten") return std::make_unique<ReleaseForgotten>();
  if (name == "timeout-is-refusal") return std::make_unique<TimeoutIsRefusal>();
  if (name == "timeout-is-success") return std::make_unique<TimeoutIsSuccess>();
  if (name == "payment-id-per-try") return std::make_unique<PaymentIdPerTry>();
  if (name == "deposit-before-bank") return std::make_unique<DoneWhenAsked>(false);
  if (name == "settled-before-bank") return std::make_unique<DoneWhenAsked>(true);
  if (name == "reservation-expires") return std::make_unique<ReservationExpires>();
  if (name == "partial-releases-all") return std::make_unique<PartialReleasesAll>();
  if (name == "file-applied-twice") return std::make_unique<FileAppliedTwice>();
  if (name == "lots-counted") return std::make_unique<LotsCounted>();
  if (name == "wrong-investor") return std::make_unique<WrongInvestor>();
  if (name == "fen-lost") return std::make_unique<FenLost>();
  if (name == "fee-doubled") return std::make_unique<FeeDoubled>();
  if (name == "check-skipped") return std::make_unique<CheckSkipped>();
  if (name == "allowed-unasked") return std::make_unique<AllowedUnasked>();
  return nullptr;
}

}  // namespace fundcore::simulation
