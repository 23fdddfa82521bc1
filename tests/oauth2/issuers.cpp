// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/issuers.hpp>

#include <outlast/oauth2/introspector.hpp>

#include "support/catch.hpp"
#include "support/two_issuers.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using outlast::circuit_state;

namespace {

using api = introspector<scripted_server>;

/// "ALLOW(live), asked ab": the words, and who was asked.
struct two_issuers {
    scripted_server a{};
    scripted_server b{};
    api of_a{asking(issuer_a), a};
    api of_b{asking(issuer_b), b};
    issuers<api> both{std::vector<issuer_entry<api>>{{std::string{issuer_a}, of_a},
                                                     {std::string{issuer_b}, of_b}}};

    two_issuers() {
        a.otherwise = says(r_minus);
        b.otherwise = says(r_minus);
    }
    std::string request(std::string_view token, const requirements& wanted = {.audience = "api"}) {
        const std::size_t first = a.calls(), second = b.calls();
        const std::string words = words_of(both("Bearer " + std::string{token}, wanted));
        return words + ", asked " + std::string(a.calls() - first, 'a') +
               std::string(b.calls() - second, 'b');
    }
};

} // namespace

TEST_CASE("issuers: an opaque token is asked about in order, until one knows it") {
    two_issuers s;
    s.a.of["tokA"] = {says(active_of(issuer_a))};
    s.b.of["tokB"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokA") == "ALLOW(live), asked a");
    CHECK(s.request("tokB") == "ALLOW(live), asked ab");
    CHECK(s.request("tokC") == "401-IT, asked ab");
}

TEST_CASE("issuers: who has a good verdict is asked first, and nobody else then") {
    two_issuers s;
    s.b.of["tokB"] = {says(active_of(issuer_b))};
    s.request("tokB");
    s.of_a.forget("tokB"); // as if its "no" had become old
    const std::string again = s.request("tokB");
    CHECK(again.starts_with("ALLOW("));
    CHECK(again.ends_with("asked "));
}

TEST_CASE("issuers: an outage of one is nobody else's") {
    two_issuers s;
    s.a.otherwise = refuses();
    s.b.of["tokB"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokB") == "ALLOW(live), asked ab");
    CHECK(s.request("tokC").starts_with("503("));
    for (int i = 0; i != 12; ++i)
        s.request("tok" + std::to_string(i));
    const outlast::instant now = outlast::steady::now();
    CHECK(s.of_a.breaker().state(now) == circuit_state::open);
    CHECK(s.of_b.breaker().state(now) == circuit_state::closed);
    s.b.of["tokD"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokD") == "ALLOW(live), asked b");
}

TEST_CASE("S19 issuers: a token that names an issuer is shown to that one only") {
    two_issuers s;
    s.a.otherwise = says(active_of(issuer_a));
    s.b.otherwise = says(active_of(issuer_b));
    CHECK(s.request(jwt_of(issuer_b)) == "ALLOW(live), asked b");
    CHECK(s.request(jwt_of(issuer_a)) == "ALLOW(live), asked a");
    s.b.otherwise = says(r_minus);
    CHECK(s.request(jwt_of(issuer_b) + "1") == "401-IT, asked b");
    s.b.otherwise = refuses();
    CHECK(s.request(jwt_of(issuer_b) + "2").starts_with("503("));
    CHECK(s.a.calls() == 1);
}

TEST_CASE("S19 issuers: one that names another is shown to nobody; no name makes a new issuer") {
    two_issuers s;
    s.a.otherwise = says(active_of(issuer_a));
    for (const std::string_view other : {"https://evil.example", "https://a.example/",
                                         "https://A.example", "http://a.example", ""})
        CHECK(s.request(jwt_of(other)) == "401-IT, asked ");
}

TEST_CASE("S11 issuers: none vouches for a token that is another's by its own words") {
    two_issuers s;
    s.a.of["tokX"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokX") == "401-IT, asked a");
    CHECK(s.request("tokX") == "401-IT, asked "); // from the cache, too
    CHECK(s.both("Bearer tokX", {.audience = "api"}).ruled == ruling::wrong_issuer);
    s.a.of["tokY"] = {says(R"({"active":true,"exp":1700003600,"aud":"api"})")};
    CHECK(s.request("tokY") == "ALLOW(live), asked a"); // it need not say
}

TEST_CASE("S11 issuers: verdicts of one are never another's") {
    two_issuers s;
    CHECK(s.of_a.key_of("tokA") != s.of_b.key_of("tokA"));
}

TEST_CASE("issuers: what the route demands is final, too") {
    two_issuers s;
    s.a.of["tokA"] = {says(active_of(issuer_a))};
    CHECK(s.request("tokA", {.audience = "api", .scopes = {"write"}}) == "403-IS(write), asked a");
    CHECK(s.request("tokA", {.audience = "other"}) == "401-IT, asked ");
}

TEST_CASE("issuers: a request without a good token asks nobody") {
    two_issuers s;
    CHECK(words_of(s.both(std::span<const std::string_view>{})) == "401 bare");
    CHECK(words_of(s.both("Basic eDp5")) == "401 bare");
    CHECK(s.request("a b") == "401-IT, asked ");
    const std::string_view two[] = {"Bearer a", "Bearer b"};
    CHECK(words_of(s.both(two)) == "400-IR");
    CHECK(s.a.calls() + s.b.calls() == 0);
}

TEST_CASE("issuers: what is revoked is revoked, whose it may be") {
    two_issuers s;
    s.b.otherwise = says(active_of(issuer_b));
    CHECK(s.request("tokB") == "ALLOW(live), asked ab");
    s.both.revoke("tokB");
    CHECK(s.request("tokB") == "401-IT, asked ");
}
