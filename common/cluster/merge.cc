// See merge.h.
#include "common/cluster/merge.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>

#include "common/base/check.h"
#include "common/money/decimal.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "google/protobuf/descriptor.h"

namespace fundcore::cluster {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;
using google::protobuf::RepeatedPtrField;

bool IsNumber(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: return true;
    default: return false;
  }
}

// Any whole number as 64 bits, in which sums wrap without being undefined.
uint64_t NumberOf(const Message& m, const FieldDescriptor* field) {
  const Reflection* r = m.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return static_cast<uint64_t>(int64_t{r->GetInt32(m, field)});
    case FieldDescriptor::CPPTYPE_INT64: return static_cast<uint64_t>(r->GetInt64(m, field));
    case FieldDescriptor::CPPTYPE_UINT32: return r->GetUInt32(m, field);
    case FieldDescriptor::CPPTYPE_UINT64: return r->GetUInt64(m, field);
    case FieldDescriptor::CPPTYPE_ENUM: return static_cast<uint64_t>(int64_t{r->GetEnumValue(m, field)});
    default: return 0;
  }
}

void AddNumber(uint64_t number, const FieldDescriptor* field, Message* m) {
  const Reflection* r = m->GetReflection();
  const uint64_t sum = NumberOf(*m, field) + number;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: return r->SetInt32(m, field, static_cast<int32_t>(sum));
    case FieldDescriptor::CPPTYPE_INT64: return r->SetInt64(m, field, static_cast<int64_t>(sum));
    case FieldDescriptor::CPPTYPE_UINT32: return r->SetUInt32(m, field, static_cast<uint32_t>(sum));
    case FieldDescriptor::CPPTYPE_UINT64: return r->SetUInt64(m, field, sum);
    default: return;
  }
}

const FieldDescriptor* FieldOf(const Descriptor* type, std::string_view name) {
  const FieldDescriptor* field = type->FindFieldByName(std::string(name));
  FC_CHECK(field != nullptr, type->full_name(), " has no field ", name);
  return field;
}

const FieldDescriptor* RowsOf(const Message& m, std::string_view name) {
  const FieldDescriptor* field = FieldOf(m.GetDescriptor(), name);
  FC_CHECK(field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE, field->full_name(),
           " is no list of rows");
  return field;
}

// All rows of all parts, in order; they belong to the parts still.
std::vector<Message*> AllRows(std::span<Message* const> parts, const FieldDescriptor* rows) {
  std::vector<Message*> out;
  for (Message* part : parts) {
    const Reflection* r = part->GetReflection();
    for (int i = 0, n = r->FieldSize(*part, rows); i < n; ++i) out.push_back(r->MutableRepeatedMessage(part, rows, i));
  }
  return out;
}

void Append(const Message& row, const FieldDescriptor* rows, Message* response) {
  response->GetReflection()->AddMessage(response, rows)->CopyFrom(row);
}

// One key of a row: a number or a text, which compare as in the services' own maps.
using Key = std::pair<int64_t, std::string>;

Key KeyOf(const Message& row, const FieldDescriptor* field) {
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) return {0, row.GetReflection()->GetString(row, field)};
  return {static_cast<int64_t>(NumberOf(row, field)), ""};
}

}  // namespace

absl::Status MergeSums(std::span<Message* const> parts, Message* response, const Layout&) {
  const Descriptor* type = response->GetDescriptor();
  const Reflection* r = response->GetReflection();
  for (const Message* part : parts) {
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* field = type->field(i);
      if (!field->is_repeated() && IsNumber(field)) AddNumber(NumberOf(*part, field), field, response);
    }
  }
  if (parts.empty()) return absl::OkStatus();
  // Lists put together, and of other fields the first part's: what MergeFrom does, but for the numbers.
  for (size_t i = parts.size(); i-- > 0;) {
    for (int f = 0; f < type->field_count(); ++f) {
      const FieldDescriptor* field = type->field(f);
      if (!field->is_repeated() && (IsNumber(field) || i > 0)) r->ClearField(parts[i], field);
    }
  }
  for (const Message* part : parts) response->MergeFrom(*part);
  return absl::OkStatus();
}

