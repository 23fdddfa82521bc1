// SPDX-License-Identifier: BSL-1.0
// refused: outlast::cache_aside: what the key function gives is no key of the store
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <functional>
#include <string>

int main() {
    outlast::memory<std::string, int> store;
#ifdef OUTLAST_REFUSAL_FIXED
    const auto key = [](int id) { return std::to_string(id); };
#else
    const auto key = [](int id) { return id; };
#endif
    outlast::cache_aside remember{store, key, [](int) { return outlast::lifetime{}; }};
    outlast::pipeline p{std::ref(remember)};
    return p([](int n) { return n; }, 7).value();
}
