// Reading a script: header, what is given, and the lines of the day.
#include "tools/dayrun/script.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "common/base/check.h"
#include "common/base/status.h"
#include "tools/dayrun/statements.h"
#include "tools/dayrun/words.h"

namespace fundcore::dayrun {
namespace {

absl::Status Wrong(const std::string& message) { return absl::InvalidArgumentError(message); }

std::string_view Trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

// The first `separator` outside quotes, npos where there is none.
size_t FindOutsideQuotes(std::string_view s, std::string_view separator) {
  bool quoted = false;
  for (size_t i = 0; i + separator.size() <= s.size(); ++i) {
    if (s[i] == '"') quoted = !quoted;
    if (!quoted && s.substr(i, separator.size()) == separator) return i;
  }
  return std::string_view::npos;
}

// --- given
// ---------------------------------------------------------------------------------------------------------------

absl::StatusOr<GivenCalendar> ReadCalendar(const CalendarSet& known, Words& w) {
  GivenCalendar g;
  FC_ASSIGN_OR_RETURN(g.name, w.Next("the calendar's name"));
  FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"like", "both"}));
  FC_ASSIGN_OR_RETURN(std::string first, w.Next("a known calendar"));
  FC_ASSIGN_OR_RETURN(const TradingCalendar* a, known.Get(first));
  if (how == 1) {
    FC_ASSIGN_OR_RETURN(std::string second, w.Next("a known calendar"));
    FC_ASSIGN_OR_RETURN(const TradingCalendar* b, known.Get(second));
    FC_ASSIGN_OR_RETURN(g.days, TradingCalendar::Intersect(g.name, *a, *b));
  } else {
    FC_ASSIGN_OR_RETURN(g.days, TradingCalendar::Create(g.name, a->first(), a->last(), a->open_days()));
  }
  bool open = false;
  while (!w.AtEnd()) {
    if (w.Take("closed")) {
      open = false;
    } else if (w.Take("open")) {
      open = true;
    } else {
      FC_ASSIGN_OR_RETURN(Date day, w.Day());
      FC_RETURN_IF_ERROR(g.days.SetOpen(day, open));
    }
  }
  return g;
}

absl::StatusOr<GivenTa> ReadTa(const CalendarSet& calendars, Words& w) {
  GivenTa g;
  FC_ASSIGN_OR_RETURN(g.code, w.Next("the institution's code"));
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"version", "distributor", "calendar", "cut-off", "export-by",
                                           "needs-open-account", "no-index", "no-008", "answers-in-pairs", "plans",
                                           "reservations", "product-files"}));
    switch (a) {
      case 0: {
        FC_ASSIGN_OR_RETURN(int v, w.Number("a version", 20, 22));
        g.version = StrCat(v);
        break;
      }
      case 1: {
        FC_ASSIGN_OR_RETURN(g.distributor, w.Next("our code there"));
        break;
      }
      case 2: {
        FC_ASSIGN_OR_RETURN(g.calendar, w.Next("a calendar"));
        FC_RETURN_IF_ERROR(calendars.Get(g.calendar).status());
        break;
      }
      case 3:
      case 4: {
        FC_ASSIGN_OR_RETURN(std::string time, w.Next("a time of day"));
        FC_ASSIGN_OR_RETURN((a == 3 ? g.cutoff : g.export_by), TimeOfDay::Parse(time));
        break;
      }
      case 5: g.same_day_orders = false; break;
      case 6: g.index = false; break;
      case 7: g.try_008 = false; break;
      case 8: g.converts_in_pairs = true; break;
      case 9: {
        FC_ASSIGN_OR_RETURN(size_t what, w.OneOf({"debits", "all"}));
        g.plans = what == 0 ? "debits" : "all";
        break;
      }
      case 10: {
        FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"kept", "sent"}));
        g.reservations = how == 0 ? "kept" : "sent";
        if (how == 1 && w.Take("renumbered")) g.renumbers = true;
        break;
      }
      default: {
        FC_RETURN_IF_ERROR(w.Expect("at-once"));
        g.products_at_once = true;
        break;
      }
    }
  }
  return g;
}

