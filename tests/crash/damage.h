// Damaging a stopped data folder as disks and power cuts do, and what must come of it. Knows how the log lies on disk from its
// description (common/log/format.h), not from its code.
//
// Every function answers with a fault in one line, or with "" where all is as it should be.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/runtime/random.h"
#include "tests/crash/promises.h"

namespace fundcore::crash {

// A data folder that nobody serves, and the program that could.
struct Patient {
  std::string program, data;
  std::vector<std::string> flags;   // of `serve`
  std::string errors;               // file for what the program says
};

// A copy of a stopped folder. Segments that are full are hard links, for nobody writes to them.
void CopyFolder(const std::string& from, const std::string& to);

// The last write before a power cut, not synced, in pieces: a part of it is cut off, zeroed, or replaced by noise. A start
// must go on with what was durable. `at` and `bytes` are of the write in `file`. Says in `what` what was done.
void TearWrite(const std::string& file, uint64_t at, uint64_t bytes, SeededRandom* random, std::string* what);

// Noise behind the last frame of the log: as above.
std::string AddNoise(const Patient& p, SeededRandom* random, std::string* what);

// One byte of a durable frame: the start, or for an older segment the replay check, must refuse it with file, byte and remedy.
// The byte is put right afterwards.
std::string RotLog(const Patient& p, SeededRandom* random, std::string* what);

// The log's last records cut away under a state that has seen them (the folder was stopped gracefully): refused at start.
// The log is put right afterwards.
std::string CutLog(const Patient& p, SeededRandom* random, std::string* what);

// One byte of the state (a table, or the manifest): refused with the remedy, or never read; never a wrong answer. Then the
// remedy: the state is restored from `checkpoint`, or where that is empty removed and rebuilt from the log, and keeps every
// promise.
std::string RotState(const Patient& p, const Promises& promises, const std::string& checkpoint, SeededRandom* random,
                     std::string* what);

}  // namespace fundcore::crash
