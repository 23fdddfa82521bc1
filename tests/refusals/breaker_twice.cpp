// SPDX-License-Identifier: BSL-1.0
// refused: pipeline: the same policy stands in it twice, where a cache waits for itself and a breaker
// refused: counts each call double: name it once
// refused: constant expression
#include <outlast/outlast.hpp>

#include <functional>

outlast::circuit_breaker breaker;
constexpr outlast::pipeline inside{std::ref(breaker), outlast::timeout{outlast::no_limit}};
#ifdef OUTLAST_REFUSAL_FIXED
constexpr outlast::pipeline guarded{outlast::retry{}, inside};
#else
constexpr outlast::pipeline guarded{std::ref(breaker), outlast::retry{}, inside};
#endif

int main() {}
