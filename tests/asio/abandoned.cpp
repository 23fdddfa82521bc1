// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/abandoned.hpp>

#include "support/catch.hpp"

TEST_CASE("abandoned work is counted while it goes on, and in all") {
    const auto before = outlast::abandoned();
    {
        const outlast::detail::counted_as<outlast::abandoned_work> a, b;
        CHECK(outlast::abandoned().running == before.running + 2);
    }
    CHECK(outlast::abandoned().running == before.running);
    CHECK(outlast::abandoned().ever == before.ever + 2);
}
