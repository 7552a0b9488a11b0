// Reservations that an institution keeps: what an answer says of them, and what is due next.
#include <algorithm>

#include "services/clearing/institution.h"

namespace fundcore::clearing {

std::set<OrderId> InstitutionWorker::AddReservations(ReconciledDay& command, const AnswerFile* file,
                                                     const std::vector<OrderId>& answered,
                                                     const std::vector<OrderId>& unrouted, const std::vector<OrderId>& hung) {
  std::vector<OrderId> receipts = file ? file->receipts() : std::vector<OrderId>();
  std::sort(receipts.begin(), receipts.end());
  const auto count = [](const std::vector<OrderId>& list, OrderId order) {
    const auto [begin, end] = std::equal_range(list.begin(), list.end(), order);
    return end - begin;
  };
  std::set<OrderId> kept;
  m().ForEachReservation(ta_, [&](OrderId order, const ReservationDue&) {
    const auto lines = count(answered, order), received = count(receipts, order);
    const bool read = lines > 0 && count(unrouted, order) == 0;
    // Any line beside the receipt ends it: a result, a refusal, or that it was cancelled (153).
    if (count(hung, order) > 0 || (read && lines > received)) {
      command.ended.push_back(order);
      return;
    }
    kept.insert(order);
    if (read && received > 0) command.received.push_back(order);
  });
  return kept;
}

}  // namespace fundcore::clearing
