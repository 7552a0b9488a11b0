// Strong types for every number and code that names something. None converts to another, and none is a naked integer.
//
// Our own numbers hold the partition in fixed digits, so that whoever holds a number can route it:
//   InvestorId  PPPSSSSSSSSS        3 digits partition, 9 digits sequence. Also the trading account number in files.
//   OrderId     PPPSSSSSSSSSSSSSS   3 digits partition, 14 digits sequence. Also AppSheetSerialNo in files.
// The partition of an investor is fixed when the account is opened: HashPartition(certificate fingerprint, count), and
// trade, account and risk all use it (docs/concepts.md).
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/check.h"

namespace fundcore {

// An integer with a name. `Tag` is an empty struct; Rep an unsigned integer.
template <class Tag, class Rep = uint64_t>
class StrongId {
 public:
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : v_(v) {}
  static constexpr StrongId FromRaw(Rep v) { return StrongId(v); }
  constexpr Rep raw() const { return v_; }
  constexpr bool is_set() const { return v_ != 0; }
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
  template <class H>
  friend H AbslHashValue(H h, StrongId id) {
    return H::combine(std::move(h), id.v_);
  }

 private:
  Rep v_ = 0;
};

// A short text code of at most N bytes, kept inline: no allocation when copied. Longer input is a broken invariant here;
// shape checks at the door refuse it first (see FitsCode).
template <class Tag, size_t N>
class Code {
 public:
  static constexpr size_t kMax = N;
  constexpr Code() = default;
  explicit Code(std::string_view s) {
    FC_CHECK(s.size() <= N, "code too long: ", s);
    size_ = static_cast<uint8_t>(s.size());
    std::memcpy(text_, s.data(), s.size());
  }
  static bool Fits(std::string_view s) { return s.size() <= N; }
  // From stored bytes, which may be damaged: too long gives the empty code rather than a crash.
  static Code FromRaw(std::string_view s) { return s.size() <= N ? Code(s) : Code(); }
  static Code FromRaw(const std::string& s) { return FromRaw(std::string_view(s)); }
  std::string_view raw() const { return view(); }
  std::string_view view() const { return {text_, size_}; }
  std::string str() const { return std::string(view()); }
  bool empty() const { return size_ == 0; }
  friend bool operator==(const Code& a, const Code& b) { return a.view() == b.view(); }
  friend auto operator<=>(const Code& a, const Code& b) { return a.view() <=> b.view(); }
  template <class H>
  friend H AbslHashValue(H h, const Code& c) {
    return H::combine(std::move(h), c.view());
  }

 private:
  uint8_t size_ = 0;
  char text_[N] = {};
};

using PartitionId = StrongId<struct PartitionTag, uint16_t>;
using InvestorId = StrongId<struct InvestorTag, uint64_t>;
using OrderId = StrongId<struct OrderTag, uint64_t>;
using CardId = StrongId<struct CardTag, uint64_t>;       // bank card, dense within one investor, from 1
using PaymentId = StrongId<struct PaymentTag, uint64_t>;  // deposit, withdrawal or settlement; partition in its digits
using BreakId = StrongId<struct BreakTag, uint64_t>;      // reconciliation break, dense within clearing's partition
using TransferNo = StrongId<struct TransferTag, uint16_t>;  // transfer number of a day, from 1; files carry it in 3 or 8 digits

using FundCode = Code<struct FundTag, 20>;               // 6 characters in v20/v21 files, more in one variant
using TaCode = Code<struct TaTag, 20>;                   // institution: the TA's code (2 characters; 20 in v22 headers)
using DistributorCode = Code<struct DistributorTag, 20>;
using TaAccountId = Code<struct TaAccountTag, 20>;       // fund account at a TA, 12 characters
using TaSerialNo = Code<struct TaSerialTag, 24>;
using CallerId = Code<struct CallerTag, 64>;             // who sent a request, from the channel's identity
using RequestId = Code<struct RequestTag, 64>;           // the caller's idempotency key
using ReturnCode = Code<struct ReturnTag, 4>;            // the standard's 4-character result of an item

inline constexpr uint64_t kInvestorSequenceLimit = 1'000'000'000ull;          // 9 digits
inline constexpr uint64_t kOrderSequenceLimit = 100'000'000'000'000ull;       // 14 digits
inline constexpr uint64_t kBreakSequenceLimit = 1'000'000'000ull;             // 9 digits
inline constexpr uint16_t kMaxPartitions = 999;

// The partition digits of a number. A made-up number with more digits than ours names no partition at all, rather than
// one that its low bits happen to spell.
inline constexpr PartitionId kNoPartition{0xffff};
constexpr PartitionId PartitionDigits(uint64_t quotient) {
  return quotient <= kMaxPartitions ? PartitionId(static_cast<uint16_t>(quotient)) : kNoPartition;
}

constexpr InvestorId MakeInvestorId(PartitionId p, uint64_t seq) { return InvestorId(p.raw() * kInvestorSequenceLimit + seq); }
constexpr PartitionId PartitionOf(InvestorId id) { return PartitionDigits(id.raw() / kInvestorSequenceLimit); }
constexpr uint64_t SequenceOf(InvestorId id) { return id.raw() % kInvestorSequenceLimit; }
constexpr OrderId MakeOrderId(PartitionId p, uint64_t seq) { return OrderId(p.raw() * kOrderSequenceLimit + seq); }
constexpr PartitionId PartitionOf(OrderId id) { return PartitionDigits(id.raw() / kOrderSequenceLimit); }
constexpr uint64_t SequenceOf(OrderId id) { return id.raw() % kOrderSequenceLimit; }
constexpr PaymentId MakePaymentId(PartitionId p, uint64_t seq) { return PaymentId(p.raw() * kOrderSequenceLimit + seq); }
constexpr PartitionId PartitionOf(PaymentId id) { return PartitionDigits(id.raw() / kOrderSequenceLimit); }
constexpr BreakId MakeBreakId(PartitionId p, uint64_t seq) { return BreakId(p.raw() * kBreakSequenceLimit + seq); }
constexpr PartitionId PartitionOf(BreakId id) { return PartitionDigits(id.raw() / kBreakSequenceLimit); }
constexpr uint64_t SequenceOf(BreakId id) { return id.raw() % kBreakSequenceLimit; }

// "001000000042" (12 digits) and "00100000000000007" (17 digits): the form in files and APIs.
std::string FormatInvestorId(InvestorId id);
std::string FormatOrderId(OrderId id);
// False where the text is not exactly that many digits.
bool ParseInvestorId(std::string_view text, InvestorId* id);
bool ParseOrderId(std::string_view text, OrderId* id);

// The one documented hash: XXH3-64 of the bytes, modulo the partition count. `count` from 1 to kMaxPartitions.
PartitionId HashPartition(std::string_view bytes, uint16_t count);
// Where it is kept whose a trading account of another distributor is: all that a file tells of it.
PartitionId PartitionOfTradingAccount(std::string_view distributor, std::string_view trading_account, uint16_t count);

}  // namespace fundcore
