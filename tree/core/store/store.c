#include "base/base.h"
#include "records/records.h"
