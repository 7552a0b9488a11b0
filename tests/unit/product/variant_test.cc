// File variants at product: a wrong text never becomes a fact, a right one is a fact of its institution.
#include <gtest/gtest.h>

#include <vector>

#include "common/store/memory.h"
#include "services/product/convert.h"
#include "services/product/machine.h"

namespace fundcore::product {
namespace {

v1::Institution Institution(std::string file_variant) {
  v1::Institution m;
  m.set_ta_code("98");
  m.set_distributor_code("301");
  m.set_file_version("21");
  m.set_cutoff_us(TimeOfDay::Hms(15, 0).raw());
  m.set_export_deadline_us(TimeOfDay::Hms(18, 0).raw());
  m.set_file_variant(std::move(file_variant));
  return m;
}

TEST(FileVariant, AWrongTextIsRefusedWithItsLine) {
  EXPECT_TRUE(FromProto(Institution("")).ok());
  EXPECT_TRUE(FromProto(Institution("line_ends = \"lf\"\n")).ok());
  for (const std::string& text : {std::string("\nline_ends = \"cr\"\n"), std::string("\nlne_ends = \"lf\"\n"),
                                  std::string("\n[left_out]\n\"03\" = [\"FundCode\"]\n")}) {
    const absl::Status s = FromProto(Institution(text)).status();
    EXPECT_EQ(s.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_NE(s.message().find("institution.file_variant is wrong: file_variant:"), std::string::npos) << s;
  }
  EXPECT_FALSE(FromProto(Institution(std::string(65'537, '#'))).ok());
}

TEST(FileVariant, IsAFactThatEveryPartitionAbsorbs) {
  MemoryStore store;
  machine::State state(&store, {ServiceId::kProduct, PartitionId(0)});
  ProductMachine machine(state, PartitionId(0), Duration::Seconds(30));
  ASSERT_TRUE(state.Load().ok());
  machine::Context ctx;
  ctx.now = TimePoint::At(Date::FromRaw(20250303), TimeOfDay::Hms(9, 0));
  const auto put = [&](const auto& command) {
    ctx.offset = state.executing = state.meta.next++;
    return machine.Execute(command, ctx);
  };
  put(PutCalendar{*CalendarSet::BuiltIn().Find("XSHG")});
  const InstitutionTerms terms = *FromProto(Institution(""));
  const uint64_t first = put(PutInstitution{terms, ""}).seq;
  EXPECT_EQ(put(PutInstitution{terms, "line_ends = \"lf\"\n"}).seq, first + 1);
  EXPECT_EQ(put(PutInstitution{terms, "line_ends = \"lf\"\n"}).seq, first + 1);  // says nothing new
  EXPECT_EQ(machine.products().FileVariant(TaCode("98")), "line_ends = \"lf\"\n");
  EXPECT_EQ(machine.products().FileVariant(TaCode("11")), "");

  MemoryStore other;
  machine::State elsewhere(&other, {ServiceId::kClearing, PartitionId(0)});
  ProductBook book(elsewhere, 200);
  ASSERT_TRUE(elsewhere.Load().ok());
  elsewhere.executing = elsewhere.meta.next++;
  AbsorbFacts facts;
  machine.Facts(0, 100, [&](uint64_t seq, const std::string& body) { facts.facts.emplace_back(seq, body); });
  ASSERT_TRUE(book.Absorb(facts));
  EXPECT_EQ(book.FileVariant(TaCode("98")), "line_ends = \"lf\"\n");

  EXPECT_EQ(put(PutInstitution{terms, ""}).seq, first + 2);
  EXPECT_EQ(machine.products().FileVariant(TaCode("98")), "");
}

TEST(FileVariant, LongFactsAreGivenAFewAtATime) {
  MemoryStore store;
  machine::State state(&store, {ServiceId::kProduct, PartitionId(0)});
  ProductMachine machine(state, PartitionId(0), Duration::Seconds(30));
  ASSERT_TRUE(state.Load().ok());
  machine::Context ctx;
  const auto put = [&](const auto& command) {
    ctx.offset = state.executing = state.meta.next++;
    machine.Execute(command, ctx);
  };
  put(PutCalendar{*CalendarSet::BuiltIn().Find("XSHG")});
  const InstitutionTerms terms = *FromProto(Institution(""));
  for (char c = 'a'; c <= 'z'; ++c) put(PutInstitution{terms, "#" + std::string(65'000, c)});
  size_t bytes = 0, rounds = 0;
  uint64_t after = 0;
  while (after < machine.last_seq()) {
    size_t round = 0;
    machine.Facts(after, 500, [&](uint64_t seq, const std::string& body) {
      EXPECT_EQ(seq, after + 1);
      after = seq;
      round += body.size();
    });
    EXPECT_LT(round, 1'200'000u);
    bytes += round;
    ++rounds;
  }
  EXPECT_GE(rounds, 2u);
  EXPECT_GT(bytes, 26 * 65'000u);
}

}  // namespace
}  // namespace fundcore::product
