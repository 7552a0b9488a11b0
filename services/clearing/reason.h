// Why clearing refuses a command, named after the broken rule, in checking order. Numbers are fixed and never reused.
#pragma once

#include <cstdint>
#include <string_view>

namespace fundcore::clearing {

enum class Reason : uint16_t {
  kOk = 0,
  // Steps of a day. A worker that gets one of these looks at the state again.
  kInstitutionUnknown = 1,  // no facts of this institution yet
  kCalendarEnds = 2,        // its calendar does not cover the days needed
  kDayNotNext = 3,          // days are opened one after another, none skipped
  kDayNotReached = 4,       // the clock has not reached that day, or its cut-off
  kDayUnknown = 5,
  kWrongStep = 6,  // the day is not at the step that this command ends
  kTransferUnknown = 7,
  kTransferReleased = 8,  // a released transfer cannot be written anew
  kBreaksOpen = 9,        // the step waits for breaks
  kSettlementUnknown = 10,
  // Breaks.
  kBreakNotFound = 20,
  kPersonMissing = 21,
  kResolutionUnknown = 22,
  kBreakClosed = 23,
  kProposedByAnother = 24,
  kResolutionNotPossible = 25,  // a file that cannot be used can only be awaited anew
  kNotProposed = 26,
  kSamePerson = 27,  // whoever proposes does not approve
  // Interest on settlement money.
  kInterestReferenceReused = 140,  // the same line of the bank's statement with other content
  kInterestPeriodWrong = 141,
  kInterestNotPositive = 142,
  kInterestPeriodNotOver = 143,
  kInterestPeriodOverlaps = 144,   // a day's interest is spread once
};

constexpr std::string_view ReasonName(Reason r) {
  switch (r) {
    case Reason::kOk: return "OK";
    case Reason::kInstitutionUnknown: return "INSTITUTION_UNKNOWN";
    case Reason::kCalendarEnds: return "CALENDAR_ENDS";
    case Reason::kDayNotNext: return "DAY_NOT_NEXT";
    case Reason::kDayNotReached: return "DAY_NOT_REACHED";
    case Reason::kDayUnknown: return "DAY_UNKNOWN";
    case Reason::kWrongStep: return "WRONG_STEP";
    case Reason::kTransferUnknown: return "TRANSFER_UNKNOWN";
    case Reason::kTransferReleased: return "TRANSFER_RELEASED";
    case Reason::kBreaksOpen: return "BREAKS_OPEN";
    case Reason::kSettlementUnknown: return "SETTLEMENT_UNKNOWN";
    case Reason::kBreakNotFound: return "BREAK_NOT_FOUND";
    case Reason::kPersonMissing: return "PERSON_MISSING";
    case Reason::kResolutionUnknown: return "RESOLUTION_UNKNOWN";
    case Reason::kBreakClosed: return "BREAK_CLOSED";
    case Reason::kProposedByAnother: return "PROPOSED_BY_ANOTHER";
    case Reason::kResolutionNotPossible: return "RESOLUTION_NOT_POSSIBLE";
    case Reason::kNotProposed: return "NOT_PROPOSED";
    case Reason::kSamePerson: return "SAME_PERSON";
    case Reason::kInterestReferenceReused: return "INTEREST_REFERENCE_REUSED";
    case Reason::kInterestPeriodWrong: return "INTEREST_PERIOD_WRONG";
    case Reason::kInterestNotPositive: return "INTEREST_NOT_POSITIVE";
    case Reason::kInterestPeriodNotOver: return "INTEREST_PERIOD_NOT_OVER";
    case Reason::kInterestPeriodOverlaps: return "INTEREST_PERIOD_OVERLAPS";
  }
  return "UNKNOWN";
}

constexpr std::string_view ReasonText(Reason r) {
  switch (r) {
    case Reason::kOk: return "";
    case Reason::kInstitutionUnknown: return "no such institution here; load it with PutInstitution first";
    case Reason::kCalendarEnds:
      return "the institution's calendar ends before the days needed; extend it with PutCalendar";
    case Reason::kDayNotNext: return "days are opened one after another; this is not the next one";
    case Reason::kDayNotReached: return "the business clock has not reached this day or its cut-off";
    case Reason::kDayUnknown: return "no such business day; it opens by itself on each open day of the institution";
    case Reason::kWrongStep: return "the day is at another step";
    case Reason::kTransferUnknown: return "no transfer of this number was sealed";
    case Reason::kTransferReleased: return "the transfer was released; its files stay as they are";
    case Reason::kBreaksOpen: return "breaks of this day have to be closed first";
    case Reason::kSettlementUnknown: return "no such settlement is pending";
    case Reason::kBreakNotFound: return "no such break";
    case Reason::kPersonMissing: return "say who you are in `person`";
    case Reason::kResolutionUnknown: return "`resolution` must be ACCEPT_TA, AWAIT_CORRECTION or EXPLAINED";
    case Reason::kBreakClosed: return "the break is closed already";
    case Reason::kProposedByAnother:
      return "another person has proposed a resolution; approve that one, or let them change it";
    case Reason::kResolutionNotPossible:
      return "this resolution does not fit the break: a file that cannot be used needs AWAIT_CORRECTION, and nothing "
             "can be "
             "awaited for what is no file of a day in work";
    case Reason::kNotProposed: return "nobody has proposed a resolution yet; call ProposeResolution first";
    case Reason::kSamePerson: return "the person who proposed cannot approve; a second person has to";
    case Reason::kInterestReferenceReused:
      return "this reference was recorded with another period or amount; look at ListInterest";
    case Reason::kInterestPeriodWrong: return "first_day must not be after last_day, and at most 400 days are spread at once";
    case Reason::kInterestNotPositive: return "amount_fen must be more than 0; what a bank takes back is not an investor's to pay";
    case Reason::kInterestPeriodNotOver: return "the period's last day is not over; record it the day after";
    case Reason::kInterestPeriodOverlaps: return "days of this period were in an earlier one; look at ListInterest";
  }
  return "";
}

}  // namespace fundcore::clearing
