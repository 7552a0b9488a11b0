// Members and coordinator. See memory_groups.h.
#include "common/log/memory_groups.h"

#include <algorithm>

#include "common/base/check.h"

namespace fundcore {

// --- Member. -------------------------------------------------------------------------------------------------------------

MemoryOwnership::~MemoryOwnership() { *alive_ = false; }

absl::Status MemoryOwnership::Start(OnChange on_change) {
  FC_CHECK(!on_change_, "Start was called twice");
  on_change_ = std::move(on_change);
  id_ = groups_->next_id_++;
  heard_at_ = groups_->world_->MachineNow();
  link_->client->Post([this, alive = alive_] {
    if (*alive) Loop();
  });
  return absl::OkStatus();
}

void MemoryOwnership::Stop() {
  if (!*alive_) return;
  GiveUpAll();
  *alive_ = false;
  groups_->brokers_->PostAfter(groups_->Notice(), [groups = groups_, id = id_] { groups->Remove(id); });
}

void MemoryOwnership::Loop() {
  const Duration now = groups_->world_->MachineNow();
  // As librdkafka does: whoever has heard nothing for so long must assume that others own its partitions.
  if (now > heard_at_ + groups_->times_.session) GiveUpAll();
  if (!waiting_ || now > asked_at_ + groups_->times_.session) Beat();
  link_->client->PostAfter(groups_->times_.heartbeat, [this, alive = alive_] {
    if (*alive) Loop();
  });
}

void MemoryOwnership::Beat() {
  waiting_ = true;
  asked_at_ = groups_->world_->MachineNow();
  const uint64_t beat = ++beat_;
  groups_->brokers_->PostAfter(groups_->Notice(), [this, groups = groups_, alive = alive_, link = link_, id = id_, beat,
                                                   services = services_, held = held_]() mutable {
    groups->OnBeat(this, alive, link, id, beat, services, std::move(held));
  });
}

void MemoryOwnership::Hear(uint64_t id, uint64_t beat, bool known, std::set<LogPartition> owned) {
  if (id != id_ || beat != beat_) return;
  waiting_ = false;
  heard_at_ = groups_->world_->MachineNow();
  if (!known) {
    GiveUpAll();
    id_ = groups_->next_id_++;
    return Beat();
  }
  std::vector<LogPartition> gone, fresh;
  std::set_difference(held_.begin(), held_.end(), owned.begin(), owned.end(), std::back_inserter(gone));
  std::set_difference(owned.begin(), owned.end(), held_.begin(), held_.end(), std::back_inserter(fresh));
  held_ = std::move(owned);
  for (LogPartition p : gone) on_change_(p, false);
  for (LogPartition p : fresh) on_change_(p, true);
  if (!gone.empty()) Beat();  // so that the next owner need not wait
}

void MemoryOwnership::GiveUpAll() {
  const auto gone = std::exchange(held_, {});
  for (LogPartition p : gone) on_change_(p, false);
}

// --- Coordinator. --------------------------------------------------------------------------------------------------------

MemoryGroups::MemoryGroups(SimWorld* world, GroupTimes times)
    : world_(world), brokers_(world->MakeExecutor("groups")), times_(times), random_(world->random().Next()) {}

std::unique_ptr<MemoryOwnership> MemoryGroups::Join(const MemoryConnection* connection,
                                                    std::vector<std::pair<ServiceId, uint16_t>> services) {
  for (const auto& [service, count] : services) slots_[service].resize(count);
  return std::unique_ptr<MemoryOwnership>(new MemoryOwnership(this, connection->link(), std::move(services)));
}

Duration MemoryGroups::Notice() {
  const int64_t spread = std::max<int64_t>(times_.longest_notice.raw() - times_.shortest_notice.raw(), 0);
  return times_.shortest_notice + Duration::Micros(static_cast<int64_t>(random_.Below(static_cast<uint64_t>(spread) + 1)));
}

void MemoryGroups::OnBeat(MemoryOwnership* from, std::shared_ptr<bool> alive, std::shared_ptr<const MemoryLink> link,
                          uint64_t id, uint64_t beat, const std::vector<std::pair<ServiceId, uint16_t>>& services,
                          std::set<LogPartition> held) {
  if (!link->open || link->cut) return;
  bool known = true;
  if (auto it = members_.find(id); it != members_.end()) {
    it->second.heard_at = world_->MachineNow();
  } else if (held.empty() && *alive && from->id_ == id && from->beat_ == beat) {
    Member& m = members_[id];
    for (const auto& [service, count] : services) m.services.insert(service);
    m.heard_at = world_->MachineNow();
    Share(/*anew=*/false);
  } else {
    known = false;
  }
  std::set<LogPartition> owned;
  if (known) {
    for (auto& [service, slots] : slots_) {
      for (size_t p = 0; p < slots.size(); ++p) {
        Slot& slot = slots[p];
        const LogPartition name{service, PartitionId(static_cast<uint16_t>(p))};
        if (slot.owner == id && slot.target != id && !held.contains(name)) slot.owner = 0;  // it gave it up
      }
    }
    Settle();
    for (auto& [service, slots] : slots_)
      for (size_t p = 0; p < slots.size(); ++p)
        if (slots[p].owner == id && slots[p].target == id) owned.insert({service, PartitionId(static_cast<uint16_t>(p))});
  }
  brokers_->PostAfter(times_.session + Duration::Micros(1), [this, id] { Watch(id); });
  brokers_->PostAfter(Notice(), [from, alive, link, id, beat, known, owned = std::move(owned)]() mutable {
    if (!link->open || link->cut) return;
    link->client->Post([from, alive, id, beat, known, owned = std::move(owned)]() mutable {
      if (*alive) from->Hear(id, beat, known, std::move(owned));
    });
  });
}

void MemoryGroups::Watch(uint64_t id) {
  const auto it = members_.find(id);
  if (it != members_.end() && world_->MachineNow() > it->second.heard_at + times_.session) Remove(id);
}

void MemoryGroups::Expel(const MemoryOwnership* member) { Remove(member->id_); }

void MemoryGroups::Remove(uint64_t id) {
  if (members_.erase(id) == 0) return;
  for (auto& [service, slots] : slots_)
    for (Slot& slot : slots)
      if (slot.owner == id) slot.owner = 0;
  Share(/*anew=*/false);
}

void MemoryGroups::Rebalance() { Share(/*anew=*/true); }

void MemoryGroups::Share(bool anew) {
  for (const auto& [service, slots] : slots_) ShareOne(service, anew);
  Settle();
}

// Everybody keeps what they have up to an even share; the rest goes to who has less.
void MemoryGroups::ShareOne(ServiceId service, bool anew) {
  auto& slots = slots_[service];
  std::map<uint64_t, size_t> has;
  for (const auto& [id, member] : members_)
    if (member.services.contains(service)) has[id] = 0;
  for (Slot& slot : slots) {
    if (anew || !has.contains(slot.target)) slot.target = 0;
    if (slot.target != 0) ++has[slot.target];
  }
  if (has.empty()) return;
  std::vector<uint64_t> ids;
  for (const auto& [id, n] : has) ids.push_back(id);
  if (anew) {
    for (size_t i = ids.size(); i > 1; --i) std::swap(ids[i - 1], ids[random_.Below(i)]);
  } else {
    // Who has most may keep one more than others where the number is not even.
    std::stable_sort(ids.begin(), ids.end(), [&](uint64_t a, uint64_t b) { return has[a] > has[b]; });
  }
  std::map<uint64_t, size_t> room;
  for (size_t i = 0; i < ids.size(); ++i) room[ids[i]] = slots.size() / ids.size() + (i < slots.size() % ids.size());
  std::vector<Slot*> free;
  for (Slot& slot : slots) {
    if (slot.target != 0 && room[slot.target] > 0) {
      --room[slot.target];
    } else {
      slot.target = 0;
      free.push_back(&slot);
    }
  }
  if (anew)
    for (size_t i = free.size(); i > 1; --i) std::swap(free[i - 1], free[random_.Below(i)]);
  auto next = room.begin();
  for (Slot* slot : free) {
    while (next->second == 0) ++next;
    slot->target = next->first;
    --next->second;
  }
}

// What nobody holds goes to whom it is for.
void MemoryGroups::Settle() {
  for (auto& [service, slots] : slots_) {
    for (Slot& slot : slots) {
      if (slot.owner != 0 || slot.target == 0) continue;
      slot.owner = slot.target;
      ++moves_;
    }
  }
}

}  // namespace fundcore
