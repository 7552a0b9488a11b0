// Writes a file of orders to play with: 20 purchases of 14 accounts, amounts of its own.
//
//   make_orders FOLDER        prints the file's name
#include <cstdio>
#include <fstream>

#include "absl/strings/str_format.h"
#include "tests/unit/fundctl/orders_03.h"

int main(int argc, char** argv) {
  using namespace fundcore::fundctl;
  if (argc != 2) {
    std::fprintf(stderr, "make_orders: name a folder\n");
    return 2;
  }
  File03 file;
  file.date = "20250306";
  for (int i = 0; i < 20; ++i) {
    const int account = i * 7 % 14 + 1;
    Line03& line = file.lines.emplace_back();
    line.serial = absl::StrFormat("2025030600%014d", i + 1);
    line.account = absl::StrFormat("8%016d", account);
    line.fund_account = absl::StrFormat("88%010d", account);
    line.amount = 1'000 + 12'345 * i;
    line.date = file.date;
    line.more = {{"Specification", "定投|示例"}, {"CurrencyType", "156"}, {"IndividualOrInstitution", "1"}};
  }
  const std::string path = std::string(argv[1]) + "/" + file.Name();
  std::ofstream(path, std::ios::binary) << file.Bytes();
  std::printf("%s\n", path.c_str());
  return 0;
}
