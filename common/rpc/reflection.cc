// See reflection.h.
#include "common/rpc/reflection.h"

#include <set>
#include <vector>

#include "common/base/check.h"
#include "common/rpc/grpc_glue.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace fundcore::rpc {
namespace {

namespace pb = google::protobuf;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

void NotFound(const std::string& what, ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(static_cast<int>(grpc::StatusCode::NOT_FOUND));
  response->mutable_error_response()->set_error_message(StrCat("this server knows no ", what));
}

// The file, then all it imports, each once.
void AddFile(const pb::FileDescriptor* file, std::set<const pb::FileDescriptor*>* seen, ServerReflectionResponse* response) {
  if (!seen->insert(file).second) return;
  pb::FileDescriptorProto proto;
  file->CopyTo(&proto);
  response->mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) AddFile(file->dependency(i), seen, response);
}

void AnswerFile(const pb::FileDescriptor* file, const std::string& what, ServerReflectionResponse* response) {
  std::set<const pb::FileDescriptor*> seen;
  if (file == nullptr) return NotFound(what, response);
  AddFile(file, &seen, response);
}

void Answer(const ServerReflectionRequest& request, const std::set<std::string>& services,
            ServerReflectionResponse* response) {
  const pb::DescriptorPool& pool = *pb::DescriptorPool::generated_pool();
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& name : services) response->mutable_list_services_response()->add_service()->set_name(name);
      return;
    case ServerReflectionRequest::kFileByFilename:
      return AnswerFile(pool.FindFileByName(request.file_by_filename()),
                        StrCat("file \"", request.file_by_filename(), "\""), response);
    case ServerReflectionRequest::kFileContainingSymbol:
      return AnswerFile(pool.FindFileContainingSymbol(request.file_containing_symbol()),
                        StrCat("symbol \"", request.file_containing_symbol(), "\""), response);
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& wanted = request.file_containing_extension();
      const pb::Descriptor* type = pool.FindMessageTypeByName(wanted.containing_type());
      const pb::FieldDescriptor* field = type ? pool.FindExtensionByNumber(type, wanted.extension_number()) : nullptr;
      return AnswerFile(field ? field->file() : nullptr,
                        StrCat("extension ", wanted.extension_number(), " of \"", wanted.containing_type(), "\""),
                        response);
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType: {
      const std::string& name = request.all_extension_numbers_of_type();
      const pb::Descriptor* type = pool.FindMessageTypeByName(name);
      if (type == nullptr) return NotFound(StrCat("message \"", name, "\""), response);
      std::vector<const pb::FieldDescriptor*> fields;
      pool.FindAllExtensions(type, &fields);
      response->mutable_all_extension_numbers_response()->set_base_type_name(name);
      for (const auto* f : fields) response->mutable_all_extension_numbers_response()->add_extension_number(f->number());
      return;
    }
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      break;
  }
  response->mutable_error_response()->set_error_code(static_cast<int>(grpc::StatusCode::INVALID_ARGUMENT));
  response->mutable_error_response()->set_error_message("the reflection request asks nothing this server understands");
}

// Reads a question, writes its answer, reads the next.
class Conversation final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Conversation(const std::set<std::string>* services) : services_(services) { StartRead(&in_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::OK);
    ServerReflectionRequest request;
    if (!ParseBuffer(in_, &request)) {
      return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "the bytes are no reflection request"));
    }
    ServerReflectionResponse response;
    Answer(request, *services_, &response);
    out_ = ToBuffer(response);
    StartWrite(&out_);
  }
  void OnWriteDone(bool ok) override {
    if (!ok) return Finish(grpc::Status::CANCELLED);
    in_.Clear();
    StartRead(&in_);
  }
  void OnDone() override { delete this; }

 private:
  const std::set<std::string>* const services_;
  grpc::ByteBuffer in_;
  grpc::ByteBuffer out_;
};

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* BeginReflection(const std::set<std::string>* services) {
  // The linker keeps a file of descriptors only where something names one of its messages; the old protocol is served
  // with the new one's classes, so name it here, and clients can describe it, too.
  google::protobuf::LinkMessageReflection<grpc::reflection::v1alpha::ServerReflectionRequest>();
  return new Conversation(services);
}

}  // namespace fundcore::rpc
