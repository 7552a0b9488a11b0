// fundcore.trade.v1.TradeOps: what clearing and operators call. Every call may be repeated.
#include <map>

#include "common/rpc/partitions.h"
#include "services/trade/service.h"
#include "services/trade/shape.h"
#include "services/trade/view.h"

namespace fundcore::trade {
namespace {

constexpr int kLinesACommand = 2'000;

absl::Status CheckAllowed(const rpc::Call& call) {
  if (call.internal || call.caller.view() == "local" || call.caller.view() == "operator") return absl::OkStatus();
  return rpc::ErrorWithReason(
      absl::StatusCode::kPermissionDenied, "INTERNAL_ONLY",
      StrCat("caller ", call.caller.view(), " is neither a service of this system nor an operator"));
}

absl::Status CheckTaDay(std::string_view ta, int32_t day) {
  if (auto s = CheckCode("ta_code", ta, TaCode::kMax); !s.ok()) return s;
  return CheckDate("day", day);
}

absl::Status CheckTransfer(std::string_view ta, int32_t day, uint32_t transfer) {
  if (auto s = CheckTaDay(ta, day); !s.ok()) return s;
  if (transfer >= 1 && transfer <= UINT16_MAX) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_TRANSFER_NO",
                              StrCat("transfer_no ", transfer, " must be 1 to 65535"));
}

absl::Status CheckPartition(uint32_t partition, uint16_t partitions) {
  if (partition < partitions) return absl::OkStatus();
  return rpc::ErrorWithReason(absl::StatusCode::kNotFound, "PARTITION_NOT_FOUND",
                              StrCat("partition ", partition, " does not exist; there are ", partitions));
}

FileKey KeyOf(std::string_view hash) {
  FileKey key;
  uint64_t* words[] = {&key.a, &key.b, &key.c, &key.d};
  for (size_t i = 0; i < 32; ++i) *words[i / 8] = (*words[i / 8] << 8) | static_cast<uint8_t>(hash[i]);
  return key;
}

}  // namespace

template <class C>
void TradeService::Everywhere(const rpc::Call& call, C command,
                              std::function<void(TradePartition&, const TradeMachine::Result&)> each, rpc::Reply reply) {
  struct Run {
    TradeService* self;
    rpc::Call call;
    C command;
    std::function<void(TradePartition&, const TradeMachine::Result&)> each;
    std::vector<absl::Status> status;  // by partition
    machine::Gather* gather = nullptr;

    void Step(std::shared_ptr<Run> run, PartitionId p) {
      TradePartition& partition = self->host_.At(p);
      if (!partition.serving()) {
        status[p.raw()] = NotServing(call, p);
        return gather->One();
      }
      const auto executed = [this, run, p, &partition](const TradeMachine::Result& result) {
        if (result.reason != Reason::kNone) {
          status[p.raw()] = ErrorOf(result.reason, StrCat("partition ", p.raw()));
        } else if (result.more) {
          return Step(run, p);
        } else if (each) {
          each(partition, result);
        }
        gather->One();
      };
      self->host_.Submit(p, command, machine::OrLost(executed, [run, p] {
                           run->status[p.raw()] = LostOutcome();
                           run->gather->One();
                         }));
    }
  };
  const auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  auto run = std::make_shared<Run>();
  run->self = this;
  run->call = call;
  run->command = std::move(command);
  run->each = std::move(each);
  run->status.resize(deps_.partitions);
  run->gather = machine::Gather::New(where->size(), [run, reply = std::move(reply)]() mutable {
    for (const absl::Status& s : run->status)
      if (!s.ok()) return reply(s);
    reply(absl::OkStatus());
  });
  for (const PartitionId p : *where) host_.ExecutorOf(p)->Post([run, p] { run->Step(run, p); });
}

void TradeService::LookEverywhere(const rpc::Call& call, std::function<void(TradePartition&)> look,
                                  std::function<void()> finish, rpc::Reply reply) {
  struct Run {
    std::function<void(TradePartition&)> look;
    std::vector<char> served;
    machine::Gather* gather = nullptr;
  };
  const auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  auto run = std::make_shared<Run>();
  run->look = std::move(look);
  run->served.resize(deps_.partitions);
  run->gather = machine::Gather::New(
      where->size(), [run, call, where = *where, finish = std::move(finish), reply = std::move(reply)]() mutable {
        for (const PartitionId p : where)
          if (!run->served[p.raw()]) return reply(NotServing(call, p));
        finish();
        reply(absl::OkStatus());
      });
  for (const PartitionId p : *where) {
    host_.On(p, [run, p](TradePartition& partition) {
      run->served[p.raw()] = partition.serving();
      if (partition.serving()) run->look(partition);
      run->gather->One();
    });
  }
}

