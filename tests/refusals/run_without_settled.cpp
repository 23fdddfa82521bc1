// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it needs `step settled\(reading& now, lane
#include <outlast/outlast.hpp>

struct hasty {
    struct run : outlast::pass_through {
        outlast::step begin(outlast::reading&, outlast::instant by, outlast::verdict&) {
            return outlast::step::call(outlast::work, by);
        }
#ifdef OUTLAST_REFUSAL_FIXED
        outlast::step settled(outlast::reading&, outlast::lane, outlast::verdict&) {
            return outlast::step::finish();
        }
#endif
    };
    run start() { return {}; }
};

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
