// SPDX-License-Identifier: BSL-1.0
// refused: outlast::run: a hedge runs several calls at once, and the blocking driver has one thread
// refused: take the hedge out
#include <outlast/hedge.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include <functional>

int main() {
    outlast::hedge twice{{.idempotent = true}};
    outlast::pipeline p{outlast::retry{}, std::ref(twice)};
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::simulation sim;
    return sim.call(p, [] { return 0; }).result().value();
#else
    return p([] { return 0; }).value();
#endif
}
