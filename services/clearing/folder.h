// Transfer folders of an institution: what lies in in/<ta>/<date>/<nnn>/, and whether a transfer is complete.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/files/files.h"
#include "services/clearing/state.h"

namespace fundcore::clearing {

struct TransferFolder {
  uint16_t transfer = 0;
  std::map<FileType, FileInfo> files;
  std::vector<FileInfo> indexes;
};

// "in/11/20250304/".
std::string AnswerPrefix(const TaCode& ta, Date date);

// The folders below `prefix` by number. Names that are not of the standard's form are left out.
std::vector<TransferFolder> SortFolders(std::string_view prefix, const std::vector<FileInfo>& listing);

// C1 to C6. They have a chain of their own (institution_product.cc).
bool IsProductFile(const FileType& type);
bool HoldsOnlyProductFiles(const TransferFolder& folder);

// What a folder still lacks, in plain words, "" where it is complete: every file that an index names, and the awaited
// types. `index_required`: the institution has used index files, so a transfer is not complete before one.
std::string Lacking(const TransferFolder& folder, const std::vector<FileType>& awaited, bool index_required, Date date,
                    const Files& files);

}  // namespace fundcore::clearing
