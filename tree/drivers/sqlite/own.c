#include <sqlite3.h>
#include "own.h"
#include "common/own.h"
