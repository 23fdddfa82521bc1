// SPDX-License-Identifier: BSL-1.0
// refused: outlast: this run is no machine: it has no `operations`
#include <outlast/outlast.hpp>

struct hasty {
    struct run {
        static constexpr bool pinned = false;
#ifdef OUTLAST_REFUSAL_FIXED
        static constexpr outlast::operation operations = 0;
#endif
        outlast::step begin(outlast::reading&, outlast::instant by, outlast::verdict&) {
            return outlast::step::call(outlast::work, by);
        }
        outlast::step settled(outlast::reading&, outlast::lane, outlast::verdict&) {
            return outlast::step::finish();
        }
        outlast::step woke(outlast::reading&, outlast::lane, outlast::verdict&) { return {}; }
        outlast::instant nudge() const noexcept { return outlast::never; }
        outlast::step nudged(outlast::reading&, outlast::verdict&) { return {}; }
        bool plain_begin(outlast::reading&, outlast::instant&) { return false; }
        bool plain_success(outlast::reading&) const { return false; }
        void plain_end() noexcept {}
        bool plain_refusal(outlast::reading&, outlast::verdict&) { return false; }
        bool passes_refusals() noexcept { return false; }
        void credit(outlast::report&) const noexcept {}
        void abandoned() noexcept {}
        void explain(outlast::failure_facts&) const noexcept {}
    };
    run start() { return {}; }
};

int main() {
    outlast::pipeline p{hasty{}};
    return p([] { return 0; }).value();
}
