// The commands of fundctl kafka. See cmd_kafka.h.
#include "tools/fundctl/cmd_kafka.h"

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/checkpoint/retention.h"
#include "common/checkpoint/transfer.h"

namespace fundcore::fundctl {

namespace {

void AddFindings(const std::vector<KafkaFinding>& findings, Answer* a) {
  uint64_t errors = 0;
  for (const KafkaFinding& f : findings) errors += f.severity == KafkaFinding::Severity::kError;
  a->Add("errors", errors);
  a->Add("warnings", static_cast<uint64_t>(findings.size()) - errors);
  Table& table = a->AddTable("findings", {"severity", "where", "setting", "value", "why", "remedy"});
  for (const KafkaFinding& f : findings) {
    table.Row({f.severity == KafkaFinding::Severity::kError ? "error" : "warning", f.where, f.setting, f.value, f.why, f.remedy});
  }
  if (errors > 0) a->exit_code = 1;
}

}  // namespace

std::vector<std::pair<ServiceId, uint16_t>> KafkaLayout(uint16_t partitions, uint16_t clearing_partitions) {
  return {{ServiceId::kSystem, 1},  {ServiceId::kTrade, partitions}, {ServiceId::kAccount, partitions},
          {ServiceId::kProduct, 1}, {ServiceId::kRisk, partitions},  {ServiceId::kClearing, clearing_partitions},
          {ServiceId::kSimBank, 1}};
}

absl::Status ReadProperties(const std::vector<std::string>& texts, KafkaConnection* connection) {
  for (const std::string& text : texts) {
    const size_t at = text.find('=');
    if (at == std::string::npos || at == 0) {
      return absl::InvalidArgumentError(StrCat("property \"", text, "\" is not of the form NAME=VALUE"));
    }
    connection->properties.emplace_back(text.substr(0, at), text.substr(at + 1));
  }
  return absl::OkStatus();
}

absl::StatusOr<Answer> InitKafka(const KafkaOptions& options) {
  FC_ASSIGN_OR_RETURN(auto admin, KafkaAdmin::Open(options.connection, options.patience));
  FC_ASSIGN_OR_RETURN(const auto made, admin->Init(options.plan));
  FC_ASSIGN_OR_RETURN(const auto findings, admin->Check(options.plan));
  Answer a;
  a.Add("made", static_cast<uint64_t>(made.size()));
  Table& topics = a.AddTable("topics", {"made"});
  for (const std::string& name : made) topics.Row({name});
  AddFindings(findings, &a);
  if (options.plan.one_replica_for_tests) a.Say("ONE REPLICA: for tests only; a lost disk loses everything.");
  return a;
}

absl::StatusOr<Answer> CheckKafka(const KafkaOptions& options) {
  FC_ASSIGN_OR_RETURN(auto admin, KafkaAdmin::Open(options.connection, options.patience));
  FC_ASSIGN_OR_RETURN(const auto findings, admin->Check(options.plan));
  Answer a;
  AddFindings(findings, &a);
  if (options.plan.one_replica_for_tests) a.Say("ONE REPLICA: for tests only; a lost disk loses everything.");
  return a;
}

absl::StatusOr<Answer> TrimKafka(const KafkaOptions& options, const TrimOptions& trim) {
  FC_ASSIGN_OR_RETURN(auto store, checkpoint::FolderStore::Open(trim.store));
  FC_ASSIGN_OR_RETURN(const auto stored, checkpoint::ListStore(*store));
  FC_ASSIGN_OR_RETURN(auto admin, KafkaAdmin::Open(options.connection, options.patience));
  FC_ASSIGN_OR_RETURN(const std::string log_id, admin->LogId(options.plan.prefix));
  std::vector<checkpoint::Manifest> verified;
  for (const checkpoint::Stored& s : stored)
    if (s.verified && s.manifest.log_id == log_id) verified.push_back(s.manifest);
  std::vector<LogPartition> partitions;
  for (const auto& [service, count] : options.plan.partitions)
    for (uint16_t p = 0; p < count; ++p) partitions.push_back({service, PartitionId(p)});
  FC_ASSIGN_OR_RETURN(const auto points, checkpoint::TrimPoints(verified, partitions, trim.keep));
  // More partitions than we were told of would keep their records for ever; fewer are another installation.
  FC_ASSIGN_OR_RETURN(const KafkaFacts facts, admin->Look(options.plan));
  for (const auto& [service, count] : options.plan.partitions) {
    const std::string topic = KafkaTopic(options.plan.prefix, service);
    for (const KafkaFacts::Topic& t : facts.topics) {
      if (t.name != topic || t.partitions.size() == count) continue;
      return absl::FailedPreconditionError(StrCat("topic ", topic, " has ", t.partitions.size(), " partitions, not ", count,
                                                  "; give --partitions and --clearing-partitions as the data have them. "
                                                  "Nothing was trimmed"));
    }
  }
  Answer a;
  a.Add("checkpoints", uint64_t{verified.size()});
  a.Add("trimmed", !trim.show);
  Table& table = a.AddTable("partitions", {"service", "partition", "begins_at"});
  for (const auto& [partition, offset] : points) {
    if (!trim.show) FC_RETURN_IF_ERROR(admin->TrimBefore(options.plan.prefix, partition, offset));
    table.Row({checkpoint::WordOf(partition.service), uint64_t{partition.partition.raw()}, offset});
  }
  return a;
}

}  // namespace fundcore::fundctl
