// Files without the persons in them, for showing to others: same bytes everywhere except in the fields that say something
// of a person, and those keep their length and form.
//
//   FC_ASSIGN_OR_RETURN(Masker masker, Masker::WithSecret(RandomSecret()));
//   masker.Mask(ofd::Personal::kCertificate, "440101199003071234", "")      // "982715199106038218", say
//   FC_ASSIGN_OR_RETURN(MaskReport report, MaskFile("in/OFD_….TXT", "masked/", &masker, {}, false));
//
// One value always gets the same pseudonym from the same secret, in every field of its kind and in every file, so joins
// still work. Every pseudonym comes from HMAC-SHA256 of the value: without the secret nobody can compute or undo it, and
// a random secret that is never kept is gone with the process. (Whoever holds the secret can try values out; keep a
// secret file like the data.)
//   names, addresses    Chinese characters become others of a small alphabet, letters letters, digits digits
//   certificates        an 18-digit number keeps a right (or wrong) check digit and the parity that tells the sex; its
//                       region begins with 9, which no real one does; its birthday is that of a birthday field
//   birthdays           another day of the same or one of the four years before; never a day that does not exist
//   accounts, phones    digits become digits and letters letters, one to one: two accounts never become the same. The
//   and bank accounts   first two characters stay (an agent's code, a phone's kind)
//   e-mail              all but "@", "." and what follows the last "."
//   free text           as names, save the standard's own text of the record's return code
// Blank and all-zero values stay. Figures, dates of business, codes, heads, record order and line ends stay.
//
// A Masker is used by one thread. Memory: one record, and a small cache of pseudonyms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/statusor.h"
#include "common/crypto/vault.h"
#include "common/ofd/values.h"
#include "common/ofd/variant.h"

namespace fundcore::ofd_tools {

// 32 bytes of the system's randomness.
std::string RandomSecret();
// kInvalidArgument where the file holds fewer than 16 bytes (without the line end); those of reading.
absl::StatusOr<std::string> ReadSecret(const std::string& path);

class Masker {
 public:
  // kInvalidArgument where the secret has fewer than 16 bytes.
  static absl::StatusOr<Masker> WithSecret(std::string_view secret);

  // `value` in GB18030 without its padding. Gives as many bytes. `plain` is a text that may stay as it is (free text
  // equal to it says nothing of a person); "" where there is none.
  std::string Mask(ofd::Personal kind, std::string_view value, std::string_view plain);

 private:
  using Digest = Hash256::Raw;
  explicit Masker(Vault vault) : vault_(std::move(vault)) {}
  Digest Hash(std::string_view kind, std::string_view value, uint32_t counter) const;
  std::string ByCharacters(std::string_view kind, std::string_view value);
  // One to one on the values of one form. The first `keep` characters stay.
  std::string Permuted(std::string_view kind, std::string_view value, size_t keep);
  std::string Certificate(std::string_view value);
  std::string Birthday(std::string_view yyyymmdd);
  std::string Email(std::string_view value);
  std::string Fresh(ofd::Personal kind, std::string_view value);

  Vault vault_;  // for its keyed fingerprints
  std::unordered_map<std::string, std::string> cache_;  // emptied when full
};

struct MaskReport {
  std::string output;
  uint64_t records = 0;
  uint64_t values = 0;  // that were replaced
};

// Masks one data file into `output_dir` under its own name; an index file is copied, as it names nobody. Errors: those of
// reading and writing; kInvalidArgument for a file that is neither, or damaged (located; nothing is written then), and
// where the output would be the file itself; kAlreadyExists unless `replace`.
absl::StatusOr<MaskReport> MaskFile(const std::string& path, const std::string& output_dir, Masker* masker,
                                    const ofd::Variant& variant, bool replace);

}  // namespace fundcore::ofd_tools
