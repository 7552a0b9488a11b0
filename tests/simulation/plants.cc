// The list of planted bugs, and how to get one.
#include "tests/simulation/plants.h"

#include "tests/simulation/plants_parts.h"

namespace fundcore::simulation {
namespace {

constexpr PlantInfo kPlants[] = {
    // Between the services (plants_peers.cc).
    {"release-forgotten", "what was set aside for a refused or cancelled order is never given back", 20},
    {"timeout-is-refusal", "an account service that does not answer in time is taken for one that has no money", 40},
    {"timeout-is-success", "a step of the day that was not answered is taken for done", 80},
    {"payment-id-per-try", "a payment asked for again gets a new number, so that the bank makes it twice", 40},
    {"deposit-before-bank", "a deposit is credited when the bank was asked, whether or not it has answered", 40},
    {"settled-before-bank", "a settlement is booked when the bank was asked, whether or not it has answered", 60},
    {"reservation-expires", "what is set aside comes back after two hours, although the order lives on", 40},
    {"partial-releases-all", "a partial confirmation gives back the whole of what was set aside", 40},
    {"file-applied-twice", "a confirmation file is marked apart from being applied, so a crash between the two applies it twice", 40},
    {"lots-counted", "the lot records beneath a redemption are counted beside its main record", 40},
    {"wrong-investor", "two confirmations in the same hand: the units of one investor go to the other", 40},
    {"fen-lost", "proceeds are cut off instead of rounded, and a fen is lost", 40},
    {"fee-doubled", "a confirmation that is sent again adds its fee to the one that is there", 40},
    {"check-skipped", "differences found in a confirmation file are dropped", 40},
    {"allowed-unasked", "while the risk service is away, orders are let through", 40},
    // Between the services and their log (plants_log.cc).
    {"try-after-release", "a reservation that comes again after its release is made again", 40},
    {"reply-before-durable", "commands are executed and answered before they are on the disk", 40},
    {"recovery-moves-day", "what is replayed is stamped with the time of the recovery, so that orders get another trading day", 40},
    {"one-person-approves", "the second pair of eyes is compared by session, so that one person may be both", 40},
    // Between the services and their state and files (plants_store.cc).
    {"offset-before-state", "the applied offset is on the disk before the state that belongs to it", 40},
    {"facts-apart", "the position in the product facts is stored, the facts are not: they are skipped after a crash", 40},
    {"position-apart", "product facts are stored, the position is not: they are absorbed twice after a crash", 40},
    {"todo-in-memory", "what is still to be paid or given back is kept in memory only", 40},
    {"id-forgotten", "request ids are kept for four hours only", 40},
    {"file-resent-renamed", "a file that may be out is sent again under another name", 40},
    {"file-overwritten", "files that went out on earlier days are written again, stamped", 40},
};

}  // namespace

std::span<const PlantInfo> Plants() { return kPlants; }

std::unique_ptr<Plant> MakePlant(std::string_view name) {
  if (auto p = MakePeersPlant(name)) return p;
  if (auto p = MakeLogPlant(name)) return p;
  return MakeStorePlant(name);
}

}  // namespace fundcore::simulation
