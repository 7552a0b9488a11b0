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

  // Four eyes.
  kNeedsSecondPerson = 100,
  kChangeNotFound = 101,
  kChangeDecided = 102,
  kSamePerson = 103,
  kChangedMeanwhile = 104,    // the fund's terms are not those that the proposal was made for

  kCampaignNotFound = 140,
};

constexpr std::string_view ReasonName(Reason r) {
  switch (r) {
    case Reason::kOk: return "OK";
    case Reason::kCalendarUnknown: return "CALENDAR_UNKNOWN";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
    case Reason::kTaOfFundFixed: return "TA_OF_FUND_FIXED";
    case Reason::kFundUnknown: return "FUND_UNKNOWN";
    case Reason::kNeedsSecondPerson: return "NEEDS_SECOND_PERSON";
    case Reason::kChangeNotFound: return "CHANGE_NOT_FOUND";
    case Reason::kChangeDecided: return "CHANGE_DECIDED";
    case Reason::kSamePerson: return "SAME_PERSON";
    case Reason::kChangedMeanwhile: return "CHANGED_MEANWHILE";
    case Reason::kCampaignNotFound: return "CAMPAIGN_NOT_FOUND";
  }
  return "UNKNOWN";
}

constexpr std::string_view ReasonText(Reason r) {
  switch (r) {
    case Reason::kOk: return "";
    case Reason::kCalendarUnknown: return "no such calendar; load it with PutCalendar first";
    case Reason::kInstitutionUnknown: return "no such institution; load it with PutInstitution first";
    case Reason::kNeedsSecondPerson:
      return "a fund's terms are changed by two persons here; propose it with ProposeFund and let another approve (须双人复核)";
    case Reason::kChangeNotFound: return "no change has this number; ask ListChanges (变更申请不存在)";
    case Reason::kChangeDecided: return "the change was decided before (变更申请已处理)";
    case Reason::kSamePerson: return "who proposed a change cannot approve it (复核人员与经办人员相同, 0525)";
    case Reason::kChangedMeanwhile:
      return "the fund's terms have changed since this was proposed; propose it anew (产品参数已被他人变更)";
    case Reason::kCampaignNotFound: return "no campaign has this name; ask ListCampaigns (费率优惠活动不存在)";
    case Reason::kTaOfFundFixed: return "the fund is registered at another TA; a fund code keeps its TA";
    case Reason::kFundUnknown: return "no such fund; load it with PutFund first";
  }
  return "";
}

}  // namespace fundcore::product
