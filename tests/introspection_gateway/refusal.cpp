// SPDX-License-Identifier: BSL-1.0
#include "refusal.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>

using gateway::refusal_reason;
using gateway::shown_path;
namespace oauth2 = outlast::oauth2;

TEST_CASE("gateway refusals: why a request may not pass") {
    const auto reason_of = [](const oauth2::decision& d) { return gateway::reason_of(d, {}); };
    oauth2::decision d;
    d.status = 401;
    CHECK(reason_of(d) == refusal_reason::no_token);
    const std::array<std::string_view, 2> sent{"Bearer a", "Basic b"};
    CHECK(gateway::reason_of(d, sent) == refusal_reason::several_tokens);
    const std::array<std::string_view, 1> bad{"Bearer a b"};
    CHECK(gateway::reason_of(d, bad) == refusal_reason::malformed_token);
    d.because = oauth2::reason::inactive;
    CHECK(reason_of(d) == refusal_reason::inactive);
    d.because = oauth2::reason::expired;
    CHECK(reason_of(d) == refusal_reason::expired);
    d.because = oauth2::reason::active;
    using oauth2::ruling;
    for (const ruling what :
         {ruling::expired, ruling::not_yet_valid, ruling::wrong_issuer, ruling::wrong_audience,
          ruling::sender_constrained, ruling::not_bound, ruling::insufficient_scope}) {
        d.ruled = what;
        CHECK(to_string(reason_of(d)) == to_string(what));
    }
    CHECK(to_string(refusal_reason::no_route) == "no_route");
    CHECK(to_string(refusal_reason::claims_too_long) == "claims_too_long");
}

TEST_CASE("gateway refusals: of a target the path is shown, and no more") {
    CHECK(shown_path("/auth/orders/17") == "/auth/orders/17");
    CHECK(shown_path("/a?access_token=t0k") == "/a");
    CHECK(shown_path("/a;jsessionid=t0k/b") == "/a");
    CHECK(shown_path("/a#access_token=t0k") == "/a");
    CHECK(shown_path("https://user:pw@host/a").empty());
    CHECK(shown_path("*").empty());
    CHECK(shown_path("/%2e%2e/a\n\xFF\"b") == "/%2e%2e/a%0A%FF\"b");
    CHECK(shown_path('/' + std::string(300, 'x')) == '/' + std::string(199, 'x') + "...");
}

TEST_CASE("gateway refusals: one line a second tells how often") {
    gateway::once_a_second lines;
    CHECK(lines.another(0) == 1);
    CHECK(lines.another(0) == 0);
    CHECK(lines.another(0) == 0);
    CHECK(lines.another(1) == 3);
    CHECK(lines.another(9) == 1);
    CHECK(lines.another(9) == 0);
}
