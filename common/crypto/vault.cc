// Vault: AES-256-GCM with a derived nonce, HMAC-SHA256, and the key file.
#include "common/crypto/vault.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore {
namespace {

constexpr char kSealVersion = 1;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kOverhead = 1 + kNonceBytes + kTagBytes;
constexpr std::string_view kKeyFileTag = "fundcore-key-1 ";

const uint8_t* Bytes(std::string_view s) { return reinterpret_cast<const uint8_t*>(s.data()); }
uint8_t* Bytes(char* s) { return reinterpret_cast<uint8_t*>(s); }

Hash256::Raw Hmac(std::span<const uint8_t> key, std::string_view message) {
  Hash256::Raw out;
  unsigned size = 0;
  FC_CHECK(
      HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(message), message.size(), out.data(), &size));
  return out;
}

// Two strings as one, so that no other pair gives the same: the length of the first goes before it.
std::string Pair(std::string_view a, std::string_view b) {
  std::string joined = StrCat(a.size(), ":");
  joined.append(a).append(b);
  return joined;
}

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

absl::Status ErrnoStatus(std::string_view doing, const std::string& path) {
  const int error = errno;
  const std::string what = StrCat(doing, " key file ", path, ": ", std::strerror(error));
  switch (error) {
    case ENOENT:
      return absl::NotFoundError(StrCat(what, "; restore it from its backup: sealed fields cannot be read without it"));
    case EEXIST: return absl::AlreadyExistsError(StrCat(what, "; a key is never replaced"));
    case EACCES:
    case EPERM: return absl::PermissionDeniedError(StrCat(what, "; run as the owner of the file"));
    case ELOOP: return absl::FailedPreconditionError(StrCat(what, "; give the file itself, not a link to it"));
    case ENOSPC:
    case EDQUOT: return absl::ResourceExhaustedError(what);
    default: return absl::InternalError(what);
  }
}

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

}  // namespace

Vault Vault::FromKey(std::span<const uint8_t, kKeyBytes> key) {
  Vault vault;
  vault.seal_key_ = Hmac(key, "fundcore seal 1");
  vault.nonce_key_ = Hmac(key, "fundcore nonce 1");
  vault.fingerprint_key_ = Hmac(key, "fundcore fingerprint 1");
  return vault;
}

Vault::~Vault() {
  OPENSSL_cleanse(seal_key_.data(), seal_key_.size());
  OPENSSL_cleanse(nonce_key_.data(), nonce_key_.size());
  OPENSSL_cleanse(fingerprint_key_.data(), fingerprint_key_.size());
}

Sealed Vault::Seal(std::string_view plaintext, SealNonce nonce, std::string_view context) const {
  std::string fresh(reinterpret_cast<const char*>(&nonce), sizeof nonce);
  const Hash256::Raw derived = Hmac(nonce_key_, Pair(fresh, Pair(context, plaintext)));

  Sealed sealed;
  std::string& out = sealed.bytes;
  out.resize(kOverhead + plaintext.size());
  out[0] = kSealVersion;
  std::memcpy(out.data() + 1, derived.data(), kNonceBytes);
  uint8_t* const body = Bytes(out.data() + 1 + kNonceBytes);

  CipherContext cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  bool ok =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, seal_key_.data(), derived.data()) == 1;
  ok = ok && EVP_EncryptUpdate(cipher.get(), nullptr, &n, Bytes(context), static_cast<int>(context.size())) == 1;
  ok = ok && EVP_EncryptUpdate(cipher.get(), body, &n, Bytes(plaintext), static_cast<int>(plaintext.size())) == 1;
  ok = ok && EVP_EncryptFinal_ex(cipher.get(), body + plaintext.size(), &n) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, body + plaintext.size()) == 1;
  FC_CHECK(ok, "OpenSSL cannot seal ", plaintext.size(), " bytes");  // only for want of memory
  return sealed;
}

