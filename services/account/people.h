// Data of investors and their cards that may change: what the tables hold, and the commands that change it.
//
// An investor whose data never changed has no entry here, and Person says all. From the first change on PersonData counts
// the versions; what a version replaced stays under its number, so that a file written twice says the same both times.
// Tags and table numbers are fixed for ever; new fields go to the end.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/crypto/vault.h"
#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::account {

inline constexpr uint8_t kPersonData = 75, kPersonVersions = 76, kDataStandings = 77, kApplicationNotes = 78;

struct PersonData {
  uint64_t version = 0;         // 1 after the first change
  Hash256 name;                 // fingerprint
  Sealed more;                  // InvestorData of the API, without what Person holds
  Date certificate_until;       // not set: without end, or nobody has said
  TimePoint changed_at;
  FC_FIELDS(version, name, more, certificate_until, changed_at)
};

struct PersonVersionKey {
  uint64_t investor = 0;        // sequence
  uint64_t version = 0;
  FC_FIELDS(investor, version)
};
// What an application says that was sealed when this version counted.
struct PersonVersion {
  std::string certificate_type;
  Sealed name;
  Sealed certificate_no;
  Sealed mobile;
  Sealed more;                  // empty: never told
  FC_FIELDS(certificate_type, name, certificate_no, mobile, more)
};

// What an institution knows of an investor's data. By (investor, institution), as Standing.
struct DataStanding {
  uint64_t told = 0;            // the version that it has confirmed
  uint64_t pending = 0;         // the 003 that has no answer yet
  uint64_t last = 0;            // the latest 003
  uint64_t refused_version = 0;
  ReturnCode refused;           // why
  FC_FIELDS(told, pending, last, refused_version, refused)
};

// What an application carried that is not its own.
struct ApplicationNote {
  uint64_t version = 0;         // of the investor's data, when it was sealed
  // Where the account was applied for anew after this one was refused: what hung on the refused one, so that a repeated
  // call still learns of it.
  uint64_t last_hung = 0;
  FC_FIELDS(version, last_hung)
};

// Opens a fund account where there is none, none any more, or none yet because the institution refused. `former`: the
// number under which the institution has the trading account so far; then 058 goes out instead of 001.
struct OpenFundAccountAgain {
  static constexpr uint8_t kTag = 75;
  InvestorId investor;
  TaCode ta;
  std::string former;
  FC_FIELDS(investor, ta, former)
};

// All of the investor's data, as they are from now on.
struct ChangeInvestor {
  static constexpr uint8_t kTag = 76;
  CallerId caller;
  RequestId request;
  Hash256 content;              // of what was asked: a request id used again must say the same
  InvestorId investor;
  uint64_t base = 0;            // the version that was changed
  bool same = false;            // nothing differs: only institutions that refused are told again
  Hash256 certificate;
  std::string certificate_type;
  Sealed name;
  Sealed certificate_no;
  Sealed mobile;
  Hash256 name_hash;
  Sealed more;
  Date certificate_until;
  FC_FIELDS(caller, request, content, investor, base, same, certificate, certificate_type, name, certificate_no, mobile,
            name_hash, more, certificate_until)
};

// A certificate is this investor's. In the partition of the certificate, not of the investor.
struct ClaimCertificate {
  static constexpr uint8_t kTag = 77;
  Hash256 certificate;
  InvestorId investor;
  FC_FIELDS(certificate, investor)
};
// An entry of the directory with this bit holds the number of an investor of any partition, not a sequence.
inline constexpr uint64_t kClaimBit = uint64_t{1} << 63;

}  // namespace fundcore::account
