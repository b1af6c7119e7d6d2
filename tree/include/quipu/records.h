#include <quipu/types.h>
#include "types.h"
