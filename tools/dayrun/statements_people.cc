// Statements about investors' data: changed here, by the institution, and what an institution knows of them.
#include <algorithm>

#include "common/base/status.h"
#include "tools/dayrun/statements.h"

namespace fundcore::dayrun {
namespace {

const std::vector<std::string_view>& Fields() {
  static const auto* const fields = new std::vector<std::string_view>{"name",  "certificate", "mobile",  "address",
                                                                      "until", "minor",       "product", "named"};
  return *fields;
}

absl::StatusOr<std::string> TaIn(const Script& script, Words& w) {
  FC_RETURN_IF_ERROR(w.Expect("at"));
  FC_RETURN_IF_ERROR(w.Expect("ta"));
  if (w.AtEnd() || !script.Ta(w.Peek())) {
    const std::vector<std::string> known = script.tas();
    return w.Unknown({known.begin(), known.end()});
  }
  return w.Next("an institution");
}

absl::Status ReadCertificate(Words& w, std::string* type, std::string* number) {
  FC_ASSIGN_OR_RETURN(*type, w.Next("a certificate type"));
  FC_ASSIGN_OR_RETURN(*number, w.Next("a certificate number"));
  return absl::OkStatus();
}

absl::StatusOr<Statement> ReadChange(const Script& script, ChangeData s, Words& w) {
  do {
    FC_ASSIGN_OR_RETURN(size_t a, w.OneOf(Fields()));
    switch (a) {
      case 0: {
        FC_ASSIGN_OR_RETURN(s.name, w.Next("a name"));
        break;
      }
      case 1: {
        if (w.Take("of")) {
          if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
          FC_ASSIGN_OR_RETURN(s.certificate_of, w.Next("an investor"));
          break;
        }
        FC_RETURN_IF_ERROR(ReadCertificate(w, &s.certificate_type, &s.certificate_no));
        break;
      }
      case 2: {
        FC_ASSIGN_OR_RETURN(s.mobile, w.Next("a number"));
        break;
      }
      case 3: {
        FC_ASSIGN_OR_RETURN(s.address, w.Next("an address"));
        break;
      }
      case 4: {
        FC_ASSIGN_OR_RETURN(Date until, w.Day());
        s.until = until.raw();
        break;
      }
      case 5: {
        s.minor = true;
        if (!w.Take("guardian")) break;
        FC_ASSIGN_OR_RETURN(s.guardian, w.Next("the guardian's name"));
        FC_ASSIGN_OR_RETURN(s.guardian_certificate, w.Next("the number of the guardian's identity card"));
        break;
      }
      case 6: {
        FC_ASSIGN_OR_RETURN(s.product, w.Next("the product's code"));
        break;
      }
      default: {
        FC_ASSIGN_OR_RETURN(s.named, w.Next("a name for the application"));
      }
    }
  } while (!w.AtEnd());
  return s;
}

}  // namespace

// Other things may be changed, too: the word behind says whether it is a person's data.
bool IsPersonVerb(const Words& w) {
  if (w.Peek() == "moves" && w.Peek(1) == "account") return true;
  if (w.Peek() == "data" || w.Peek() == "certificate") return true;
  const auto& fields = Fields();
  return w.Peek() == "changes" && std::find(fields.begin(), fields.end(), w.Peek(1)) != fields.end();
}

absl::StatusOr<Statement> ReadPerson(const Script& script, std::string who, Words& w, std::optional<Outcome> outcome) {
  if (w.Take("changes")) {
    ChangeData s;
    s.who = std::move(who);
    s.outcome = std::move(outcome);
    return ReadChange(script, std::move(s), w);
  }
  if (w.Take("moves")) {
    AskForAccount s;
    s.who = std::move(who);
    s.outcome = std::move(outcome);
    FC_RETURN_IF_ERROR(w.Expect("account"));
    FC_ASSIGN_OR_RETURN(s.ta, TaIn(script, w));
    FC_RETURN_IF_ERROR(w.Expect("from"));
    FC_ASSIGN_OR_RETURN(s.former, w.Next("the trading account's number so far"));
    return s;
  }
  if (w.Take("certificate")) {
    CheckPerson s;
    s.who = std::move(who);
    FC_RETURN_IF_ERROR(ReadCertificate(w, &s.certificate_type, &s.certificate_no));
    return s;
  }
  FC_RETURN_IF_ERROR(w.Expect("data"));
  CheckData s;
  s.who = std::move(who);
  FC_ASSIGN_OR_RETURN(s.ta, TaIn(script, w));
  FC_ASSIGN_OR_RETURN(size_t state, w.OneOf({"told", "sent", "owed", "refused", "unchanged"}));
  const std::vector<std::string> states = {"TOLD", "SENT", "OWED", "REFUSED", ""};
  s.state = states[state];
  if (w.Take("with")) {
    FC_ASSIGN_OR_RETURN(s.return_code, w.Next("a return code"));
  }
  return s;
}

absl::StatusOr<std::optional<TaDoes>> ReadOwnChange(const Script& script, std::string_view ta, Words& w) {
  TaDoes s;
  s.ta = std::string(ta);
  if (w.Take("changes")) {
    s.kind = TaDoes::Kind::kOwnData;
    FC_RETURN_IF_ERROR(w.Expect("data"));
    s.text = "same";
  } else if (w.Take("moves")) {
    s.kind = TaDoes::Kind::kOwnMove;
    FC_RETURN_IF_ERROR(w.Expect("account"));
  } else {
    return std::optional<TaDoes>();
  }
  FC_RETURN_IF_ERROR(w.Expect("of"));
  if (w.AtEnd() || !script.Investor(w.Peek())) return w.Unknown({"the name of an investor"});
  FC_ASSIGN_OR_RETURN(s.who, w.Next("an investor"));
  if (s.kind == TaDoes::Kind::kOwnMove || !w.AtEnd()) {
    FC_RETURN_IF_ERROR(w.Expect("to"));
    FC_ASSIGN_OR_RETURN(s.text, w.Next("a number"));
  }
  return std::optional<TaDoes>(std::move(s));
}

}  // namespace fundcore::dayrun
