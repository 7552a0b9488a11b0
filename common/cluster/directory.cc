// See directory.h.
#include "common/cluster/directory.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fundcore::cluster {
namespace {

constexpr size_t kMostProcesses = 1'000;

std::optional<LogPartition> PartitionOf(const std::string& service, uint32_t partition) {
  const std::optional<ServiceId> id = ServiceOf(service);
  if (!id || partition > kMaxPartitions) return std::nullopt;
  return LogPartition{*id, PartitionId(static_cast<uint16_t>(partition))};
}

Duration Since(Duration then, Duration now) { return Duration::Micros(now.raw() - then.raw()); }

}  // namespace

Directory::Directory(Options options) : options_(std::move(options)) {}

Duration Directory::Now() const {
  if (options_.machine_now) return options_.machine_now();
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return Duration::Micros(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

bool Directory::Fresh(const Entry& entry, Duration now) const {
  if (!entry.known) return false;
  const auto process = processes_.find(entry.process);
  return Since(process == processes_.end() ? entry.at : process->second.at, now) <= options_.forget_after;
}

void Directory::Drop(std::map<uint64_t, Heard>::iterator process) const {
  for (auto& [partition, entry] : owners_) {
    if (entry.process == process->first) entry.known = false;
  }
  processes_.erase(process);
}

// Under the lock, before each look and each word.
void Directory::Forget(Duration now) const {
  for (auto it = processes_.begin(); it != processes_.end();) {
    const auto here = it++;
    if (Since(here->second.at, now) > options_.forget_after) Drop(here);
  }
}

bool Directory::Apply(std::string_view announcement) {
  v1::Announcement word;
  if (!word.ParseFromArray(announcement.data(), static_cast<int>(announcement.size()))) return false;
  if (word.process_id() == 0 || word.address().empty()) return false;
  const Duration now = Now();
  std::lock_guard lock(mutex_);
  Forget(now);
  const auto known = processes_.find(word.process_id());
  if (known != processes_.end() && word.seq() <= known->second.seq) return true;  // overtaken on its way
  if (known == processes_.end() && processes_.size() >= kMostProcesses) return true;
  if (word.leaving()) {
    if (known != processes_.end()) Drop(known);
    return true;
  }
  // A process that was restarted speaks from the same address with a new number: its former self is gone.
  for (auto it = processes_.begin(); it != processes_.end();) {
    const auto here = it++;
    if (here->first != word.process_id() && here->second.process.address == word.address()) Drop(here);
  }
  Heard& heard = processes_[word.process_id()];
  heard.seq = word.seq();
  heard.at = now;
  heard.process.id = word.process_id();
  heard.process.address = word.address();
  heard.process.roles.assign(word.roles().begin(), word.roles().end());
  heard.process.now = TimePoint::FromRaw(word.now_us());
  heard.process.machine_min = word.machine_min();
  heard.process.machine_max = word.machine_max();
  // What it no longer claims it no longer has.
  for (auto& [partition, entry] : owners_) {
    if (entry.process == word.process_id()) entry.known = false;
  }
  for (const v1::Owned& owned : word.owned()) {
    const auto partition = PartitionOf(owned.service(), owned.partition());
    if (!partition) continue;
    Entry& entry = owners_[*partition];
    if (owned.epoch() < entry.epoch) continue;
    entry = {word.address(), owned.epoch(), word.process_id(), now, true};
  }
  return true;
}

void Directory::Apply(const v1::DirectoryResponse& response) {
  const Duration now = Now();
  std::lock_guard lock(mutex_);
  processes_.clear();
  std::map<std::string, uint64_t> by_address;
  for (const v1::Process& p : response.processes()) {
    if (processes_.size() >= kMostProcesses) break;
    Heard& heard = processes_[p.process_id()];
    heard.at = now;  // fresh as of this answer: a client asks anew when its hints fail
    heard.process = {p.process_id(),
                     p.address(),
                     {p.roles().begin(), p.roles().end()},
                     TimePoint::FromRaw(p.now_us()),
                     p.machine_min(),
                     p.machine_max(),
                     Duration()};
    by_address[p.address()] = p.process_id();
  }
  owners_.clear();
  for (const v1::Owner& o : response.owners()) {
    const auto partition = PartitionOf(o.service(), o.partition());
    if (partition) owners_[*partition] = {o.address(), o.epoch(), by_address[o.address()], now, true};
  }
}

void Directory::Correct(LogPartition partition, const std::string& owner, uint64_t epoch) {
  std::lock_guard lock(mutex_);
  Entry& entry = owners_[partition];
  if (owner.empty() || epoch < entry.epoch) return;
  if (entry.known && entry.address == owner) return;
  // Its process vouches for it, where it is known, so that the hint ages with the process.
  uint64_t process = 0;
  for (const auto& [id, heard] : processes_)
    if (heard.process.address == owner) process = id;
  entry = {owner, epoch, process, Now(), true};
}

void Directory::Doubt(LogPartition partition, const std::string& address) {
  std::lock_guard lock(mutex_);
  const auto it = owners_.find(partition);
  if (it != owners_.end() && it->second.address == address) it->second.known = false;
}

std::optional<Directory::Owner> Directory::OwnerOf(LogPartition partition) const {
  const Duration now = Now();
  std::lock_guard lock(mutex_);
  const auto it = owners_.find(partition);
  if (it == owners_.end() || !Fresh(it->second, now)) return std::nullopt;
  return Owner{it->second.address, it->second.epoch};
}

std::vector<Directory::Process> Directory::Processes() const {
  const Duration now = Now();
  std::vector<Process> out;
  {
    std::lock_guard lock(mutex_);
    Forget(now);
    for (const auto& [id, heard] : processes_) {
      out.push_back(heard.process);
      out.back().heard_ago = Since(heard.at, now);
    }
  }
  std::sort(out.begin(), out.end(), [](const Process& a, const Process& b) { return a.address < b.address; });
  return out;
}

std::string Directory::AnyWith(std::string_view role, std::string_view not_this) const {
  std::vector<std::string> found;
  for (const Process& p : Processes()) {
    const bool plays = role.empty() || std::find(p.roles.begin(), p.roles.end(), role) != p.roles.end();
    if (plays && p.address != not_this) found.push_back(p.address);
  }
  if (found.empty()) return "";
  std::lock_guard lock(mutex_);
  return found[turn_++ % found.size()];
}

void Directory::Fill(v1::DirectoryResponse* response) const {
  for (const Process& p : Processes()) {
    v1::Process* out = response->add_processes();
    out->set_process_id(p.id);
    out->set_address(p.address);
    for (const std::string& role : p.roles) out->add_roles(role);
    out->set_now_us(p.now.raw());
    out->set_machine_min(p.machine_min);
    out->set_machine_max(p.machine_max);
    out->set_heard_ago_us(p.heard_ago.raw());
  }
  const Duration now = Now();
  std::lock_guard lock(mutex_);
  for (const auto& [partition, entry] : owners_) {
    if (!Fresh(entry, now)) continue;
    v1::Owner* out = response->add_owners();
    out->set_service(std::string(ServiceName(partition.service)));
    out->set_partition(partition.partition.raw());
    out->set_address(entry.address);
    out->set_epoch(entry.epoch);
  }
}

}  // namespace fundcore::cluster
