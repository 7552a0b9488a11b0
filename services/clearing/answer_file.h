// A file of the institution (02, 04, 05, 06, 07, 25) in memory: read as a whole before anything of it is used, then
// sorted by the partition that each line belongs to.
//
//   AnswerFile file(FileType("04"), name, bytes, expectation);
//   while (file.ReadOn(2'000)) ...;           // in slices, so that nobody waits for a long file
//   file.damage();  file.header_fault();      // the file as a whole
//   file.faults();                            // lines that are wrong by themselves
//   for (const auto& line : file.lines(partition)) file.Fill(line, request.add_lines());
//
// Fields are found by the file's own list, once a file; a line costs its decoding and nothing else. Pure; one thread at
// a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "common/ofd/reader.h"
#include "common/ofd/variant.h"
#include "fundcore/account/v1/account.pb.h"
#include "fundcore/product/v1/product.pb.h"
#include "fundcore/trade/v1/trade.pb.h"
#include "services/clearing/in_kind.h"
#include "services/clearing/state.h"

namespace fundcore::clearing {

// What a file of the institution has to say of itself.
struct Expectation {
  TaCode ta;
  DistributorCode distributor;
  Date date;
  uint8_t version = 21;
  uint16_t partitions = 1;  // of trade and account
  // What its files do otherwise; null = nothing. Shared, as several files are held at once.
  std::shared_ptr<const ofd::Variant> variant;
};

// What account knows an answer to a line of R1 by; the standard has no number for it.
inline constexpr uint32_t kTaxConfirmed = 1001;

class AnswerFile {
 public:
  struct Line {
    uint64_t offset = 0;  // of the record in the file
    uint64_t record = 0;  // its number, from 1
    InvestorId investor;
    OrderId order;  // unset where it is none of ours
  };
  struct Balance {
    InvestorId investor;
    FundCode fund;
    TaAccountId account;
    Units units;
    uint64_t record = 0;
    Units frozen;
    bool frozen_given = false;
    char way = 0;  // of dividends; 0: not said
    bool has_income = false;  // of a money fund: what is neither units nor money yet
    Money income;
  };
  struct CashKey {
    FundCode fund;
    uint16_t business = 0;
    friend auto operator<=>(const CashKey&, const CashKey&) = default;
  };
  struct Cash {
    Money pay;  // from us
    Money receive;
    Date pay_date;  // the latest where lines differ
    uint64_t record = 0;
  };

  // A dividend, in either of the files that speak of it.
  struct DividendKey {
    InvestorId investor;
    FundCode fund;
    friend auto operator<=>(const DividendKey&, const DividendKey&) = default;
  };

  AnswerFile(FileType type, std::string name, std::string bytes, const Expectation& expectation);

  const FileType& type() const { return type_; }
  const std::string& name() const { return name_; }
  std::string_view bytes() const { return bytes_; }
  Hash256 sha;  // set by whoever hashed the bytes

  // Reads on; true while there is more.
  bool ReadOn(size_t records);
  bool finished() const { return finished_; }

  const absl::Status& damage() const { return damage_; }             // the reader's message, with line and column
  const std::string& header_fault() const { return header_fault_; }  // "" where the head is as expected
  uint16_t header_transfer() const;
  uint64_t records() const { return records_; }
  const std::vector<Finding>& faults() const { return faults_; }

  // 02, 04, 06: the lines of a partition, in file order.
  const std::vector<Line>& lines(uint16_t partition) const { return lines_[partition]; }
  std::vector<uint16_t> partitions_with_lines() const;
  void Fill(const Line& line, trade::v1::ConfirmationLine* out) const;           // 04
  void Fill(const Line& line, account::v1::AccountConfirmationLine* out) const;  // 02
  void Fill(const Line& line, account::v1::DividendLine* out) const;             // 06
  // 04: orders that a line answers; those among them whose line belongs to no partition cannot be applied.
  const std::vector<OrderId>& answered() const { return answered_; }
  const std::vector<OrderId>& unrouted() const { return unrouted_; }
  // 04: redemptions of which a rest goes on: another line of them is due.
  struct Deferred {
    FundCode fund;
    OrderId order;
    InvestorId investor;
  };
  const std::vector<Deferred>& deferred() const { return deferred_; }
  // 04: reservations that the institution has received and keeps.
  const std::vector<OrderId>& receipts() const { return receipts_; }
  // 04: what is kept as a record alone (191 to 194), by TASerialNO.
  const std::vector<std::pair<std::string, InKindRecord>>& in_kind() const { return in_kind_; }
  // 04: lines that say 143, with their record numbers. 06: all its dividends.
  const std::vector<std::pair<DividendKey, uint64_t>>& dividends_told() const { return dividends_told_; }
  const std::vector<DividendKey>& dividend_keys() const { return dividend_keys_; }
  // 02: investors of whom an application was not confirmed; apart those whose 001 says that they have an account already.
  const absl::flat_hash_set<InvestorId>& unconfirmed() const { return unconfirmed_; }
  const absl::flat_hash_set<InvestorId>& registered_already() const { return registered_already_; }
  // 05: one entry an investor and fund, however many lines the file has of them.
  const std::vector<Balance>& balances(uint16_t partition) const { return balances_[partition]; }
  const std::map<FundCode, Units>& fund_totals() const { return fund_totals_; }
  const std::vector<product::v1::NavRecord>& prices() const { return prices_; }  // 07
  const std::map<CashKey, Cash>& cash() const { return cash_; }                  // 25

