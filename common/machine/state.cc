// Loading, writing back, and the parts of the tables that need no template.
#include "common/machine/state.h"

#include <xxhash.h>

#include <algorithm>

#include "common/base/status.h"

namespace fundcore::machine {

std::string PrefixEnd(std::string prefix) {
  while (!prefix.empty() && static_cast<uint8_t>(prefix.back()) == 0xff) prefix.pop_back();
  FC_CHECK(!prefix.empty(), "no key follows this prefix");
  prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

std::string TablePrefix(LogPartition partition, uint8_t table) {
  std::string p;
  p.push_back(static_cast<char>(partition.service));
  p.push_back(static_cast<char>(partition.partition.raw() >> 8));
  p.push_back(static_cast<char>(partition.partition.raw()));
  p.push_back(static_cast<char>(table));
  return p;
}

std::string State::Prefix(uint8_t table) const { return TablePrefix(partition_, table); }

std::vector<TableForm> State::forms() const {
  std::vector<TableForm> out;
  for (const TableBase* t : tables_) out.push_back(t->form());
  std::sort(out.begin(), out.end(), [](const TableForm& a, const TableForm& b) { return a.table < b.table; });
  return out;
}

absl::Status State::Load() {
  FC_CHECK(!loaded_, "a state is loaded once");
  loaded_ = true;
  FC_ASSIGN_OR_RETURN(auto stored, store_->Get(Family::kState, Prefix(kMetaTable)));
  if (stored && !Decode(*stored, &meta)) {
    return absl::DataLossError("the state's own entry is malformed; restore this data folder from a checkpoint");
  }
  for (TableBase* t : tables_) t->Load();
  return absl::OkStatus();
}

size_t State::dirty() const {
  size_t n = 0;
  for (const TableBase* t : tables_) n += t->dirty();
  return n;
}

absl::Status State::WriteBack(bool id_run_stored) {
  WriteBackBatch batch;
  batch.id_run_stored = id_run_stored;
  for (TableBase* t : tables_) t->WriteBack(&batch, &meta.hash);
  batch.writes.push_back({Family::kState, Prefix(kMetaTable), Encode(meta)});
  FC_RETURN_IF_ERROR(store_->Write(std::move(batch.writes)));
  for (TableBase* t : tables_) t->Shrink();
  return absl::OkStatus();
}

absl::StatusOr<StateHash> State::Hash() {
  FC_RETURN_IF_ERROR(WriteBack());
  return meta.hash;
}

absl::StatusOr<std::string> History::Read(Position position) const {
  const LogOffset offset = (position >> kIndexBits) - 1;
  const uint32_t index = static_cast<uint32_t>(position & ((1u << kIndexBits) - 1));
  std::string bytes;
  auto it = std::lower_bound(pending_.begin(), pending_.end(), offset,
                             [](const Pending& p, LogOffset o) { return p.offset < o; });
  if (it != pending_.end() && it->offset == offset) {
    bytes = it->bytes;
  } else {
    FC_ASSIGN_OR_RETURN(auto stored, state_.store()->Get(Family::kHistory, state_.Prefix(table_) + EncodeKey(offset)));
    if (!stored) return absl::NotFoundError("no history at this position");
    bytes = *std::move(stored);
  }
  ByteReader r(bytes);
  for (uint32_t i = 0; i < index; ++i) r.Bytes();
  std::string_view entry = r.Bytes();
  if (!r.ok()) return absl::NotFoundError("no history at this position");
  return std::string(entry);
}

void History::WriteBack(WriteBackBatch* batch, StateHash* sum) {
  for (Pending& p : pending_) {
    const std::string key = EncodeKey(p.offset);
    sum->Add(StateHash::OfEntry(table_, key, p.bytes));
    batch->writes.push_back({Family::kHistory, state_.Prefix(table_) + key, std::move(p.bytes)});
  }
  pending_.clear();
}

IdIndex::Key IdIndex::HashOf(std::initializer_list<std::string_view> parts) {
  std::string bytes;
  ByteWriter w(&bytes);
  for (std::string_view p : parts) w.Bytes(p);
  const XXH128_hash_t h = XXH3_128bits(bytes.data(), bytes.size());
  return {h.high64, h.low64};
}

std::optional<IdIndex::Value> IdIndex::FindBefore(const Key& key, LogOffset end) const {
  if (auto it = recent_.find(key); it != recent_.end()) return it->second;
  if (auto it = leaving_.find(key); it != leaving_.end()) return it->second;
  auto stored = state_.store()->Get(Family::kIds, state_.Prefix(table_) + EncodeKey(key));
  FC_CHECK(stored.ok(), "request ids cannot be read: ", stored.status().ToString());
  if (!stored->has_value()) return std::nullopt;
  Value v;
  FC_CHECK(Decode(**stored, &v), "a stored request id is malformed; restore this data folder from a checkpoint");
  if (v.offset >= end) return std::nullopt;
  return v;
}

void IdIndex::Insert(const Key& key, uint64_t number, uint64_t content_hash) {
  recent_[key] = Value{number, content_hash, state_.executing};
}

std::vector<std::pair<std::string, std::string>> IdIndex::Sorted(const Ids& ids) const {
  const std::string prefix = state_.Prefix(table_);
  std::vector<std::pair<std::string, std::string>> out;
  out.reserve(ids.size());
  for (const auto& [key, value] : ids) out.emplace_back(prefix + EncodeKey(key), Encode(value));
  std::sort(out.begin(), out.end());
  return out;
}

void IdIndex::TakeIdRun(std::vector<std::pair<std::string, std::string>>* run) {
  if (!leaving_.empty()) return;  // the last run was given up (its round failed): WriteBack takes these along
  leaving_ = std::exchange(recent_, {});
  const size_t prefix = state_.Prefix(table_).size();
  for (auto& [key, value] : Sorted(leaving_)) {
    leaving_hash_.Add(StateHash::OfEntry(table_, std::string_view(key).substr(prefix), value));
    run->emplace_back(std::move(key), std::move(value));
  }
}

void IdIndex::WriteBack(WriteBackBatch* batch, StateHash* sum) {
  const size_t prefix = state_.Prefix(table_).size();
  for (auto& [key, value] : Sorted(recent_)) {
    sum->Add(StateHash::OfEntry(table_, std::string_view(key).substr(prefix), value));
    batch->writes.push_back({Family::kIds, std::move(key), std::move(value)});
  }
  sum->Add(std::exchange(leaving_hash_, {}));
  if (!batch->id_run_stored)
    for (auto& [key, value] : Sorted(leaving_)) batch->writes.push_back({Family::kIds, std::move(key), std::move(value)});
  recent_.clear();
  leaving_.clear();
}

}  // namespace fundcore::machine
