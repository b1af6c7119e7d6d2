#include <quipu/types.h>