// "T+2"
absl::StatusOr<int> DaysAfterT(Words& w) {
  FC_ASSIGN_OR_RETURN(std::string text, w.Next("T+ days"));
  if (text.size() < 3 || text.size() > 4 || text.substr(0, 2) != "T+")
    return Wrong(StrCat("\"", text, "\" is not of the form T+1"));
  Words number(std::string_view(text).substr(2));
  return number.Number("a number of days", 1, 30);
}

absl::Status ReadPurchaseFee(GivenFund& g, Words& w) {
  GivenPurchaseTier t;
  if (!w.Take("from")) {
    FC_ASSIGN_OR_RETURN(t.rate, w.Percent());
    g.purchase.push_back(t);
    return absl::OkStatus();
  }
  FC_ASSIGN_OR_RETURN(t.from, w.Amount());
  if (w.Take("to")) {
    FC_ASSIGN_OR_RETURN(t.to, w.Amount());
  }
  FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"at", "fixed"}));
  if (how == 0) {
    FC_ASSIGN_OR_RETURN(t.rate, w.Percent());
  } else {
    FC_ASSIGN_OR_RETURN(t.fixed, w.Amount());
  }
  g.purchase.push_back(t);
  return absl::OkStatus();
}

absl::Status ReadRedemptionFee(GivenFund& g, Words& w) {
  GivenRedemptionTier t;
  if (w.Take("from")) {
    FC_ASSIGN_OR_RETURN(t.from_days, w.Number("a number of days", 0, 99999));
    if (w.Take("to")) {
      FC_ASSIGN_OR_RETURN(t.to_days, w.Number("a number of days", 0, 99999));
    }
    FC_RETURN_IF_ERROR(w.Expect("days"));
  }
  FC_ASSIGN_OR_RETURN(t.rate, w.Percent());
  if (w.Take("fund-share")) {
    FC_ASSIGN_OR_RETURN(t.fund_share, w.Percent());
  }
  g.redemption.push_back(t);
  return absl::OkStatus();
}

