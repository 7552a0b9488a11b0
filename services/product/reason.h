// Why product refuses a change, named after the broken rule, in checking order. Numbers are fixed and never reused.
#pragma once

#include <cstdint>
#include <string_view>

namespace fundcore::product {

enum class Reason : uint16_t {
  kOk = 0,
  kCalendarUnknown = 1,       // institution or fund names a calendar that was never loaded
  kInstitutionUnknown = 2,    // fund names a TA that was never loaded
  kTaOfFundFixed = 3,         // a fund does not move to another TA
  kFundUnknown = 90,          // conversions of a fund that was never loaded
};

constexpr std::string_view ReasonName(Reason r) {
  switch (r) {
    case Reason::kOk: return "OK";
    case Reason::kCalendarUnknown: return "CALENDAR_UNKNOWN";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
    case Reason::kTaOfFundFixed: return "TA_OF_FUND_FIXED";
    case Reason::kFundUnknown: return "FUND_UNKNOWN";
  }
  return "UNKNOWN";
}

constexpr std::string_view ReasonText(Reason r) {
  switch (r) {
    case Reason::kOk: return "";
    case Reason::kCalendarUnknown: return "no such calendar; load it with PutCalendar first";
    case Reason::kInstitutionUnknown: return "no such institution; load it with PutInstitution first";
    case Reason::kTaOfFundFixed: return "the fund is registered at another TA; a fund code keeps its TA";
    case Reason::kFundUnknown: return "no such fund; load it with PutFund first";
  }
  return "";
}

}  // namespace fundcore::product
