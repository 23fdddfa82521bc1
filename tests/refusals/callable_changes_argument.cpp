// SPDX-License-Identifier: BSL-1.0
// refused: Arguments are handed to every attempt as const lvalues, so that no attempt finds them
// refused: and capture what is to change
#include <outlast/outlast.hpp>

int main() {
    outlast::pipeline p{outlast::retry{}};
    int n = 0;
#ifdef OUTLAST_REFUSAL_FIXED
    return p([&n] { return ++n; }).value();
#else
    return p([](int& counter) { return ++counter; }, n).value();
#endif
}
