// Sorting a listing into transfers.
#include "services/clearing/folder.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "common/files/names.h"
#include "common/ofd/file_name.h"
#include "common/ofd/index_file.h"

namespace fundcore::clearing {

std::string AnswerPrefix(const TaCode& ta, Date date) { return StrCat("in/", ta.view(), "/", date.Compact(), "/"); }

std::vector<TransferFolder> SortFolders(std::string_view prefix, const std::vector<FileInfo>& listing) {
  std::map<uint16_t, TransferFolder> folders;
  for (const FileInfo& info : listing) {
    const std::string_view rest = std::string_view(info.name).substr(prefix.size());
    const auto parts = NameParts(rest);
    if (parts.size() != 2 || parts[0].size() != 3) continue;
    uint16_t n = 0;
    bool digits = true;
    for (char c : parts[0]) {
      digits = digits && c >= '0' && c <= '9';
      n = static_cast<uint16_t>(n * 10 + (c - '0'));
    }
    auto name = ofd::FileName::Parse(parts[1]);
    if (!digits || n == 0 || !name.ok()) continue;
    TransferFolder& folder = folders[n];
    folder.transfer = n;
    if (name->is_index()) {
      folder.indexes.push_back(info);
    } else {
      folder.files.emplace(name->type, info);
    }
  }
  std::vector<TransferFolder> out;
  for (auto& [n, folder] : folders) out.push_back(std::move(folder));
  return out;
}

std::string Lacking(const TransferFolder& folder, const std::vector<FileType>& awaited, bool index_required, Date date,
                    const Files& files) {
  if (folder.indexes.empty() && index_required) {
    return StrCat("the index of transfer ", absl::StrFormat("%03d", folder.transfer), " of ", date.Iso());
  }
  for (const FileInfo& info : folder.indexes) {
    auto bytes = files.Read(info.name);
    if (!bytes.ok()) return StrCat("index ", info.name, ": ", std::string(bytes.status().message()));
    auto index = ofd::IndexFile::Parse(info.name, *bytes);
    if (!index.ok()) return StrCat("a readable index: ", std::string(index.status().message()));
    for (const std::string& listed : index->names) {
      auto name = ofd::FileName::Parse(listed);
      if (name.ok() && !folder.files.contains(name->type))
        return StrCat("file ", name->type.view(), " of ", date.Iso());
    }
  }
  for (const FileType& type : awaited)
    if (!folder.files.contains(type)) return StrCat("file ", type.view(), " of ", date.Iso());
  return "";
}

}  // namespace fundcore::clearing
