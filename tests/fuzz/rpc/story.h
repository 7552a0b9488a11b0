// A story: requests to a whole system in a simulated world, chosen by a fuzzer's bytes, with time, crashes and restarts in
// between. Every request has an answer; at the end the books balance and the log gives the same state again.
//
//   Story story(Scene::kMorning);                       // a market with investors, money and a few orders
//   Choices in(bytes);
//   story.Request("fundcore.trade.v1.TradeService/SubmitOrder", &in);
//   story.Pass(Duration::Seconds(3600));
//   story.End();
//
// Most requests are one that was really made while the market came about, by a client or by one service of another, with a few
// fields changed; the others are made up. Fields are filled by their kind, often with values that stood under the same name in
// earlier requests and answers, so that they speak of orders, investors and funds that exist. What breaks a promise is an
// FC_CHECK. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/rpc/handlers.h"
#include "tests/fuzz/support/choices.h"
#include "tools/dayrun/progress.h"
#include "tools/dayrun/sim_driver.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace fundcore::fuzz {

enum class Scene {
  kMorning,    // a trading day at ten, orders accepted
  kNextDays,   // two days later: units are held, orders are on their way
  kBreak,      // a night: the institution's answer differs from ours, and a break waits for people
};

class Story {
 public:
  explicit Story(Scene scene);

  ~Story();

  // The names of all methods, in order.
  std::vector<std::string> Methods() const;
  // Hands over one request made of choices, and waits for its answer. A stream is opened, listened to for a while and left.
  void Request(const std::string& method, Choices* in);
  // Bytes as a peer could send them: refused before the handler where they are no such message.
  void RawRequest(const std::string& method, std::string_view bytes, bool internal);
  void Pass(Duration time);
  void Crash();
  // FC_CHECKs books, serving and replay.
  void End();

  int answered() const { return answered_; }
  int refused() const { return refused_; }

 private:
  // Values seen under a field's name.
  struct Seen {
    std::vector<int64_t> numbers;
    std::vector<std::string> texts;
  };
  void Call(const std::string& method, const google::protobuf::Message& request, bool internal, Duration deadline);
  void Remember(const google::protobuf::Message& message, int depth);
  void Fill(google::protobuf::Message* message, Choices* in, int depth);
  // Changes one field somewhere in the message.
  void Change(google::protobuf::Message* message, Choices* in, int depth);
  void FillField(google::protobuf::Message* message, const google::protobuf::FieldDescriptor* field, Choices* in, int depth);
  int64_t Number(const std::string& name, Choices* in);
  std::string Text(const std::string& name, Choices* in);
  SimWorld& world() { return driver_.system()->world(); }

  void Learn(std::string_view method, const google::protobuf::Message& request);
  class Driver;
  class Peers;

  std::unique_ptr<Peers> peers_;
  dayrun::SimDriver driver_;
  dayrun::Progress progress_;
  bool learning_ = true;
  std::map<std::string, std::vector<std::string>, std::less<>> examples_;  // by method: requests as bytes
  SimExecutor* client_ = nullptr;
  std::map<std::string, Seen> seen_;
  int answered_ = 0, refused_ = 0;
};

}  // namespace fundcore::fuzz
