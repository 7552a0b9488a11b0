// JSON Lines, as `fundctl ofd show --json` writes them, to a file. The only place that parses JSON.
//
//   Restorer restorer(BaseName(path), output, sink.get());
//   FC_RETURN_IF_ERROR(RestoreJson(&pieces, &restorer));
//
// The first line is the head. Each other one is a record, {"FundCode":"000198",…} with every field of the head, or one
// of the notes {"#line_end":"LF"}, {"#end":"OFDCFEND"}, {"#damaged":"…"}; the last is refused, as what was shown of a
// damaged file is not the file. A value is null (blank), a string, {"text":"…"} or {"hex":"…"} (see Cell), or
// {"code":"022",…} with its meaning. One thread at a time. Errors: as Restorer.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "tools/ofd/show/restore.h"
#include "tools/ofd/show/stream.h"

namespace fundcore::ofd_tools {

absl::Status RestoreJson(LinePieces* pieces, Restorer* restorer);

// For CSV, which carries the same head and notes in cells of its own. `line` is where the text stands.
absl::Status BeginFromJson(std::string_view head, uint64_t line, Restorer* restorer);
absl::Status NoteFromJson(std::string_view note, uint64_t line, Restorer* restorer);

}  // namespace fundcore::ofd_tools
