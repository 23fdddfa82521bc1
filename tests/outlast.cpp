// SPDX-License-Identifier: BSL-1.0
#include <outlast/outlast.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using namespace outlast::literals;

// What the umbrella is for: the first example of the documentation needs nothing else.
TEST_CASE("outlast: one include is enough to compose policies and to call through them") {
    struct user {
        std::string name;
    };
    outlast::circuit_breaker breaker{{.failure_ratio = 50_percent, .window = 20, .open_for = 10s}};
    outlast::pipeline guarded{
        outlast::timeout{3s},
        outlast::retry{{.max_attempts = 3, .backoff = outlast::exponential(1ms)}},
        std::ref(breaker),
        outlast::timeout{250ms},
    };
    int calls = 0;
    const auto fetch_user = [&](outlast::call& c, int id) -> outlast::result<user> {
        CHECK(c.remaining() <= 250ms);
        if (++calls == 1)
            return std::make_error_code(std::errc::connection_refused);
        return user{"user " + std::to_string(id)};
    };
    outlast::result<user> u = guarded(fetch_user, 7);
    CHECK(u.value().name == "user 7");
    CHECK(calls == 2);
    auto safe_fetch = guarded.over(fetch_user);
    CHECK(safe_fetch(8).value().name == "user 8");
}

TEST_CASE("outlast: its version is one number in three parts") {
    CHECK(OUTLAST_VERSION_MAJOR >= 0);
    CHECK(OUTLAST_VERSION_MINOR >= 0);
    CHECK(OUTLAST_VERSION_PATCH >= 0);
}
