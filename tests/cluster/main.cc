// The tests on one real broker: starts it once for all of them. SKIPPED with 77 where Kafka cannot be had.
#include <gtest/gtest.h>

#include "tests/cluster/kafka_fixture.h"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (const int code = fundcore::testing::StartKafkaOrSkip({.guests = true})) return code;
  const int result = RUN_ALL_TESTS();
  fundcore::testing::g_kafka.reset();
  return result;
}
