// Keys whose byte order is the order people mean: integers big-endian, texts ended by a zero byte, structs field by field.
//
//   struct DayKey { TaCode ta; Date day; FC_FIELDS(ta, day) };
//   EncodeKey(DayKey{...}) < EncodeKey(DayKey{... a later day})
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/base/codec.h"

namespace fundcore::machine {

class KeyWriter {
 public:
  explicit KeyWriter(std::string* out) : out_(out) {}
  template <class T>
  void Put(const T& v) {
    using namespace codec_internal;
    if constexpr (std::is_enum_v<T>) {
      Put(static_cast<std::underlying_type_t<T>>(v));
    } else if constexpr (std::is_same_v<T, bool>) {
      out_->push_back(v ? 1 : 0);
    } else if constexpr (std::is_integral_v<T>) {
      using U = std::make_unsigned_t<T>;
      U u = static_cast<U>(v);
      if constexpr (std::is_signed_v<T>) u ^= U{1} << (8 * sizeof(T) - 1);
      for (int shift = 8 * (static_cast<int>(sizeof(T)) - 1); shift >= 0; shift -= 8)
        out_->push_back(static_cast<char>(u >> shift));
    } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      std::string_view s = v;
      out_->append(s);
      out_->push_back('\0');
    } else if constexpr (HasRaw<T>) {
      Put(v.raw());
    } else {
      v.VisitFields(*this);
    }
  }
  template <class... Ts>
  void operator()(const Ts&... vs) {
    (Put(vs), ...);
  }

 private:
  std::string* out_;
};

class KeyReader {
 public:
  explicit KeyReader(std::string_view in) : in_(in) {}
  bool ok() const { return ok_ && in_.empty(); }
  template <class T>
  void Get(T& v) {
    using namespace codec_internal;
    if constexpr (std::is_enum_v<T>) {
      std::underlying_type_t<T> raw{};
      Get(raw);
      v = static_cast<T>(raw);
    } else if constexpr (std::is_integral_v<T>) {
      using U = std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, uint8_t, T>>;
      if (in_.size() < sizeof(U)) {
        ok_ = false;
        return;
      }
      U u = 0;
      for (size_t i = 0; i < sizeof(U); ++i) u = static_cast<U>((u << 8) | static_cast<uint8_t>(in_[i]));
      in_.remove_prefix(sizeof(U));
      if constexpr (std::is_signed_v<T> && !std::is_same_v<T, bool>) u ^= U{1} << (8 * sizeof(T) - 1);
      v = static_cast<T>(u);
    } else if constexpr (std::is_same_v<T, std::string>) {
      v = std::string(Text());
    } else if constexpr (HasRaw<T>) {
      if constexpr (std::is_convertible_v<decltype(v.raw()), std::string_view>) {
        v = T::FromRaw(Text());
      } else {
        std::decay_t<decltype(v.raw())> raw{};
        Get(raw);
        v = T::FromRaw(raw);
      }
    } else {
      v.VisitFields(*this);
    }
  }
  template <class... Ts>
  void operator()(Ts&... vs) {
    (Get(vs), ...);
  }

 private:
  std::string_view Text() {
    const size_t end = in_.find('\0');
    if (end == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    std::string_view s = in_.substr(0, end);
    in_.remove_prefix(end + 1);
    return s;
  }
  std::string_view in_;
  bool ok_ = true;
};

template <class K>
std::string EncodeKey(const K& key) {
  std::string out;
  KeyWriter(&out).Put(key);
  return out;
}

}  // namespace fundcore::machine