absl::Status ReadNav(std::vector<GivenNav>& navs, Words& w) {
  FC_ASSIGN_OR_RETURN(std::string text, w.Next("a price and its day"));
  const size_t at = text.find('@');
  if (at == std::string::npos) return Wrong(StrCat("\"", text, "\" is not of the form 1.2500@2025-03-03"));
  FC_ASSIGN_OR_RETURN(Nav nav, Nav::Parse(std::string_view(text).substr(0, at)));
  FC_ASSIGN_OR_RETURN(Date day, Date::Parse(std::string_view(text).substr(at + 1)));
  navs.push_back({day, nav});
  std::sort(navs.begin(), navs.end(), [](const GivenNav& a, const GivenNav& b) { return a.day < b.day; });
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadFundWords(const CalendarSet& calendars, GivenFund& g, Words& w) {
  std::vector<std::string_view> known = {"ta",           "kind",           "risk",        "calendar",
                                               "confirm",      "paid",           "received",    "status",
                                               "minimum",      "additional",     "maximum",     "minimum-redemption",
                                               "purchase-fee", "redemption-fee", "fee-inside",  "discount", "floor",
                                               "units-cut",    "fee-cut",        "net-cut",     "value-cut",
                                               "whole-units",  "newest-lots-first",
                                               "income",       "remainder",      "payout",      "loss-waits",
                                               "income-kept",  "nav",          "converts-to",    "convert-status", "carries-age",
                                               "large-redemption", "held-elsewhere", "offer"};
  known.insert(known.end(), std::begin(kRuleWords), std::end(kRuleWords));
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf(known));
    const std::string_view what = known[a];
    FC_ASSIGN_OR_RETURN(const bool rule, ReadRule(what, g, w));
    if (rule) continue;
    if (what == "ta") {
      FC_ASSIGN_OR_RETURN(g.ta, w.Next("the institution's code"));
    } else if (what == "kind") {
      const std::vector<std::string_view> kinds = {"equity", "mixed", "bond", "index", "money", "qdii", "fof"};
      FC_ASSIGN_OR_RETURN(size_t k, w.OneOf(kinds));
      g.kind = std::string(kinds[k]);
    } else if (what == "risk") {
      FC_ASSIGN_OR_RETURN(size_t r, w.OneOf({"R1", "R2", "R3", "R4", "R5"}));
      g.risk_grade = static_cast<int>(r) + 1;
    } else if (what == "calendar") {
      FC_ASSIGN_OR_RETURN(g.calendar, w.Next("a calendar"));
      FC_RETURN_IF_ERROR(calendars.Get(g.calendar).status());
    } else if (what == "confirm") {
      FC_ASSIGN_OR_RETURN(g.confirm_days, DaysAfterT(w));
    } else if (what == "paid") {
      FC_ASSIGN_OR_RETURN(g.purchase_pay_days, DaysAfterT(w));
    } else if (what == "received") {
      FC_ASSIGN_OR_RETURN(g.redemption_pay_days, DaysAfterT(w));
    } else if (what == "status") {
      FC_ASSIGN_OR_RETURN(size_t s, w.OneOf({"open", "offering", "stopped", "purchase-stopped", "redemption-stopped",
                                             "terminated", "closed"}));
      g.status = std::string_view("0145689")[s];
    } else if (what == "minimum") {
      FC_ASSIGN_OR_RETURN(g.minimum, w.Amount());
    } else if (what == "additional") {
      FC_ASSIGN_OR_RETURN(g.additional, w.Amount());
    } else if (what == "maximum") {
      FC_ASSIGN_OR_RETURN(g.maximum, w.Amount());
    } else if (what == "minimum-redemption") {
      FC_ASSIGN_OR_RETURN(g.min_redemption, w.UnitsOf());
    } else if (what == "purchase-fee") {
      FC_RETURN_IF_ERROR(ReadPurchaseFee(g, w));
    } else if (what == "redemption-fee") {
      FC_RETURN_IF_ERROR(ReadRedemptionFee(g, w));
    } else if (what == "fee-inside") {
      g.inside = true;
    } else if (what == "discount") {
      FC_ASSIGN_OR_RETURN(g.discount, w.Percent());
    } else if (what == "floor") {
      FC_ASSIGN_OR_RETURN(g.floor, w.Percent());
    } else if (what == "units-cut") {
      g.cut_units = true;
    } else if (what == "fee-cut") {
      g.cut_fee = true;
    } else if (what == "net-cut") {
      g.cut_net = true;
    } else if (what == "value-cut") {
      g.cut_value = true;
    } else if (what == "whole-units") {
      g.whole_units = true;
    } else if (what == "newest-lots-first") {
      g.lifo = true;
    } else if (what == "large-redemption") {
      if (w.Take("over")) {
        FC_ASSIGN_OR_RETURN(g.large_limit, w.Percent());
      }
      FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"all", "pro-rata"}));
      g.large_pro_rata = how == 1;
    } else if (what == "offer") {
      FC_ASSIGN_OR_RETURN(g.offer, ReadOffer(w));
      g.status = '1';
    } else if (what == "held-elsewhere") {
      FC_ASSIGN_OR_RETURN(g.held_elsewhere, w.UnitsOf());
    } else if (what == "income") {
      FC_RETURN_IF_ERROR(ReadNav(g.incomes, w));
    } else if (what == "remainder") {
      const std::vector<std::string_view> modes = {"carried", "cut", "shared"};
      FC_ASSIGN_OR_RETURN(size_t m, w.OneOf(modes));
      g.remainder = m == 0 ? "carry" : m == 1 ? "cut" : "share";
    } else if (what == "payout") {
      FC_ASSIGN_OR_RETURN(size_t how, w.OneOf({"daily", "monthly", "month-end"}));
      g.payout_day = how == 2 ? 31 : 0;
      if (how == 1) {
        FC_ASSIGN_OR_RETURN(g.payout_day, w.Number("a day of the month", 1, 28));
      }
    } else if (what == "loss-waits") {
      g.loss_waits = true;
    } else if (what == "income-kept") {
      g.keeps_income = true;
    } else if (what == "converts-to" || what == "convert-status" || what == "carries-age") {
      FC_RETURN_IF_ERROR(ReadConversionWords(what, g, w));
    } else {
      FC_RETURN_IF_ERROR(ReadNav(g.navs, w));
    }
  }
  return absl::OkStatus();
}

