// State: what one partition of one machine remembers, as typed tables over a StateStore.
//
// Commands change tables in memory; WriteBack turns all changes since the last one, plus the offset up to which they are
// applied, into one atomic store write. So the store always holds the state exactly as of some log position, and the log
// is replayed from there. Tables are owned by the machine and register themselves:
//
//   class AccountMachine {
//     machine::PagedTable<Account> accounts_{state, kAccounts};     // by dense sequence: the hot ones
//     machine::Table<DayKey, Day> days_{state, kDays};               // by any key, ordered, all in memory
//     machine::Todo<PaymentId> payments_{state, kPayments};          // what a worker has to do
//     machine::History history_{state, kLedger};                     // written once, one value a record
//     machine::IdIndex ids_{state, kIds};                            // request ids, kept for ever
//   };
//
// Everything here belongs to one executor thread. Pointers and references that a table hands out stay valid until the
// command ends (entries are dropped from memory only between commands).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/check.h"
#include "common/base/codec.h"
#include "common/log/log.h"
#include "common/machine/hash.h"
#include "common/machine/key.h"
#include "common/store/store.h"
#include "common/time/time.h"

namespace fundcore::machine {

// What one write-back hands to the store.
struct WriteBackBatch {
  bool id_run_stored = false;                                // what TakeIdRun gave out is in the store already
  std::vector<StoreWrite> writes;                            // one atomic Write
};

// How a table lies in the store, for those who read it without knowing its types (common/machine/rehash.h).
enum class TableKind : uint8_t {
  kEntries,  // a value each, by key
  kPages,    // a page of neighbours each, by page number
  kHistory,  // all entries of a log record, by offset; in Family::kHistory
  kIds,      // request ids, with the offset that made them; in Family::kIds
};
struct TableForm {
  uint8_t table = 0;
  TableKind kind = TableKind::kEntries;
  uint32_t page_entries = 0;  // of kPages
  friend bool operator==(const TableForm&, const TableForm&) = default;
};

class TableBase {
 public:
  virtual ~TableBase() = default;
  virtual TableForm form() const = 0;
  virtual void Load() = 0;
  // Adds all changes to `batch` and brings `sum` up to date. Afterwards nothing is dirty.
  virtual void WriteBack(WriteBackBatch* batch, StateHash* sum) = 0;
  // Rough number of entries that WriteBack would write.
  virtual size_t dirty() const = 0;
  // Hands out, sorted, what may be stored ahead of the rest because it is written once and carries its log position; it
  // stays readable here until WriteBack. See IdIndex.
  virtual void TakeIdRun(std::vector<std::pair<std::string, std::string>>*) {}
  // Drops clean entries from memory where there are many more than the table's budget.
  virtual void Shrink() {}
};

class State {
 public:
  State(StateStore* store, LogPartition partition) : store_(store), partition_(partition) {}
  State(const State&) = delete;

  // Reads the applied offset, the hash and all resident tables. Once, after all tables are registered.
  absl::Status Load();

  // All changes since the last call, with the applied offset, atomically into the store. OK also where nothing changed.
  // `id_run_stored`: the ids that TakeIdRun gave out are in the store; else they are written again with the rest.
  absl::Status WriteBack(bool id_run_stored = false);
  // The bulk of new request ids, for one sorted run over many partitions. They must be in the store before the next
  // WriteBack of this partition; being there early does no harm, because each carries its log position.
  void TakeIdRun(std::vector<std::pair<std::string, std::string>>* run) {
    for (TableBase* t : tables_) t->TakeIdRun(run);
  }

  // The hash over all entries as of now (writes back first, so that it is up to date).
  absl::StatusOr<StateHash> Hash();

  size_t dirty() const;

  // The offset of the next record to apply, and the runtime's own facts. Changed by the player only.
  struct Meta {
    LogOffset next = 0;
    uint64_t epoch = 0;   // in force
    uint64_t owner = 0;
    uint64_t last_n = 0;  // last executed record number of that epoch
    TimePoint now;        // the largest stamp seen
    StateHash hash;
    uint32_t version = 1; // of what the machine does; see record.h
    FC_FIELDS(next, epoch, owner, last_n, now, hash, version)
  };
  Meta meta;

