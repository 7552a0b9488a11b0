// Statements about where investors pay taxes, and what institutions say to it.
#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

absl::StatusOr<std::string> TaOf(const Script& script, Words& w) {
  if (w.AtEnd() || !script.Ta(w.Peek())) {
    const std::vector<std::string> known = script.tas();
    return w.Unknown({known.begin(), known.end()});
  }
  return w.Next("an institution");
}

absl::StatusOr<Statement> ReadDeclaration(DeclareTax s, Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("tax"));
  s.holders.emplace_back();
  while (!w.AtEnd()) {
    DeclareTax::Holder& h = s.holders.back();
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"residency", "in", "passport", "born", "living", "signed", "entity", "english",
                                           "controller", "share", "taken", "named"}));
    switch (a) {
      case 0: {
        FC_ASSIGN_OR_RETURN(h.residency, w.Next("0 to 3"));
        break;
      }
      case 1: {
        DeclareTax::Holder::Country c;
        FC_ASSIGN_OR_RETURN(c.country, w.Next("a country"));
        if (w.Take("tin")) {
          FC_ASSIGN_OR_RETURN(c.tin, w.Next("a tax number"));
        }
        if (w.Take("without")) {
          FC_ASSIGN_OR_RETURN(c.why, w.Next("why there is no number"));
        }
        h.countries.push_back(std::move(c));
        break;
      }
      case 2: {
        FC_ASSIGN_OR_RETURN(h.family, w.Next("a family name"));
        FC_ASSIGN_OR_RETURN(h.first, w.Next("a first name"));
        break;
      }
      case 3: {
        FC_ASSIGN_OR_RETURN(Date born, w.Day());
        h.born = born.raw();
        FC_RETURN_IF_ERROR(w.Expect("in"));
        FC_ASSIGN_OR_RETURN(h.born_in, w.Next("a country"));
        break;
      }
      case 4: {
        FC_ASSIGN_OR_RETURN(h.living, w.Next("a country"));
        FC_ASSIGN_OR_RETURN(h.address, w.Next("an address"));
        break;
      }
      case 5: {
        FC_ASSIGN_OR_RETURN(Date day, w.Day());
        s.signed_on = day.raw();
        break;
      }
      case 6: {
        FC_ASSIGN_OR_RETURN(s.entity, w.Next("1 to 3"));
        break;
      }
      case 7: {
        FC_ASSIGN_OR_RETURN(s.english, w.Next("a name"));
        break;
      }
      case 8: {
        DeclareTax::Holder c;
        FC_ASSIGN_OR_RETURN(c.type, w.Next("a code of the standard"));
        FC_ASSIGN_OR_RETURN(c.name, w.Next("a name"));
        s.holders.push_back(std::move(c));
        break;
      }
      case 9: {
        FC_ASSIGN_OR_RETURN(h.share, w.Number("a percentage", 0, 1000));
        break;
      }
      case 10: {
        FC_RETURN_IF_ERROR(w.Expect("by"));
        FC_ASSIGN_OR_RETURN(s.person, w.Next("a person"));
        break;
      }
      default: {
        FC_ASSIGN_OR_RETURN(s.named, w.Next("a name for its lines"));
      }
    }
  }
  return s;
}

}  // namespace

bool IsTaxVerb(const Words& w) { return w.Peek() == "tax" || (w.Peek() == "declares" && w.Peek(1) == "tax"); }

absl::StatusOr<Statement> ReadTaxVerb(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome) {
  if (w.Take("declares")) {
    DeclareTax s;
    s.who = std::move(who);
    s.outcome = std::move(outcome);
    return ReadDeclaration(std::move(s), w);
  }
  FC_RETURN_IF_ERROR(w.Expect("tax"));
  CheckTax s;
  s.who = std::move(who);
  if (w.Take("versions")) {
    FC_ASSIGN_OR_RETURN(s.versions, w.Number("a number of versions", 0, 1000));
    return s;
  }
  if (!w.TakeAll({"at", "ta"})) return w.Unknown({"at ta", "versions"});
  FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
  FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"owed", "sent", "told", "refused"}));
  const std::vector<std::string> states = {"OWED", "SENT", "TOLD", "REFUSED"};
  s.state = states[state];
  if (w.Take("with")) {
    FC_ASSIGN_OR_RETURN(s.code, w.Next("a return code"));
  }
  return s;
}

absl::StatusOr<TaDoes> ReadTaxDeed(const Script& script, Words& w) {
  TaDoes s;
  FC_ASSIGN_OR_RETURN(s.ta, TaOf(script, w));
  FC_RETURN_IF_ERROR(w.Expect("tax"));
  FC_ASSIGN_OR_RETURN(size_t a, w.OneOf({"refused", "of"}));
  s.kind = a == 0 ? TaDoes::Kind::kRefusesTax : TaDoes::Kind::kUnknownTax;
  FC_RETURN_IF_ERROR(w.Expect(a == 0 ? "with" : "nobody"));
  if (a == 0) {
    FC_ASSIGN_OR_RETURN(s.code, w.Next("a return code"));
  }
  return s;
}

}  // namespace fundcore::dayrun
