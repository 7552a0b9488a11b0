// Comparing: one pass over each file for hashes, a merge of both by key, then a second look at what differs.
#include "tools/ofd/change/diff.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/ofd/ascii.h"
#include "common/ofd/business_code.h"
#include "common/ofd/text.h"
#include "common/ofd/values.h"
#include "tools/ofd/change/scan.h"
#include "tools/ofd/change/text.h"
#include "tools/ofd/source.h"

namespace fundcore::ofd_tools {
namespace {

// A field of either file or both.
struct Pair {
  std::string name, chinese;
  ofd::Column a, b;
  bool number = false;  // in either file
  bool date = false;
  bool key = false;
  bool ignored = false;
};

struct Entry {
  uint64_t key = 0;
  uint64_t content = 0;
  uint64_t offset = 0;
  uint64_t line = 0;
};
static_assert(sizeof(Entry) == 32, "the header promises 32 bytes a record");

struct Found {
  uint32_t a = 0, b = 0;  // indexes of entries; kNone where that side has none
};
constexpr uint32_t kNone = ~0u;

class Comparison {
 public:
  Comparison(const DiffOptions& options, DiffSink* sink) : options_(options), sink_(*sink) {}

  absl::StatusOr<DiffCounts> Run() {
    FC_ASSIGN_OR_RETURN(a_, RecordScan::Open(options_.a, options_.variant_a.reader_options()));
    FC_ASSIGN_OR_RETURN(b_, RecordScan::Open(options_.b, options_.variant_b.reader_options()));
    if (a_->header().type != b_->header().type) {
      return absl::InvalidArgumentError(StrCat("files of type ", a_->header().type.view(), " and ",
                                               b_->header().type.view(), " have nothing to compare; give two of one"));
    }
    FC_RETURN_IF_ERROR(Plan());
    std::vector<Entry> in_a, in_b;
    FC_RETURN_IF_ERROR(Load(a_.get(), true, &in_a));
    FC_RETURN_IF_ERROR(Load(b_.get(), false, &in_b));
    counts_.records_a = in_a.size();
    counts_.records_b = in_b.size();
    sink_.Begin(options_.a, options_.b, key_);
    CompareHeads();
    std::vector<Found> found = Merge(&in_a, &in_b);
    // By A's lines; what only B has stands last.
    std::sort(found.begin(), found.end(), [&](const Found& x, const Found& y) {
      if ((x.a == kNone) != (y.a == kNone)) return y.a == kNone;
      return x.a == kNone ? in_b[x.b].line < in_b[y.b].line : in_a[x.a].line < in_a[y.a].line;
    });
    for (const Found& f : found) {
      FC_RETURN_IF_ERROR(Tell(f.a == kNone ? nullptr : &in_a[f.a], f.b == kNone ? nullptr : &in_b[f.b]));
    }
    return counts_;
  }

 private:
  void CompareHeads() {
    const ofd::Header &a = a_->header(), &b = b_->header();
    const auto item = [&](std::string_view name, std::string_view x, std::string_view y, bool counts) {
      if (x == y) return;
      counts_.head += counts;
      sink_.Head(name, x, y, counts);
    };
    item("version", ofd::VersionText(a.version), ofd::VersionText(b.version), options_.strict);
    item("creator", a.creator.view(), b.creator.view(), true);
    item("receiver", a.receiver.view(), b.receiver.view(), true);
    item("date", a.date.Iso(), b.date.Iso(), true);
    item("transfer number", StrCat(a.transfer_no.raw()), StrCat(b.transfer_no.raw()), true);
    item("sender", a.sender.view(), b.sender.view(), true);
    item("recipient", a.recipient.view(), b.recipient.view(), true);
    item("record count", StrCat(a_->reader().record_count()), StrCat(b_->reader().record_count()), false);
    std::vector<std::string> only_a, only_b;
    for (const std::string& name : a.fields) {
      if (!b_->layout().Find(name).present()) only_a.push_back(name);
    }
    for (const std::string& name : b.fields) {
      if (!a_->layout().Find(name).present()) only_b.push_back(name);
    }
    if (only_a.empty() && only_b.empty()) return;
    counts_.head += options_.strict;
    sink_.FieldLists(only_a, only_b, options_.strict);
  }

