// Plants between a machine and what it keeps: state that lags behind its offset, tables that are not stored, ids that go, and
// files that do not hold still.
#include <map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "services/account/state.h"
#include "services/trade/state.h"
#include "tests/simulation/plants_parts.h"

namespace fundcore::simulation {

// Whoever checks a replay wraps a system's parts, too: a new life shows by its owner.
void StorePlant::Wrap(ServiceDeps* deps) {
  real_ = deps->store;
  deps->store = this;
  clock_ = deps->executors.front();
  if (std::exchange(owner_, deps->owner) != deps->owner) NewLife();
}

void FilesPlant::Wrap(ServiceDeps* deps) {
  real_ = dynamic_cast<MemoryFiles*>(deps->exchange);
  FC_CHECK(real_ != nullptr, "the exchange of a run lies in memory");
  clock_ = deps->executors.front();
  deps->exchange = this;
}

namespace {

// What account wrote in the last flush is taken back by a crash; that it was applied is not.
class OffsetBeforeState final : public StorePlant {
 public:
  absl::Status Write(std::vector<StoreWrite> writes) override {
    for (const StoreWrite& w : writes) {
      const bool state = w.family == Family::kState && w.key.size() > 3 && w.key[0] == static_cast<char>(ServiceId::kAccount);
      if (!state || w.key[3] == machine::kMetaTable || since_.contains(w.key)) continue;
      FC_ASSIGN_OR_RETURN(since_[w.key], real_->Get(w.family, w.key));
    }
    return real_->Write(std::move(writes));
  }
  absl::Status Flush() override {
    FC_RETURN_IF_ERROR(real_->Flush());
    last_ = std::exchange(since_, {});
    return absl::OkStatus();
  }

 private:
  void NewLife() override {
    std::vector<StoreWrite> back;
    for (auto& [key, value] : last_) back.push_back({Family::kState, key, std::move(value)});
    last_.clear();
    since_.clear();
    if (back.empty()) return;
    FC_CHECK(real_->Write(std::move(back)).ok() && real_->Flush().ok(), "the store does not take writes");
  }
  std::map<std::string, std::optional<std::string>> since_, last_;  // what was there before
};

// Tables that never get to the disk.
class NotStored final : public StorePlant {
 public:
  explicit NotStored(std::vector<std::pair<ServiceId, uint8_t>> tables) : tables_(std::move(tables)) {}
  absl::Status Write(std::vector<StoreWrite> writes) override {
    std::erase_if(writes, [&](const StoreWrite& w) {
      for (const auto& [service, table] : tables_)
        if (w.family == Family::kState && IsOf(w.key, service, table)) return true;
      return false;
    });
    return real_->Write(std::move(writes));
  }

 private:
  const std::vector<std::pair<ServiceId, uint8_t>> tables_;
};

class IdForgotten final : public StorePlant {
 public:
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key) const override {
    if (family == Family::kIds && IsOf(key, ServiceId::kTrade, trade::kRequestIds)) {
      auto it = stored_at_.find(key);
      if (it != stored_at_.end() && it->second + Duration::Seconds(4 * 3'600) < clock_->Now()) return std::nullopt;
    }
    return real_->Get(family, key);
  }
  absl::Status Write(std::vector<StoreWrite> writes) override {
    for (const StoreWrite& w : writes)
      if (w.family == Family::kIds) stored_at_[w.key] = clock_->Now();
    return real_->Write(std::move(writes));
  }
  absl::Status Ingest(Family family, std::span<const std::pair<std::string, std::string>> sorted) override {
    for (const auto& [key, value] : sorted) stored_at_[key] = clock_->Now();
    return real_->Ingest(family, sorted);
  }

 private:
  std::map<std::string, TimePoint, std::less<>> stored_at_;
};

// The exchange takes each file and does not say so, which the services stand without the plant.
class FileResentRenamed final : public FilesPlant {
 public:
  absl::Status Publish(std::string_view name, std::string_view bytes) override {
    FC_RETURN_IF_ERROR(real_->Publish(name, bytes));
    if (!name.ends_with("_03.TXT")) return absl::OkStatus();
    const size_t folder = name.substr(0, name.rfind('/')).rfind('/');
    IgnoreStatus(real_->Publish(StrCat(name.substr(0, folder + 1), "9", name.substr(folder + 2)), bytes), "sent again");
    return absl::UnavailableError("the exchange did not answer");
  }
};

// A clean-up at the next publishing puts another date into the heads of what went out on earlier days; nobody reads that again
// but auditors.
class FileOverwritten final : public FilesPlant {
 public:
  absl::Status Publish(std::string_view name, std::string_view bytes) override {
    FC_RETURN_IF_ERROR(real_->Publish(name, bytes));
    if (!name.ends_with("_03.TXT")) return absl::OkStatus();
    const Date day = clock_->Now().date();
    for (auto it = out_.begin(); it != out_.end();) {
      if (it->second.first.AddDays(1) >= day) {
        ++it;
        continue;
      }
      std::string& text = it->second.second;
      if (const size_t at = text.find(it->second.first.Compact()); at != std::string::npos) {
        text.replace(at, 8, day.Compact());
        real_->Overwrite(it->first, text);
      }
      it = out_.erase(it);
    }
    out_.emplace(name, std::pair(day, std::string(bytes)));
    return absl::OkStatus();
  }

 private:
  std::map<std::string, std::pair<Date, std::string>> out_;
};

}  // namespace

std::unique_ptr<Plant> MakeStorePlant(std::string_view name) {
  using Tables = std::vector<std::pair<ServiceId, uint8_t>>;
  if (name == "offset-before-state") return std::make_unique<OffsetBeforeState>();
  if (name == "facts-apart") return std::make_unique<NotStored>(Tables{{ServiceId::kTrade, uint8_t{trade::kProducts + 1}}});
  if (name == "position-apart") return std::make_unique<NotStored>(Tables{{ServiceId::kTrade, uint8_t{trade::kProducts}}});
  if (name == "todo-in-memory") {
    return std::make_unique<NotStored>(
        Tables{{ServiceId::kAccount, uint8_t{account::kPaymentTodo}}, {ServiceId::kTrade, uint8_t{trade::kReleases}}});
  }
  if (name == "id-forgotten") return std::make_unique<IdForgotten>();
  if (name == "file-resent-renamed") return std::make_unique<FileResentRenamed>();
  if (name == "file-overwritten") return std::make_unique<FileOverwritten>();
  return nullptr;
}

}  // namespace fundcore::simulation