  StateStore* store() const { return store_; }
  LogPartition partition() const { return partition_; }

  // Not state: whether this process only plays the partition, and how often it has come to own it. Lists for workers are
  // not kept while it only plays, and made again from the tables in each term. Changed by the player only.
  bool standby = false;
  uint64_t term = 0;
  // The position of the command in execution: history positions and ids use it.
  LogOffset executing = 0;

  void Register(TableBase* table) { tables_.push_back(table); }
  // Of all tables, by number. The same for all partitions of a machine, and for its whole life: any thread.
  std::vector<TableForm> forms() const;
  // service, partition, table: the prefix of every key of that table.
  std::string Prefix(uint8_t table) const;

 private:
  StateStore* store_;
  LogPartition partition_;
  std::vector<TableBase*> tables_;
  bool loaded_ = false;
};

// The same without a State.
std::string TablePrefix(LogPartition partition, uint8_t table);

inline constexpr uint8_t kMetaTable = 0;  // a machine's own tables are numbered from 1; numbers are on disk and never reused

// The smallest key after every key with this prefix.
std::string PrefixEnd(std::string prefix);

// --- PagedTable ---------------------------------------------------------------------------------------------------------
// Entries numbered densely from 0 or 1 (sequences in our own ids). 2^kPageBits neighbours share one stored value, so that
// orders that arrive together are written back together, and memory is an array, not a hash. Misses cost one store read.
template <class V, unsigned kPageBits = 5>
class PagedTable : public TableBase {
 public:
  static constexpr size_t kPageSize = size_t{1} << kPageBits;

  // `budget`: pages kept in memory before clean ones are dropped.
  PagedTable(State& state, uint8_t table, size_t budget = 64 * 1024) : state_(state), table_(table), budget_(budget) {
    state.Register(this);
  }

  // nullptr where nothing was ever put under this number.
  const V* Find(uint64_t seq) {
    Page* page = PageAt(seq >> kPageBits, false);
    const size_t i = seq & (kPageSize - 1);
    return page && page->present[i] ? &page->values[i] : nullptr;
  }
  // The entry for changing, made with defaults where there was none.
  V& Mutable(uint64_t seq) {
    Page* page = PageAt(seq >> kPageBits, true);
    const size_t i = seq & (kPageSize - 1);
    page->present[i] = true;
    if (!page->dirty.any()) dirty_pages_.push_back(seq >> kPageBits);
    page->dirty[i] = true;
    return page->values[i];
  }
  // The entry for changing, nullptr where there is none.
  V* FindMutable(uint64_t seq) { return Find(seq) ? &Mutable(seq) : nullptr; }

  TableForm form() const override { return {table_, TableKind::kPages, kPageSize}; }
  void Load() override {}
  size_t dirty() const override { return dirty_pages_.size(); }

  void WriteBack(WriteBackBatch* batch, StateHash* sum) override {
    std::string entry;
    for (uint64_t number : dirty_pages_) {
      Page& page = *Slot(number);
      std::string value;
      ByteWriter w(&value);
      for (size_t i = 0; i < kPageSize; ++i) {
        w.U8(page.present[i]);
        if (!page.present[i]) continue;
        entry.clear();
        ByteWriter(&entry).Put(page.values[i]);
        if (page.dirty[i] || page.older[i]) {
          const StateHash h = StateHash::OfEntry(table_, EncodeKey(number * kPageSize + i), entry);
          sum->Subtract(page.hashes[i]);
          sum->Add(h);
          page.hashes[i] = h;
        }
        w.Bytes(entry);
      }
      page.dirty.reset();
      page.older.reset();
      batch->writes.push_back({Family::kState, state_.Prefix(table_) + EncodeKey(number), std::move(value)});
    }
    dirty_pages_.clear();
  }

