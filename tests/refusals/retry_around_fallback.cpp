// SPDX-License-Identifier: BSL-1.0
// refused: pipeline: a retry stands outside a fallback that replaces every failure, and has at most what that fails at itself to repeat
// refused: put the fallback outside the retry, or say by its `when` what it replaces
// refused: constant expression
#include <outlast/outlast.hpp>

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::fallback{0}, outlast::retry{}};
#else
constexpr outlast::pipeline guarded{outlast::retry{}, outlast::fallback{0}};
#endif

int main() {}
