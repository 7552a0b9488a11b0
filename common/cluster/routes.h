// Routes: for every method of every service, which partitions a request needs, and how the answers of several owners become
// one. Servers, peers and clients route by the same table, and a test asks it for every method that a system serves.
//
//   const Route* route = FindRoute("fundcore.trade.v1.TradeOps/DayCounts");
//   route->kind                          // kEverywhere
//   route->merge(parts, response, layout);
//
// What a call over several owners promises is what it promises within one process: all partitions have answered, or the
// call fails and may be repeated.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/cluster/layout.h"
#include "common/types/ids.h"
#include "google/protobuf/message.h"

namespace fundcore {
class Vault;
}

namespace fundcore::cluster {

using google::protobuf::Message;

enum class Kind : uint8_t {
  kLocal,         // about the process that is asked
  kPartition,     // one partition, named by the request; sometimes all of them (see Route::where)
  kItems,         // a list of items, each with its partition; answers in the same order
  kEverywhere,    // all partitions of the service
  kEveryProcess,  // all processes
  kInvestor,      // OpenInvestor: the partition of a fingerprint that only holders of the vault's key can compute
  kLink,          // LinkTradingAccount: the investor's partition is asked, then the link's told
  kResolve,       // ResolveTradingAccounts: the links' partitions, then the investors'
  kStates,        // StateHashes: everywhere, for each service in turn
};

// What `where` and `item` say beside partitions.
inline constexpr PartitionId kWhoever = kNoPartition;  // nobody's number: whoever gets it refuses it, or answers "nothing"
inline constexpr PartitionId kAll{0xfffe};             // all of them

struct Route {
  std::string method;
  Kind kind = Kind::kLocal;
  ServiceId service = ServiceId::kSystem;
  const Message* request = nullptr;   // prototypes
  const Message* response = nullptr;
  bool stream = false;                // of kPartition only

  // kPartition: kAll makes it kEverywhere for this request.
  std::function<PartitionId(const Message& request, const Layout&)> where;

  // kItems. The request has no field but the items, the response none but the answers.
  const google::protobuf::FieldDescriptor* items = nullptr;
  const google::protobuf::FieldDescriptor* answers = nullptr;  // null: the response is empty
  std::function<PartitionId(const Message& item, const Layout&)> item;
  int most_items = 0;  // more are refused by the service: such a call goes to one owner as it is
  // Where set, items whose owner failed are answered one by one, and the call fails only if all of it did.
  std::function<void(const absl::Status&, Message* answer)> item_failed;

  // kEverywhere, kPartition with kAll, kEveryProcess: what the owners of ascending partitions said, joined. May take the
  // parts to pieces.
  std::function<absl::Status(std::span<Message* const> parts, Message* response, const Layout&)> merge;
};

// nullptr for a method that has none.
const Route* FindRoute(std::string_view method);
const std::vector<Route>& Routes();

// The partition in which OpenInvestor opens this request's account.
PartitionId PartitionOfInvestor(const Vault& vault, const Message& request, const Layout& layout);
// The partitions of a LinkTradingAccount request: the investor's (kWhoever where it is nobody's) and the link's.
struct LinkPartitions {
  PartitionId investor, link;
};
LinkPartitions PartitionsOfLink(const Message& request, const Layout& layout);
// Where one key of ResolveTradingAccounts is looked up: its link's partition, or its investor's where one is given.
PartitionId PartitionOfKey(const Message& key, const Layout& layout);

}  // namespace fundcore::cluster