 private:
  struct Columns {
    ofd::Column serial, confirm_day, vol, amount, fund, apply_day, code, account, distributor, business, ta_account,
        ta_serial, finish, charge, agency_fee, other_fee1, nav, interest, interest_vol, detail, error, total_vol, base,
        reinvested, pay_day, dividend, ex_day, record_day, per_unit, method, per_units, status, price_day, price_type,
        direction, frozen_cause, frozen_method, adjustment, transfer_direction, registered, original, held, held_vol, kind,
        frozen_vol, cause, until, target, from_ta, income, income_sign, target_fund, target_vol, target_nav, difference_fee, convert_status,
        original_sheet, redemption_day, subscription_day, applied_vol, applied_amount, percent, certificate_type, certificate_no;
  };
  bool Open();
  bool ReadRecord(const ofd::RecordView& r);
  bool ReadConfirmation(const ofd::RecordView& r);
  void ReadRest(const ofd::RecordView& r, const Line& line, bool interim);
  // answer_rest.cc: parts of one large redemption are in proportion to what was applied for.
  void CompareParts();
  void ReadOffer(const ofd::RecordView& r, const Line& line);
  void ReadInKind(const ofd::RecordView& r);
  bool ReadAccountLine(const ofd::RecordView& r);
  bool ReadTaxLine(const ofd::RecordView& r);
  bool ReadDividend(const ofd::RecordView& r);
  bool ReadBalance(const ofd::RecordView& r);
  bool ReadPrice(const ofd::RecordView& r);
  bool ReadCash(const ofd::RecordView& r);
  void MergeBalances();
  // False, and the file is damaged, where a field holds no number or date.
  bool CheckNumbers(const ofd::RecordView& r, std::initializer_list<ofd::Column> columns);
  bool CheckDates(const ofd::RecordView& r, std::initializer_list<ofd::Column> columns);
  bool Damage(absl::Status status);
  const ofd::Variant& variant() const;
  // True where the return code has the standard's form or is one of the institution's own.
  bool IsReturnCode(std::string_view code) const;
  // The code as trade and account, which know the standard's alone, will understand it. To them an unknown code is a
  // refusal; so an own code that is none becomes 0000, and one of the standard's that is a refusal here becomes 9999.
  // `detail` of an own code begins with the code and its meaning.
  std::string StandardCode(std::string_view code, std::string* detail) const;
  void Fault(const ofd::RecordView& r, BreakKind kind, std::string_view rule, ofd::Column column,
             std::string_view field, std::string expected, OrderId order, std::string_view why);
  // The partition of the line's investor; nothing where the number is none of ours.
  std::optional<uint16_t> Route(const ofd::RecordView& r, InvestorId* investor) const;
  ofd::RecordView At(const Line& line) const;

  const FileType type_;
  const std::string name_;
  const std::string bytes_;
  const Expectation expected_;
  std::optional<ofd::Reader> reader_;
  Columns c_;
  bool opened_ = false;
  bool finished_ = false;
  absl::Status damage_;
  std::string header_fault_;
  uint64_t records_ = 0;
  std::vector<Finding> faults_;
  std::vector<std::vector<Line>> lines_;
  std::vector<OrderId> answered_, unrouted_, receipts_;
  std::vector<Deferred> deferred_;
  std::vector<std::pair<std::string, InKindRecord>> in_kind_;
  struct Part {
    FundCode fund;
    Date applied_on;
    Units applied, confirmed;
    uint64_t record = 0;
    OrderId order;
    bool of_a_rest = false;  // more will come, or came before
  };
  std::vector<Part> parts_;
  absl::flat_hash_set<InvestorId> unconfirmed_, registered_already_;
  absl::flat_hash_set<std::string_view> serials_seen_;
  absl::flat_hash_set<uint64_t> orders_seen_;
  std::vector<std::vector<Balance>> balances_, balance_details_;
  std::map<FundCode, Units> fund_totals_;
  std::vector<product::v1::NavRecord> prices_;
  std::map<CashKey, Cash> cash_;
  std::vector<std::pair<DividendKey, uint64_t>> dividends_told_;
  std::vector<DividendKey> dividend_keys_;
};

}  // namespace fundcore::clearing
