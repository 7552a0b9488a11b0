// A process that is a member of the groups and tells what it is granted: the other side of kafka_ownership_test. The test
// program is started again with --member, so that a member can be killed and frozen like the real thing.
#pragma once

namespace fundcore::testing {

// The member's main: BROKERS PREFIX SESSION_MS. Prints "+ trade 3" and "- trade 3"; leaves when its standard input ends.
int MemberMain(int argc, char** argv);

}  // namespace fundcore::testing
