// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: a cache stands inside a hedge, where one lane waits for what another
// refused: put the cache outside the hedge
#include <outlast/cache/memory.hpp>
#include <outlast/hedge.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include <functional>

int main() {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](int id) { return id; },
                                  [](int) { return outlast::lifetime{}; }};
    outlast::hedge twice{{.idempotent = true}};
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{std::ref(remember), std::ref(twice)};
#else
    outlast::pipeline p{std::ref(twice), std::ref(remember)};
#endif
    outlast::simulation sim;
    return sim.call(p, [](int) { return 0; }, 7).result().value();
}
