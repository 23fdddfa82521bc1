// SPDX-License-Identifier: BSL-1.0
//
// What only the asynchronous introspector has: tokens of Asio's, executors, cancellation, and work that
// nobody waits for any more. What it decides is told by the stories.
#include <outlast/oauth2/async_introspector.hpp>

#include "support/async_way.hpp"
#include "support/catch.hpp"
#include "support/story.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace http = outlast::http;
using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// Of one type: for each type of a handler's the compiler makes the whole of a check once more.
using callback = std::function<void(const decision&)>;

introspector_options options() {
    introspector_options o = profile_d();
    o.wall = [] { return at(0); };
    return o;
}

/// A whole check of `api` by a callback.
template <class Transport>
std::string words_for(posted<Transport>& transport,
                      async_introspector<posted<Transport>>& api,
                      std::string_view header) {
    static const requirements any;
    std::string words;
    api.async_check(header, any, callback{[&](const decision& d) { words = words_of(d); }});
    transport.context.restart();
    transport.context.run();
    return words;
}

} // namespace

TEST_CASE("async_check: callback, use_awaitable, use_future, deferred") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    posted<scripted_server> transport{&server};
    async_introspector api{options(), transport};
    const requirements route{.audience = "api"};
    CHECK(words_for(transport, api, "Bearer tokA") == "ALLOW(live)");
    transport.context.restart();
    auto future = api.async_check("Bearer tokA", route, asio::use_future);
    std::vector<std::string> words;
    asio::co_spawn(
        transport.context,
        [&]() -> asio::awaitable<void> {
            const std::string header = "Bearer tokB";
            words.push_back(words_of(co_await api.async_check(header, route, asio::use_awaitable)));
            auto later = api.async_check(header, route, outlast::forever, {}, asio::deferred);
            words.push_back(words_of(co_await std::move(later)(asio::use_awaitable)));
            words.push_back(words_of(co_await api.async_check("", route, asio::use_awaitable)));
        },
        asio::detached);
    transport.context.run();
    CHECK(words_of(future.get()) == "ALLOW(cached)");
    CHECK(words == std::vector<std::string>{"ALLOW(live)", "ALLOW(cached)", "401 bare"});
}

TEST_CASE("async_check: a token that was revoked here is refused, whatever the server says") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    posted<scripted_server> transport{&server};
    async_introspector api{options(), transport};
    CHECK(words_for(transport, api, "Bearer tokA") == "ALLOW(live)");
    api.revoke("tokA");
    CHECK(words_for(transport, api, "Bearer tokA") == "401-IT");
    CHECK(words_for(transport, api, "Bearer tokB") == "ALLOW(live)");
    CHECK(server.calls() == 2);
}

TEST_CASE("async_check: the handler is called on its executor, never from inside") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    posted<scripted_server> transport{&server};
    async_introspector api{options(), transport};
    const requirements route;
    asio::io_context mine;
    const auto strand = asio::make_strand(mine);
    for (const char* header : {"", "Bearer tokA", "Bearer tokA"}) {
        int called = 0;
        api.async_check(header, route,
                        asio::bind_executor(strand, callback{[&](const decision&) {
                                                CHECK(strand.running_in_this_thread());
                                                ++called;
                                            }}));
        CHECK(called == 0);
        mine.restart();
        mine.run();
        CHECK(called == 1);
    }
    // Without one: on that of the transport.
    bool called = false;
    api.async_check("Bearer tokA", route, callback{[&](const decision&) {
                        CHECK(transport.context.get_executor().running_in_this_thread());
                        called = true;
                    }});
    transport.context.run();
    CHECK(called);
}

TEST_CASE("async_check: requirements that would be gone are refused by the compiler") {
    using wanted = std::reference_wrapper<const requirements>;
    static_assert(std::is_convertible_v<const requirements&, wanted>);
    static_assert(!std::is_convertible_v<requirements, wanted>);
    SUCCEED();
}

