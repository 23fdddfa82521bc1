// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: this is no policy: it has no `start`
#include <outlast/outlast.hpp>

struct nothing_much {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::leaf start() { return {}; }
#endif
};

int main() {
    const outlast::pipeline p{nothing_much{}}; // never called
    (void)p;
}
