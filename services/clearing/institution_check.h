// What the validation of a day's files gathers. Inside the institution's own files only.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "services/clearing/institution.h"

namespace fundcore::clearing {

// One break a line, whatever is wrong with it: findings of the same line become one, its message names every field.
class Findings {
 public:
  void Add(Finding f) {
    if (f.line == 0) {
      others_.push_back(std::move(f));
      return;
    }
    auto [it, fresh] = by_line_.try_emplace({f.type.str(), f.line}, f);
    if (!fresh) it->second.message += StrCat("; ", f.message);
  }
  std::vector<Finding> Take(size_t most_a_file) {
    std::vector<Finding> out = std::move(others_);
    for (auto& [key, f] : by_line_) out.push_back(std::move(f));
    if (out.size() <= most_a_file) return out;
    // Beyond this nobody looks at single lines: the file as a whole is what is wrong.
    Finding rest = out[most_a_file];
    rest.kind = BreakKind::kTooManyFindings;
    rest.line = 0;
    rest.order = {};
    rest.subject = "rest";
    rest.rule = "TOO_MANY_FINDINGS";
    rest.message = StrCat(out.size() - most_a_file, " more lines do not add up; this break stands for all of them");
    out.resize(most_a_file);
    out.push_back(std::move(rest));
    return out;
  }

 private:
  std::map<std::pair<std::string, uint64_t>, Finding> by_line_;
  std::vector<Finding> others_;
};

// A finding of a peer, as a break of the file that the peer was asked about.
Finding OfPeer(const AnswerFile& file, BreakKind kind, const account::v1::Finding& p);

struct InstitutionWorker::Check {
  Date day;
  Date answer_day;
  uint64_t product_seq = 0;
  Findings findings;
  std::set<std::string> plans_told;  // subjects of breaks about dividend plans
};

}  // namespace fundcore::clearing
