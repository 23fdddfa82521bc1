// SPDX-License-Identifier: BSL-1.0
// refused: outlast::callback: wrap a plain function in a lambda
#include <outlast/callback.hpp>

bool odd(int x) { return x % 2 == 1; }

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::callback<bool(int)> p = [](int x) { return odd(x); };
#else
    outlast::callback<bool(int)> p = odd;
#endif
    return p(3) ? 0 : 1;
}