  void Shrink() override {
    if (loaded_.size() <= budget_) return;
    // Clock: a page survives one sweep after its last use.
    size_t kept = 0;
    for (uint64_t number : loaded_) {
      Page* page = Slot(number).get();
      if (page->dirty.any() || page->used) {
        page->used = false;
        loaded_[kept++] = number;
      } else {
        Slot(number).reset();
      }
    }
    loaded_.resize(kept);
  }

 private:
  struct Page {
    std::vector<V> values = std::vector<V>(kPageSize);
    std::vector<StateHash> hashes = std::vector<StateHash>(kPageSize);
    std::bitset<kPageSize> present, dirty;
    // Stored by a build whose entries had fewer fields: its bytes, and so its hash, change when the page is written again.
    std::bitset<kPageSize> older;
    bool used = true;
  };

  Page* PageAt(uint64_t number, bool create) {
    if (Page* page = InMemory(number)) {
      page->used = true;
      return page;
    }
    // Beyond every page that was ever stored or made: nothing to read.
    auto stored = state_.store()->Get(Family::kState, state_.Prefix(table_) + EncodeKey(number));
    FC_CHECK(stored.ok(), "state cannot be read: ", stored.status().ToString());
    if (!stored->has_value() && !create) return nullptr;
    auto page = std::make_unique<Page>();
    if (stored->has_value()) {
      ByteReader r(**stored);
      std::string again;
      for (size_t i = 0; i < kPageSize; ++i) {
        if (!r.U8()) continue;
        std::string_view entry = r.Bytes();
        FC_CHECK(r.ok() && Decode(entry, &page->values[i]), "stored page ", number, " of table ", int{table_},
                 " is malformed; restore this data folder from a checkpoint");
        page->present[i] = true;
        page->hashes[i] = StateHash::OfEntry(table_, EncodeKey(number * kPageSize + i), entry);
        again.clear();
        ByteWriter(&again).Put(page->values[i]);
        page->older[i] = again != entry;
      }
    }
    if (spans_.size() <= number / kSpan) spans_.resize(number / kSpan + 1);
    if (!spans_[number / kSpan]) spans_[number / kSpan] = std::make_unique<Span>();
    loaded_.push_back(number);
    return (Slot(number) = std::move(page)).get();
  }

  // Two levels, so that one far-off number (an investor id that a caller made up) costs kilobytes, not hundreds of
  // megabytes.
  static constexpr uint64_t kSpan = 1024;
  using Span = std::array<std::unique_ptr<Page>, kSpan>;
  Page* InMemory(uint64_t number) const {
    const uint64_t span = number / kSpan;
    return span < spans_.size() && spans_[span] ? (*spans_[span])[number % kSpan].get() : nullptr;
  }
  std::unique_ptr<Page>& Slot(uint64_t number) { return (*spans_[number / kSpan])[number % kSpan]; }

  State& state_;
  const uint8_t table_;
  const size_t budget_;
  std::vector<std::unique_ptr<Span>> spans_;
  std::vector<uint64_t> loaded_;
  std::vector<uint64_t> dirty_pages_;
};

// --- Table --------------------------------------------------------------------------------------------------------------
// Ordered by key. Resident tables are in memory whole (days, funds, to-dos); lazy ones are read from the store on a miss
// and may be large (directories, indexes).
enum class Residence { kResident, kLazy };

template <class K, class V>
class Table : public TableBase {
 public:
  Table(State& state, uint8_t table, Residence residence = Residence::kResident, size_t budget = 256 * 1024)
      : state_(state), table_(table), residence_(residence), budget_(budget) {
    state.Register(this);
  }

  const V* Find(const K& key) {
    Entry* e = EntryAt(EncodeKey(key));
    return e && e->value ? &*e->value : nullptr;
  }
  V& Mutable(const K& key) {
    std::string k = EncodeKey(key);
    Entry* e = EntryAt(k);
    if (!e) e = (entries_[k] = std::make_unique<Entry>()).get();
    if (!e->value) e->value.emplace();
    MarkDirty(std::move(k), e);
    return *e->value;
  }
  V* FindMutable(const K& key) { return Find(key) ? &Mutable(key) : nullptr; }
  void Put(const K& key, V value) { Mutable(key) = std::move(value); }
  void Erase(const K& key) {
    std::string k = EncodeKey(key);
    Entry* e = EntryAt(k);
    if (!e || !e->value) return;
    e->value.reset();
    MarkDirty(std::move(k), e);
  }

