// Parts of one large redemption (an institution takes the same share of every application of a day), and records in kind.
#include <algorithm>

#include "common/ofd/business_code.h"
#include "common/ofd/text.h"
#include "services/clearing/answer_file.h"

namespace fundcore::clearing {

// Whose account it is does not matter: nothing of it is booked here.
void AnswerFile::ReadInKind(const ofd::RecordView& r) {
  const auto text = [&](ofd::Column c) {
    const std::string_view s = r.Text(c);
    return ofd::IsAscii(s) ? std::string(s) : ofd::Printable(s, 200);
  };
  const auto figure = [&](ofd::Column c) {
    int64_t v = 0;
    if (r.ReadNumber(c, &v) != ofd::FieldState::kPresent) return int64_t{0};
    for (int d = c.decimals(); d < 2; ++d) v *= 10;
    for (int d = c.decimals(); d > 2; --d) v /= 10;
    return v;
  };
  InKindRecord record;
  record.business = static_cast<uint16_t>(*ofd::ParseBusinessCode(r.Text(c_.business)));
  record.order = text(c_.serial);
  record.trading_account = text(c_.account);
  record.ta_account = text(c_.ta_account);
  if (FundCode::Fits(r.Text(c_.fund))) record.fund = FundCode(r.Text(c_.fund));
  record.units = Units::FromRaw(figure(c_.vol));
  record.amount = Money::FromRaw(figure(c_.amount));
  record.charge = Money::FromRaw(figure(c_.charge));
  record.return_code = text(c_.code);
  if (Date d; r.ReadDate(c_.apply_day, &d) == ofd::FieldState::kPresent) record.apply_day = d;
  record.file_name = name_;
  record.line = records_;
  record.detail = text(c_.error);
  in_kind_.emplace_back(text(c_.ta_serial), std::move(record));
}

// Each part is cut to 0.01 a day, so that two of them differ by a few of those from the exact proportion, whatever was
// confirmed on the days before. Only where some line says that its rest goes on: another part may have another reason.
void AnswerFile::CompareParts() {
  std::stable_sort(parts_.begin(), parts_.end(), [](const Part& a, const Part& b) {
    return a.fund != b.fund ? a.fund < b.fund : a.applied_on < b.applied_on;
  });
  for (size_t from = 0, to = 0; from < parts_.size(); from = to) {
    while (to < parts_.size() && parts_[to].fund == parts_[from].fund && parts_[to].applied_on == parts_[from].applied_on)
      ++to;
    const auto begin = parts_.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = parts_.begin() + static_cast<std::ptrdiff_t>(to);
    if (std::none_of(begin, end, [](const Part& p) { return p.of_a_rest; })) continue;
    // The largest application shows the share best.
    const Part& model =
        *std::max_element(begin, end, [](const Part& a, const Part& b) { return a.applied < b.applied; });
    constexpr int64_t kSteps = 5;  // of 0.01
    for (auto part = begin; part != end; ++part) {
      const Units expected = Units::FromRaw(
          MulDiv(model.confirmed.raw(), part->applied.raw(), model.applied.raw(), Rounding::kTruncate));
      if (std::abs(expected.raw() - part->confirmed.raw()) <= kSteps) continue;
      Finding f;
      f.kind = BreakKind::kConfirmationDiffers;
      f.type = type_;
      f.file_name = name_;
      f.line = part->record;
      f.field = "ConfirmedVol";
      f.expected = expected.ToString();
      f.found = part->confirmed.ToString();
      f.rule = "NOT_PRO_RATA";
      f.order = part->order;
      f.message = StrCat("ConfirmedVol ", f.found, " of ", part->applied.ToString(), " is another share than ",
                         model.confirmed.ToString(), " of ", model.applied.ToString(), " of the same day");
      faults_.push_back(std::move(f));
    }
  }
}

}  // namespace fundcore::clearing
