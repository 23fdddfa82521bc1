// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: this policy cannot start a call
#include <outlast/outlast.hpp>

struct nothing_much {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::leaf start() { return {}; }
#endif
};

int main() {
    outlast::pipeline p{nothing_much{}};
    return p([] { return 0; }).value();
}