  // Visits entries with begin <= key < end in key order until `visit` returns false. Keys as EncodeKey gives them; an
  // empty `end` means to the end of the table. The table must not be changed meanwhile.
  void Scan(std::string_view begin, std::string_view end, absl::FunctionRef<bool(const K&, const V&)> visit) {
    if (residence_ == Residence::kLazy) PullRange(begin, end);
    for (auto it = entries_.lower_bound(begin); it != entries_.end() && (end.empty() || it->first < end); ++it) {
      if (!it->second->value) continue;
      K key{};
      KeyReader r(it->first);
      r.Get(key);
      FC_CHECK(r.ok(), "stored key of table ", int{table_}, " is malformed; restore this data folder from a checkpoint");
      if (!visit(key, *it->second->value)) return;
    }
  }
  void ScanAll(absl::FunctionRef<bool(const K&, const V&)> visit) { Scan("", "", visit); }
  // All entries whose key begins with these fields.
  template <class P>
  void ScanPrefix(const P& prefix, absl::FunctionRef<bool(const K&, const V&)> visit) {
    const std::string begin = EncodeKey(prefix);
    Scan(begin, PrefixEnd(begin), visit);
  }

  TableForm form() const override { return {table_, TableKind::kEntries, 0}; }
  void Load() override {
    if (residence_ == Residence::kResident) PullRange("", "");
  }
  size_t dirty() const override { return dirty_.size(); }

  void WriteBack(WriteBackBatch* batch, StateHash* sum) override {
    for (const std::string& k : dirty_) {
      auto it = entries_.find(k);
      Entry& e = *it->second;
      sum->Subtract(e.hash);
      e.dirty = false;
      if (e.value) {
        std::string bytes = Encode(*e.value);
        e.hash = StateHash::OfEntry(table_, k, bytes);
        sum->Add(e.hash);
        batch->writes.push_back({Family::kState, state_.Prefix(table_) + k, std::move(bytes)});
        e.stored = true;
      } else {
        // An entry that came and went between two write-backs never reaches the store.
        if (e.stored) batch->writes.push_back({Family::kState, state_.Prefix(table_) + k, std::nullopt});
        entries_.erase(it);
      }
    }
    dirty_.clear();
  }

  void Shrink() override {
    if (residence_ == Residence::kLazy && entries_.size() > budget_) entries_.clear();  // all clean after a write-back
  }

 private:
  struct Entry {
    std::optional<V> value;
    StateHash hash;
    bool dirty = false;
    bool stored = false;
  };

  void MarkDirty(std::string key, Entry* e) {
    if (e->dirty) return;
    e->dirty = true;
    dirty_.push_back(std::move(key));
  }

  Entry* EntryAt(const std::string& k) {
    auto it = entries_.find(k);
    if (it != entries_.end()) return it->second.get();
    if (residence_ == Residence::kResident) return nullptr;
    auto stored = state_.store()->Get(Family::kState, state_.Prefix(table_) + k);
    FC_CHECK(stored.ok(), "state cannot be read: ", stored.status().ToString());
    if (!stored->has_value()) return nullptr;
    return Adopt(k, **stored);
  }

  Entry* Adopt(std::string_view k, std::string_view bytes) {
    Entry& e = *(entries_[std::string(k)] = std::make_unique<Entry>());
    e.value.emplace();
    FC_CHECK(Decode(bytes, &*e.value), "stored entry of table ", int{table_},
             " is malformed; restore this data folder from a checkpoint");
    e.hash = StateHash::OfEntry(table_, k, bytes);
    e.stored = true;
    return &e;
  }

