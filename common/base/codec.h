// The byte form of everything a machine keeps: commands in the log, entries in the store.
//
// A struct lists its fields once, and that list writes it, reads it and hashes it:
//
//   struct ReserveCash {
//     OrderId order;
//     Money amount;
//     FC_FIELDS(order, amount)
//   };
//   std::string bytes = Encode(ReserveCash{...});
//   ReserveCash back;  bool ok = Decode(bytes, &back);
//
// Integers are varints (signed ones zigzag), strings and vectors carry their length, so that the bytes are the same on
// every machine and every build. Why not protobuf: its bytes are not promised to be canonical, and a state hash needs
// that (docs/decisions/0002-codec.md).
//
// Evolution: new fields go to the END of the outermost struct of a command or entry. Bytes that end early leave the
// missing trailing fields of the outermost struct at their defaults; inside nested structs the list never changes, a new
// struct is made instead.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fundcore {

// Appends values to a string. Not thread-safe; the string must outlive it.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* out) : out_(out) {}

  void U8(uint8_t v) { out_->push_back(static_cast<char>(v)); }
  void Varint(uint64_t v) {
    char buf[10];
    int n = 0;
    while (v >= 0x80) {
      buf[n++] = static_cast<char>(v | 0x80);
      v >>= 7;
    }
    buf[n++] = static_cast<char>(v);
    out_->append(buf, n);
  }
  void Zigzag(int64_t v) { Varint((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)); }
  void Bytes(std::string_view s) {
    Varint(s.size());
    out_->append(s.data(), s.size());
  }

  template <class T>
  void Put(const T& v);
  template <class... Ts>
  void operator()(const Ts&... vs) {
    (Put(vs), ...);
  }

 private:
  std::string* out_;
};

// Reads what ByteWriter wrote. After any malformed input ok() is false and all further reads give defaults.
class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : p_(in.data()), end_(in.data() + in.size()) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return p_ == end_; }
  size_t remaining() const { return static_cast<size_t>(end_ - p_); }
  void Fail() { ok_ = false; p_ = end_; }

  uint8_t U8() {
    if (p_ == end_) return Fail(), 0;
    return static_cast<uint8_t>(*p_++);
  }
  uint64_t Varint() {
    uint64_t v = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (p_ == end_) return Fail(), 0;
      const auto b = static_cast<uint8_t>(*p_++);
      v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (!(b & 0x80)) return v;
    }
    return Fail(), 0;
  }
  int64_t Zigzag() {
    const uint64_t v = Varint();
    return static_cast<int64_t>(v >> 1) ^ -static_cast<int64_t>(v & 1);
  }
  std::string_view Bytes() {
    const uint64_t n = Varint();
    if (n > remaining()) return Fail(), std::string_view();
    std::string_view s(p_, n);
    p_ += n;
    return s;
  }

  template <class T>
  void Get(T& v);
  // Outermost field lists may end early: what is missing keeps its default.
  template <class... Ts>
  void operator()(Ts&... vs) {
    if (depth_ == 1) {
      ((AtEnd() ? void() : Get(vs)), ...);
    } else {
      (Get(vs), ...);
    }
  }

 private:
  template <class T>
  friend bool Decode(std::string_view, T*);
  const char* p_;
  const char* end_;
  bool ok_ = true;
  int depth_ = 0;
};

// A field list, readable and writable. Use inside a struct: FC_FIELDS(a, b, c).
#define FC_FIELDS(...)                                        \
  template <class V>                                          \
  void VisitFields(V& fc_visitor) {                           \
    fc_visitor(__VA_ARGS__);                                  \
  }                                                           \
  template <class V>                                          \
  void VisitFields(V& fc_visitor) const {                     \
    fc_visitor(__VA_ARGS__);                                  \
  }
// For a struct without fields.
#define FC_NO_FIELDS()           \
  template <class V>             \
  void VisitFields(V&) {}        \
  template <class V>             \
  void VisitFields(V&) const {}

