// See rehash.h. What a table adds to the sum is said in state.h, by its WriteBack; this is the same read from the
// store.
#include "common/machine/rehash.h"

#include <array>
#include <optional>

#include "common/base/status.h"

namespace fundcore::machine {
namespace {

// One walk over a family of one partition.
class Walk {
 public:
  Walk(LogPartition partition, std::span<const TableForm> forms, LogOffset next) : partition_(partition), next_(next) {
    for (const TableForm& f : forms) forms_[f.table] = f;
  }

  absl::Status Over(const StateStore& store, Family family) {
    std::string begin = TablePrefix(partition_, 0);
    begin.pop_back();
    FC_RETURN_IF_ERROR(store.Scan(family, begin, PrefixEnd(begin), [&](std::string_view key, std::string_view value) {
      status_ = Entry(family, key.substr(begin.size()), value);
      return status_.ok();
    }));
    return status_;
  }
  StateHash sum() const { return sum_; }
  uint64_t entries() const { return entries_; }

 private:
  absl::Status Entry(Family family, std::string_view key, std::string_view value) {
    if (key.empty()) return Damaged(0, "has a key without a table");
    const auto table = static_cast<uint8_t>(key[0]);
    key.remove_prefix(1);
    if (table == kMetaTable && family == Family::kState) return absl::OkStatus();
    const std::optional<TableForm>& form = forms_[table];
    if (!form || FamilyOf(form->kind) != family)
      return Damaged(table, "holds entries, but the machine has no such table");
    switch (form->kind) {
      case TableKind::kEntries:
      case TableKind::kHistory: Add(table, key, value); return absl::OkStatus();
      case TableKind::kPages: return Page(*form, key, value);
      case TableKind::kIds: {
        IdIndex::Value id;
        if (!Decode(value, &id)) return Damaged(table, "has a malformed request id");
        // A run may have come to the store ahead of the rest of the state: what is after it does not count yet.
        if (id.offset < next_) Add(table, key, value);
        return absl::OkStatus();
      }
    }
    return absl::OkStatus();
  }

  absl::Status Page(const TableForm& form, std::string_view key, std::string_view value) {
    uint64_t number = 0;
    KeyReader k(key);
    k.Get(number);
    if (!k.ok()) return Damaged(form.table, "has a malformed page number");
    ByteReader r(value);
    for (uint32_t i = 0; i < form.page_entries; ++i) {
      if (!r.U8()) continue;
      const std::string_view entry = r.Bytes();
      if (r.ok()) Add(form.table, EncodeKey(number * form.page_entries + i), entry);
    }
    if (!r.ok() || !r.AtEnd()) return Damaged(form.table, StrCat("has a malformed page, number ", number));
    return absl::OkStatus();
  }

  void Add(uint8_t table, std::string_view key, std::string_view value) {
    sum_.Add(StateHash::OfEntry(table, key, value));
    ++entries_;
  }
  static Family FamilyOf(TableKind kind) {
    switch (kind) {
      case TableKind::kEntries:
      case TableKind::kPages: return Family::kState;
      case TableKind::kHistory: return Family::kHistory;
      case TableKind::kIds: return Family::kIds;
    }
    return Family::kState;
  }
  absl::Status Damaged(uint8_t table, std::string_view what) const {
    return absl::DataLossError(StrCat("service ", static_cast<int>(partition_.service), " partition ",
                                      partition_.partition.raw(), ": table ", int{table}, " ", what));
  }

  const LogPartition partition_;
  const LogOffset next_;
  std::array<std::optional<TableForm>, 256> forms_;
  StateHash sum_;
  uint64_t entries_ = 0;
  absl::Status status_;
};

}  // namespace

absl::StatusOr<State::Meta> ReadMeta(const StateStore& store, LogPartition partition) {
  FC_ASSIGN_OR_RETURN(auto stored, store.Get(Family::kState, TablePrefix(partition, kMetaTable)));
  const auto whose = [&] {
    return StrCat("service ", static_cast<int>(partition.service), " partition ", partition.partition.raw());
  };
  if (!stored) return absl::NotFoundError(StrCat("nothing is stored of ", whose()));
  State::Meta meta;
  if (!Decode(*stored, &meta))
    return absl::DataLossError(StrCat("the state's own entry of ", whose(), " is malformed"));
  return meta;
}

absl::StatusOr<StateHash> HashStored(const StateStore& store, LogPartition partition, std::span<const TableForm> forms,
                                     LogOffset next, uint64_t* entries) {
  Walk walk(partition, forms, next);
  for (Family f : {Family::kState, Family::kHistory, Family::kIds}) FC_RETURN_IF_ERROR(walk.Over(store, f));
  if (entries) *entries += walk.entries();
  return walk.sum();
}

}  // namespace fundcore::machine