  void PullRange(std::string_view begin, std::string_view end) {
    const std::string prefix = state_.Prefix(table_);
    const std::string from = prefix + std::string(begin);
    const std::string to = end.empty() ? PrefixEnd(prefix) : prefix + std::string(end);
    absl::Status s = state_.store()->Scan(Family::kState, from, to, [&](std::string_view key, std::string_view value) {
      key.remove_prefix(prefix.size());
      if (entries_.find(key) == entries_.end()) Adopt(key, value);
      return true;
    });
    FC_CHECK(s.ok(), "state cannot be read: ", s.ToString());
  }

  State& state_;
  const uint8_t table_;
  const Residence residence_;
  const size_t budget_;
  // Entries on their own, because a btree moves its values when others come and references must hold until the command ends.
  absl::btree_map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
  std::vector<std::string> dirty_;
};

// A single value.
template <class V>
class Cell {
 public:
  Cell(State& state, uint8_t table) : table_(state, table) {}
  const V& Get() {
    const V* v = table_.Find(uint8_t{0});
    return v ? *v : default_;
  }
  V& Mutable() { return table_.Mutable(uint8_t{0}); }

 private:
  Table<uint8_t, V> table_;
  V default_{};
};

// --- Todo ---------------------------------------------------------------------------------------------------------------
// What a worker still has to do, durable with the state. The machine adds and removes; the worker takes what is new and
// keeps nothing that the state does not hold: after a restart, or when this process comes to own the partition again,
// everything that is still there is new again.
template <class K>
class Todo {
 public:
  Todo(State& state, uint8_t table) : state_(state), table_(state, table) {}

  void Add(const K& key) {
    if (table_.Find(key)) return;
    table_.Mutable(key).present = true;
    ++size_;
    if (!state_.standby) fresh_.push_back(key);
  }
  void Remove(const K& key) {
    if (!table_.Find(key)) return;
    table_.Erase(key);
    --size_;
  }
  bool Contains(const K& key) { return table_.Find(key) != nullptr; }
  // True only where that is known: not before the worker has taken for the first time.
  bool empty() const { return started_ && size_ == 0; }

  // For the worker: moves out the keys added since the last call and still there, at most `limit`.
  std::vector<K> TakeFresh(size_t limit = SIZE_MAX) {
    if (!started_ || term_ != state_.term) {
      started_ = true;
      term_ = state_.term;
      fresh_.clear();
      table_.ScanAll([&](const K& k, const One&) { return fresh_.push_back(k), true; });
      size_ = fresh_.size();
    }
    std::vector<K> out;
    size_t i = 0;
    for (; i < fresh_.size() && out.size() < limit; ++i)
      if (table_.Find(fresh_[i])) out.push_back(fresh_[i]);
    fresh_.erase(fresh_.begin(), fresh_.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  }
  // For the worker: a try failed; the key is new again (call it after a back-off).
  void Again(const K& key) {
    if (table_.Find(key)) fresh_.push_back(key);
  }
  bool has_fresh() const { return !started_ || term_ != state_.term || !fresh_.empty(); }
  template <class F>
  void ForEach(F f) {
    table_.ScanAll([&](const K& k, const One&) { return f(k), true; });
  }

 private:
  struct One {
    bool present = false;
    FC_FIELDS(present)
  };
  State& state_;
  Table<K, One> table_;
  std::vector<K> fresh_;
  size_t size_ = 0;
  uint64_t term_ = 0;
  bool started_ = false;
};

// --- History ------------------------------------------------------------------------------------------------------------
// Entries written once and never read on the hot path. All entries of one log record form one stored value. Entries are
// found by position; whoever needs a list keeps the last position, and each entry the one before it.
class History : public TableBase {
 public:
  // Where an entry is: log offset and index within the record (20 bits: a joined record may hold over 65,536 entries).
  // 0 is "none".
  using Position = uint64_t;

  History(State& state, uint8_t table) : state_(state), table_(table) { state.Register(this); }

