// The story that the fuzzer of requests disturbs: a small market, calls made of any bytes, and books that must balance.
#include "tests/fuzz/rpc/story.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <limits>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/direct.h"
#include "common/rpc/wire.h"
#include "fundcore/account/v1/account.pb.h"
#include "tests/fuzz/support/targets.h"
#include "tools/dayrun/runner.h"

namespace fundcore::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The market of every story.
constexpr std::string_view kGiven =
    "name fuzz\ntells a market for any request\n"
    "given fund 110022 ta 11 purchase-fee 1.2% nav 1.2500@2025-03-03 nav 1.2600@2025-03-04 nav 1.2700@2025-03-05\n"
    "given fund 000198 ta 11 nav 1.0000@2025-03-03 nav 1.0100@2025-03-04 nav 1.0200@2025-03-05\n"
    "given li class C4 card ending 6789 cash 40,000.00\n"
    "given wang class C3 card ending 1111 cash 1,000.00\n"
    "2025-03-03 10:02 li subscribes 30,000.00 of 110022 named first -> accepted\n"
    " wang subscribes 500.00 of 000198 -> accepted\n";
constexpr std::string_view kDiffers =
    "2025-03-03 14:00 li withdraws 1.00\n"
    "2025-03-04 night ta 11 books 1.00 units more for order first\n"
    " ta 11 answers\n"
    " breaks 1\n";
constexpr std::string_view kLater =
    "2025-03-05 10:00 li redeems 100.00 units of 110022 -> accepted\n"
    " li subscribes 1,000.00 of 000198 -> accepted\n";

constexpr int64_t kNumbers[] = {0, 1, 2, 3, 11, 20, 22, 24, 100, 10'000, 20250303, 20250305, 1'000'000, 100'000'000,
                                -1, -100, 1'740'967'320'000'000, std::numeric_limits<int32_t>::max(),
                                std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min(),
                                std::numeric_limits<int64_t>::max() / 100, 4'000'000'000'000'000'000};
constexpr std::string_view kTexts[] = {"", "11", "110022", "000198", "r-1", "r-2", "0", "20250303", "XSHG", "0000", "0010",
                                       "张三", "110101199003070011", "6222020200001111111", "22", "024", "99999999", "a b",
                                       "-1", "li", "../x", "1.25", "calendar XSHG\neffective 2026-03-01\n"};
constexpr size_t kMostSeen = 16;
constexpr size_t kMostExamples = 8;  // of a method
constexpr Duration kDeadline = Duration::Seconds(2);

}  // namespace

// Hears what the services ask of each other.
class Story::Peers final : public rpc::Peers {
 public:
  explicit Peers(Story* story) : story_(*story) {}
  void Wrap(ServiceDeps* deps) {
    to_ = deps->peers;
    deps->peers = this;
  }
  void Call(std::string_view method, const Message& request, Message* response, Duration deadline, Executor* executor,
            Done done) override {
    story_.Learn(method, request);
    to_->Call(method, request, response, deadline, executor, std::move(done));
  }

 private:
  Story& story_;
  rpc::Peers* to_ = nullptr;
};

// Hears what the script asks.
class Story::Driver final : public dayrun::Driver {
 public:
  Driver(Story* story, dayrun::SimDriver* to) : story_(*story), to_(*to) {}
  absl::Status Begin(TimePoint start) override { return to_.Begin(start); }
  TimePoint Now() override { return to_.Now(); }
  absl::Status AdvanceTo(TimePoint when) override { return to_.AdvanceTo(when); }
  absl::Status Call(std::string_view method, const Message& request, Message* response, std::string_view caller) override {
    story_.Learn(method, request);
    return to_.Call(method, request, response, caller);
  }
  absl::StatusOr<bool> Wait(absl::FunctionRef<absl::StatusOr<bool>()> done, Duration patience) override {
    return to_.Wait(done, patience);
  }
  absl::Status Restart() override { return to_.Restart(); }
  absl::Status SetDown(std::string_view service, bool down) override { return to_.SetDown(service, down); }
  Files* exchange() override { return to_.exchange(); }
  absl::StatusOr<ta_sim::TaStore*> TaStoreOf(std::string_view ta) override { return to_.TaStoreOf(ta); }
  absl::StatusOr<std::string> StateHash() override { return to_.StateHash(); }
  absl::Status CheckReplay() override { return to_.CheckReplay(); }

 private:
  Story& story_;
  dayrun::SimDriver& to_;
};

Story::~Story() = default;

