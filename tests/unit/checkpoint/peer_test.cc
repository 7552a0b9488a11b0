// Fetching from a peer over real gRPC: one that breaks off, one that lies, and which of its checkpoints is taken.
#include "common/checkpoint/peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "common/rpc/server.h"
#include "fundcore/admin/v1/admin.pb.h"
#include "tests/unit/checkpoint/toy_folder.h"

namespace fundcore::checkpoint {
namespace {

namespace v1 = admin::v1;
using ::testing::HasSubstr;

class PeerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    toy_ = std::make_unique<ToyFolder>(data_);
    toy_->Orders("a", 900);
    noon_ = *toy_->Create("noon");
    ASSERT_TRUE(toy_->Create("eve", kNoon + Duration::Seconds(3600)).ok());
    handlers_.Unary<v1::ListCheckpointsRequest, v1::ListCheckpointsResponse>(
        "fundcore.admin.v1.AdminService/ListCheckpoints",
        [this](const rpc::Call&, const v1::ListCheckpointsRequest&, v1::ListCheckpointsResponse* r, rpc::Reply reply) {
          r->add_checkpoints()->set_trouble("has no MANIFEST");
          const auto all = List(data_);
          for (const Listed& l : *all) {
            auto* info = r->add_checkpoints();
            info->set_name(l.name);
            for (const PartitionMark& p : l.manifest->partitions) {
              auto* out = info->add_partitions();
              out->set_service("trade");
              out->set_partition(p.id.partition.raw());
            }
          }
          reply(absl::OkStatus());
        });
    handlers_.ServerStream<v1::FetchCheckpointRequest, v1::FetchCheckpointChunk>(
        "fundcore.admin.v1.AdminService/FetchCheckpoint",
        [this](const rpc::Call&, const v1::FetchCheckpointRequest& q, std::shared_ptr<rpc::Stream> stream) {
          std::string bytes = ReadAll(FolderOf(data_, q.name()) + "/" + q.file());
          const bool text = q.file() == kManifestName || q.file() == kVerifiedName;
          if (endless_ && !text) bytes.resize(bytes.size() + 1'000'000, 'x');
          uint64_t at = q.offset();
          for (size_t sent = 0; at < bytes.size() && at < q.offset() + q.size(); sent += 1000) {
            if (sent >= break_after_) {
              ++breaks_;
              return stream->Finish(absl::UnavailableError("the peer went down"));
            }
            v1::FetchCheckpointChunk chunk;
            chunk.set_offset(skip_ && !text && at > 0 ? at + 1 : at);
            chunk.set_data(bytes.substr(at, 1000));
            at += chunk.data().size();
            stream->Send(chunk);
          }
          stream->Finish(absl::OkStatus());
        });
    server_ = *rpc::RpcServer::Start(&handlers_);
    channel_ = *rpc::Connect(server_->addresses()[0]);
  }
  absl::StatusOr<Transfer> JoinFrom(const std::string& name) {
    FC_ASSIGN_OR_RETURN(auto source, PeerSource::Open(channel_, name, {ServiceId::kTrade}, "operator"));
    return Join(*source, other_, {.services = {ServiceId::kTrade}});
  }

  TemporaryFolder folder_;
  const std::string data_ = folder_.path + "/data", other_ = folder_.path + "/other";
  std::unique_ptr<ToyFolder> toy_;
  Manifest noon_;
  rpc::Handlers handlers_;
  std::unique_ptr<rpc::RpcServer> server_;
  std::shared_ptr<rpc::Channel> channel_;
  std::atomic<size_t> break_after_{SIZE_MAX};
  std::atomic<int> breaks_{0};
  std::atomic<bool> endless_{false}, skip_{false};
};

TEST_F(PeerTest, GoesOnInTheMiddleOfAFile) {
  uint64_t largest = 0;
  for (const FileMark& f : noon_.files) largest = std::max(largest, f.size);
  ASSERT_GT(largest, 5'000u);
  break_after_ = largest / 1000 / 2 * 1000;  // twice, for the largest file
  auto joined = JoinFrom("noon");
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_GE(breaks_, 2);
  EXPECT_EQ(joined->bytes_moved, noon_.bytes());
  EXPECT_TRUE(CheckStates(other_ + "/state", noon_).ok());
}

TEST_F(PeerTest, TakesTheNewestThatHoldsWhatIsAskedFor) {
  EXPECT_EQ((*PeerSource::Open(channel_, "latest", {ServiceId::kTrade}, "operator"))->name(), "eve");
  const absl::Status lacks = PeerSource::Open(channel_, "latest", {ServiceId::kTrade, ServiceId::kRisk}, "x").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(lacks));
  EXPECT_THAT(lacks.message(), HasSubstr("checkpoint eve holds no state of risk (it has trade)"));
  EXPECT_TRUE(absl::IsNotFound(PeerSource::Open(channel_, "dawn", {}, "operator").status()));
}

TEST_F(PeerTest, IsNotFooledByAPeerThatSendsOtherBytes) {
  endless_ = true;
  absl::Status wrong = JoinFrom("noon").status();
  EXPECT_TRUE(absl::IsDataLoss(wrong)) << wrong;
  endless_ = false;
  skip_ = true;
  wrong = JoinFrom("noon").status();
  EXPECT_TRUE(absl::IsDataLoss(wrong)) << wrong;
  EXPECT_THAT(wrong.message(), HasSubstr("was due"));
  EXPECT_FALSE(Exists(other_ + "/state"));
  skip_ = false;
  EXPECT_TRUE(JoinFrom("noon").ok());
}

}  // namespace
}  // namespace fundcore::checkpoint
