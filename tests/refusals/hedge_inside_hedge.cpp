// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: a hedge stands inside a hedge, so that each of its calls would start
// refused: several: name one of them
#include <outlast/hedge.hpp>

#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include <functional>

int main() {
    outlast::hedge first{{.idempotent = true}};
    outlast::hedge second{{.idempotent = true}};
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{outlast::retry{}, std::ref(first)};
#else
    outlast::pipeline inside{std::ref(second)};
    outlast::pipeline p{std::ref(first), outlast::retry{}, std::ref(inside)};
#endif
    outlast::simulation sim;
    return sim.call(p, [] { return 0; }).result().value();
}
