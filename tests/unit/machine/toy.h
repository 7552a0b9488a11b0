// A toy machine for the runtime's own tests: accounts that only go up, with ids, history, pages, tables and a to-do list.
#pragma once

#include <string>

#include "common/machine/partition.h"

namespace fundcore::machine {

struct Add {
  static constexpr uint8_t kTag = 2;
  uint64_t account = 0;
  int64_t amount = 0;
  std::string request;
  FC_FIELDS(account, amount, request)
};
struct Finish {
  static constexpr uint8_t kTag = 3;
  uint64_t account = 0;
  FC_FIELDS(account)
};

class ToyMachine {
 public:
  struct Result {
    int64_t balance = 0;
    bool repeated = false;
  };
  using Commands = CommandList<Add, Finish>;
  struct Account {
    int64_t balance = 0;
    History::Position last = 0;
    FC_FIELDS(balance, last)
  };
  struct Line {
    int64_t amount = 0;
    History::Position before = 0;
    FC_FIELDS(amount, before)
  };

  ToyMachine(State& state, PartitionId) : state_(state) {}

  Result Execute(const Add& c, const Context&) {
    const IdIndex::Key key = IdIndex::HashOf({c.request});
    if (auto seen = ids.Find(key)) return {accounts.Find(seen->number)->balance, true};
    Account& a = accounts.Mutable(c.account);
    a.balance += c.amount;
    a.last = history.Append(Line{c.amount, a.last});
    names.Mutable(std::to_string(c.account)) += 1;
    todo.Add(c.account);
    ids.Insert(key, c.account, 0);
    return {a.balance, false};
  }
  Result Execute(const Finish& c, const Context&) {
    todo.Remove(c.account);
    return {};
  }

 private:
  State& state_;

 public:
  PagedTable<Account> accounts{state_, 1, 4};
  Table<std::string, int64_t> names{state_, 2, Residence::kLazy, 8};
  Todo<uint64_t> todo{state_, 3};
  History history{state_, 4};
  IdIndex ids{state_, 5};
};

}  // namespace fundcore::machine