  absl::Status Plan() {
    const ofd::FileType type = a_->header().type;
    const auto add = [&](const std::string& name, ofd::Version version) {
      Pair p{.name = name, .a = a_->layout().Find(name), .b = b_->layout().Find(name)};
      p.chinese = std::string(ChineseOf(version, type, name));
      p.number = (p.a.present() && p.a.kind() == ofd::FieldKind::kNumber) ||
                 (p.b.present() && p.b.kind() == ofd::FieldKind::kNumber);
      if (const ofd::FieldDef* def = ofd::FindField(version, type, name)) p.date = ofd::IsDateField(*def);
      p.ignored = options_.ignore.count(ofd::Upper(name)) > 0;
      pairs_.push_back(std::move(p));
    };
    for (const std::string& name : a_->header().fields) add(name, a_->header().version);
    for (const std::string& name : b_->header().fields) {
      if (!a_->layout().Find(name).present()) add(name, b_->header().version);
    }
    for (const std::string& name : options_.ignore) {
      if (Named(name)) continue;
      return absl::InvalidArgumentError(StrCat("--ignore names ", name, ", which neither file has; leave it out"));
    }
    for (const std::string& name : options_.key) {
      Pair* p = Named(name);
      if (!p || !p->a.present() || !p->b.present()) {
        return absl::InvalidArgumentError(StrCat("key field ", name, " is not in both files; choose another --key"));
      }
      p->key = true;
      key_.push_back(p->name);
    }
    if (key_.empty()) {
      for (std::string_view name : ofd::KeyFields(type)) {
        Pair* p = Named(name);
        if (!p || !p->a.present() || !p->b.present() || p->ignored) continue;
        p->key = true;
        key_.push_back(p->name);
      }
    }
    whole_record_is_key_ = key_.empty();
    raw_ = options_.ignore.empty() && a_->header().fields.size() == pairs_.size() &&
           b_->header().fields.size() == pairs_.size();
    for (const Pair& p : pairs_) {
      raw_ = raw_ && p.a.offset() == p.b.offset() && p.a.width() == p.b.width() && p.a.kind() == p.b.kind() &&
             p.a.decimals() == p.b.decimals();
    }
    return absl::OkStatus();
  }

  Pair* Named(std::string_view name) {
    for (Pair& p : pairs_) {
      if (ofd::EqualsIgnoreCase(p.name, name)) return &p;
    }
    return nullptr;
  }

  // One form for every way to write a value, so that equal forms mean equal values.
  void Canonical(const Pair& p, const ofd::RecordView& r, bool in_a, std::string* out) const {
    out->clear();
    const ofd::Column c = in_a ? p.a : p.b;
    if (!c.present()) return;
    const std::string_view text = r.Text(c);
    if (p.number) {
      Decimal value;
      switch (ParseDecimal(c.kind() == ofd::FieldKind::kNumber ? r.Raw(c) : text, c.decimals(), &value)) {
        case DecimalForm::kBlank: return;
        case DecimalForm::kMalformed: out->assign(text); return;
        case DecimalForm::kNumber: break;
      }
      if (value.is_zero() && !options_.strict) return;
      *out = value.ToString();
      return;
    }
    if (p.date && !options_.strict && text.find_first_not_of('0') == std::string_view::npos) return;
    out->assign(text);
  }

  static void Mix(std::string_view part, uint64_t* hash) {
    *hash = XXH3_64bits_withSeed(part.data(), part.size(), *hash * 0x9e3779b97f4a7c15ull + part.size() + 1);
  }

