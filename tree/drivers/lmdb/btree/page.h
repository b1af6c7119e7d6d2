#include "top.h"
