// Joining the answers of several owners into the one answer that a single process would have given.
//
//   MergeSums(parts, response, layout)                                  // every number added up, every list put together
//   MergeRows({.rows = "totals", .keys = {"fund_code"}})                 // rows of one key added up, in the order of keys
//   MergeInstitutions("days")                                            // rows put together in the order of partitions
//
// By protobuf reflection: answers of this kind are rare and small. Sums wrap as the services' own do.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/cluster/layout.h"
#include "google/protobuf/message.h"

namespace fundcore::cluster {

using google::protobuf::Message;
using Merge = std::function<absl::Status(std::span<Message* const> parts, Message* response, const Layout& layout)>;

// Numbers are added, lists put together; of all else the first part's word counts.
absl::Status MergeSums(std::span<Message* const> parts, Message* response, const Layout& layout);

// Rows with the same keys become one, in which all other numbers are added; in the order of the keys.
struct KeyedRows {
  std::string rows;
  std::vector<std::string> keys;
};
Merge MergeRows(KeyedRows how);

// Rows that name their partition, each partition of the service once: INTERNAL where one is missing or there twice.
Merge MergePartitions(std::string rows, ServiceId service);

// Rows of institutions, as clearing's partitions have them, one after the other.
Merge MergeInstitutions(std::string rows);

// AccountService/TrialBalance: legs are added up, and the sums of all partitions must be zero.
absl::Status MergeTrialBalance(std::span<Message* const> parts, Message* response, const Layout& layout);
// TradeOps/RecoveryStatus: orders and peers are added up; the oldest order and the latest failure count.
absl::Status MergeRecovery(std::span<Message* const> parts, Message* response, const Layout& layout);

}  // namespace fundcore::cluster
