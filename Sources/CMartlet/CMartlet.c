// The contract is the header; this file only makes the compiler read it as C.
#include "martlet.h"