  absl::Status Load(RecordScan* scan, bool in_a, std::vector<Entry>* entries) {
    if (scan->reader().record_count() > DiffOptions::kMostRecords) {
      return absl::ResourceExhaustedError(StrCat(scan->path(), " announces ", scan->reader().record_count(),
                                                 " records; the most that can be compared is ",
                                                 DiffOptions::kMostRecords, "; split the file"));
    }
    // What is announced may be a lie; the file's size is not.
    const uint64_t most = scan->size() / (scan->layout().record_bytes() + 1) + 1;
    entries->reserve(std::min(scan->reader().record_count(), most));
    std::string value;
    for (Record r; scan->Next(&r);) {
      Entry e{.offset = r.offset, .line = r.view.line()};
      for (const Pair& p : pairs_) {
        const bool in_key = p.key || (whole_record_is_key_ && !p.ignored);
        if (!in_key && (raw_ || p.ignored)) continue;
        Canonical(p, r.view, in_a, &value);
        if (in_key) Mix(value, &e.key);
        if (!raw_ && !p.ignored) Mix(value, &e.content);
      }
      if (raw_) Mix(r.view.bytes(), &e.content);
      entries->push_back(e);
    }
    return scan->status();
  }

  // Sorts both by key and line; returns what has no partner or one of other content.
  std::vector<Found> Merge(std::vector<Entry>* a, std::vector<Entry>* b) const {
    const auto less = [](const Entry& x, const Entry& y) { return x.key != y.key ? x.key < y.key : x.line < y.line; };
    std::sort(a->begin(), a->end(), less);
    std::sort(b->begin(), b->end(), less);
    std::vector<Found> found;
    uint32_t i = 0, j = 0;
    while (i < a->size() || j < b->size()) {
      const bool has_a = i < a->size(), has_b = j < b->size();
      if (has_a && has_b && (*a)[i].key == (*b)[j].key) {
        if ((*a)[i].content != (*b)[j].content) found.push_back({i, j});
        ++i;
        ++j;
      } else if (has_a && (!has_b || (*a)[i].key < (*b)[j].key)) {
        found.push_back({i++, kNone});
      } else {
        found.push_back({kNone, j++});
      }
    }
    return found;
  }

  // The record of an entry, read again.
  absl::StatusOr<ofd::RecordView> Read(const RecordScan& scan, const Entry& e, std::string* bytes) const {
    FC_RETURN_IF_ERROR(scan.ReadAt(e.offset, scan.layout().record_bytes(), bytes));
    return ofd::RecordView(*bytes, e.line, &scan.layout());
  }

  // As people read it.
  std::string Shown(const Pair& p, const ofd::RecordView& r, bool in_a) const {
    const ofd::Column c = in_a ? p.a : p.b;
    if (!c.present()) return "";
    if (c.kind() == ofd::FieldKind::kNumber) {
      Decimal value;
      if (ParseDecimal(r.Raw(c), c.decimals(), &value) == DecimalForm::kNumber) return value.ToString(c.decimals());
    }
    return ofd::Printable(r.Text(c), 256);
  }

  std::vector<DiffValue> KeyOf(const ofd::RecordView& r, bool in_a) const {
    std::vector<DiffValue> key;
    for (const Pair& p : pairs_) {
      if (!p.key && !whole_record_is_key_) continue;
      const std::string value = Shown(p, r, in_a);
      if (whole_record_is_key_ && (value.empty() || key.size() == 6)) continue;  // enough to know it by
      key.push_back({p.name, p.chinese, value, value, a_->header().type});
    }
    return key;
  }

  void Alone(char side, const Entry& e, const ofd::RecordView& r) {
    ++(side == 'A' ? counts_.only_a : counts_.only_b);
    sink_.OnlyIn(side, e.line, KeyOf(r, side == 'A'));
  }

