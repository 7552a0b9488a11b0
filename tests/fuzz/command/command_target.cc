// Log records and commands: any bytes decode or are refused; what decodes is written the same way again; and a command with
// chosen values in every field reads back as it was. Every command of every machine's list takes part by itself.
#include <concepts>
#include <string>
#include <type_traits>

#include "common/base/check.h"
#include "common/machine/partition.h"
#include "common/machine/record.h"
#include "services/account/machine.h"
#include "services/clearing/machine.h"
#include "services/product/machine.h"
#include "services/risk/machine.h"
#include "services/trade/machine.h"
#include "tests/fuzz/support/choices.h"
#include "tests/fuzz/support/targets.h"
#include "tools/fundcore/clock_machine.h"
#include "tools/simbank/simbank.h"

namespace fundcore::fuzz {
namespace {

// Fills fields with choices, as ByteReader fills them from bytes.
class Filler {
 public:
  explicit Filler(Choices* in) : in_(*in) {}

  template <class... Ts>
  void operator()(Ts&... vs) {
    (Fill(vs), ...);
  }

  template <class T>
  void Fill(T& v) {
    using namespace codec_internal;
    if constexpr (std::is_same_v<T, bool>) {
      v = in_.Below(2) == 1;
    } else if constexpr (std::is_enum_v<T>) {
      v = static_cast<T>(in_.Byte() % 32);
    } else if constexpr (std::is_integral_v<T>) {
      v = in_.Below(2) ? in_.Number<T>() : static_cast<T>(in_.Byte());
    } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
      v = T(in_.Text(20));
    } else if constexpr (HasRaw<T>) {
      std::decay_t<decltype(v.raw())> raw{};
      if constexpr (std::is_same_v<decltype(raw), std::string_view>) {
        raw = in_.Text(20);
      } else {
        Fill(raw);
      }
      v = T::FromRaw(raw);
    } else if constexpr (IsVector<T>::value) {
      v.clear();
      for (size_t n = in_.Below(4); n > 0; --n) Fill(v.emplace_back());
    } else if constexpr (IsMap<T>::value) {
      v.clear();
      for (size_t n = in_.Below(4); n > 0; --n) {
        typename T::key_type key{};
        Fill(key);
        Fill(v[std::move(key)]);
      }
    } else if constexpr (IsArray<T>::value) {
      for (auto& e : v) Fill(e);
    } else if constexpr (IsOptional<T>::value) {
      v.reset();
      if (in_.Below(2)) Fill(v.emplace());
    } else if constexpr (IsPair<T>::value) {
      Fill(v.first);
      Fill(v.second);
    } else {
      v.VisitFields(*this);
    }
  }

 private:
  Choices& in_;
};

template <class C>
void Stable(const C& command) {
  const std::string first = Encode(command);
  C back{};
  FC_CHECK(Decode(first, &back), "command ", int{C::kTag}, ": what was written cannot be read");
  FC_CHECK(Encode(back) == first, "command ", int{C::kTag}, " changed on its way");
  // An older build wrote fewer fields: every prefix is read or refused, and nothing else.
  for (size_t n = 0; n < std::min<size_t>(first.size(), 64); ++n) {
    C shorter{};
    if (Decode(std::string_view(first).substr(0, n), &shorter)) (void)Encode(shorter);
  }
  // Some commands leave fields out that say nothing: one of these more says nothing, too.
  C longer{};
  FC_CHECK(!Decode(first + '\0', &longer) || Encode(longer) == first, "command ", int{C::kTag},
           ": bytes beyond its end were taken");
}

template <class C>
void Any(std::string_view bytes, bool chosen) {
  C command{};
  if (chosen) {
    Choices in(bytes);
    Filler(&in).Fill(command);
    return Stable(command);
  }
  if (Decode(bytes, &command)) Stable(command);
}

template <class... Cs>
bool OneOf(machine::CommandList<Cs...>, uint8_t tag, std::string_view bytes, bool chosen) {
  return ((tag == Cs::kTag ? (Any<Cs>(bytes, chosen), true) : false) || ...);
}

template <class... Cs>
void Each(machine::CommandList<Cs...>, std::string_view bytes, bool chosen) {
  (Any<Cs>(bytes, chosen), ...);
}

// Calls visit(list) for the list of the machine with this number.
template <class Visit>
void WithMachine(uint8_t number, Visit visit) {
  switch (number % 7) {
    case 0: return visit(trade::TradeMachine::Commands{});
    case 1: return visit(account::AccountMachine::Commands{});
    case 2: return visit(product::ProductMachine::Commands{});
    case 3: return visit(risk::RiskMachine::Commands{});
    case 4: return visit(clearing::ClearingMachine::Commands{});
    case 5: return visit(simbank::BankMachine::Commands{});
    case 6: return visit(ClockMachine::Commands{});
  }
}

// As a player reads a record, but for any bytes: header, then time, tag and bytes of each item.
void Record(uint8_t machine, std::string_view bytes) {
  ByteReader r(bytes);
  if (r.U8() != machine::kRecordFormat) return;
  machine::RecordHeader header;
  r.Get(header);
  if (!r.ok()) return;
  const std::string again = Encode(header);
  machine::RecordHeader back;
  FC_CHECK(Decode(again, &back) && Encode(back) == again, "a record's header changed on its way");
  while (!r.AtEnd()) {
    (void)r.Zigzag();
    const uint8_t tag = r.U8();
    const std::string_view item = r.Bytes();
    if (!r.ok()) return;
    WithMachine(machine, [&](auto list) { (void)OneOf(list, tag, item, false); });
  }
}

}  // namespace

void FuzzCommand(std::string_view bytes) {
  Choices in(bytes);
  const uint8_t machine = in.Byte();
  const uint8_t kind = in.Byte();
  switch (kind % 4) {
    case 0: return Record(machine, in.rest());
    case 1: return WithMachine(machine, [&](auto list) { Each(list, in.rest(), false); });
    case 2: return WithMachine(machine, [&](auto list) { Each(list, in.rest(), true); });
    case 3: {
      // The same, for one command alone, which a fuzzer learns faster.
      const uint8_t tag = in.Byte();
      return WithMachine(machine, [&](auto list) { (void)OneOf(list, tag, in.rest(), kind >= 128); });
    }
  }
}

}  // namespace fundcore::fuzz