Story::Story(Scene scene)
    : peers_(std::make_unique<Peers>(this)),
      driver_({.seed = 5, .partitions = 2, .wrap = [this](ServiceDeps* deps) { peers_->Wrap(deps); }}) {
  google::protobuf::SetLogHandler(nullptr);  // texts that are no UTF-8 are meant here
  const std::string_view rest = scene == Scene::kNextDays ? kLater : scene == Scene::kBreak ? kDiffers : "";
  auto script = dayrun::ParseScript("story.day", StrCat(kGiven, rest));
  FC_CHECK(script.ok(), script.status().ToString());
  Driver hearing(this, &driver_);
  const auto run = dayrun::Runner(*script, &hearing, &progress_, {.check_replay = false}).Run();
  FC_CHECK(run.status.ok(), run.status.ToString());
  client_ = world().MakeExecutor("fuzz-client");
  // What a client would know: its investors and their orders, and what is on offer.
  for (const char* who : {"investor li", "investor wang"}) {
    seen_["investor_id"].numbers.push_back(static_cast<int64_t>(std::stoull(progress_.Get(who))));
  }

  for (const char* method : {"fundcore.product.v1.ProductService/ListFunds", "fundcore.product.v1.ProductService/ListInstitutions",
                             "fundcore.clearing.v1.ClearingService/DayStatus", "fundcore.clearing.v1.ClearingService/ListBreaks"}) {
    RawRequest(method, "", false);
  }
  for (const int64_t investor : std::vector<int64_t>(seen_["investor_id"].numbers)) {
    account::v1::GetAccountRequest q;  // investor_id is field 1 of all three requests
    q.set_investor_id(static_cast<uint64_t>(investor));
    for (const char* method : {"fundcore.account.v1.AccountService/GetAccount", "fundcore.trade.v1.TradeService/ListOrders",
                               "fundcore.account.v1.AccountService/ListLedger"}) {
      RawRequest(method, q.SerializeAsString(), false);
    }
  }
  learning_ = false;
  FC_CHECK(refused_ == 0 && !seen_["order_id"].numbers.empty(), "the market is not as it should be");
}

std::vector<std::string> Story::Methods() const {
  std::vector<std::string> names;
  auto& driver = const_cast<dayrun::SimDriver&>(driver_);
  for (const auto& [name, method] : driver.system()->system()->handlers()->all()) names.push_back(name);
  return names;
}

void Story::Request(const std::string& method, Choices* in) {
  const rpc::Handlers::Method* m = driver_.system()->system()->handlers()->Find(method);
  FC_CHECK(m != nullptr, method);
  const std::unique_ptr<Message> request(m->request_prototype->New());
  const uint8_t how = in->Byte();
  const auto known = examples_.find(method);
  if (known != examples_.end() && how % 8 != 7) {
    FC_CHECK(request->ParseFromString(known->second[in->Below(known->second.size())]));
    for (size_t changes = in->Below(4); changes > 0; --changes) Change(request.get(), in, 0);
  } else {
    Fill(request.get(), in, 0);
  }
  // Between services everything is open; a stranger is kept from what is not their own.
  RawRequest(method, rpc::DeterministicBytes(*request), how % 16 < 10);
}

// A request that is really made, and the values in it. Long ones are few and alike.
void Story::Learn(std::string_view method, const Message& request) {
  if (!learning_) return;
  std::vector<std::string>& examples = examples_[std::string(method)];
  std::string bytes = rpc::DeterministicBytes(request);
  if (std::find(examples.begin(), examples.end(), bytes) != examples.end()) return;
  if (examples.size() == kMostExamples) examples.erase(examples.begin());
  examples.push_back(std::move(bytes));
  Remember(request, 0);
}

void Story::Change(Message* message, Choices* in, int depth) {
  const auto* descriptor = message->GetDescriptor();
  if (descriptor->field_count() == 0) return;
  const auto* r = message->GetReflection();
  const FieldDescriptor* f = descriptor->field(static_cast<int>(in->Below(static_cast<size_t>(descriptor->field_count()))));
  const uint8_t how = in->Byte();
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !f->is_map() && depth < 5 && how % 8 != 0) {
    // Into it, where it is there.
    if (f->is_repeated()) {
      const int n = r->FieldSize(*message, f);
      if (n > 0 && how % 8 == 1) return r->RemoveLast(message, f);
      if (n > 0 && how % 8 == 2) return r->AddMessage(message, f)->CopyFrom(r->GetRepeatedMessage(*message, f, 0));  // twice
      if (n > 0) return Change(r->MutableRepeatedMessage(message, f, static_cast<int>(in->Below(static_cast<size_t>(n)))), in, depth + 1);
    } else if (r->HasField(*message, f)) {
      return Change(r->MutableMessage(message, f), in, depth + 1);
    }
  }
  if (!f->is_repeated() || how % 4 != 0) r->ClearField(message, f);
  for (int n = f->is_repeated() ? how % 3 : 1; n > 0; --n) FillField(message, f, in, depth);
}

