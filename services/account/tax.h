// Where investors say they pay taxes: their declarations by version, and what each institution knows of them (R1, R2).
//
// A declaration is kept sealed as a whole, since it holds tax numbers, names and addresses. Each of its lines goes to an
// institution as an application of its own, under a business number that the standard does not have; a later version first
// takes back the lines that the institution took. Table numbers and tags are fixed for ever; new fields go to the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/codec.h"
#include "common/crypto/hash.h"
#include "common/crypto/vault.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::account {

inline constexpr uint8_t kTaxVersions = 116, kTaxNumbers = 117, kTaxStandings = 118;

// Of the application that carries a line; its answer has a hundred more.
inline constexpr uint16_t kTaxBusiness = 901;

// By (investor, version), as PersonVersion.
struct TaxVersion {
  Sealed body;                  // TaxDeclaration of the API
  Hash256 content;              // by which the same declaration is known again
  uint32_t lines = 0;
  Date declared_on;
  TimePoint recorded_at;
  CallerId caller;
  std::string person;           // who took it; empty: the investor in their app
  FC_FIELDS(body, content, lines, declared_on, recorded_at, caller, person)
};

// What an institution knows. By (investor, institution), as Standing.
struct TaxStanding {
  uint64_t told = 0;            // the version that it has taken as a whole
  uint64_t sent = 0;            // the version of the lines below
  uint32_t pending = 0;         // lines without an answer
  uint64_t refused_version = 0;
  ReturnCode refused;           // why
  std::vector<uint64_t> lines;  // applications of lines that it has or is to have; refused ones are taken out
  FC_FIELDS(told, sent, pending, refused_version, refused, lines)
};

// What an application's line is: it stands in Application::cause as "1.VERSION.LINE", or "0.VERSION.LINE.APPLICATION" where it
// takes back what that application told.
struct TaxLineRef {
  bool add = true;
  uint64_t version = 0;
  uint64_t line = 0;
  uint64_t original = 0;        // application
  std::string Text() const;
  static TaxLineRef Parse(const std::string& text);
};

struct DeclareTax {
  static constexpr uint8_t kTag = 115;
  CallerId caller;
  RequestId request;
  InvestorId investor;
  Sealed body;
  Hash256 content;
  uint32_t lines = 0;
  Date declared_on;
  std::string person;
  FC_FIELDS(caller, request, investor, body, content, lines, declared_on, person)
};

}  // namespace fundcore::account
