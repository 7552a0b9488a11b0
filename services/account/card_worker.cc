// Rounds, answers, and when to ask again.
#include "services/account/card_worker.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/account/service.h"

namespace fundcore::account {
namespace {

constexpr Duration kCallDeadline = Duration::Seconds(10);

// `first` doubled for each further time, up to `most`, a random half of it off.
Duration Pause(Executor* executor, int64_t first_us, int64_t most_us, int times) {
  const int64_t pause = std::min(most_us, first_us << std::min(times, 20));
  return Duration::Micros(pause - static_cast<int64_t>(executor->Random() % static_cast<uint64_t>(pause / 2 + 1)));
}

}  // namespace

CardWorker::CardWorker(machine::Host<AccountMachine>* host, rpc::Peers* peers, const Vault* vault)
    : host_(host), peers_(peers), vault_(vault) {
  for (auto& shard : host->shards()) {
    lanes_.push_back(std::make_unique<Lane>());
    lanes_.back()->shard = shard.get();
  }
}

void CardWorker::Start() {
  for (auto& lane : lanes_) {
    Lane* l = lane.get();
    l->shard->executor()->Post([this, l] {
      l->shard->OnExecuted([this, l] { Round(*l); });
      Round(*l);
    });
  }
}

absl::Status CardWorker::Fill(AccountMachine& m, uint64_t number, bank::v1::CardQuestion* q) {
  const CardChange& change = *m.FindCardChange(number);
  const Person& person = *m.FindPerson(MakeInvestorId(m.partition(), change.investor));
  q->set_question_id(FormatOrderId(MakeOrderId(m.partition(), number)));
  q->set_certificate_type(person.certificate_type);
  FC_ASSIGN_OR_RETURN(*q->mutable_name(), vault_->Open(person.name, kNameContext));
  FC_ASSIGN_OR_RETURN(*q->mutable_certificate_no(), vault_->Open(person.certificate_no, kCertificateContext));
  FC_ASSIGN_OR_RETURN(*q->mutable_mobile(), vault_->Open(person.mobile, kMobileContext));
  FC_ASSIGN_OR_RETURN(*q->mutable_card_no(), vault_->Open(change.to.number, kCardContext));
  return absl::OkStatus();
}

void CardWorker::Round(Lane& lane) {
  if (lane.under_way) return;
  std::vector<Item> items;
  bank::v1::VerifyCardsRequest request;
  for (auto& base : lane.shard->partitions()) {
    if (!base->serving()) continue;
    AccountMachine& m = static_cast<machine::Partition<AccountMachine>&>(*base).machine();
    if (!m.card_todo().has_fresh() || items.size() >= kItemsACall) continue;
    for (const uint64_t seq : m.card_todo().TakeFresh(kItemsACall - items.size())) {
      bank::v1::CardQuestion question;
      const absl::Status filled = Fill(m, seq, &question);
      FC_CHECK(filled.ok(), "what the bank is to be asked cannot be opened: ", filled.ToString());
      items.push_back({m.partition(), seq});
      *request.add_questions() = std::move(question);
    }
  }
  if (items.empty()) return;
  lane.under_way = true;
  rpc::CallPeer<bank::v1::VerifyCardsResponse>(
      peers_, "fundcore.bank.v1.BankService/VerifyCards", request, kCallDeadline, lane.shard->executor(),
      [this, &lane, items = std::move(items)](const absl::Status& status,
                                              std::unique_ptr<bank::v1::VerifyCardsResponse> response) {
        Answered(lane, items, status, *response);
      });
}

void CardWorker::AskAgain(Lane& lane, std::vector<Item> items, Duration pause, bool either_clock) {
  auto waiting = std::make_shared<std::vector<Item>>(std::move(items));
  const auto again = [this, &lane, waiting] {
    for (const Item& item : *waiting) host_->At(item.partition).machine().card_todo().Again(item.change);
    waiting->clear();
    Round(lane);
  };
  Executor* executor = lane.shard->executor();
  executor->PostAfter(pause, again);
  // A steered clock may stand still for long, or take a day in a moment: then by whichever goes first.
  if (either_clock) executor->PostAt(executor->Now() + pause, again);
}

void CardWorker::Answered(Lane& lane, const std::vector<Item>& items, const absl::Status& status,
                          const bank::v1::VerifyCardsResponse& response) {
  lane.under_way = false;
  if (!status.ok() || static_cast<size_t>(response.answers_size()) != items.size()) {
    AskAgain(lane, items, Pause(lane.shard->executor(), 10'000, 5'000'000, lane.failures++), false);
    return;
  }
  lane.failures = 0;
  std::vector<Item> unknown;
  for (size_t i = 0; i < items.size(); ++i) {
    const bank::v1::CardAnswer& answer = response.answers(static_cast<int>(i));
    const Item item = items[i];
    if (!host_->At(item.partition).serving()) continue;
    if (answer.verdict() != bank::v1::THEIRS && answer.verdict() != bank::v1::NOT_THEIRS) {
      unknown.push_back(item);
      continue;
    }
    host_->Submit(item.partition,
                  CardAnswered{item.change, answer.verdict() == bank::v1::THEIRS, answer.reason(), answer.message()},
                  [](const Result&) {});
  }
  if (unknown.empty()) {
    lane.unknown = 0;
  } else {
    AskAgain(lane, std::move(unknown), Pause(lane.shard->executor(), 30'000'000, 600'000'000, lane.unknown++), true);
  }
  Round(lane);
}

}  // namespace fundcore::account
