// The tests on one real broker: starts it once for all of them. SKIPPED with 77 where Kafka cannot be had.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/cluster/kafka_fixture.h"
#include "tests/cluster/member.h"

int main(int argc, char** argv) {
  using namespace fundcore::testing;
  if (argc > 1 && std::strcmp(argv[1], "--member") == 0) return MemberMain(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  if (const int code = StartKafkaOrSkip({.guests = true})) return code;
  const int result = RUN_ALL_TESTS();
  g_kafka.reset();
  return result;
}
