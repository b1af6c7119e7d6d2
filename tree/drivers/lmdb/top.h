#include <quipu/driver.h>