TEST_CASE("async_check: what it copies of the header is its own") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    posted<scripted_server> transport{&server};
    async_introspector api{options(), transport};
    const requirements route;
    std::string words;
    {
        const std::string header = "Bearer " + std::string(3000, 'a');
        api.async_check(header, route, callback{[&](const decision& d) { words = words_of(d); }});
    }
    transport.context.run();
    CHECK(words == "ALLOW(live)");
    CHECK(token_in(server.asked.front().body) == std::string(3000, 'a'));
}

TEST_CASE("async_check: cancellation of each kind is a 503, and blames nobody") {
    using enum asio::cancellation_type;
    for (const auto type : {terminal, partial, total}) {
        virtual_loop loop;
        hand_clock::time = outlast::instant{}; // so that what hangs does so for ever
        async_scripted_server server;
        server.loop = &loop;
        server.otherwise = hangs();
        async_introspector<async_scripted_server, hand_clock> api{options(), server};
        const requirements route;
        asio::cancellation_signal stop;
        std::optional<decision> got;
        api.async_check("Bearer tokA", route,
                        asio::bind_cancellation_slot(
                            stop.slot(), callback{[&](const decision& d) { got = d; }}));
        loop.advance(100ms);
        CHECK_FALSE(got);
        stop.emit(type);
        loop.run();
        REQUIRE(got);
        CHECK(words_of(*got) == "503(5)");
        CHECK(api.breaker().window(loop.now()).failed == 0);
        // Terminal at once; the others let an operation that takes no notice end its time.
        CHECK(loop.now() == outlast::instant{type == terminal ? 100ms : 2s});
    }
}

TEST_CASE(
    "S13 async_check: what goes on for others when its caller has left asks about the same token") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.of["revoked"] = {answers(503).after(200ms), says(r_minus).after(200ms)};
    server.otherwise = says(r_plus(3600)).after(1s);
    introspector_options o = options();
    if (GENERATE(false, true)) // asked next, before the one again
        o.endpoints.push_back("https://as2.example.com/introspect");
    async_introspector<async_scripted_server, hand_clock> api{std::move(o), server};
    const requirements route;
    asio::cancellation_signal hang_up;
    std::string leader, follower, other;
    api.async_check("Bearer revoked", route,
                    asio::bind_cancellation_slot(hang_up.slot(), callback{[&](const decision& d) {
                                                     leader = words_of(d);
                                                 }}));
    api.async_check("Bearer revoked", route,
                    callback{[&](const decision& d) { follower = words_of(d); }});
    loop.advance(50ms);
    hang_up.emit(asio::cancellation_type::terminal);
    loop.advance({});
    CHECK(leader == "503(5)");
    // Somebody else's check takes what memory the leader's has given back.
    api.async_check("Bearer goodtok", route,
                    callback{[&](const decision& d) { other = words_of(d); }});
    loop.run();
    CHECK(other == "ALLOW(live)");
    CHECK(follower == "401-IT");
    std::size_t about_it = 0;
    for (const http::request& asked : server.asked)
        about_it += token_in(asked.body) == "revoked";
    CHECK(about_it == 2);
    CHECK(server.asked.size() == 3);
    CHECK(outlast::detached().running == 0);
}

TEST_CASE("async_check: what an exchange that was given up brings after all is remembered") {
    virtual_loop loop;
    async_scripted_server server;
    server.loop = &loop;
    server.otherwise = says(r_plus(3600)).after(1h);
    introspector_options o = options();
    o.retry.max_attempts = 1;
    async_introspector<async_scripted_server, hand_clock> api{std::move(o), server};
    const requirements route;
    std::string words;
    const auto ask = [&] {
        api.async_check("Bearer tokA", route,
                        callback{[&](const decision& d) { words = words_of(d); }});
    };
    ask();
    loop.advance(10s);
    CHECK(words == "503(5)");
    CHECK(outlast::abandoned().running == 1);
    loop.run();
    CHECK(outlast::abandoned().running == 0);
    loop.advance(1s);
    ask();
    loop.run();
    CHECK(words == "ALLOW(cached)");
    CHECK(server.calls() == 1);
}