void TradeService::ApplyLines(const v1::ApplyConfirmationsRequest& request, v1::ApplyConfirmationsResponse* response,
                              rpc::Reply reply) {
  const PartitionId p(static_cast<uint16_t>(request.partition()));
  With(p, std::move(reply), [this, p, &request, response](TradePartition&, rpc::Reply reply) {
    // In commands of bounded length, one after the other on the same partition; the last one answers.
    struct Run {
      rpc::Reply reply;
      size_t left = 0;
      TradeMachine::Result worst;
    };
    auto run = std::make_shared<Run>();
    run->reply = std::move(reply);
    ApplyConfirmations command;
    command.ta = TaCode(request.ta_code());
    command.file = KeyOf(request.file_hash());
    command.file_name = request.file_name();
    command.follows_rests = true;
    command.follows_money = true;
    command.follows_changes = true;
    const int lines = request.lines_size();
    run->left = static_cast<size_t>(std::max(1, (lines + kLinesACommand - 1) / kLinesACommand));
    int at = 0;
    do {
      command.first_index = request.first_index() + static_cast<uint64_t>(at);
      command.lines.clear();
      command.converted.clear();
      for (int end = std::min(lines, at + kLinesACommand); at < end; ++at) {
        const v1::ConfirmationLine& line = request.lines(at);
        command.lines.push_back(ToLine(line));
        if (line.business() < 136 || line.business() > 138) continue;
        command.converted.push_back({static_cast<uint32_t>(command.lines.size() - 1), FundCode(line.target_fund_code()),
                                     Units::FromRaw(line.target_units_e2()), Nav::FromRaw(line.target_nav_e8()),
                                     Money::FromRaw(line.difference_fee_fen())});
      }
      host_.Submit(p, command, [run, response](const TradeMachine::Result& result) {
        if (run->worst.reason == Reason::kNone) run->worst = result;
        run->worst.received = {};
        if (--run->left > 0) return;
        response->set_next_index(run->worst.number);
        if (run->worst.reason == Reason::kNone) return run->reply(absl::OkStatus());
        const std::string expected = std::to_string(run->worst.number);
        run->reply(rpc::ErrorWithReason(ReasonCode(run->worst.reason), ReasonName(run->worst.reason),
                                        StrCat("expected index ", expected, ": ", ReasonText(run->worst.reason)),
                                        {{"expected_index", expected}}));
      });
    } while (at < lines);
  });
}

void TradeService::TellRecovery(const rpc::Call& call, v1::RecoveryStatusResponse* response, rpc::Reply reply) {
  struct Found {
    WaitTally tally;
    v1::PeerHealth account, risk;
  };
  auto found = std::make_shared<std::vector<Found>>(deps_.partitions);
  const TimePoint now = deps_.executors[0]->Now();
  // Each worker is told by the first of these partitions on its executor, which is where it is at home.
  const auto where = rpc::AskedPartitions(call, deps_.partitions);
  if (!where.ok()) return reply(where.status());
  std::vector<PartitionId> tells(workers_.size(), kNoPartition);
  for (const PartitionId p : *where)
    if (PartitionId& first = tells[p.raw() % workers_.size()]; first == kNoPartition) first = p;
  LookEverywhere(
      call,
      [this, found, now, tells = std::move(tells)](TradePartition& partition) {
        const PartitionId p = partition.id().partition;
        Found& mine = (*found)[p.raw()];
        LookAtOrders(partition.machine(), now, &looks_[p.raw()], &mine.tally);
        if (tells[p.raw() % workers_.size()] == p) WorkerOf(p).Tell(now, &mine.tally, &mine.account, &mine.risk);
      },
      [found, now, response] {
        response->set_now_us(now.raw());
        WaitTally all;
        for (const Found& f : *found) all.Merge(f.tally);
        all.Fill(response);
        for (v1::PeerHealth Found::*peer : {&Found::account, &Found::risk}) {
          v1::PeerHealth* sum = response->add_peers();
          for (const Found& f : *found) AddHealth(f.*peer, sum);
        }
      },
      std::move(reply));
}

