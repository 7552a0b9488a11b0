// Recomputes a partition's state hash from the entries that a store holds, without its machine: whoever has a
// checkpoint and the forms of its tables can tell whether the state in it is what its hash says.
//
//   FC_ASSIGN_OR_RETURN(State::Meta meta, ReadMeta(*store, partition));
//   FC_ASSIGN_OR_RETURN(StateHash hash, HashStored(*store, partition, forms, meta.next));
//   hash == meta.hash                       // else an entry was changed, lost or added behind the machine's back
//
// Walks all entries of the partition, history and request ids included: minutes for a large state. Thread-safe as the
// store.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/statusor.h"
#include "common/machine/state.h"

namespace fundcore::machine {

// The partition's own entry: offsets, epoch, hash. kNotFound where the store has nothing of it, kDataLoss where it is
// malformed.
absl::StatusOr<State::Meta> ReadMeta(const StateStore& store, LogPartition partition);

// The sum over all entries as of offset `next`. `forms`: of all tables of the machine. kDataLoss where an entry is
// malformed or belongs to no table.
absl::StatusOr<StateHash> HashStored(const StateStore& store, LogPartition partition, std::span<const TableForm> forms,
                                     LogOffset next, uint64_t* entries = nullptr);

}  // namespace fundcore::machine