namespace codec_internal {
template <class T, class V>
concept HasFields = requires(T& t, V& v) { t.VisitFields(v); };
// Strong types (ids, money, dates): one integer, read and set as a whole.
template <class T>
concept HasRaw = requires(const T& t) {
  { t.raw() };
  T::FromRaw(t.raw());
};
template <class T>
struct IsVector : std::false_type {};
template <class T, class A>
struct IsVector<std::vector<T, A>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsPair : std::false_type {};
template <class A, class B>
struct IsPair<std::pair<A, B>> : std::true_type {};
template <class T>
struct IsArray : std::false_type {};
template <class T, size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class K, class V, class C, class A>
struct IsMap<std::map<K, V, C, A>> : std::true_type {};
}  // namespace codec_internal

template <class T>
void ByteWriter::Put(const T& v) {
  using namespace codec_internal;
  if constexpr (std::is_same_v<T, bool>) {
    U8(v ? 1 : 0);
  } else if constexpr (std::is_enum_v<T>) {
    Varint(static_cast<uint64_t>(static_cast<std::underlying_type_t<T>>(v)));
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    U8(v);
  } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    Varint(v);
  } else if constexpr (std::is_integral_v<T>) {
    Zigzag(v);
  } else if constexpr (std::is_same_v<T, std::string> || std::is_same_v<T, std::string_view>) {
    Bytes(v);
  } else if constexpr (HasRaw<T>) {
    Put(v.raw());
  } else if constexpr (IsVector<T>::value || IsMap<T>::value) {
    Varint(v.size());
    for (const auto& e : v) Put(e);
  } else if constexpr (IsArray<T>::value) {
    for (const auto& e : v) Put(e);
  } else if constexpr (IsOptional<T>::value) {
    U8(v.has_value() ? 1 : 0);
    if (v) Put(*v);
  } else if constexpr (IsPair<T>::value) {
    Put(v.first);
    Put(v.second);
  } else {
    static_assert(HasFields<const T, ByteWriter>, "give the struct FC_FIELDS(...)");
    v.VisitFields(*this);
  }
}

template <class T>
void ByteReader::Get(T& v) {
  using namespace codec_internal;
  if constexpr (std::is_same_v<T, bool>) {
    v = U8() != 0;
  } else if constexpr (std::is_enum_v<T>) {
    v = static_cast<T>(Varint());
  } else if constexpr (std::is_same_v<T, uint8_t>) {
    v = U8();
  } else if constexpr (std::is_integral_v<T> && std::is_unsigned_v<T>) {
    v = static_cast<T>(Varint());
  } else if constexpr (std::is_integral_v<T>) {
    v = static_cast<T>(Zigzag());
  } else if constexpr (std::is_same_v<T, std::string>) {
    v = std::string(Bytes());
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    v = Bytes();
  } else if constexpr (HasRaw<T>) {
    std::decay_t<decltype(v.raw())> raw{};
    Get(raw);
    v = T::FromRaw(raw);
  } else if constexpr (IsVector<T>::value) {
    const uint64_t n = Varint();
    if (n > remaining()) return Fail();  // every element takes at least one byte: a hostile count allocates nothing
    v.clear();
    v.reserve(n);
    for (uint64_t i = 0; i < n && ok_; ++i) Get(v.emplace_back());
  } else if constexpr (IsMap<T>::value) {
    const uint64_t n = Varint();
    if (n > remaining()) return Fail();
    v.clear();
    for (uint64_t i = 0; i < n && ok_; ++i) {
      typename T::key_type key{};
      Get(key);
      Get(v[std::move(key)]);
    }
  } else if constexpr (IsArray<T>::value) {
    for (auto& e : v) Get(e);
  } else if constexpr (IsOptional<T>::value) {
    if (U8()) {
      Get(v.emplace());
    } else {
      v.reset();
    }
  } else if constexpr (IsPair<T>::value) {
    Get(v.first);
    Get(v.second);
  } else {
    static_assert(HasFields<T, ByteReader>, "give the struct FC_FIELDS(...)");
    ++depth_;
    v.VisitFields(*this);
    --depth_;
  }
}

template <class T>
std::string Encode(const T& v) {
  std::string out;
  ByteWriter(&out).Put(v);
  return out;
}

// False where the bytes are malformed or longer than the struct; *v is then unspecified but valid.
template <class T>
[[nodiscard]] bool Decode(std::string_view bytes, T* v) {
  ByteReader r(bytes);
  r.Get(*v);
  return r.ok() && r.AtEnd();
}

}  // namespace fundcore