namespace {

/// As transports are: it answers by its deadline, and says what it ran into.
struct punctual_server : async_scripted_server {
    template <class Token>
    auto async_ask(const http::request& request,
                   std::chrono::steady_clock::time_point by,
                   Token&& token) {
        using outcome = outlast::result<http::response>;
        return asio::async_initiate<Token, void(outcome)>(
            [this, by](auto handler, const http::request& what) {
                const reply r = reply_to(what);
                const outlast::duration left =
                    by.time_since_epoch() - loop->now().time_since_epoch();
                const bool late = r.takes > left;
                loop->after<void(outcome)>(late ? left : r.takes, std::move(handler),
                                           late ? fails(http::errc::answer_timeout).outcome()
                                                : r.outcome());
            },
            token, request);
    }
};

} // namespace

TEST_CASE("S8 one token that makes the server hang opens the breaker for nobody; ten tokens do") {
    virtual_loop loop;
    punctual_server server;
    server.loop = &loop;
    server.otherwise = hangs();
    async_introspector<punctual_server, hand_clock> api{options(), server};
    const requirements route;
    const auto ask = [&](const std::string& token) {
        std::string words;
        const outlast::instant begun = loop.now();
        api.async_check("Bearer " + token, route,
                        callback{[&](const decision& d) { words = words_of(d); }});
        loop.run();
        CHECK(outlast::until(begun, loop.now()) == 1990ms);
        return words;
    };
    for (int i = 0; i != 3; ++i) {
        CHECK(ask("crafted") == "503(5)");
        loop.advance(1s); // the memo of this failure
    }
    CHECK(api.breaker().window(loop.now()).failed == 1);
    for (int i = 0; i != 9; ++i)
        CHECK(ask("tok" + std::to_string(i)) == (i == 8 ? "503(10)" : "503(5)"));
    CHECK(api.breaker().state(loop.now()) == outlast::circuit_state::open);
}

TEST_CASE("async_check: a wall clock that throws in the end makes it a 503") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    posted<scripted_server> transport{&server};
    introspector_options o = options();
    o.retry.max_attempts = 1;
    o.wall = []() -> std::chrono::system_clock::time_point { throw 7; };
    async_introspector api{std::move(o), transport};
    CHECK(words_for(transport, api, "Bearer tokA") == "503(5)");
}

// --- the introspector may go at any time ---

namespace {

/// An introspector that its test lets go of, on a loop, over a transport that nobody else has.
struct leaving {
    using server_type = async_scripted_server;
    using introspector_type = async_introspector<server_type, hand_clock>;

    std::optional<virtual_loop> loop{std::in_place};
    std::shared_ptr<server_type> server = std::make_shared<server_type>();
    std::weak_ptr<server_type> served = server;
    std::unique_ptr<introspector_type> api;
    const requirements route{};
    int told = 0;
    std::string words{};

    explicit leaving(const reply& otherwise, introspector_options o = options()) {
        server->loop = &*loop;
        server->otherwise = otherwise;
        api = std::make_unique<introspector_type>(std::move(o), server);
    }
    callback note() {
        return [this](const decision& d) { ++told, words = words_of(d); };
    }
    void go() {
        api.reset();
        server.reset();
    }
};

} // namespace

TEST_CASE("async_check: the introspector may go while a caller waits, who is told as ever") {
    leaving l{says(r_plus(3600)).after(1s)};
    l.server->first = {answers(503)}; // what is repeated finds the transport, too
    l.api->async_check("Bearer tokA", l.route, l.note());
    if (GENERATE(false, true)) // the first attempt is over
        l.loop->advance(50ms);
    l.go();
    CHECK_FALSE(l.served.expired());
    l.loop->run();
    CHECK(l.words == "ALLOW(live)");
    CHECK(l.told == 1);
    CHECK(l.served.expired()); // and all else with it
}