void Story::RawRequest(const std::string& method, std::string_view bytes, bool internal) {
  const rpc::Handlers::Method* m = driver_.system()->system()->handlers()->Find(method);
  FC_CHECK(m != nullptr, method);
  const std::unique_ptr<Message> request(m->request_prototype->New());
  // As the server does with bytes that are no such message (texts that are no UTF-8 among them): no handler sees them.
  if (!request->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return;
  Call(method, *request, internal, kDeadline);
}

void Story::Call(const std::string& method, const Message& request, bool internal, Duration deadline) {
  const rpc::Handlers::Method* m = driver_.system()->system()->handlers()->Find(method);
  rpc::Call call;
  call.caller = CallerId(internal ? "fundcore" : "operator");
  call.internal = internal;
  call.deadline = deadline;
  if (m->stream) {
    bool ended = false;
    auto stream = rpc::DirectStream::Open(*driver_.system()->system()->handlers(), method, request, call, client_,
                                          [this](const Message& message) { Remember(message, 0); },
                                          [&ended](absl::Status) { ended = true; });
    FC_CHECK(stream.ok(), stream.status().ToString());
    world().RunUntil([&] { return ended; }, Duration::Seconds(1));
    (*stream)->Cancel();
    ++answered_;
    return;
  }
  struct Pending {
    std::unique_ptr<Message> request, response;
    int replies = 0;
    absl::Status status;
  };
  auto pending = std::make_shared<Pending>();
  pending->request.reset(m->request_prototype->New());
  pending->request->CopyFrom(request);
  pending->response.reset(m->response_prototype->New());
  client_->Post([m, pending, call] {
    m->unary(call, *pending->request, pending->response.get(), [pending](absl::Status status) {
      ++pending->replies;
      pending->status = std::move(status);
    });
  });
  // A handler may take the whole time that the caller gives it, and a moment to say so.
  world().RunUntil([&] { return pending->replies > 0; }, deadline + Duration::Seconds(5));
  FC_CHECK(pending->replies == 1, method, " answers ", pending->replies, " times to ", request.ShortDebugString());
  if (!pending->status.ok()) {
    ++refused_;
    FC_CHECK(pending->status.code() != absl::StatusCode::kUnknown && pending->status.code() != absl::StatusCode::kInternal &&
                 !pending->status.message().empty(),
             method, " refuses with ", pending->status.ToString());
    return;
  }
  ++answered_;
  // The answer must be one that can be sent: its texts are UTF-8.
  const std::unique_ptr<Message> received(m->response_prototype->New());
  FC_CHECK(received->ParseFromString(rpc::DeterministicBytes(*pending->response)), method, " answers what cannot be read");
  Remember(*received, 0);
}

void Story::Remember(const Message& message, int depth) {
  if (depth > 4) return;
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  const auto keep = [](auto& values, auto value) {
    if (std::find(values.begin(), values.end(), value) != values.end()) return;
    if (values.size() == kMostSeen) values.erase(values.begin());
    values.push_back(std::move(value));
  };
  for (const FieldDescriptor* f : fields) {
    const int n = f->is_repeated() ? std::min(reflection->FieldSize(message, f), 4) : 1;
    for (int i = 0; i < n; ++i) {
      Seen& seen = seen_[f->name()];
      switch (f->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          Remember(f->is_repeated() ? reflection->GetRepeatedMessage(message, f, i) : reflection->GetMessage(message, f),
                   depth + 1);
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          keep(seen.texts, f->is_repeated() ? reflection->GetRepeatedString(message, f, i) : reflection->GetString(message, f));
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          keep(seen.numbers, f->is_repeated() ? reflection->GetRepeatedInt64(message, f, i) : reflection->GetInt64(message, f));
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          keep(seen.numbers, static_cast<int64_t>(f->is_repeated() ? reflection->GetRepeatedUInt64(message, f, i)
                                                                   : reflection->GetUInt64(message, f)));
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          keep(seen.numbers, static_cast<int64_t>(f->is_repeated() ? reflection->GetRepeatedInt32(message, f, i)
                                                                   : reflection->GetInt32(message, f)));
          break;
        default: break;
      }
    }
  }
}

int64_t Story::Number(const std::string& name, Choices* in) {
  const uint8_t how = in->Byte();
  const auto seen = seen_.find(name);
  if (how % 8 < 5 && seen != seen_.end() && !seen->second.numbers.empty()) {
    return seen->second.numbers[in->Below(seen->second.numbers.size())];
  }
  if (how % 8 == 7) return in->Number<int64_t>();
  return kNumbers[in->Below(std::size(kNumbers))];
}

std::string Story::Text(const std::string& name, Choices* in) {
  const uint8_t how = in->Byte();
  const auto seen = seen_.find(name);
  if (how % 8 < 5 && seen != seen_.end() && !seen->second.texts.empty()) {
    return seen->second.texts[in->Below(seen->second.texts.size())];
  }
  if (how % 8 == 7) {
    // Nearly any characters: other bytes than UTF-8 end where the message is read, as RawRequest sees to.
    std::string text(in->Text(80));
    for (char& c : text) c = static_cast<char>(c & 0x7f);
    return text;
  }
  if (how % 64 == 6) return std::string(1 + in->Below(3000), 'x');
  return std::string(kTexts[in->Below(std::size(kTexts))]);
}

void Story::Fill(Message* message, Choices* in, int depth) {
  const auto* descriptor = message->GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor* field = descriptor->field(i);
    const uint8_t how = in->Byte();
    if (how % 8 == 0 && depth < 3) continue;  // left out
    if (depth > 5) continue;
    const int n = field->is_repeated() ? how % 4 : 1;
    for (int k = 0; k < n; ++k) FillField(message, field, in, depth);
  }
}