  absl::Status Tell(const Entry* a, const Entry* b) {
    std::string bytes_a, bytes_b;
    ofd::RecordView ra, rb;
    if (a) {
      FC_ASSIGN_OR_RETURN(ra, Read(*a_, *a, &bytes_a));
    }
    if (b) {
      FC_ASSIGN_OR_RETURN(rb, Read(*b_, *b, &bytes_b));
    }
    if (!b) Alone('A', *a, ra);
    if (!a) Alone('B', *b, rb);
    if (!a || !b) return absl::OkStatus();
    std::vector<DiffValue> changed;
    std::string x, y;
    for (const Pair& p : pairs_) {
      if (p.ignored) continue;
      Canonical(p, ra, true, &x);
      Canonical(p, rb, false, &y);
      if (x == y) continue;
      if (p.key) {  // two keys of one hash: the records have nothing to do with each other
        Alone('A', *a, ra);
        Alone('B', *b, rb);
        return absl::OkStatus();
      }
      changed.push_back({p.name, p.chinese, Shown(p, ra, true), Shown(p, rb, false), a_->header().type});
    }
    if (changed.empty()) return absl::OkStatus();  // other bytes for the same values
    ++counts_.changed;
    counts_.changed_fields += changed.size();
    sink_.Changed(a->line, b->line, KeyOf(ra, true), changed);
    return absl::OkStatus();
  }