TEST_CASE("async_check: the introspector may go before a known token's caller is told") {
    leaving l{says(r_plus(3600))};
    l.api->async_check("Bearer tokA", l.route, l.note());
    l.loop->run();
    l.loop->advance(1s);
    l.api->async_check("Bearer tokA", l.route, l.note());
    l.api->async_check("", l.route,
                       callback{[](const decision& d) { CHECK(words_of(d) == "401 bare"); }});
    l.go();
    l.loop->run();
    CHECK(l.words == "ALLOW(cached)");
    CHECK(l.told == 2);
    CHECK(l.served.expired());
}

TEST_CASE("async_check: the introspector may go before a deferred check is begun") {
    leaving l{says(r_plus(3600))};
    {
        auto later = l.api->async_check("Bearer tokA", l.route, asio::deferred);
        l.go();
        std::move(later)(l.note());
    }
    l.loop->run();
    CHECK(l.words == "ALLOW(live)");
    CHECK(l.served.expired());
}

TEST_CASE("async_check: the introspector may go while what nobody waits for goes on") {
    leaving l{says(r_plus(3600)).after(1h)}; // far beyond the deadline, and ignores cancellation
    const bool hangs_up = GENERATE(false, true);
    asio::cancellation_signal hang_up;
    l.api->async_check("Bearer tokA", l.route,
                       asio::bind_cancellation_slot(hang_up.slot(), l.note()));
    l.loop->advance(50ms);
    if (hangs_up)
        hang_up.emit(asio::cancellation_type::terminal);
    l.loop->advance(10s);
    CHECK(l.words == "503(5)");
    CHECK(outlast::abandoned().running == 1);
    l.go();
    CHECK_FALSE(l.served.expired());
    l.loop->run(); // its good value still goes into the cache
    CHECK(l.told == 1);
    CHECK(outlast::abandoned().running == 0);
    CHECK(l.served.expired());
}

TEST_CASE("async_check: the introspector may go while a check goes on for others") {
    leaving l{says(r_plus(3600)).after(1s)};
    l.server->of["tokA"] = {answers(503).after(200ms), says(r_minus).after(200ms)};
    asio::cancellation_signal hang_up;
    std::string follower;
    l.api->async_check("Bearer tokA", l.route,
                       asio::bind_cancellation_slot(hang_up.slot(), l.note()));
    l.api->async_check("Bearer tokA", l.route,
                       callback{[&](const decision& d) { follower = words_of(d); }});
    l.loop->advance(50ms);
    hang_up.emit(asio::cancellation_type::terminal);
    l.loop->advance({});
    CHECK(l.words == "503(5)");
    CHECK(outlast::detached().running == 1);
    l.go();
    l.loop->run();
    CHECK(follower == "401-IT");
    CHECK(l.told == 1);
    CHECK(outlast::detached().running == 0);
    CHECK(l.served.expired());
}

TEST_CASE("async_check: a loop that ends takes the last checks with it, and what they share") {
    leaving l{hangs()};
    l.api->async_check("Bearer tokA", l.route, l.note());
    l.api->async_check("Bearer tokA", l.route, l.note());
    l.api->async_check("Bearer tokB", l.route, l.note());
    l.loop->advance(50ms);
    l.go();
    CHECK_FALSE(l.served.expired());
    l.loop.reset();
    CHECK(l.told == 0);
    CHECK(l.served.expired());
}

// --- re-checks and probes ---

