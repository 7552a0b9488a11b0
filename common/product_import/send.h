// An import from files to product: asks for the funds, plans, and proposes or puts what has changed.
//
//   FC_ASSIGN_OR_RETURN(ImportResult r, RunImport(files, {.person = "chen"}, call));
//   if (!r.plan.faults.empty()) …      // nothing was sent
//
// `call` is a call of product's API. A try that broke off in the middle is made again as it was: what has come through
// changes nothing, and a proposal that waits with the same terms is not made twice.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/product_import/c_files.h"

namespace fundcore::product_import {

using ProductCall = absl::FunctionRef<absl::Status(std::string_view method, const google::protobuf::Message& request,
                                                   google::protobuf::Message* response)>;

struct SendOptions {
  ImportOptions read;
  std::string person, note;  // who proposes
  bool at_once = false;      // puts the terms instead; product refuses that where two persons are required
  bool dry = false;          // only plans
};
struct Sent {
  std::string code;
  uint64_t change = 0;  // of a proposal
  bool waited = false;  // the proposal was there before
};
struct ImportResult {
  ImportPlan plan;
  std::vector<Sent> sent;
};
absl::StatusOr<ImportResult> RunImport(const std::vector<SourceFile>& files, const SendOptions& options,
                                       ProductCall call);

}  // namespace fundcore::product_import
