// SPDX-License-Identifier: BSL-1.0
// refused: pipeline: a retry stands outside a fallback that replaces every failure, and has at most what
// refused: put the fallback outside the retry, or say by its `when` what it replaces
// refused: constant expression
#include <outlast/outlast.hpp>

constexpr auto second_best = [] { return 0; };

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::fallback{second_best}, outlast::retry{}};
#else
constexpr outlast::pipeline guarded{outlast::retry{}, outlast::fallback{second_best}};
#endif

int main() {}
