// See transfer.h.
#include "common/checkpoint/transfer.h"

#include <filesystem>
#include <set>

#include "common/base/check.h"
#include "common/base/status.h"

namespace fundcore::checkpoint {
namespace {

std::string ObjectOf(const FileMark& file) {
  const std::string hex = file.hash.Hex();
  return StrCat("objects/", hex.substr(0, 2), "/", hex);
}
std::string ManifestOf(const std::string& name) { return StrCat("checkpoints/", name, "/", kManifestName); }
std::string VerifiedOf(const std::string& name) { return StrCat("checkpoints/", name, "/", kVerifiedName); }

// The same error, saying which file of which checkpoint it is about.
absl::Status About(const Manifest& m, const FileMark& file, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::Status(status.code(), StrCat("checkpoint ", m.name, ", ", file.name, ": ", status.message()));
}

// Whether the file is there already as it should be.
bool IsThere(const std::string& path, const FileMark& file) {
  uint64_t size = 0;
  const auto hash = HashFile(path, &size);
  return hash.ok() && size == file.size && *hash == file.hash;
}

absl::Status ReceiveFile(Source& from, const FileMark& file, const std::string& path) {
  FC_RETURN_IF_ERROR(MakeFolders(std::filesystem::path(path).parent_path().string()));
  Sha256Stream sum;
  uint64_t size = 0;
  FC_ASSIGN_OR_RETURN(FileWriter out, FileWriter::Open(path));
  FC_RETURN_IF_ERROR(from.ReadFile(file, [&](std::string_view piece) {
    sum.Add(piece);
    size += piece.size();
    // A source that does not end would fill the disk.
    if (size > file.size)
      return absl::DataLossError(StrCat("more than the ", file.size, " bytes of its manifest arrive"));
    return out.Add(piece);
  }));
  const Hash256 found = sum.Finish();
  if (size != file.size || found != file.hash) {
    return absl::DataLossError(StrCat(size, " bytes with SHA-256 ", found.Hex(), " arrived, its manifest says ",
                                      file.size, " bytes with ", file.hash.Hex(),
                                      "; the source is damaged: take another copy or another checkpoint"));
  }
  return out.Finish();
}

// Removes what an earlier try, perhaps of another checkpoint, has left and this one does not want.
absl::Status RemoveForeign(const std::string& folder, const Manifest& m) {
  std::set<std::string, std::less<>> wanted;
  for (const FileMark& f : m.files) wanted.insert(f.name);
  FC_ASSIGN_OR_RETURN(const std::vector<FoundFile> files, ListFiles(folder));
  for (const FoundFile& f : files)
    if (!wanted.contains(f.name)) FC_RETURN_IF_ERROR(RemoveAll(StrCat(folder, "/", f.name)));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> FolderSource::ManifestText() {
  FC_RETURN_IF_ERROR(ReadManifest(folder_).status());  // says best what is wrong
  return ReadWhole(StrCat(folder_, "/", kManifestName), kMaxManifestBytes);
}

absl::StatusOr<std::string> FolderSource::VerifiedText() {
  auto text = ReadWhole(StrCat(folder_, "/", kVerifiedName), 4096);
  return absl::IsNotFound(text.status()) ? "" : text;
}

absl::Status FolderSource::ReadFile(const FileMark& file, Piece piece) {
  return ReadPieces(StrCat(folder_, "/", file.name), 0, UINT64_MAX, piece);
}

absl::StatusOr<std::string> StoreSource::ManifestText() {
  auto text = store_->GetText(ManifestOf(name_), kMaxManifestBytes);
  if (absl::IsNotFound(text.status())) {
    return absl::NotFoundError(
        StrCat("the store has no checkpoint \"", name_, "\"; fundctl checkpoint list --in lists them"));
  }
  return text;
}

absl::StatusOr<std::string> StoreSource::VerifiedText() {
  auto text = store_->GetText(VerifiedOf(name_), 4096);
  return absl::IsNotFound(text.status()) ? "" : text;
}

absl::Status StoreSource::ReadFile(const FileMark& file, Piece piece) {
  absl::Status status = store_->Get(ObjectOf(file), piece);
  if (!absl::IsNotFound(status)) return status;
  return absl::DataLossError(StrCat("the store has lost the object ", ObjectOf(file), "; take another checkpoint"));
}

absl::StatusOr<Transfer> Push(Source& from, CheckpointStore* to, const Progress& progress) {
  Transfer t;
  FC_ASSIGN_OR_RETURN(const std::string text, from.ManifestText());
  FC_ASSIGN_OR_RETURN(t.manifest, Parse(text, kManifestName));
  const Manifest& m = t.manifest;
  FC_ASSIGN_OR_RETURN(const auto taken, to->Size(ManifestOf(m.name)));
  if (taken) {
    FC_ASSIGN_OR_RETURN(const std::string theirs, to->GetText(ManifestOf(m.name), kMaxManifestBytes));
    if (theirs != text) {
      return absl::AlreadyExistsError(
          StrCat("the store has another checkpoint called ", m.name,
                 "; make this one under a name of its own, such as one with the host and the day"));
    }
  }
  for (const FileMark& file : m.files) {
    FC_ASSIGN_OR_RETURN(const auto size, to->Size(ObjectOf(file)));
    if (size && *size != file.size) {
      return absl::DataLossError(StrCat("object ", ObjectOf(file), " of the store has ", *size, " bytes, ", file.name,
                                        " has ", file.size,
                                        "; the store is damaged there: remove that object and push again"));
    }
    if (size) {
      ++t.files_there;
      continue;
    }
    if (progress) FC_RETURN_IF_ERROR(progress(file.name, t.bytes_moved));
    FC_RETURN_IF_ERROR(About(m, file, to->Put(ObjectOf(file), file.size, file.hash, [&](Piece piece) {
      return from.ReadFile(file, piece);
    })));
    ++t.files_moved;
    t.bytes_moved += file.size;
  }
  if (!taken) FC_RETURN_IF_ERROR(to->PutText(ManifestOf(m.name), text));
  FC_ASSIGN_OR_RETURN(const std::string verified, from.VerifiedText());
  t.verified = ParseVerified(verified, text).has_value();
  if (t.verified) {
    const absl::Status put = to->PutText(VerifiedOf(m.name), verified);
    if (!put.ok() && !absl::IsAlreadyExists(put)) return put;
  }
  return t;
}

absl::StatusOr<Transfer> Receive(Source& from, const std::string& folder, const ReceiveOptions& options) {
  Transfer t;
  FC_ASSIGN_OR_RETURN(const std::string text, from.ManifestText());
  FC_ASSIGN_OR_RETURN(t.manifest, Parse(text, kManifestName));
  const Manifest& m = t.manifest;
  FC_RETURN_IF_ERROR(CheckCovers(m, options.services));
  if (!options.log_id.empty() && m.log_id != options.log_id) {
    return absl::FailedPreconditionError(
        StrCat("checkpoint ", m.name, " is of log ", m.log_id, ", the log here is ", options.log_id,
               "; their offsets have nothing to do with each other: take a checkpoint of this log"));
  }
  FC_RETURN_IF_ERROR(MakeFolders(folder));
  FC_RETURN_IF_ERROR(RemoveForeign(folder, m));  // an old MANIFEST, too: the folder is not complete
  std::set<std::string> folders;
  for (const FileMark& file : m.files) {
    const std::string path = StrCat(folder, "/", file.name);
    folders.insert(std::filesystem::path(path).parent_path().string());
    if (IsThere(path, file)) {
      ++t.files_there;
      continue;
    }
    if (options.progress) FC_RETURN_IF_ERROR(options.progress(file.name, t.bytes_moved));
    FC_RETURN_IF_ERROR(About(m, file, ReceiveFile(from, file, path)));
    ++t.files_moved;
    t.bytes_moved += file.size;
  }
  for (const std::string& f : folders) FC_RETURN_IF_ERROR(SyncFolder(f));
  FC_ASSIGN_OR_RETURN(const std::string verified, from.VerifiedText());
  t.verified = ParseVerified(verified, text).has_value();
  if (t.verified) FC_RETURN_IF_ERROR(ReplaceFile(folder, kVerifiedName, verified));
  FC_RETURN_IF_ERROR(ReplaceFile(folder, kManifestName, text));
  return t;
}

absl::StatusOr<std::vector<Stored>> ListStore(const CheckpointStore& store) {
  std::vector<Stored> out;
  FC_ASSIGN_OR_RETURN(const std::vector<FoundFile> found, store.List("checkpoints/"));
  for (const FoundFile& f : found) {
    if (!f.name.ends_with(StrCat("/", kManifestName))) continue;
    FC_ASSIGN_OR_RETURN(const std::string text, store.GetText(f.name, kMaxManifestBytes));
    Stored s;
    FC_ASSIGN_OR_RETURN(s.manifest, Parse(text, f.name));
    auto verified = store.GetText(VerifiedOf(s.manifest.name), 4096);
    s.verified = verified.ok() && ParseVerified(*verified, text).has_value();
    out.push_back(std::move(s));
  }
  return out;
}

}  // namespace fundcore::checkpoint