namespace {

introspector_options keeping_tokens() {
    introspector_options o = options();
    o.stale_ledger.keep_tokens = true;
    o.lifetimes.fresh_for = 1ns;
    o.retry.max_attempts = 1;
    return o;
}

/// A token that was served stale, and a second in which its failure is forgotten.
void serve_stale(leaving& l) {
    l.server->first = {says(r_plus(3600)), answers(503)};
    for (const char* words : {"ALLOW(live)", "ALLOW(stale)"}) {
        l.api->async_check("Bearer tokA", l.route, l.note());
        l.loop->run();
        REQUIRE(l.words == words);
        l.loop->advance(2s);
    }
}

} // namespace

TEST_CASE("async_recheck, async_probe: tokens of Asio's, on the executor of the handler, never "
          "from inside") {
    leaving l{says(r_minus), keeping_tokens()};
    serve_stale(l);
    asio::io_context mine;
    const auto strand = asio::make_strand(mine);
    int rechecked = 0;
    int probed = 0;
    for (const bool there_is_one : {true, false}) {
        l.api->async_recheck(asio::bind_executor(strand, [&](bool asked) {
            CHECK(strand.running_in_this_thread());
            CHECK(asked == there_is_one);
            ++rechecked;
        }));
        l.api->async_probe(0, asio::bind_executor(strand, [&](const auto& said) {
                               CHECK(strand.running_in_this_thread());
                               CHECK(said.has_value());
                               ++probed;
                           }));
        CHECK(rechecked == probed);
        for (int turn = 0; turn != 2; ++turn) {
            l.loop->run();
            mine.restart();
            mine.run();
        }
    }
    CHECK(rechecked == 2);
    CHECK(probed == 2);
    CHECK(l.api->stale_tokens().inactive == 1);
    std::optional<bool> asked;
    std::optional<knowledge> said;
    asio::co_spawn(
        l.loop->context(),
        [&]() -> asio::awaitable<void> {
            asked = co_await l.api->async_recheck(asio::use_awaitable);
            said = (co_await l.api->async_probe(0, asio::use_awaitable)).value();
        },
        asio::detached);
    l.loop->run();
    CHECK(asked == false);
    REQUIRE(said);
    CHECK(said->what == knowledge::verdict::inactive);
}

TEST_CASE("async_recheck, async_probe: the introspector may go before they are over") {
    leaving l{says(r_minus).after(1s), keeping_tokens()};
    serve_stale(l);
    int told = 0;
    l.api->async_recheck([&](bool asked) { told += asked; });
    l.api->async_probe(0, [&](const auto& said) { told += said.has_value(); });
    l.loop->advance(50ms);
    CHECK(told == 0);
    l.go();
    CHECK_FALSE(l.served.expired());
    if (GENERATE(false, true)) {
        l.loop->run();
        CHECK(told == 2);
    } else {
        l.loop.reset();
        CHECK(told == 0);
    }
    CHECK(l.served.expired());
}

TEST_CASE("async_recheck: cancelled, its token waits on") {
    leaving l{hangs(), keeping_tokens()};
    serve_stale(l);
    asio::cancellation_signal stop;
    bool told = false;
    l.api->async_recheck(asio::bind_cancellation_slot(stop.slot(), [&](bool) { told = true; }));
    l.loop->advance(50ms);
    stop.emit(asio::cancellation_type::terminal);
    l.loop->advance({});
    CHECK(told);
    CHECK(l.api->stale_tokens().waiting == 1);
}

TEST_CASE("async_recheck: without a wall clock, in the end, its token waits on") {
    introspector_options o = keeping_tokens();
    const auto throws = std::make_shared<bool>(false);
    o.wall = [throws] { return *throws ? throw 7 : at(0); };
    leaving l{says(r_minus).after(1s), std::move(o)};
    serve_stale(l);
    bool told = false;
    l.api->async_recheck([&](bool) { told = true; });
    l.loop->advance(50ms);
    *throws = true;
    l.loop->run();
    CHECK(told);
    *throws = false;
    CHECK(l.api->stale_tokens().waiting == 1);
}
