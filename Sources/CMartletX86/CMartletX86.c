#include "CMartletX86.h"