absl::StatusOr<std::string> Vault::Open(const Sealed& sealed, std::string_view context) const {
  const std::string& in = sealed.bytes;
  if (in.size() < kOverhead || in[0] != kSealVersion) {
    return absl::DataLossError(StrCat("sealed field (", context, ") of ", in.size(),
                                      " bytes has no form this program knows; restore the record"));
  }
  const size_t size = in.size() - kOverhead;
  std::string plaintext(size, '\0');
  const uint8_t* const nonce = Bytes(in) + 1;
  const uint8_t* const body = nonce + kNonceBytes;
  std::array<uint8_t, kTagBytes> tag;
  std::memcpy(tag.data(), body + size, kTagBytes);

  CipherContext cipher(EVP_CIPHER_CTX_new());
  int n = 0;
  bool ok = cipher && EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, seal_key_.data(), nonce) == 1;
  ok = ok && EVP_DecryptUpdate(cipher.get(), nullptr, &n, Bytes(context), static_cast<int>(context.size())) == 1;
  ok = ok && EVP_DecryptUpdate(cipher.get(), Bytes(plaintext.data()), &n, body, static_cast<int>(size)) == 1;
  ok = ok && EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1;
  ok = ok && EVP_DecryptFinal_ex(cipher.get(), Bytes(plaintext.data()) + size, &n) == 1;
  if (!ok) {
    return absl::DataLossError(
        StrCat("sealed field (", context,
               ") does not open: it is damaged, or was sealed with another key; use the key file "
               "that this data was created with"));
  }
  return plaintext;
}

Hash256 Vault::Fingerprint(std::string_view kind, std::string_view value) const {
  return Hash256::FromRaw(Hmac(fingerprint_key_, Pair(kind, value)));
}

absl::StatusOr<Vault> Vault::FromKeyFile(const std::string& path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (file.fd < 0) return ErrnoStatus("open", path);
  struct stat info;
  if (::fstat(file.fd, &info) != 0) return ErrnoStatus("look at", path);
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError(StrCat("key file ", path, " is not a regular file"));
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return absl::PermissionDeniedError(StrCat("key file ", path, " belongs to user ", info.st_uid, ", not to user ",
                                              ::geteuid(), " who runs this; run as its owner"));
  }
  if ((info.st_mode & 077) != 0) {
    return absl::PermissionDeniedError(
        StrCat("key file ", path, " may be read or written by others than its owner; run: chmod 600 ", path));
  }
  std::array<char, 256> text{};
  const ssize_t got = ::read(file.fd, text.data(), text.size());
  if (got < 0) return ErrnoStatus("read", path);
  std::string_view line(text.data(), static_cast<size_t>(got));
  if (line.ends_with('\n')) line.remove_suffix(1);
  Hash256 key;  // as long as a key, and knows hexadecimal
  const bool ok =
      line.starts_with(kKeyFileTag) && Hash256::FromHex(line.substr(kKeyFileTag.size()), &key) && key.is_set();
  OPENSSL_cleanse(text.data(), text.size());
  if (!ok) {
    return absl::DataLossError(StrCat("key file ", path,
                                      " does not hold a key (\"fundcore-key-1\" and 64 hexadecimal "
                                      "digits); restore it from its backup"));
  }
  Vault vault = FromKey(key.raw());
  OPENSSL_cleanse(&key, sizeof key);
  return vault;
}

absl::Status CreateKeyFile(const std::string& path) {
  Hash256::Raw raw;
  if (RAND_bytes(raw.data(), static_cast<int>(raw.size())) != 1) {
    return absl::UnavailableError("the system has no random numbers for a key yet; try again");
  }
  std::string text = StrCat(kKeyFileTag, Hash256::FromRaw(raw).Hex(), "\n");
  OPENSSL_cleanse(raw.data(), raw.size());

  // Written beside its place and linked when complete: a crash leaves a whole key or none.
  const std::string part = StrCat(path, ".new-", ::getpid());
  absl::Status status;
  {
    Descriptor file{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (file.fd < 0) {
      status = ErrnoStatus("create", path);
    } else if (::fchmod(file.fd, 0600) != 0 ||
               ::write(file.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
               ::fsync(file.fd) != 0) {
      status = ErrnoStatus("write", path);
    } else if (::link(part.c_str(), path.c_str()) != 0) {
      status = ErrnoStatus("create", path);
    }
  }
  OPENSSL_cleanse(text.data(), text.size());
  ::unlink(part.c_str());
  FC_RETURN_IF_ERROR(status);
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  Descriptor parent{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (parent.fd < 0 || ::fsync(parent.fd) != 0) return ErrnoStatus("sync the folder of", path);
  return absl::OkStatus();
}

}  // namespace fundcore