namespace {

absl::Status ReadInvestorWords(GivenInvestor& g, Words& w) {
  while (!w.AtEnd()) {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"class", "card", "cash", "institution", "lowest-class", "registered-at"}));
    if (a == 0) {
      FC_ASSIGN_OR_RETURN(size_t c, w.OneOf({"C1", "C2", "C3", "C4", "C5"}));
      g.risk_class = static_cast<int>(c) + 1;
    } else if (a == 1) {
      FC_RETURN_IF_ERROR(w.Expect("ending"));
      FC_ASSIGN_OR_RETURN(g.card_ending, w.Next("four digits"));
      if (g.card_ending.size() != 4 || g.card_ending.find_first_not_of("0123456789") != std::string::npos) {
        return Wrong(StrCat("a card ends in four digits, not \"", g.card_ending, "\""));
      }
    } else if (a == 2) {
      FC_ASSIGN_OR_RETURN(g.cash, w.Amount());
    } else if (a == 3) {
      g.institution = true;
    } else if (a == 4) {
      g.lowest = true;
    } else {
      FC_ASSIGN_OR_RETURN(std::string ta, w.Next("an institution"));
      g.registered_at.push_back(std::move(ta));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Given> ReadGiven(const Script& script, std::string_view text) {
  Words w(text);
  if (w.Take("calendar")) {
    FC_ASSIGN_OR_RETURN(GivenCalendar g, ReadCalendar(script.calendars, w));
    return g;
  }
  if (w.Take("ta")) {
    FC_ASSIGN_OR_RETURN(GivenTa g, ReadTa(script.calendars, w));
    return g;
  }
  if (w.Take("fund")) {
    GivenFund g;
    FC_ASSIGN_OR_RETURN(g.code, w.Next("the fund's code"));
    FC_RETURN_IF_ERROR(ReadFundWords(script.calendars, g, w));
    if (g.ta.empty()) return Wrong(StrCat("fund ", g.code, " has no institution; add \"ta CODE\""));
    if (g.purchase.empty()) g.purchase.push_back({});
    if (g.redemption.empty()) g.redemption.push_back({});
    if (g.navs.empty()) return Wrong(StrCat("fund ", g.code, " has no price; add \"nav 1.0000@DAY\""));
    return g;
  }
  if (!MayBeName(w.Peek())) return w.Unknown({"calendar", "ta", "fund", "a name in small letters"});
  GivenInvestor g;
  FC_ASSIGN_OR_RETURN(g.name, w.Next("a name"));
  FC_RETURN_IF_ERROR(ReadInvestorWords(g, w));
  return g;
}

// Adds it to the script; a second one of the same name is a mistake.
absl::Status AddGiven(Script& script, int line, Given given) {
  if (auto* c = std::get_if<GivenCalendar>(&given)) {
    if (script.calendars.Find(c->name)) return Wrong(StrCat("calendar ", c->name, " is there already"));
    script.calendars.Put(c->days);
  } else if (auto* t = std::get_if<GivenTa>(&given)) {
    if (script.Ta(t->code))
      return Wrong(
          StrCat("ta ", t->code, " is there already; a fund that names it first gives it, so put this line before"));
  } else if (auto* f = std::get_if<GivenFund>(&given)) {
    if (script.Fund(f->code)) return Wrong(StrCat("fund ", f->code, " is there already"));
    if (!script.Ta(f->ta)) {
      GivenTa ta;
      ta.code = f->ta;
      script.given.emplace_back(line, ta);
    }
    if (f->calendar.empty()) f->calendar = script.Ta(f->ta)->calendar;
  } else if (script.Investor(std::get<GivenInvestor>(given).name)) {
    return Wrong(StrCat(std::get<GivenInvestor>(given).name, " is there already"));
  }
  script.given.emplace_back(line, std::move(given));
  return absl::OkStatus();
}

// --- The day
// -------------------------------------------------------------------------------------------------------------

// Takes the date and the time of day from the front of a line, where they stand there.
absl::Status TakeTime(std::string_view& rest, std::optional<TimePoint>* at) {
  const size_t end = rest.find_first_of(" \t");
  const std::string_view first = rest.substr(0, end);
  if (first.size() != 10 || first[0] < '0' || first[0] > '9') return absl::OkStatus();
  FC_ASSIGN_OR_RETURN(Date day, Date::Parse(first));
  rest = end == std::string_view::npos ? "" : Trimmed(rest.substr(end));
  const size_t end2 = rest.find_first_of(" \t");
  const std::string_view second = rest.substr(0, end2);
  if (second == "close") {
    *at = TimePoint::At(day, kClose);
    return absl::OkStatus();  // the word stays: it is the statement
  }
  TimeOfDay time;
  if (second == "night") {
    time = kNight;
  } else if (second == "morning") {
    time = kMorning;
  } else if (!second.empty() && second[0] >= '0' && second[0] <= '9') {
    FC_ASSIGN_OR_RETURN(time, TimeOfDay::Parse(second));
  } else {
    return Wrong(StrCat("a time of day, morning, night or close must follow the date, not \"", second, "\""));
  }
  *at = TimePoint::At(day, time);
  rest = end2 == std::string_view::npos ? "" : Trimmed(rest.substr(end2));
  return absl::OkStatus();
}

absl::StatusOr<Line> ReadLine(Script& script, std::string_view text) {
  Line line;
  line.text = std::string(text);
  std::string_view rest = text;
  FC_RETURN_IF_ERROR(TakeTime(rest, &line.at));
  if (line.at && !script.lines.empty()) {
    for (auto it = script.lines.rbegin(); it != script.lines.rend(); ++it) {
      if (!it->at) continue;
      if (*line.at < *it->at) return Wrong(StrCat("time goes on only: this is before ", it->at->Iso()));
      break;
    }
  }
  if (!line.at && script.lines.empty()) return Wrong("the first line of the day begins with a date and a time");
  while (!rest.empty()) {
    const size_t end = FindOutsideQuotes(rest, ";");
    const std::string_view one = Trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? "" : Trimmed(rest.substr(end + 1));
    if (one.empty()) return Wrong("nothing stands between two semicolons");
    const size_t arrow = FindOutsideQuotes(one, "->");
    const bool has_outcome = arrow != std::string_view::npos;
    FC_ASSIGN_OR_RETURN(Statement s, ParseStatement(script, one.substr(0, arrow),
                                                    has_outcome ? one.substr(arrow + 2) : "", has_outcome));
    if (std::holds_alternative<SetDown>(s)) script.memory_only = true;
    // A served fundcore knows its callers by their tokens.
    if (const auto* order = std::get_if<PlaceOrder>(&s); order && !order->channel.empty()) script.memory_only = true;
    line.statements.push_back(std::move(s));
  }
  if (line.statements.empty()) return Wrong("the line says when, but not what");
  return line;
}

}  // namespace

