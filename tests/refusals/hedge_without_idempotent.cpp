// SPDX-License-Identifier: BSL-1.0
// refused: outlast::hedge: a hedge runs the work several times at once: if it may, say so
// refused: in the options, `.idempotent = true`; if not, take the hedge out
#include <outlast/hedge.hpp>
#include <outlast/threads.hpp>

#include <chrono>

using namespace std::chrono_literals;

int main() {
#ifdef OUTLAST_REFUSAL_FIXED
    outlast::hedge twice{{.idempotent = true, .delay = 50ms}};
#else
    outlast::hedge twice{{.delay = 50ms}};
#endif
    return static_cast<int>(twice.counts().won);
}
