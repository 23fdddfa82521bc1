// SPDX-License-Identifier: BSL-1.0
// refused: require_valid
// refused: invalid_argument|non-constexpr|constant expression
#include <outlast/outlast.hpp>

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::fallback{0}, outlast::retry{}};
#else
constexpr outlast::pipeline guarded{outlast::retry{}, outlast::fallback{0}};
#endif

int main() {}
