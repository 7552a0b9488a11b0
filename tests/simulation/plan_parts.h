// Parts of DrawPlan that stand in files of their own.
#pragma once

#include <vector>

#include "tests/simulation/plan.h"

namespace fundcore::simulation {

// An ordinary fund of the institution, by its number in the run, with a price for each of the days.
dayrun::GivenFund DrawFund(SeededRandom& r, int i, const dayrun::GivenTa& ta, const std::vector<Date>& navs);
// What a world may have beside ordering in open funds (kFirstBusiness and after it). Comes last, so that all else is as drawn.
void DrawBusiness(const Options& options, Plan* plan);

}  // namespace fundcore::simulation
