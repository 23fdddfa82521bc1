// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it has no `operations`
#include <outlast/outlast.hpp>

struct hasty {
    struct run {
#ifdef OUTLAST_REFUSAL_FIXED
        static constexpr outlast::operation operations = 0;
#endif
        outlast::step begin(outlast::reading&, outlast::instant by) {
            return outlast::step::call(outlast::work, by);
        }
        outlast::step settled(outlast::reading&, outlast::lane, const outlast::verdict& v) {
            return outlast::step::finish(v);
        }
        outlast::step woke(outlast::reading&, outlast::lane) { return {}; }
        outlast::step nudged(outlast::reading&) { return {}; }
        void abandoned() noexcept {}
        void explain(outlast::report&) const noexcept {}
    };
    run start() { return {}; }
};

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
