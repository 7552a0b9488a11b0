// What a command has to say, once: as tables for people or as one JSON object for programs.
//
//   Answer a;
//   a.Add("investor_id", InvestorId(1000000042));
//   a.Add("available", Money::FromRaw(1'000'000));       // people read 10,000.00, programs "10000.00"
//   Table& lots = a.AddTable("lots", {"fund_code", "units"});
//   lots.Row({"110022", Units::FromRaw(438006)});
//   a.ForPeople();    a.Json();
//
// Plain values; no threads, no output of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "common/money/decimal.h"
#include "common/time/time.h"
#include "common/types/ids.h"

namespace fundcore::fundctl {

// One cell: how people read it and how programs do. Decimals are exact text in both; dates are ISO; what is not set is
// empty and null.
class Value {
 public:
  Value(std::string_view text);  // NOLINT: a cell is made from what it shows
  Value(const char* text) : Value(std::string_view(text)) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(Money amount);
  Value(Units units);
  Value(Nav price);
  Value(Date day);
  Value(TimePoint at);
  Value(InvestorId id);
  Value(OrderId id);
  Value(bool yes);
  Value(int n) : Value(static_cast<uint64_t>(n < 0 ? 0 : n)) {}
  Value(uint32_t n) : Value(static_cast<uint64_t>(n)) {}
  Value(uint64_t n);
  // A payment's number, 17 digits like an order's.
  Value(PaymentId id) : Value(OrderId(id.raw())) {}

  const std::string& text() const { return text_; }
  const std::string& json() const { return json_; }
  bool right() const { return right_; }

 private:
  std::string text_, json_;
  bool right_ = false;  // figures stand at the right of their column
};

// Rows under column keys. People see a key's underscores as spaces.
class Table {
 public:
  Table(std::string key, std::string title, std::vector<std::string> columns)
      : key_(std::move(key)), title_(std::move(title)), columns_(std::move(columns)) {}
  // As many cells as there are columns: another number is a broken invariant.
  void Row(std::vector<Value> cells);
  size_t rows() const { return rows_.size(); }

 private:
  friend class Answer;
  std::string key_, title_;
  std::vector<std::string> columns_;
  std::vector<std::vector<Value>> rows_;
};

class Answer {
 public:
  // `for_people` false: programs always find the key, people see it only where it says something.
  void Add(std::string_view key, Value value, bool for_people = true) {
    fields_.push_back({std::string(key), std::move(value), for_people});
  }
  // `title` stands above the table for people; the reference is good as long as the answer.
  Table& AddTable(std::string_view key, std::vector<std::string> columns, std::string_view title = {});
  // Remarks for people alone, after everything else.
  void Say(std::string_view line) { remarks_.emplace_back(line); }

  std::string ForPeople() const;  // lines, each ended
  std::string Json() const;       // one line, not ended

  // What the program ends with: 0, or 1 where the data are not as they should be.
  int exit_code = 0;

 private:
  struct Field {
    std::string key;
    Value value;
    bool for_people;
  };
  std::vector<Field> fields_;
  std::deque<Table> tables_;  // rows are added while further tables are made
  std::vector<std::string> remarks_;
};

// Columns that a terminal needs for UTF-8 text: Chinese characters take two. Malformed bytes count one each.
int DisplayWidth(std::string_view utf8);
// A JSON string with its quotes.
std::string JsonText(std::string_view utf8);

}  // namespace fundcore::fundctl
