// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it needs `step settled\(reading& now, lane
#include <outlast/outlast.hpp>

struct hasty {
    struct run : outlast::pass_through {
        outlast::step begin(outlast::reading&, outlast::instant by) {
            return outlast::step::call(outlast::work, by);
        }
#ifdef OUTLAST_REFUSAL_FIXED
        outlast::step settled(outlast::reading&, outlast::lane, const outlast::verdict& v) {
            return outlast::step::finish(v);
        }
#endif
    };
    run start() { return {}; }
};

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
