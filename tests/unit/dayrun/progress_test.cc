// Progress: what is kept over a kill, and what is not.
#include "tools/dayrun/progress.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace fundcore::dayrun {
namespace {

std::string TempFile(const char* name) {
  const std::string path = ::testing::TempDir() + "/" + name;
  std::remove(path.c_str());
  return path;
}

TEST(Progress, StepsAndFactsSurvive) {
  const std::string path = TempFile("survive.progress");
  {
    auto p = Progress::Open(path, "day 1");
    ASSERT_TRUE(p.ok()) << p.status();
    p->Set("investor li", "1000000001");
    ASSERT_TRUE(p->Finish(1).ok());
    p->Set("order", "7");  // of a step that is never finished
  }
  auto p = Progress::Open(path, "day 1");
  ASSERT_TRUE(p.ok()) << p.status();
  EXPECT_TRUE(p->Done(1));
  EXPECT_FALSE(p->Done(2));
  EXPECT_EQ(p->Get("investor li"), "1000000001");
  EXPECT_EQ(p->Get("order"), "");
}

TEST(Progress, AHalfWrittenStepIsDoneAgain) {
  const std::string path = TempFile("half.progress");
  {
    auto p = Progress::Open(path, "day 1");
    p->Set("order", "7");
    ASSERT_TRUE(p->Finish(1).ok());
  }
  {
    std::ofstream out(path, std::ios::app);
    out << "fact order\t8\ndone";  // killed here
  }
  {
    auto p = Progress::Open(path, "day 1");
    ASSERT_TRUE(p.ok()) << p.status();
    EXPECT_EQ(p->last(), 1);
    EXPECT_EQ(p->Get("order"), "7");
    ASSERT_TRUE(p->Finish(2).ok());
  }
  auto p = Progress::Open(path, "day 1");
  EXPECT_EQ(p->last(), 2);
  EXPECT_EQ(p->Get("order"), "7");
}

TEST(Progress, AnotherScriptsFileIsRefused) {
  const std::string path = TempFile("other.progress");
  { ASSERT_TRUE(Progress::Open(path, "day 1").ok()); }
  EXPECT_EQ(Progress::Open(path, "day 2").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace fundcore::dayrun
