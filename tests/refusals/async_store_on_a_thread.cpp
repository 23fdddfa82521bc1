// SPDX-License-Identifier: BSL-1.0
// refused: outlast::cache_aside: the store is asynchronous, and this driver has no way to wait for it
// refused: run the pipeline by outlast::async_run
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <functional>
#include <mutex>

struct far_away {
    using key_type = int;
    using value_type = int;
    using lock_type = std::mutex;
    template <class Token>
    void async_find(int, Token&&) {}
    template <class Token>
    void async_put(int, const outlast::entry<int>&, Token&&) {}
    template <class Token>
    void async_erase(int, Token&&) {}
};

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::memory<int, int> store;
#else
    far_away store;
#endif
    outlast::cache_aside remember{store, [](int id) { return id; },
                                  [](int) { return outlast::lifetime{}; }};
    outlast::pipeline p{std::ref(remember)};
    return p([](int id) { return id; }, 7).value();
}