void TradeService::RegisterOps(rpc::Handlers* handlers) {
  handlers->Unary<v1::CloseDayRequest, v1::CloseDayResponse>(
      "fundcore.trade.v1.TradeOps/CloseDay",
      [this](const rpc::Call& call, const v1::CloseDayRequest& request, v1::CloseDayResponse*, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckTaDay(request.ta_code(), request.day()); !s.ok()) return reply(s);
        Everywhere(call, CloseDay{TaCode(request.ta_code()), Date::FromRaw(request.day()), deps_.cutoff_grace},
                   nullptr, std::move(reply));
      });
  handlers->Unary<v1::DayCountsRequest, v1::DayCountsResponse>(
      "fundcore.trade.v1.TradeOps/DayCounts", [this](const rpc::Call& call, const v1::DayCountsRequest& request,
                                                     v1::DayCountsResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckTaDay(request.ta_code(), request.day()); !s.ok()) return reply(s);
        auto days = std::make_shared<std::vector<Day>>(deps_.partitions);
        auto legs = std::make_shared<std::vector<char>>(deps_.partitions);
        const TaCode ta(request.ta_code());
        const Date date = Date::FromRaw(request.day());
        LookEverywhere(
            call,
            [days, legs, ta, date](TradePartition& partition) {
              (*legs)[partition.id().partition.raw()] = partition.machine().AwaitsLegs();
              const Day* day = partition.machine().FindDay(ta, date);
              if (day) (*days)[partition.id().partition.raw()] = *day;
            },
            [days, legs, response] {
              // A conversion that is not judged yet may put a line into any institution's file.
              for (const char awaits : *legs)
                if (awaits) response->set_undecided(response->undecided() + 1);
              for (const Day& day : *days) {
                for (const DayRow& row : day.rows) {
                  const bool undecided = row.state == OrderState::kReceived || row.state == OrderState::kChallenged;
                  const bool unsealed = row.state == OrderState::kAccepted && !row.sealed;
                  response->set_total(response->total() + row.count);
                  if (undecided) response->set_undecided(response->undecided() + row.count);
                  if (unsealed) response->set_accepted_unsealed(response->accepted_unsealed() + row.count);
                  if (row.sealed) response->set_sealed(response->sealed() + row.count);
                }
              }
            },
            std::move(reply));
      });
  handlers->Unary<v1::SealRequest, v1::SealResponse>(
      "fundcore.trade.v1.TradeOps/Seal",
      [this](const rpc::Call& call, const v1::SealRequest& request, v1::SealResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckTransfer(request.ta_code(), request.day(), request.transfer_no()); !s.ok()) return reply(s);
        const TransferKey key{TaCode(request.ta_code()), Date::FromRaw(request.day()),
                              TransferNo(static_cast<uint16_t>(request.transfer_no()))};
        // Made beforehand, because partitions fill their own at the same time.
        const auto where = rpc::AskedPartitions(call, deps_.partitions);
        if (!where.ok()) return reply(where.status());
        std::vector<v1::PartitionSeal*> seals(deps_.partitions);
        response->mutable_partitions()->Reserve(static_cast<int>(where->size()));
        for (const PartitionId p : *where) {
          seals[p.raw()] = response->add_partitions();
          seals[p.raw()]->set_partition(p.raw());
        }
        Everywhere(
            call, Seal{key.ta, key.day, key.transfer},
            [key, seals = std::move(seals)](TradePartition& partition, const TradeMachine::Result&) {
              const Transfer* t = partition.machine().FindTransfer(key);
              v1::PartitionSeal* seal = seals[partition.id().partition.raw()];
              seal->set_count(t->count);
              seal->set_sum_amount_fen(static_cast<int64_t>(t->sum_amount));
              seal->set_sum_units_e2(static_cast<int64_t>(t->sum_units));
              seal->set_hash(t->hash);
            },
            std::move(reply));
      });
  handlers->Unary<v1::PullSealedRequest, v1::PullSealedResponse>(
      "fundcore.trade.v1.TradeOps/PullSealed", [this](const rpc::Call& call, const v1::PullSealedRequest& request,
                                                      v1::PullSealedResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(s);
        if (auto s = CheckTransfer(request.ta_code(), request.day(), request.transfer_no()); !s.ok()) return reply(s);
        const TransferKey key{TaCode(request.ta_code()), Date::FromRaw(request.day()),
                              TransferNo(static_cast<uint16_t>(request.transfer_no()))};
        const uint32_t page = request.page();
        With(PartitionId(static_cast<uint16_t>(request.partition())), std::move(reply),
             [key, page, response](TradePartition& partition, rpc::Reply reply) {
               TradeMachine& machine = partition.machine();
               const Transfer* t = machine.FindTransfer(key);
               if (!t || !t->sealed) {
                 return reply(ErrorOf(Reason::kTransferNotSealed, StrCat("transfer ", key.transfer.raw())));
               }
               machine.ForEachSealed(key, page, [&](uint64_t seq, const Order& o) {
                 FillOrder(machine, seq, o, response->add_orders());
               });
               response->set_last_page((uint64_t{page} + 1) * kOrdersPerPage >= t->count);
               reply(absl::OkStatus());
             });
      });
  handlers->Unary<v1::MarkDispatchedRequest, v1::MarkDispatchedResponse>(
      "fundcore.trade.v1.TradeOps/MarkDispatched",
      [this](const rpc::Call& call, const v1::MarkDispatchedRequest& request, v1::MarkDispatchedResponse* response,
             rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckTransfer(request.ta_code(), request.day(), request.transfer_no()); !s.ok()) return reply(s);
        if (auto s = CheckCode("file_name", request.file_name(), 200); !s.ok()) return reply(s);
        auto counts = std::make_shared<std::vector<uint64_t>>(deps_.partitions);
        Everywhere(
            call,
            MarkDispatched{TaCode(request.ta_code()), Date::FromRaw(request.day()),
                           TransferNo(static_cast<uint16_t>(request.transfer_no())), request.file_name()},
            [counts](TradePartition& partition, const TradeMachine::Result& result) {
              (*counts)[partition.id().partition.raw()] = result.number;
            },
            [counts, response, reply = std::move(reply)](absl::Status status) mutable {
              for (uint64_t n : *counts) response->set_dispatched(response->dispatched() + n);
              reply(std::move(status));
            });
      });
  handlers->Unary<v1::ApplyConfirmationsRequest, v1::ApplyConfirmationsResponse>(
      "fundcore.trade.v1.TradeOps/ApplyConfirmations",
      [this](const rpc::Call& call, const v1::ApplyConfirmationsRequest& request,
             v1::ApplyConfirmationsResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckPartition(request.partition(), deps_.partitions); !s.ok()) return reply(s);
        if (auto s = CheckCode("ta_code", request.ta_code(), TaCode::kMax); !s.ok()) return reply(s);
        if (auto s = CheckCode("file_name", request.file_name(), 200); !s.ok()) return reply(s);
        if (request.file_hash().size() != 32) {
          return reply(
              rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_FILE_HASH",
                                   StrCat("file_hash has ", request.file_hash().size(), " bytes; SHA-256 has 32")));
        }
        for (const v1::ConfirmationLine& line : request.lines())
          if (auto s = CheckLine(line); !s.ok()) return reply(s);
        ApplyLines(request, response, std::move(reply));
      });
  handlers->Unary<v1::SettleRequest, v1::SettleResponse>(
      "fundcore.trade.v1.TradeOps/Settle",
      [this](const rpc::Call& call, const v1::SettleRequest& request, v1::SettleResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckTaDay(request.ta_code(), request.confirm_day()); !s.ok()) return reply(s);
        if (auto s = CheckCode("fund_code", request.fund_code(), FundCode::kMax); !s.ok()) return reply(s);
        if (request.business() > 199) {
          return reply(rpc::ErrorWithReason(absl::StatusCode::kInvalidArgument, "BAD_BUSINESS",
                                            StrCat("business ", request.business(), " must be below 200")));
        }
        // Confirmations are 1xx; an application's code (022) means its confirmation (122).
        const auto business =
            static_cast<uint8_t>(request.business() < 100 ? request.business() + 100 : request.business());
        auto counts = std::make_shared<std::vector<uint64_t>>(deps_.partitions);
        Everywhere(
            call,
            Settle{TaCode(request.ta_code()), Date::FromRaw(request.confirm_day()), FundCode(request.fund_code()),
                   business},
            [counts](TradePartition& partition, const TradeMachine::Result& result) {
              (*counts)[partition.id().partition.raw()] = result.number;
            },
            [counts, response, reply = std::move(reply)](absl::Status status) mutable {
              for (uint64_t n : *counts) response->set_settled(response->settled() + n);
              reply(std::move(status));
            });
      });
  handlers->Unary<v1::TraceOrderRequest, v1::TraceOrderResponse>(
      "fundcore.trade.v1.TradeOps/TraceOrder", [this](const rpc::Call& call, const v1::TraceOrderRequest& request,
                                                      v1::TraceOrderResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckOrderId(request.order_id(), deps_.partitions); !s.ok()) return reply(s);
        const OrderId id(request.order_id());
        With(PartitionOf(id), std::move(reply), [this, id, response](TradePartition& partition, rpc::Reply reply) {
          TradeMachine& machine = partition.machine();
          const Order* o = machine.FindOrder(SequenceOf(id));
          if (!o) return reply(ErrorOf(Reason::kOrderNotFound, StrCat("order ", FormatOrderId(id))));
          FillTrace(machine, SequenceOf(id), *o, response);
          const v1::WaitsFor undecided = WorkerOf(PartitionOf(id)).Trace(id, response);
          FillWaiting(machine, SequenceOf(id), *o, undecided, response->mutable_order());
          reply(absl::OkStatus());
        });
      });
  handlers->Unary<v1::RecoveryStatusRequest, v1::RecoveryStatusResponse>(
      "fundcore.trade.v1.TradeOps/RecoveryStatus",
      [this](const rpc::Call& call, const v1::RecoveryStatusRequest&, v1::RecoveryStatusResponse* response,
             rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        TellRecovery(call, response, std::move(reply));
      });
  handlers->Unary<v1::OutcomesRequest, v1::OutcomesResponse>(
      "fundcore.trade.v1.TradeOps/Outcomes", [this](const rpc::Call& call, const v1::OutcomesRequest& request,
                                                    v1::OutcomesResponse* response, rpc::Reply reply) {
        if (auto s = CheckAllowed(call); !s.ok()) return reply(s);
        if (auto s = CheckDate("day", request.day()); !s.ok()) return reply(s);
        struct Row {
          std::string ta, reason;
          DayRow row;
        };
        auto rows = std::make_shared<std::vector<std::vector<Row>>>(deps_.partitions);
        const Date date = Date::FromRaw(request.day());
        LookEverywhere(
            call,
            [rows, date](TradePartition& partition) {
              TradeMachine& machine = partition.machine();
              auto& mine = (*rows)[partition.id().partition.raw()];
              machine.ForEachDay(date, [&](const TaCode& ta, const Day& day) {
                for (const DayRow& row : day.rows) {
                  if (row.count > 0) mine.push_back({ta.str(), machine.ReasonNameOf(row.source, row.reason), row});
                }
              });
            },
            [rows, response] {
              std::map<std::tuple<std::string, OrderState, uint8_t, std::string>, v1::OutcomeCount> sums;
              for (const auto& partition : *rows) {
                for (const Row& r : partition) {
                  v1::OutcomeCount& sum = sums[{r.ta, r.row.state, r.row.business, r.reason}];
                  sum.set_ta_code(r.ta);
                  sum.set_state(static_cast<v1::OrderState>(r.row.state));
                  sum.set_business(r.row.business);
                  sum.set_reason(r.reason);
                  sum.set_count(sum.count() + r.row.count);
                  sum.set_amount_fen(static_cast<int64_t>(static_cast<uint64_t>(sum.amount_fen()) + r.row.amount));
                  sum.set_units_e2(static_cast<int64_t>(static_cast<uint64_t>(sum.units_e2()) + r.row.units));
                }
              }
              for (auto& [key, sum] : sums) *response->add_counts() = std::move(sum);
            },
            std::move(reply));
      });
}

}  // namespace fundcore::trade
