// Calculations from JSON lines, for those who check many figures at once. simdjson is compiled here alone.
#include <simdjson.h>

#include "tools/fundctl/answer.h"
#include "tools/fundctl/calc_parts.h"

namespace fundcore::fundctl {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kLongestLine = size_t{1} << 20;

struct Case {
  std::string id;
  bool steps = false;
  std::vector<std::string> args;   // as they would be typed
};

absl::Status ReadValue(std::string_view key, dom::element value, std::vector<std::string>* args) {
  const auto text = [&](dom::element e) -> absl::Status {
    std::string_view s;
    if (e.get(s)) return Wrong(StrCat("\"", key, "\" must be text, true, or a list of texts"));
    args->push_back(StrCat("--", key, "=", s));
    return absl::OkStatus();
  };
  bool yes = false;
  if (!value.get(yes)) {
    if (yes) args->push_back(StrCat("--", key));
    return absl::OkStatus();
  }
  dom::array list;
  if (value.get(list)) return text(value);
  for (const dom::element e : list) FC_RETURN_IF_ERROR(text(e));
  return absl::OkStatus();
}

absl::StatusOr<Case> ReadCase(dom::parser* parser, const std::string& line) {
  dom::object object;
  if (const auto error = parser->parse(line).get(object)) {
    return Wrong(StrCat("is not one JSON object (", simdjson::error_message(error), ")"));
  }
  Case c;
  std::string_view calc;
  if (object["calc"].get(calc)) return Wrong("has no \"calc\", the calculation's name");
  c.args.emplace_back(calc);
  for (const auto& [key, value] : object) {
    if (key == "calc") continue;
    if (key == "id") {
      std::string_view id;
      if (value.get(id)) return Wrong("\"id\" must be text");
      c.id = id;
    } else if (key == "steps") {
      if (value.get(c.steps)) return Wrong("\"steps\" must be true or false");
    } else {
      FC_RETURN_IF_ERROR(ReadValue(key, value, &c.args));
    }
  }
  return c;
}

std::string AnswerOf(const Case& c) {
  const std::string id = c.id.empty() ? "" : StrCat("\"id\":", JsonText(c.id), ",");
  const auto result = RunCalc(c.args);
  if (!result.ok()) return StrCat("{", id, "\"error\":", JsonText(std::string(result.status().message())), "}");
  return StrCat("{", id, CalcJson(*result, c.steps).substr(1));
}

}  // namespace

std::string CalcJson(const CalcResult& result, bool steps) {
  std::vector<std::string> members;
  for (const auto& [name, value] : result.figures) members.push_back(StrCat(JsonText(name), ":", JsonText(value)));
  if (steps) {
    std::vector<std::string> lines;
    for (const std::string& step : result.steps) lines.push_back(JsonText(step));
    members.push_back(StrCat("\"steps\":[", absl::StrJoin(lines, ","), "]"));
  }
  return StrCat("{", absl::StrJoin(members, ","), "}");
}

absl::Status RunCases(std::istream& in, std::ostream& out) {
  dom::parser parser;
  std::string line;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    if (line.size() > kLongestLine) return Wrong(StrCat("line ", number, " is longer than 1 MiB"));
    const size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string::npos || line[start] == '#') continue;
    const auto c = ReadCase(&parser, line);
    if (!c.ok()) return Wrong(StrCat("line ", number, ": ", c.status().message()));
    out << AnswerOf(*c) << '\n';
  }
  out.flush();
  if (out.fail()) return absl::UnavailableError("the answers could not be written");
  return absl::OkStatus();
}

}  // namespace fundcore::fundctl
