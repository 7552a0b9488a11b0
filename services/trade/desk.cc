#include "services/trade/view.h"
#include "services/trade/shape.h"
