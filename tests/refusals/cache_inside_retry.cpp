// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: a cache stands inside a retry, where each attempt asks it anew
// refused: put the cache outside the retry
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <functional>

int main() {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](int id) { return id; },
                                  [](int) { return outlast::lifetime{}; }};
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{std::ref(remember), outlast::pipeline{outlast::retry{}}};
#else
    outlast::pipeline p{outlast::retry{}, outlast::pipeline{std::ref(remember)}};
#endif
    return p([](int) { return 0; }, 7).value();
}
