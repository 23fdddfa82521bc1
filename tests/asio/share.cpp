// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/share.hpp>

#include "support/catch.hpp"

#include <utility>

namespace {

struct thing : outlast::detail::counted<thing> {
    bool& gone;
    explicit thing(bool& g) : gone(g) {}
    void dispose() noexcept { gone = true; }
};
using share = outlast::detail::share<thing>;

} // namespace

TEST_CASE("share: the last one disposes") {
    bool gone = false;
    thing t{gone};
    {
        share first{&t};
        CHECK(t.sole());
        share second = first;
        CHECK(!t.sole());
        share third = std::move(second);
        CHECK(!second);
        first = {};
        CHECK(t.sole());
        CHECK(!gone);
        first = share::more(*third);
        third = std::move(first);
        CHECK(t.sole());
    }
    CHECK(gone);
}

TEST_CASE("share: what is let go is not given back") {
    bool gone = false;
    thing t{gone};
    share s{&t};
    thing* const raw = s.let_go();
    CHECK(!s);
    CHECK(!gone);
    share{raw};
    CHECK(gone);
}
