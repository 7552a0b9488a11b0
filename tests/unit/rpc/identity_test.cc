// TLS with client identities: certificates are made here, for an hour, by an authority of the test's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/channels.h"
#include "common/rpc/server.h"
#include "tests/unit/rpc/echo.h"

namespace fundcore::rpc {
namespace {

using ::testing::HasSubstr;
using test::EchoResponse;

constexpr Duration kLong = Duration::Seconds(20);

struct KeyPair {
  std::shared_ptr<EVP_PKEY> key;
  std::shared_ptr<X509> certificate;
};

KeyPair Issue(const std::string& common_name, const std::string& alternative_names, const KeyPair* issuer) {
  static long serial = 1;
  KeyPair made;
  made.key.reset(EVP_EC_gen("P-256"), EVP_PKEY_free);
  made.certificate.reset(X509_new(), X509_free);
  X509* x = made.certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3'600);
  X509_set_pubkey(x, made.key.get());
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509* by = issuer ? issuer->certificate.get() : x;
  X509_set_issuer_name(x, X509_get_subject_name(by));
  X509V3_CTX context;
  X509V3_set_ctx(&context, by, x, nullptr, nullptr, 0);
  const auto add = [&](int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  };
  add(NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (!alternative_names.empty()) add(NID_subject_alt_name, alternative_names);
  X509_sign(x, issuer ? issuer->key.get() : made.key.get(), EVP_sha256());
  return made;
}

class IdentityTest : public testing::Test {
 protected:
  IdentityTest() : folder_(std::filesystem::path(testing::TempDir()) / absl::StrCat("rpc-identity-", getpid())) {
    std::filesystem::create_directories(folder_);
    authority_ = Issue("test authority", "", nullptr);
    Write("ca", authority_);
    Write("server", Issue("server", "DNS:localhost,IP:127.0.0.1", &authority_));
  }
  ~IdentityTest() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& name) const { return (folder_ / name).string(); }
  void Write(const std::string& name, const KeyPair& pair) {
    FILE* key = std::fopen(File(name + ".key").c_str(), "w");
    PEM_write_PrivateKey(key, pair.key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(key);
    FILE* certificate = std::fopen(File(name + ".crt").c_str(), "w");
    PEM_write_X509(certificate, pair.certificate.get());
    std::fclose(certificate);
  }
  TlsFiles Tls(const std::string& name) const { return {File(name + ".crt"), File(name + ".key"), File("ca.crt")}; }

  // What the server calls a client with this certificate.
  absl::StatusOr<std::string> NameSeen(RpcServer& server, const std::string& client) {
    auto channel = Connect(server.addresses().front(), {.tls = Tls(client)});
    if (!channel.ok()) return channel.status();
    EchoResponse response;
    absl::Status status = BlockingCall(**channel, kEcho, Request("x"), &response, kLong, "claimed");
    if (!status.ok()) return status;
    EXPECT_FALSE(response.internal());
    return response.caller();
  }

  std::filesystem::path folder_;
  KeyPair authority_;
  Echo echo_;
};

TEST_F(IdentityTest, TheCertificateSaysWhoCalls) {
  // All interfaces: allowed with TLS. The clients connect to loopback.
  auto server = RpcServer::Start(&echo_.handlers, {.listen = {"127.0.0.1:0", "0.0.0.0:0"}, .tls = Tls("server")});
  ASSERT_TRUE(server.ok()) << server.status();
  Write("plain", Issue("branch-7", "", &authority_));
  Write("named", Issue("ignored", "DNS:app.example.com", &authority_));
  Write("long", Issue("x", absl::StrCat("URI:spiffe://example.com/", std::string(60, 'a')), &authority_));
  EXPECT_EQ(*NameSeen(**server, "plain"), "branch-7") << "and not the name claimed in metadata";
  EXPECT_EQ(*NameSeen(**server, "named"), "app.example.com");
  EXPECT_EQ(ReasonOf(NameSeen(**server, "long").status()), "CALLER_NAME_TOO_LONG");

  EchoResponse response;
  auto inside = (*server)->InProcessChannel();
  ASSERT_TRUE(BlockingCall(*inside, kEcho, Request("x"), &response, kLong, "fundcore/risk").ok());
  EXPECT_EQ(response.caller(), "fundcore/risk");
  EXPECT_TRUE(response.internal());
}

TEST_F(IdentityTest, OnlyListedCertificatesAreSiblings) {
  auto server = RpcServer::Start(&echo_.handlers, {.tls = Tls("server"), .siblings = {"node-1", "node-2"}});
  ASSERT_TRUE(server.ok()) << server.status();
  Write("node-2", Issue("node-2", "", &authority_));
  Write("node-3", Issue("node-3", "", &authority_));
  EchoResponse response;
  Calls calls;
  const auto call = [&](const std::string& certificate, const Outgoing& outgoing) {
    std::promise<absl::Status> promise;
    response.Clear();
    auto channel = Connect((*server)->addresses().front(), {.tls = Tls(certificate)});
    calls.Call(*channel, kEcho, Request("x"), &response, outgoing, [&](absl::Status s) { promise.set_value(std::move(s)); });
    return promise.get_future().get();
  };
  const Outgoing::Origin app{CallerId("branch-7"), false}, worker{CallerId("fundcore"), true};
  ASSERT_EQ(call("node-2", {.caller = "fundcore"}), absl::OkStatus());
  EXPECT_TRUE(response.internal());
  EXPECT_EQ(response.caller(), "fundcore") << "the same name by whatever way a sibling calls";
  ASSERT_EQ(call("node-2", {.caller = "fundcore", .on_behalf_of = app, .hops = 1}), absl::OkStatus());
  EXPECT_FALSE(response.internal());
  EXPECT_EQ(response.caller(), "branch-7");
  ASSERT_EQ(call("node-2", {.caller = "fundcore", .on_behalf_of = worker, .hops = 1}), absl::OkStatus());
  EXPECT_TRUE(response.internal());

  ASSERT_EQ(call("node-3", {.caller = "fundcore"}), absl::OkStatus());
  EXPECT_FALSE(response.internal()) << "with TLS a name in metadata says nothing";
  EXPECT_EQ(response.caller(), "node-3");
  EXPECT_EQ(ReasonOf(call("node-3", {.caller = "fundcore", .on_behalf_of = app})), "NOT_A_SIBLING");

  calls.Close();
  EXPECT_EQ(call("node-2", {.caller = "fundcore"}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(IdentityTest, StrangersAndPlainConnectionsAreTurnedAway) {
  auto server = RpcServer::Start(&echo_.handlers, {.tls = Tls("server")});
  ASSERT_TRUE(server.ok()) << server.status();
  const KeyPair other = Issue("another authority", "", nullptr);
  Write("stranger", Issue("branch-7", "", &other));
  EXPECT_EQ(NameSeen(**server, "stranger").status().code(), absl::StatusCode::kUnavailable);
  EchoResponse response;
  const absl::Status plain =
      BlockingCall(**Connect((*server)->addresses().front()), kEcho, Request("x"), &response, kLong);
  EXPECT_EQ(plain.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(echo_.calls, 0);
}

TEST_F(IdentityTest, BadFilesAreNamed) {
  TlsFiles files = Tls("server");
  files.key = File("nowhere.key");
  const absl::Status missing = RpcServer::Start(&echo_.handlers, {.tls = files}).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("private key \"" + files.key));
  std::ofstream(File("junk.key")) << "no key";
  files.key = File("junk.key");
  EXPECT_EQ(RpcServer::Start(&echo_.handlers, {.tls = files}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Connect("127.0.0.1:1", {.tls = files}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace fundcore::rpc
