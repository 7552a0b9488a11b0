// When the process takes nothing new: a clock in doubt, a full disk. Nothing is refused for good, nothing is lost, and it
// goes on once people, or the world, have put it right.
#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "common/rpc/handlers.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "tools/dayrun/sim_system.h"

namespace fundcore::dayrun {
namespace {

constexpr char kOpen[] = "fundcore.account.v1.AccountService/OpenInvestor";

TimePoint Morning() { return *TimePoint::Parse("2025-03-03 09:00"); }

absl::Status OpenInvestor(SimSystem& system, int n) {
  account::v1::OpenInvestorRequest request;
  request.set_request_id(absl::StrFormat("open-%d", n));
  request.set_name("Li Ming");
  request.set_certificate_type("0");
  request.set_certificate_no(absl::StrFormat("44010119900101%04d", n));
  request.set_mobile("13800000000");
  account::v1::OpenInvestorResponse response;
  return system.Call(kOpen, request, &response, "investor-app");
}

admin::v1::StatusResponse StatusOf(SimSystem& system) {
  admin::v1::StatusResponse response;
  EXPECT_TRUE(system.Call("fundcore.admin.v1.AdminService/Status", admin::v1::StatusRequest(), &response, "fundctl").ok());
  return response;
}

void RunFor(SimSystem& system, Duration machine_time) {
  system.world().RunUntil([] { return false; }, machine_time);
}

class ClockInDoubt : public ::testing::Test {
 protected:
  SimOptions Options() {
    SimOptions options;
    options.start = Morning();
    options.clock_health = [this] {
      return good_ ? absl::OkStatus() : absl::FailedPreconditionError("the wall clock is 9000 ms behind");
    };
    options.accept_clock = [this] { good_ = true; };
    return options;
  }
  bool good_ = true;
};

TEST_F(ClockInDoubt, NothingIsStampedUntilAPersonAcceptsIt) {
  SimSystem system(Options());
  ASSERT_TRUE(system.Start().ok());
  ASSERT_TRUE(OpenInvestor(system, 1).ok());
  good_ = false;
  RunFor(system, Duration::Seconds(2));
  const absl::Status held = OpenInvestor(system, 2);
  EXPECT_EQ(held.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ReasonOf(held), "CLOCK_IN_DOUBT");
  EXPECT_NE(held.message().find("9000 ms behind"), std::string_view::npos);
  EXPECT_EQ(StatusOf(system).held_back(), "CLOCK_IN_DOUBT");
  // Nothing reaches the log but what concerns the clock itself.
  const auto before = system.StateHash();
  RunFor(system, Duration::Seconds(30));
  EXPECT_EQ(*system.StateHash(), *before);

  admin::v1::AcceptClockRequest accept;
  admin::v1::AcceptClockResponse accepted;
  EXPECT_EQ(system.Call("fundcore.admin.v1.AdminService/AcceptClock", accept, &accepted, "fundctl").code(),
            absl::StatusCode::kInvalidArgument);  // who?
  accept.set_person("chen");
  EXPECT_EQ(system.Call("fundcore.admin.v1.AdminService/AcceptClock", accept, &accepted, "investor-app").code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(system.Call("fundcore.admin.v1.AdminService/AcceptClock", accept, &accepted, "fundctl").ok());
  EXPECT_TRUE(OpenInvestor(system, 2).ok());

  // It was logged: a restart knows who it was.
  ASSERT_TRUE(system.Restart().ok());
  EXPECT_EQ(StatusOf(system).clock_accepted(), 1u);
  EXPECT_EQ(StatusOf(system).clock_accepted_by(), "chen");
  EXPECT_TRUE(system.CheckReplay().ok());
}

TEST_F(ClockInDoubt, AClockThatIsWrongAtStartHoldsBackFromTheFirstMomentAndMayComeBackByItself) {
  good_ = false;
  SimSystem system(Options());
  ASSERT_TRUE(system.Start().ok());
  EXPECT_EQ(rpc::ReasonOf(OpenInvestor(system, 1)), "CLOCK_IN_DOUBT");
  good_ = true;
  RunFor(system, Duration::Seconds(3));
  EXPECT_TRUE(OpenInvestor(system, 1).ok());
  EXPECT_EQ(StatusOf(system).held_back(), "");
  EXPECT_EQ(StatusOf(system).clock_accepted(), 1u);
  EXPECT_EQ(StatusOf(system).clock_accepted_by(), "");
}

TEST(DiskFull, OrdersGoOnForAWhileThenWaitThenGoOn) {
  SimOptions options;
  options.start = Morning();
  options.flush_every_bytes = 4'000;
  SimSystem system(options);
  ASSERT_TRUE(system.Start().ok());
  system.store().SetFull(true);
  int taken = 0;
  absl::Status status;
  while (taken < 1'000 && (status = OpenInvestor(system, taken)).ok()) {
    ++taken;
    RunFor(system, Duration::Millis(100));
  }
  EXPECT_EQ(rpc::ReasonOf(status), "DISK_FULL") << status;
  EXPECT_GT(taken, 4);
  system.store().SetFull(false);
  RunFor(system, Duration::Seconds(3));
  for (int n = 0; n < taken + 5; ++n) EXPECT_TRUE(OpenInvestor(system, n).ok()) << n;  // the first ones: repeated
  EXPECT_EQ(StatusOf(system).held_back(), "");
  ASSERT_TRUE(system.Restart().ok());
  EXPECT_TRUE(system.CheckReplay().ok());
}

}  // namespace
}  // namespace fundcore::dayrun
