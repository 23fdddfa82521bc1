// SPDX-License-Identifier: BSL-1.0
// refused: outlast::cache_aside: `life` has a member `recheck` that cannot be used
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>

#include <optional>

struct life {
    outlast::lifetime operator()(int) const { return {}; }
#ifdef OUTLAST_REFUSAL_FIXED
    std::optional<int> recheck(int, outlast::duration) const { return std::nullopt; }
#else
    std::optional<int> recheck(int, outlast::duration) { return std::nullopt; } // not const
#endif
};

int main() {
    outlast::memory<int, int> store;
    outlast::cache_aside remember{store, [] { return 0; }, life{}};
}