  const DiffOptions& options_;
  DiffSink& sink_;
  std::unique_ptr<RecordScan> a_, b_;
  std::vector<Pair> pairs_;
  std::vector<std::string> key_;
  bool whole_record_is_key_ = false;
  bool raw_ = false;  // both files have one layout: equal bytes decide first
  DiffCounts counts_;
};

std::string Names(const std::vector<std::string>& names, bool json) {
  std::string out;
  for (const std::string& name : names) out += StrCat(out.empty() ? "" : json ? "," : ", ", json ? JsonText(name) : name);
  return json ? StrCat("[", out, "]") : out;
}

std::string KeyText(const std::vector<DiffValue>& key) {
  std::string out;
  for (const DiffValue& v : key) out += StrCat(out.empty() ? "" : " ", v.field, "=", v.a.empty() ? "(blank)" : v.a);
  return out;
}

std::string KeyJson(const std::vector<DiffValue>& key) {
  std::string out;
  for (const DiffValue& v : key) out += StrCat(out.empty() ? "" : ",", JsonText(v.field), ":", JsonText(v.a));
  return StrCat("{", out, "}");
}

}  // namespace

absl::StatusOr<DiffCounts> DiffFiles(const DiffOptions& options, DiffSink* sink) {
  return Comparison(options, sink).Run();
}

void DiffPrinter::Begin(const std::string& a, const std::string& b, const std::vector<std::string>& key) {
  if (json_) {
    out_ << "{\"a\":" << JsonText(a) << ",\"b\":" << JsonText(b) << ",\"key\":" << Names(key, true)
         << ",\"differences\":[";
    return;
  }
  out_ << "A        " << a << "\nB        " << b << "\nkey      "
       << (key.empty() ? "the whole record" : Names(key, false)) << "\n";
}

void DiffPrinter::Item(std::string_view json) {
  out_ << (first_ ? "\n" : ",\n") << json;
  first_ = false;
}

void DiffPrinter::End(const DiffCounts& c) {
  if (json_) {
    out_ << "],\"records_a\":" << c.records_a << ",\"records_b\":" << c.records_b << ",\"only_a\":" << c.only_a
         << ",\"only_b\":" << c.only_b << ",\"changed\":" << c.changed << ",\"changed_fields\":" << c.changed_fields
         << ",\"head\":" << c.head << ",\"different\":" << (c.different() ? "true" : "false") << "}\n";
    return;
  }
  out_ << c.records_a << " and " << c.records_b << " records: " << c.only_a << " only in A, " << c.only_b
       << " only in B, " << c.changed << " changed in " << c.changed_fields << " fields"
       << (c.head > 0 ? "; the heads differ" : "") << (c.different() ? "" : ". The files say the same") << ".\n";
}

void DiffPrinter::Head(std::string_view item, std::string_view a, std::string_view b, bool counts) {
  if (json_) {
    Item(StrCat("{\"kind\":\"head\",\"item\":", JsonText(item), ",\"a\":", JsonText(a), ",\"b\":", JsonText(b),
                ",\"counts\":", counts ? "true" : "false", "}"));
    return;
  }
  out_ << "head     " << item << ": " << a << " -> " << b << (counts ? "" : "  (no difference by itself)") << "\n";
}

void DiffPrinter::FieldLists(const std::vector<std::string>& only_a, const std::vector<std::string>& only_b,
                             bool counts) {
  if (json_) {
    Item(StrCat("{\"kind\":\"fields\",\"only_a\":", Names(only_a, true), ",\"only_b\":", Names(only_b, true),
                ",\"counts\":", counts ? "true" : "false", "}"));
    return;
  }
  const char* remark = counts ? "" : "  (compared with blank)";
  if (!only_a.empty()) out_ << "fields   only A lists " << Names(only_a, false) << remark << "\n";
  if (!only_b.empty()) out_ << "fields   only B lists " << Names(only_b, false) << remark << "\n";
}

void DiffPrinter::OnlyIn(char side, uint64_t line, const std::vector<DiffValue>& key) {
  if (json_) {
    Item(StrCat("{\"kind\":\"only_", side == 'A' ? "a" : "b", "\",\"line\":", line, ",\"key\":", KeyJson(key), "}"));
    return;
  }
  out_ << "only " << side << "   line " << line << "  " << KeyText(key) << "\n";
}

std::string DiffPrinter::Meaning(const DiffValue& field, const std::string& value) const {
  if (!meanings_ || value.empty()) return "";
  if (const ofd::ValueMeaning* v = ofd::FindValue(field.type, field.field, value)) {
    return StrCat(v->chinese, " ", v->english);
  }
  if (ofd::EqualsIgnoreCase(field.field, "ReturnCode")) return std::string(ofd::ReturnCodeMeaning(value));
  if (ofd::EqualsIgnoreCase(field.field, "BusinessCode")) return std::string(ofd::BusinessCodeName(value));
  return "";
}

void DiffPrinter::Changed(uint64_t line_a, uint64_t line_b, const std::vector<DiffValue>& key,
                          const std::vector<DiffValue>& fields) {
  std::string list;
  for (const DiffValue& f : fields) {
    const std::string in_a = Meaning(f, f.a), in_b = Meaning(f, f.b);
    if (json_) {
      list += StrCat(list.empty() ? "" : ",", "{\"field\":", JsonText(f.field), ",\"chinese\":", JsonText(f.chinese),
                     ",\"a\":", JsonText(f.a), ",\"b\":", JsonText(f.b));
      if (meanings_) list += StrCat(",\"a_means\":", JsonText(in_a), ",\"b_means\":", JsonText(in_b));
      list += "}";
      continue;
    }
    const auto shown = [](const std::string& value, const std::string& meaning) {
      return StrCat(value.empty() ? "(blank)" : value, meaning.empty() ? "" : StrCat(" [", meaning, "]"));
    };
    list += StrCat("         ", f.field, " ", f.chinese, ": ", shown(f.a, in_a), " -> ", shown(f.b, in_b), "\n");
  }
  if (json_) {
    Item(StrCat("{\"kind\":\"changed\",\"line_a\":", line_a, ",\"line_b\":", line_b, ",\"key\":", KeyJson(key),
                ",\"fields\":[", list, "]}"));
    return;
  }
  out_ << "changed  line " << line_a << " / " << line_b << "  " << KeyText(key) << "\n" << list;
}

}  // namespace fundcore::ofd_tools