Merge MergeRows(KeyedRows how) {
  return [how = std::move(how)](std::span<Message* const> parts, Message* response, const Layout&) {
    const FieldDescriptor* rows = RowsOf(*response, how.rows);
    const Descriptor* type = rows->message_type();
    std::vector<const FieldDescriptor*> keys;
    for (const std::string& key : how.keys) keys.push_back(FieldOf(type, key));
    std::map<std::vector<Key>, Message*> sums;
    for (Message* row : AllRows(parts, rows)) {
      std::vector<Key> key;
      for (const FieldDescriptor* field : keys) key.push_back(KeyOf(*row, field));
      const auto [it, added] = sums.emplace(std::move(key), row);
      for (int i = 0; !added && i < type->field_count(); ++i) {
        const FieldDescriptor* field = type->field(i);
        if (field->is_repeated() || !IsNumber(field) || std::find(keys.begin(), keys.end(), field) != keys.end()) continue;
        AddNumber(NumberOf(*row, field), field, it->second);
      }
    }
    for (const auto& [key, row] : sums) Append(*row, rows, response);
    return absl::OkStatus();
  };
}

Merge MergePartitions(std::string name, ServiceId service) {
  return [name = std::move(name), service](std::span<Message* const> parts, Message* response, const Layout& layout) {
    const FieldDescriptor* rows = RowsOf(*response, name);
    const FieldDescriptor* partition = FieldOf(rows->message_type(), "partition");
    std::vector<Message*> all = AllRows(parts, rows);
    std::stable_sort(all.begin(), all.end(), [&](const Message* a, const Message* b) {
      return NumberOf(*a, partition) < NumberOf(*b, partition);
    });
    for (size_t i = 0; i < all.size() || i < layout.Count(service); ++i) {
      if (i < all.size() && i < layout.Count(service) && NumberOf(*all[i], partition) == i) {
        Append(*all[i], rows, response);
        continue;
      }
      return absl::InternalError(StrCat("the owners' answers do not name each partition of ", ServiceName(service),
                                        " once; partition ", i, " is wrong"));
    }
    return absl::OkStatus();
  };
}

Merge MergeInstitutions(std::string name) {
  return [name = std::move(name)](std::span<Message* const> parts, Message* response, const Layout& layout) {
    const FieldDescriptor* rows = RowsOf(*response, name);
    const FieldDescriptor* ta = FieldOf(rows->message_type(), "ta_code");
    const uint16_t count = layout.Count(ServiceId::kClearing);
    std::vector<std::pair<uint16_t, Message*>> all;
    for (Message* row : AllRows(parts, rows)) {
      all.emplace_back(HashPartition(row->GetReflection()->GetString(*row, ta), count).raw(), row);
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [partition, row] : all) Append(*row, rows, response);
    return absl::OkStatus();
  };
}

// --- Trial balance
// --------------------------------------------------------------------------------------------------------------------

namespace {

// The legs in the order of account's ledger.
constexpr std::string_view kLegs[] = {"AVAILABLE",  "RESERVED",     "AWAITING",    "WITHDRAWING",
                                      "BANK",       "TA_PAYABLE",   "TA_RECEIVABLE", "SUSPENSE",
                                      "UNITS_FREE", "UNITS_FROZEN", "TA_REGISTER", "UNITS_SUSPENSE"};

size_t PlaceOf(std::string_view leg) {
  return static_cast<size_t>(std::find(std::begin(kLegs), std::end(kLegs), leg) - std::begin(kLegs));
}

using Legs = std::map<std::tuple<size_t, std::string, std::string, std::string>, account::v1::Leg>;

void AddLeg(const account::v1::Leg& leg, Legs* sums) {
  auto [it, added] = sums->emplace(std::tuple(PlaceOf(leg.name()), leg.name(), leg.ta_code(), leg.fund_code()), leg);
  if (added) return;
  AddNumber(static_cast<uint64_t>(leg.amount_fen()), leg.GetDescriptor()->FindFieldByName("amount_fen"), &it->second);
  AddNumber(static_cast<uint64_t>(leg.units_e2()), leg.GetDescriptor()->FindFieldByName("units_e2"), &it->second);
}

}  // namespace

