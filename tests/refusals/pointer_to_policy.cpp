// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: this is no policy: .* of a pointer to a policy pass std::ref\(\*pointer\)
#include <outlast/outlast.hpp>

#include <functional>

int main() {
    outlast::circuit_breaker breaker{{}};
    outlast::circuit_breaker* const shared = &breaker;
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{std::ref(*shared)};
#else
    outlast::pipeline p{shared}; // never called
#endif
    (void)p;
}
