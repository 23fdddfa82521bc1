// SPDX-License-Identifier: BSL-1.0
//
// The rules are told in issuers.cpp; here is that this form keeps them, and what only it has.
#include <outlast/oauth2/async_issuers.hpp>

#include <outlast/oauth2/async_introspector.hpp>

#include "support/async_way.hpp"
#include "support/catch.hpp"
#include "support/two_issuers.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

using api = async_introspector<async_scripted_server, hand_clock>;

struct two_issuers {
    virtual_loop loop{};
    async_scripted_server a{};
    async_scripted_server b{};
    api of_a{asking(issuer_a), a};
    api of_b{asking(issuer_b), b};
    async_issuers<api> both{std::vector<issuer_entry<api>>{{std::string{issuer_a}, of_a},
                                                           {std::string{issuer_b}, of_b}}};
    requirements route{.audience = "api"};
    boost::asio::cancellation_signal stop{};
    std::optional<decision> d{};

    two_issuers() {
        a.loop = b.loop = &loop;
        a.otherwise = says(r_minus);
        b.otherwise = says(r_minus);
    }
    void begin(std::string_view token) {
        d.reset();
        const std::string header =
            "Bearer " + std::string{token}; // gone before the second is asked
        const std::string_view only[] = {header};
        both.async_check(loop.context().get_executor(), only, route, outlast::forever, {}, {},
                         boost::asio::bind_cancellation_slot(stop.slot(), [this](decision told) {
                             CHECK_FALSE(d);
                             d = std::move(told);
                         }));
        CHECK_FALSE(d); // never inside the call
    }
    std::string request(std::string_view token) {
        const std::size_t first = a.calls(), second = b.calls();
        begin(token);
        loop.run();
        REQUIRE(d);
        return words_of(*d) + ", asked " + std::string(a.calls() - first, 'a') +
               std::string(b.calls() - second, 'b');
    }
};

} // namespace

TEST_CASE("async issuers: the same order, the same decisions") {
    two_issuers s;
    s.a.of["tokA"] = {says(active_of(issuer_a)).after(10ms)};
    s.b.of["tokB"] = {says(active_of(issuer_b)).after(10ms)};
    s.a.of["tokX"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokA") == "ALLOW(live), asked a");
    CHECK(s.request("tokB") == "ALLOW(live), asked ab");
    CHECK(s.request("tokC") == "401-IT, asked ab");
    CHECK(s.request("tokX") == "401-IT, asked a");
    CHECK(s.request("a b") == "401-IT, asked ");
    CHECK(s.request(jwt_of(issuer_b)) == "401-IT, asked b");
    CHECK(s.request(jwt_of("https://evil.example")) == "401-IT, asked ");
    s.a.otherwise = refuses();
    CHECK(s.request("tokD") == "503(5), asked ab");
    s.b.of["tokE"] = {says(active_of(issuer_b))};
    CHECK(s.request("tokE") == "ALLOW(live), asked ab");
}

TEST_CASE("async issuers: who cancels is answered, and nobody else is asked") {
    using enum boost::asio::cancellation_type;
    const auto how = GENERATE(terminal, partial, total);
    two_issuers s;
    s.a.otherwise = hangs();
    s.begin("tokA");
    s.loop.advance(10ms);
    s.stop.emit(how);
    s.loop.advance(how == terminal ? 0s : 3s); // the others leave it to the one that was asked
    REQUIRE(s.d);
    CHECK(s.d->status == 503);
    CHECK(s.b.calls() == 0);
}