absl::Status MergeTrialBalance(std::span<Message* const> parts, Message* response, const Layout&) {
  auto* out = static_cast<account::v1::TrialBalanceResponse*>(response);
  Legs cash, units;
  std::string text;
  const auto differs = [&text](const std::string& what) { text += (text.empty() ? "" : "; ") + what; };
  for (const Message* part : parts) {
    const auto& p = static_cast<const account::v1::TrialBalanceResponse&>(*part);
    for (const account::v1::Leg& leg : p.cash()) AddLeg(leg, &cash);
    for (const account::v1::Leg& leg : p.units()) AddLeg(leg, &units);
    if (!p.difference().empty()) differs(p.difference());
  }
  Money cash_sum;
  for (auto& [key, leg] : cash) {
    cash_sum += Money::FromRaw(leg.amount_fen());
    *out->add_cash() = std::move(leg);
  }
  std::map<std::string, Units> unit_sums;
  for (auto& [key, leg] : units) {
    unit_sums[leg.fund_code()] += Units::FromRaw(leg.units_e2());
    *out->add_units() = std::move(leg);
  }
  if (!cash_sum.is_zero()) differs(StrCat("cash legs sum to ", cash_sum.ToString(), ", not to 0.00"));
  for (const auto& [fund, sum] : unit_sums)
    if (!sum.is_zero()) differs(StrCat("unit legs of fund ", fund, " sum to ", sum.ToString(), ", not to 0.00"));
  out->set_balanced(text.empty());
  out->set_difference(text);
  return absl::OkStatus();
}

// --- Recovery
// --------------------------------------------------------------------------------------------------------------------

namespace {

void AddWaiting(const trade::v1::WaitingOrders& from, trade::v1::WaitingOrders* to) {
  to->set_orders(to->orders() + from.orders());
  while (to->by_age_size() < from.by_age_size()) to->add_by_age(0);
  for (int a = 0; a < from.by_age_size(); ++a) to->set_by_age(a, to->by_age(a) + from.by_age(a));
  to->set_estimated(to->estimated() || from.estimated());
  // Of orders received in the same microsecond the one of the lowest partition, which stands first in its number.
  const auto age = [](const trade::v1::WaitingOrders& w) { return std::pair(w.oldest_received_at_us(), w.oldest_order()); };
  if (from.oldest_order() == 0 || (to->oldest_order() != 0 && age(*to) <= age(from))) return;
  to->set_oldest_order(from.oldest_order());
  to->set_oldest_received_at_us(from.oldest_received_at_us());
}

void AddPeer(const trade::v1::PeerHealth& from, trade::v1::PeerHealth* to) {
  if (from.lanes() == 0) return;
  const Descriptor* type = from.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (IsNumber(field) && field->name() != "last_failure_at_us") AddNumber(NumberOf(from, field), field, to);
  }
  to->set_peer(from.peer());
  if (from.last_failure_at_us() <= to->last_failure_at_us()) return;
  to->set_last_failure_at_us(from.last_failure_at_us());
  to->set_last_failure(from.last_failure());
}

}  // namespace

absl::Status MergeRecovery(std::span<Message* const> parts, Message* response, const Layout&) {
  auto* out = static_cast<trade::v1::RecoveryStatusResponse*>(response);
  for (const Message* part : parts) {
    const auto& p = static_cast<const trade::v1::RecoveryStatusResponse&>(*part);
    out->set_now_us(std::max(out->now_us(), p.now_us()));
    // Each part lists the same groups and the same peers in the same order.
    for (int i = 0; i < p.waiting_size(); ++i) {
      if (i == out->waiting_size()) out->add_waiting()->set_waits_for(p.waiting(i).waits_for());
      if (out->waiting(i).waits_for() != p.waiting(i).waits_for())
        return absl::InternalError("the owners' recovery reports differ in their groups; compare their versions");
      AddWaiting(p.waiting(i), out->mutable_waiting(i));
    }
    for (int i = 0; i < p.peers_size(); ++i) {
      if (i == out->peers_size()) out->add_peers();
      AddPeer(p.peers(i), out->mutable_peers(i));
    }
  }
  return absl::OkStatus();
}

}  // namespace fundcore::cluster
