// SPDX-License-Identifier: BSL-1.0
// refused: outlast::callback: this callable has captures and would be gone before its first use
#include <outlast/callback.hpp>

int main() {
    int limit = 3;
#ifdef OUTLAST_REFUSAL_FIXED
    auto above = [&limit](int x) { return x > limit; };
    outlast::callback<bool(int)> p = above;
#else
    outlast::callback<bool(int)> p = [&limit](int x) { return x > limit; };
#endif
    return p(4) ? 0 : 1;
}
