// Sets of product files: taken once, by the folder that they came in.
#include "services/clearing/product_files.h"

#include "services/clearing/machine.h"

namespace fundcore::clearing {

using machine::Context;

Result ClearingMachine::Execute(const ProductFilesTaken& c, const Context& ctx) {
  if (product_files_.Find(c.folder)) return {};
  product_files_.Put(c.folder, {.files = c.files, .proposed = c.proposed, .applied = c.applied,
      .refused = !c.findings.empty(),
                                .at = ctx.now});
  const FileState state = c.findings.empty() ? FileState::kApplied : FileState::kSetAside;
  for (const OutFile& f : c.files)
    files_.Put({c.folder.ta, c.day, true, c.folder.transfer, f.type}, {f.name, f.sha, f.bytes, f.records, state,
        ctx.now});
  for (const Finding& f : c.findings) Open({c.folder.ta, c.day}, Stage::kNote, f, ctx);
  // What is announced again counts as it was announced last.
  for (const auto& [key, plan] : c.plans) dividend_plans_.Put(key, plan);
  return {};
}

}  // namespace fundcore::clearing
