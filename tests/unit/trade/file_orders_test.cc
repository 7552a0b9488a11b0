// Orders that came in a file: known by their line whoever hands it in, for one trading day only.
#include "common/crypto/hash.h"
#include "gtest/gtest.h"
#include "tests/unit/trade/bench.h"

namespace fundcore::trade {
namespace {

using FileOrders = UsualBench;

ReceiveOrigin Line(std::string_view serial, std::string_view content = "the line", std::string_view day = "20250303") {
  ReceiveOrigin o;
  if (!day.empty()) o.trade_day_wanted = *Date::Parse(day);
  o.distributor = "996";
  o.serial = serial;
  o.digest = Sha256(content);
  return o;
}
ReceiveItem Purchase(std::string_view id, InvestorId who = Li()) {
  return Bench::Item(id, kPurchase, "110022", 100'000, who);
}

TEST_F(FileOrders, AreTheSameOrderWhoeverImportsThem) {
  const auto first = ReceiveFrom(Purchase("03/996/11/a"), Line("a"), "fundctl");
  EXPECT_EQ(first.state, OrderState::kReceived);
  EXPECT_FALSE(first.repeated);
  const auto again = ReceiveFrom(Purchase("03/996/11/a"), Line("a"), "another");
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.order, first.order);
}

TEST_F(FileOrders, DoNotMeetRequestIdsOfCallers) {
  const auto by_file = ReceiveFrom(Purchase("03/996/11/a"), Line("a"));
  const auto by_app = Receive1(Purchase("03/996/11/a"));
  EXPECT_FALSE(by_app.repeated);
  EXPECT_NE(by_app.order, by_file.order);
  EXPECT_EQ(m().FindByRequest(Li(), "03/996/11/a", CallerId("app"), true), by_file.order);
  EXPECT_EQ(m().FindByRequest(Li(), "03/996/11/a", CallerId("app"), false), by_app.order);
  EXPECT_EQ(m().FindByRequest(Li(), "03/996/11/a", CallerId("other"), false), 0u);
}

TEST_F(FileOrders, OfTheSameSerialWithOtherContentAreRefused) {
  const auto first = ReceiveFrom(Purchase("03/996/11/a"), Line("a"));
  // A field that the order itself does not use shows in the digest alone.
  const auto other = ReceiveFrom(Purchase("03/996/11/a"), Line("a", "the line with another branch"));
  EXPECT_EQ(other.error, Reason::kRequestIdReused);
  EXPECT_EQ(other.order, first.order);
  const auto other_day = ReceiveFrom(Purchase("03/996/11/a"), Line("a", "the line", "20250304"));
  EXPECT_EQ(other_day.error, Reason::kRequestIdReused);
}

TEST_F(FileOrders, WantTheirTradingDay) {
  EXPECT_EQ(ReceiveFrom(Purchase("today"), Line("1")).state, OrderState::kReceived);
  const auto early = ReceiveFrom(Purchase("early"), Line("2", "early", "20250304"));
  EXPECT_EQ(early.state, OrderState::kRejected);
  EXPECT_EQ(ReasonOf(early.order), Reason::kTradeDayNotReached);
  EXPECT_EQ(early.trade_day, *Date::Parse("20250303"));  // the day it would have had: it is not moved
  SetTime("2025-03-03 15:00:00");
  const auto late = ReceiveFrom(Purchase("late"), Line("3", "late"));
  EXPECT_EQ(late.state, OrderState::kRejected);
  EXPECT_EQ(ReasonOf(late.order), Reason::kTradeDayPassed);
  // Final: the same line on the day that it wants is the same refusal.
  SetTime("2025-03-04 10:00:00");
  const auto again = ReceiveFrom(Purchase("early"), Line("2", "early", "20250304"));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.state, OrderState::kRejected);
}

TEST_F(FileOrders, MayWantADayWithoutAFile) {
  ReceiveOrigin day;
  day.trade_day_wanted = *Date::Parse("20250304");
  EXPECT_EQ(ReasonOf(ReceiveFrom(Purchase("a"), day).order), Reason::kTradeDayNotReached);
  EXPECT_EQ(ReceiveFrom(Purchase("a"), day, "other").repeated, false);  // without a file the id is the caller's
}

TEST(FileOrdersWaiting, AreJudgedByTheirDayAfterAReview) {
  Bench b;
  b.Do(Facts::Usual().Take(At("2025-03-03 09:00:00")));
  b.SetTime("2025-03-03 15:00:01");
  const auto waiting = b.ReceiveFrom(Bench::Item("a", kPurchase, "110022", 100'000), Line("a"));
  EXPECT_EQ(waiting.state, OrderState::kReceived);
  // Whose day counts is not known yet, so none is told: what is told once must stay.
  EXPECT_FALSE(waiting.trade_day.is_set());
  EXPECT_FALSE(b.m().ToldDay(waiting.order, *b.m().FindOrder(waiting.order)).is_set());
  b.Restart();
  AbsorbFacts later;
  later.after = b.m().products().absorbed();
  later.watermark = At("2025-12-31 00:00:00");
  b.Do(later);
  b.Do(Review{});
  EXPECT_EQ(b.ReasonOf(waiting.order), Reason::kTradeDayPassed);
}

TEST_F(FileOrders, BindTheirSerialsForEveryInvestor) {
  const Hash256 a = Sha256("a"), b = Sha256("b");
  auto r = Do(ClaimSerials{{{"03/996/11/1", a}, {"03/996/11/2", a}, {"03/996/11/1", a}, {"03/996/11/1", b}}});
  ASSERT_EQ(r.claimed.size(), 4u);
  EXPECT_FALSE(r.claimed[0].repeated);
  EXPECT_FALSE(r.claimed[1].conflict);
  EXPECT_TRUE(r.claimed[2].repeated);
  EXPECT_FALSE(r.claimed[2].conflict);
  EXPECT_TRUE(r.claimed[3].conflict);
  Restart();
  EXPECT_TRUE(Do(ClaimSerials{{{"03/996/11/2", b}}}).claimed[0].conflict);
  EXPECT_FALSE(Do(ClaimSerials{{{"03/996/11/2", a}}}).claimed[0].conflict);
}

TEST_F(FileOrders, AreFoundRightAfterAWriteBack) {
  const auto order = ReceiveFrom(Purchase("a"), Line("1"));
  Restart();  // the id of the very last command is in the store only
  EXPECT_EQ(m().FindByRequest(Li(), "a", CallerId("x"), true), order.order);
  const Order* o = m().FindOrder(order.order);
  const Origin* origin = m().OriginOf(order.order, *o);
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(m().DistributorOf(*origin), "996");
  EXPECT_EQ(origin->serial, "1");
  EXPECT_EQ(origin->digest, Sha256("the line"));
}

TEST_F(FileOrders, AreThereAgainAfterAReplay) {
  ReceiveFrom(Purchase("a"), Line("1"));
  ReceiveFrom(Purchase("b"), Line("2", "late", "20250310"));
  Do(ClaimSerials{{{"c", Sha256("c")}}});
  Receive1(Purchase("plain"));
  const std::string hash = Hash();
  EXPECT_EQ(ReplayedHash(1), hash);
  EXPECT_EQ(ReplayedHash(100), hash);
}

struct OldReceive {
  CallerId caller;
  std::vector<ReceiveItem> orders;
  FC_FIELDS(caller, orders)
};
TEST(FileOrdersCodec, ReadsCommandsFromBeforeThereWereFiles) {
  const OldReceive old{CallerId("app"), {Bench::Item("a", kPurchase, "110022", 100'000)}};
  Receive now;
  const std::string bytes = Encode(old);
  ASSERT_TRUE(Decode(bytes, &now));
  EXPECT_EQ(now.orders.size(), 1u);
  EXPECT_TRUE(now.origins.empty());
}

}  // namespace
}  // namespace fundcore::trade
