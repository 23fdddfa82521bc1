// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it needs `step begin\(reading& now, instant by, verdict&\)`
#include <outlast/outlast.hpp>

struct hasty {
    struct run : outlast::pass_through {
#ifdef OUTLAST_REFUSAL_FIXED
        outlast::step begin(outlast::reading&, outlast::instant by, outlast::verdict&){
#else
        outlast::step begin(outlast::instant by) {
#endif
            return outlast::step::call(outlast::work, by);
    } outlast::step settled(outlast::reading&, outlast::lane, outlast::verdict&) {
        return outlast::step::finish();
    }
};
run start() { return {}; }
}
;

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