const GivenTa* Script::Ta(std::string_view code) const {
  for (const auto& [line, g] : given)
    if (const auto* t = std::get_if<GivenTa>(&g); t && t->code == code) return t;
  return nullptr;
}

const GivenFund* Script::Fund(std::string_view code) const {
  for (const auto& [line, g] : given)
    if (const auto* f = std::get_if<GivenFund>(&g); f && f->code == code) return f;
  return nullptr;
}

const GivenInvestor* Script::Investor(std::string_view name) const {
  for (const auto& [line, g] : given)
    if (const auto* i = std::get_if<GivenInvestor>(&g); i && i->name == name) return i;
  return nullptr;
}

std::vector<std::string> Script::tas() const {
  std::vector<std::string> out;
  for (const auto& [line, g] : given)
    if (const auto* t = std::get_if<GivenTa>(&g)) out.push_back(t->code);
  return out;
}

absl::StatusOr<Script> ParseScript(std::string_view path, std::string_view text) {
  Script script;
  script.path = std::string(path);
  script.calendars = CalendarSet::BuiltIn();
  std::string open_given;  // a "given" that "and" lines may go on with
  int open_line = 0, number = 0;
  const auto at_line = [&](int n, const absl::Status& s) {
    return absl::InvalidArgumentError(StrCat(script.path, ":", n, ": ", std::string(s.message())));
  };
  const auto finish_given = [&]() -> absl::Status {
    if (open_given.empty()) return absl::OkStatus();
    auto given = ReadGiven(script, open_given);
    open_given.clear();
    if (!given.ok()) return at_line(open_line, given.status());
    if (absl::Status s = AddGiven(script, open_line, *std::move(given)); !s.ok()) return at_line(open_line, s);
    return absl::OkStatus();
  };
  while (!text.empty()) {
    ++number;
    const size_t end = text.find('\n');
    std::string_view raw = text.substr(0, end);
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
    if (const size_t comment = FindOutsideQuotes(raw, "#"); comment != std::string_view::npos)
      raw = raw.substr(0, comment);
    const std::string_view line = Trimmed(raw);
    if (line.empty()) continue;
    const size_t space = line.find_first_of(" \t");
    const std::string_view first = line.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? "" : Trimmed(line.substr(space));
    if (first == "and" && !open_given.empty()) {
      open_given += StrCat(" ", rest);
      continue;
    }
    FC_RETURN_IF_ERROR(finish_given());
    if (first == "name" || first == "tells" || first == "group") {
      std::string& field = first == "name" ? script.name : first == "tells" ? script.tells : script.group;
      if (!field.empty() || rest.empty())
        return at_line(number, Wrong(StrCat("\"", first, "\" stands once and has a text")));
      field = std::string(rest);
      continue;
    }
    if (first == "given") {
      if (!script.lines.empty()) return at_line(number, Wrong("what is given stands before the lines of the day"));
      if (rest.empty()) return at_line(number, Wrong("what is given? calendar, ta, fund, or a name"));
      open_given = std::string(rest);
      open_line = number;
      continue;
    }
    auto read = ReadLine(script, line);
    if (!read.ok()) return at_line(number, read.status());
    read->number = number;
    script.lines.push_back(*std::move(read));
  }
  FC_RETURN_IF_ERROR(finish_given());
  if (script.name.empty() || script.tells.empty())
    return at_line(1, Wrong("a script begins with \"name\" and \"tells\""));
  if (script.lines.empty()) return at_line(number, Wrong("nothing happens in this script"));
  script.start = TimePoint::At(script.lines.front().at->date(), TimeOfDay::Hms(8, 0));
  return script;
}

absl::StatusOr<Script> ReadScript(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(StrCat(path, ": cannot be read"));
  std::ostringstream text;
  text << in.rdbuf();
  return ParseScript(path, text.str());
}

}  // namespace fundcore::dayrun
