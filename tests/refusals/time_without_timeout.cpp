// SPDX-License-Identifier: BSL-1.0
// refused: outlast::pipeline: this is no policy: it has no `start`. A time goes into an outlast::timeout
// refused: check_policy.*duration
#include <outlast/outlast.hpp>

#include <chrono>

int main() {
    using namespace std::chrono_literals;
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::pipeline p{outlast::retry{}, outlast::timeout{3s}};
#else
    outlast::pipeline p{outlast::retry{}, 3s}; // never called
#endif
    (void)p;
}
