// SPDX-License-Identifier: BSL-1.0
// refused: outlast::cache_aside: `life` is called with a value of the store and says how long
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <chrono>

int main() {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [](int id) { return id; },
                                  [](int) {
#ifdef OUTLAST_REFUSAL_FIXED
                                      return outlast::lifetime{.fresh_for = std::chrono::hours{1}};
#else
                                      return std::chrono::hours{1};
#endif
                                  }};
}
