// SPDX-License-Identifier: BSL-1.0
// refused: its `start` takes neither the arguments of the call nor none
// refused: A cache's key function must accept the arguments that the pipeline is called with
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <functional>

int main() {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](int id) { return id; },
                                  [](int) { return outlast::lifetime{}; }};
    outlast::pipeline p{std::ref(remember)};
#ifdef OUTLAST_REFUSAL_FIXED
    return p([](int) { return 0; }, 7).value();
#else
    return p([] { return 0; }).value();
#endif
}
