// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: this is no policy: it has no `start`. .* a number of attempts into an outlast::retry
#include <outlast/outlast.hpp>

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{outlast::retry{{.max_attempts = 3}}};
#else
    outlast::pipeline p{3}; // never called
#endif
    (void)p;
}
