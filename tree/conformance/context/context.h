#include <quipu/records.h>
