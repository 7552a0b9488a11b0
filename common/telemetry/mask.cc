// Masks of mask.h.
#include "common/telemetry/mask.h"

namespace fundcore {
namespace {

constexpr size_t kShown = 4;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int Number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// `run` has 18 characters, the first 17 of them digits.
bool IsCertificate(std::string_view run) {
  const int year = Number(run.substr(6, 4)), month = Number(run.substr(10, 2)), day = Number(run.substr(12, 2));
  return run[0] != '0' && year >= 1850 && year < 2150 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool PassesLuhn(std::string_view digits) {
  int sum = 0;
  bool twice = false;
  for (auto it = digits.rbegin(); it != digits.rend(); ++it, twice = !twice) {
    const int d = (*it - '0') * (twice ? 2 : 1);
    sum += d > 9 ? d - 9 : d;
  }
  return sum % 10 == 0;
}

bool IsCard(std::string_view digits) {
  const size_t n = digits.size();
  return (n == 16 || n == 18 || n == 19) && digits[0] >= '2' && PassesLuhn(digits);
}

}  // namespace

std::string MaskName(std::string_view name) {
  std::string masked;
  bool first = true;
  for (size_t i = 0; i < name.size();) {
    const auto lead = static_cast<unsigned char>(name[i]);
    const size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
    bool whole = size != 0 && i + size <= name.size();
    for (size_t k = 1; whole && k < size; ++k) whole = (static_cast<unsigned char>(name[i + k]) & 0xc0) == 0x80;
    if (first && whole) {
      masked += name.substr(i, size);
    } else {
      masked += '*';
    }
    first = false;
    i += whole ? size : 1;
  }
  return masked;
}

std::string MaskNumber(std::string_view number) {
  std::string masked(number.size(), '*');
  if (number.size() > kShown) masked.replace(number.size() - kShown, kShown, number.substr(number.size() - kShown));
  return masked;
}

std::string MaskSensitive(std::string_view line) {
  std::string masked(line);
  for (size_t i = 0; i < line.size();) {
    if (!IsDigit(line[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < line.size() && IsDigit(line[end])) ++end;
    size_t size = end - i;
    const bool with_x = size == 17 && end < line.size() && (line[end] == 'X' || line[end] == 'x');
    if (with_x) ++size;
    const std::string_view run = line.substr(i, size);
    if ((size == 18 && IsCertificate(run)) || (!with_x && IsCard(run))) masked.replace(i, size, MaskNumber(run));
    i += size;
  }
  return masked;
}

}  // namespace fundcore
