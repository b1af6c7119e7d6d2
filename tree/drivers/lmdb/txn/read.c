#include "btree/page.h"
