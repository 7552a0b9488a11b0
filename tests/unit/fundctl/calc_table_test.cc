// Every line of worked_figures.txt comes out to the last digit, by the command line's words and again as a JSON line.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tools/fundctl/calc.h"

namespace fundcore::fundctl {
namespace {

struct Row {
  int line = 0;
  std::string id, source;
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> figures;
};

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> Cells(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream in(line);
  for (std::string cell; std::getline(in, cell, '|');) cells.push_back(Trim(cell));
  return cells;
}

// name=value name="value with blanks"
std::vector<std::pair<std::string, std::string>> Figures(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> figures;
  for (size_t at = 0; at < text.size();) {
    const size_t equals = text.find('=', at);
    if (equals == std::string::npos) break;
    const bool quoted = equals + 1 < text.size() && text[equals + 1] == '"';
    const size_t begin = equals + (quoted ? 2 : 1), end = std::min(text.find(quoted ? '"' : ' ', begin), text.size());
    figures.emplace_back(text.substr(at, equals - at), text.substr(begin, end - begin));
    at = text.find_first_not_of(' ', end + 1);
  }
  return figures;
}

std::vector<Row> Table() {
  std::ifstream file(FUNDCORE_ROOT "/tests/unit/fundctl/worked_figures.txt");
  std::vector<Row> rows;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const auto cells = Cells(line);
    Row row{.line = number};
    if (cells.size() == 4) {
      row.id = cells[0];
      row.source = cells[1];
      std::istringstream in(cells[2]);
      for (std::string word; in >> word;) row.args.push_back(word);
      row.figures = Figures(cells[3]);
    }
    rows.push_back(row);
  }
  return rows;
}

// As a program would ask: {"calc":"…","name":"value",…}.
std::string AsJson(const std::vector<std::string>& args) {
  std::map<std::string, std::vector<std::string>> options;
  std::string name;
  for (size_t i = 1; i < args.size(); ++i) {
    if (args[i].starts_with("--")) {
      name = args[i].substr(2);
      options[name];
    } else {
      options[name].push_back(args[i]);
    }
  }
  std::string json = "{\"calc\":\"" + args[0] + "\"";
  for (const auto& [option, values] : options) {
    json += ",\"" + option + "\":";
    if (values.empty()) {
      json += "true";
    } else if (values.size() == 1) {
      json += "\"" + values[0] + "\"";
    } else {
      json += "[";
      for (const auto& v : values) json += (v == values[0] ? "\"" : ",\"") + v + "\"";
      json += "]";
    }
  }
  return json + "}";
}

TEST(WorkedFiguresTable, EveryLineComesOutToTheLastDigit) {
  std::set<std::string> ids;
  for (const Row& row : Table()) {
    SCOPED_TRACE("worked_figures.txt:" + std::to_string(row.line) + " " + row.id);
    ASSERT_FALSE(row.id.empty()) << "not of the form ID | source | calculation | figures";
    ASSERT_FALSE(row.source.empty());
    ASSERT_FALSE(row.figures.empty());
    ids.insert(row.id);
    const auto r = RunCalc(row.args);
    ASSERT_TRUE(r.ok()) << r.status();
    std::map<std::string, std::string> found(r->figures.begin(), r->figures.end());
    for (const auto& [name, value] : row.figures) EXPECT_EQ(found[name], value) << name;

    std::istringstream in(AsJson(row.args) + "\n");
    std::ostringstream out;
    ASSERT_TRUE(RunCases(in, out).ok());
    EXPECT_EQ(out.str(), CalcJson(*r, false) + "\n");
  }
  EXPECT_EQ(ids.size(), 25u) << "a published figure was dropped";
}

TEST(Cases, AnswerEachLineAndNameTheOneThatIsNotACase) {
  std::istringstream good(
      "# a remark\n"
      "{\"id\":\"1\",\"calc\":\"days\",\"from\":\"2025-03-04\",\"to\":\"2025-03-11\"}\n"
      "{\"id\":\"2\",\"calc\":\"redeem\",\"units\":\"1\",\"nav\":\"1\"}\n"
      "{\"id\":\"3\",\"calc\":\"income\",\"units\":\"7000\",\"per-10000\":\"1.28\",\"steps\":true}\n");
  std::ostringstream out;
  ASSERT_TRUE(RunCases(good, out).ok());
  EXPECT_EQ(out.str(),
            "{\"id\":\"1\",\"days_held\":\"7\"}\n"
            "{\"id\":\"2\",\"error\":\"option --rate is missing\"}\n"
            "{\"id\":\"3\",\"exact\":\"0.896\",\"paid\":\"0.89\",\"rest\":\"0.006\",\"steps\":[\"income = 7000.00 ÷ 10,000 × 1.2800 = "
            "0.896\",\"paid 0.89, carried on 0.006\"]}\n");

  std::istringstream bad("{\"calc\":\"days\",\"from\":\"2025-03-04\",\"to\":\"2025-03-11\"}\n\n{\"amount\":\"5\"}\n");
  std::ostringstream some;
  const absl::Status status = RunCases(bad, some);
  EXPECT_EQ(status.message(), "line 3: has no \"calc\", the calculation's name");
  EXPECT_EQ(some.str(), "{\"days_held\":\"7\"}\n");
  std::istringstream number("{\"calc\":\"days\",\"from\":20250304}\n");
  EXPECT_EQ(RunCases(number, some).message(), "line 1: \"from\" must be text, true, or a list of texts");
}

}  // namespace
}  // namespace fundcore::fundctl
