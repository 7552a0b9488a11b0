// AdminService/Directory: what this process has heard of the others, for clients that want to ask owners directly.
//
//   AddDirectoryService(system.handlers(), &directory, layout);       // before the server starts
#pragma once

#include "common/cluster/directory.h"
#include "common/cluster/layout.h"
#include "common/rpc/handlers.h"

namespace fundcore::cluster {

inline constexpr char kDirectoryMethod[] = "fundcore.admin.v1.AdminService/Directory";

// The directory outlives the handlers.
void AddDirectoryService(rpc::Handlers* handlers, const Directory* directory, Layout layout);

// The layout of an answer. Services of a newer version that this one does not know are left out.
Layout LayoutOf(const v1::DirectoryResponse& response);

}  // namespace fundcore::cluster