  // The position that the next Append of this command will have.
  template <class T>
  Position Append(const T& entry) {
    if (pending_.empty() || pending_.back().offset != state_.executing) pending_.push_back({state_.executing, {}, 0});
    Pending& p = pending_.back();
    scratch_.clear();
    ByteWriter(&scratch_).Put(entry);
    ByteWriter(&p.bytes).Bytes(scratch_);
    return MakePosition(p.offset, p.count++);
  }
  // While a command executes: where the next entry will be. Everything appended so far has a smaller position.
  Position NextPosition() const {
    const bool begun = !pending_.empty() && pending_.back().offset == state_.executing;
    return MakePosition(state_.executing, begun ? pending_.back().count : 0);
  }
  // The entry's bytes; kNotFound where the position was never given out.
  absl::StatusOr<std::string> Read(Position position) const;
  template <class T>
  absl::StatusOr<T> ReadAs(Position position) const {
    auto bytes = Read(position);
    if (!bytes.ok()) return bytes.status();
    T out;
    if (!Decode(*bytes, &out)) return absl::DataLossError("a history entry is malformed");
    return out;
  }

  TableForm form() const override { return {table_, TableKind::kHistory, 0}; }
  void Load() override {}
  void WriteBack(WriteBackBatch* batch, StateHash* sum) override;
  size_t dirty() const override { return pending_.size(); }

 private:
  struct Pending {
    LogOffset offset;
    std::string bytes;
    uint32_t count;
  };
  static constexpr int kIndexBits = 20;
  static Position MakePosition(LogOffset offset, uint32_t index) {
    FC_CHECK(index >> kIndexBits == 0, "one record made more than ", 1u << kIndexBits, " history entries");
    return ((offset + 1) << kIndexBits) | index;
  }

  State& state_;
  const uint8_t table_;
  std::vector<Pending> pending_;
  std::string scratch_;
};

// --- IdIndex ------------------------------------------------------------------------------------------------------------
// 128-bit hashes of request ids → a number and a content hash, kept for ever. New ids sit in memory and leave in sorted
// runs, many partitions in one (few runs keep lookups cheap); the few that came since the run was taken are written with
// the rest of the state. A run may survive a crash that the rest of the state does not, so each entry carries the log position that made
// it, and a lookup ignores entries at or after the command's own position.
class IdIndex : public TableBase {
 public:
  struct Key {
    uint64_t high = 0, low = 0;
    friend bool operator==(const Key&, const Key&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& k) {
      return H::combine(std::move(h), k.high, k.low);
    }
    FC_FIELDS(high, low)
  };
  struct Value {
    uint64_t number = 0;        // what the id named
    uint64_t content_hash = 0;  // versioned hash of the request's named fields
    LogOffset offset = 0;
    FC_FIELDS(number, content_hash, offset)
  };
  // XXH3-128 of the parts, each with its length.
  static Key HashOf(std::initializer_list<std::string_view> parts);

  IdIndex(State& state, uint8_t table) : state_(state), table_(table) { state.Register(this); }

  // While a command executes: what the commands before it have put, and it itself so far.
  std::optional<Value> Find(const Key& key) const { return FindBefore(key, state_.executing); }
  // Between commands: everything executed so far, the last command's own entries too.
  std::optional<Value> FindNow(const Key& key) const { return FindBefore(key, state_.meta.next); }
  void Insert(const Key& key, uint64_t number, uint64_t content_hash);

  TableForm form() const override { return {table_, TableKind::kIds, 0}; }
  void Load() override {}
  void TakeIdRun(std::vector<std::pair<std::string, std::string>>* run) override;
  void WriteBack(WriteBackBatch* batch, StateHash* sum) override;
  size_t dirty() const override { return recent_.size() + leaving_.size(); }

 private:
  using Ids = absl::flat_hash_map<Key, Value>;  // lookups only: whoever walks it sorts it first
  std::optional<Value> FindBefore(const Key& key, LogOffset end) const;
  std::vector<std::pair<std::string, std::string>> Sorted(const Ids& ids) const;

  State& state_;
  const uint8_t table_;
  Ids recent_;
  Ids leaving_;              // handed out in a run that may not be in the store yet
  StateHash leaving_hash_;
};

}  // namespace fundcore::machine
