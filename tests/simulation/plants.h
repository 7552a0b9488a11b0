// Plants: bugs put in on purpose, to see that the judge is awake. Each stands for a mistake that real systems make, and
// sits on the test's side of an interface (peers, log, store, files), so that product code has no switches.
//
//   std::unique_ptr<Plant> plant = MakePlant("release-forgotten");   // nullptr where there is none of that name
//   options.wrap = [&](ServiceDeps* deps) { plant->Wrap(deps); };
//
// To add one: a class in plants.cc and a line in kPlants, with the number of seeds within which it must be found.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "common/machine/service.h"

namespace fundcore::simulation {

class Plant {
 public:
  virtual ~Plant() = default;
  // Called at each start of the system, with what the services are about to get. The plant outlives all of them.
  virtual void Wrap(ServiceDeps* deps) = 0;
};

struct PlantInfo {
  std::string_view name;
  std::string_view mistake;  // what somebody got wrong, in a sentence
  int within_seeds;          // from seed 1 on; what the test demands
};

std::span<const PlantInfo> Plants();
std::unique_ptr<Plant> MakePlant(std::string_view name);

}  // namespace fundcore::simulation
