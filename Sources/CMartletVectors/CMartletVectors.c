// All of this target is its header; a C target needs a source file.
#include "CMartletVectors.h"
