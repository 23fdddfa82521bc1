// SPDX-License-Identifier: BSL-1.0
// refused: retry: max_attempts counts the first attempt too: 1 or more
// refused: constant expression
#include <outlast/outlast.hpp>

#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::retry thrice{{.max_attempts = 3}};
#else
constexpr outlast::retry never{{.max_attempts = 0}};
#endif

int main() {}