void Story::FillField(Message* message, const FieldDescriptor* f, Choices* in, int depth) {
  const auto* r = message->GetReflection();
  const bool many = f->is_repeated();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (f->is_map()) return;
      return Fill(many ? r->AddMessage(message, f) : r->MutableMessage(message, f), in, depth + 1);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string v = Text(f->name(), in);
      return many ? r->AddString(message, f, v) : r->SetString(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool v = in->Below(2) == 1;
      return many ? r->AddBool(message, f, v) : r->SetBool(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      // Proto3 enums are open: a number that has no name is legal on the wire.
      const int v = static_cast<int>(in->Byte()) % 16 - (in->Below(16) == 15 ? 100 : 0);
      return many ? r->AddEnumValue(message, f, v) : r->SetEnumValue(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      const auto v = static_cast<int32_t>(Number(f->name(), in));
      return many ? r->AddInt32(message, f, v) : r->SetInt32(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto v = static_cast<uint32_t>(Number(f->name(), in));
      return many ? r->AddUInt32(message, f, v) : r->SetUInt32(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t v = Number(f->name(), in);
      return many ? r->AddInt64(message, f, v) : r->SetInt64(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const auto v = static_cast<uint64_t>(Number(f->name(), in));
      return many ? r->AddUInt64(message, f, v) : r->SetUInt64(message, f, v);
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return many ? r->AddDouble(message, f, 0.5) : r->SetDouble(message, f, 0.5);
    case FieldDescriptor::CPPTYPE_FLOAT: return many ? r->AddFloat(message, f, 0.5f) : r->SetFloat(message, f, 0.5f);
  }
}

void Story::Pass(Duration time) {
  FC_CHECK(driver_.AdvanceTo(world().Now() + time).ok());
}

void Story::Crash() {
  const absl::Status up = driver_.Restart();
  FC_CHECK(up.ok(), "after a crash: ", up.ToString());
}

void Story::End() {
  world().RunUntilIdle(Duration::Seconds(2));
  account::v1::TrialBalanceRequest request;
  request.set_verify(true);
  account::v1::TrialBalanceResponse balance;
  const absl::Status asked = driver_.Call("fundcore.account.v1.AccountService/TrialBalance", request, &balance, "operator");
  FC_CHECK(asked.ok(), asked.ToString());
  FC_CHECK(balance.balanced(), "the books do not balance: ", balance.difference());
  const absl::Status replay = driver_.CheckReplay();
  FC_CHECK(replay.ok(), replay.ToString());
}

// Thirty-two steps at most: requests, time, crashes.
void FuzzRpc(std::string_view bytes) {
  Choices in(bytes);
  Story story(static_cast<Scene>(in.Below(3)));
  const std::vector<std::string> methods = story.Methods();
  for (int step = 0; step < 32 && !in.empty(); ++step) {
    switch (in.Byte() % 16) {
      case 0: {
        static constexpr int64_t kSeconds[] = {1, 60, 3'600, 5 * 3'600, 12 * 3'600, 24 * 3'600};
        story.Pass(Duration::Seconds(kSeconds[in.Below(std::size(kSeconds))]));
        break;
      }
      case 1: story.Crash(); break;
      case 2: {
        const std::string& method = methods[in.Below(methods.size())];
        const bool internal = in.Below(2) == 1;
        story.RawRequest(method, in.Text(200), internal);
        break;
      }
      default: {
        const std::string& method = methods[in.Below(methods.size())];
        story.Request(method, &in);
      }
    }
  }
  story.End();
}

}  // namespace fundcore::fuzz
