// The fuzz targets besides those of the file codec: each is a function over any bytes that returns where they were read or
// refused as they should be, and stops the process (FC_CHECK, a sanitizer) where a promise of the code under test is broken.
//
// One thread; a call leaves nothing behind that the next one could see.
#pragma once

#include <string_view>

namespace fundcore::fuzz {

// tests/fuzz/config: texts that people write.
void FuzzConfig(std::string_view bytes);    // a TOML file, read with every getter
void FuzzCalendar(std::string_view bytes);  // a calendar, or a change to a built-in one
void FuzzValues(std::string_view bytes);    // money, units, prices, rates, dates, times, spans, sizes, numbers
void FuzzVariant(std::string_view bytes);   // an institution's variant of the file standard
void FuzzProducts(std::string_view bytes);  // funds and institutions, as `fundctl product` reads them
void FuzzCFiles(std::string_view bytes);    // a file C1 to C6, as product takes it in

void FuzzScript(std::string_view bytes);    // a day script
void FuzzLog(std::string_view bytes);       // a log's segments: frames that are chosen, then damaged
void FuzzCommand(std::string_view bytes);   // a log record and the commands of every machine

// tests/fuzz/tools: `fundctl ofd`, and orders by file.
void FuzzJson(std::string_view bytes);      // from-json
void FuzzCsv(std::string_view bytes);       // from-csv
void FuzzLint(std::string_view bytes);      // lint, and show with its way back
void FuzzOrders(std::string_view bytes);    // a sub-distributor's 03 file

// tests/fuzz/rpc: a sequence of requests of every service, to the system as a whole.
void FuzzRpc(std::string_view bytes);

}  // namespace fundcore::fuzz
