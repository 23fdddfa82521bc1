// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it needs `woke`, `nudge`, `nudged` and a noexcept
#include <outlast/outlast.hpp>

struct hasty {
    struct run : outlast::pass_through {
        outlast::step begin(outlast::reading&, outlast::instant by, outlast::verdict&) {
            return outlast::step::call(outlast::work, by);
        }
        outlast::step settled(outlast::reading&, outlast::lane, outlast::verdict&) {
            return outlast::step::finish();
        }
#ifdef OUTLAST_REFUSAL_FIXED
        void abandoned() noexcept {}
#else
        void abandoned() {} // may throw: nobody could catch it
#endif
    };
    run start() { return {}; }
};

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
