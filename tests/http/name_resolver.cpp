// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/name_resolver.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/on_lane.hpp"

#include <atomic>
#include <map>
#include <thread>

using namespace outlast::http;
using namespace outlast_tests;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace asio = boost::asio;

namespace {

address_list list_of(const char* text) { return {asio::ip::make_address(text)}; }

// A name service whose answers the test sets. Shared with look-ups that outlive the resolver.
struct service {
    std::mutex mutex;
    std::map<std::string, detail::result<address_list>> answers;
    std::map<std::string, int> asked;
    std::map<std::string, std::shared_ptr<gate>> stuck;

    void say(const std::string& host, detail::result<address_list> answer) {
        const std::lock_guard lock{mutex};
        answers.insert_or_assign(host, std::move(answer));
    }
    std::shared_ptr<gate> stick(const std::string& host) {
        const std::lock_guard lock{mutex};
        return stuck[host] = std::make_shared<gate>();
    }
    int times(const std::string& host) {
        const std::lock_guard lock{mutex};
        return asked[host];
    }
    detail::result<address_list> look_up(const std::string& host) {
        std::shared_ptr<gate> shut;
        {
            const std::lock_guard lock{mutex};
            ++asked[host];
            shut = stuck[host];
        }
        if (shut)
            shut->pass();
        const std::lock_guard lock{mutex};
        const auto found = answers.find(host);
        return found == answers.end() ? errc::name_not_found : found->second;
    }
};

struct names {
    std::shared_ptr<service> dns = std::make_shared<service>();
    std::shared_ptr<name_resolver> resolver; // outlives the calls, which the context destroys
    asio::io_context io;

    explicit names(name_options options = {}) {
        options.lookup = [shared = dns](const std::string& host) { return shared->look_up(host); };
        resolver = std::make_shared<name_resolver>(options);
    }

    // "192.0.2.1", or the failure's message.
    std::string resolve(const std::string& host, clock_type::duration time = 20s) {
        const auto got =
            run_on_lane(io, [&](phase_timer& a) -> task<detail::result<name_resolver::addresses>> {
                co_return co_await resolver->resolve(host, a, clock_type::now() + time);
            });
        return got ? got.value()->front().to_string() : got.error().message();
    }
};

std::string said(errc why) { return make_error_code(why).message(); }

} // namespace

TEST_CASE("name resolver: each name is looked up once while it is fresh") {
    names n;
    n.dns->say("a", list_of("192.0.2.1"));
    n.dns->say("b", list_of("192.0.2.2"));
    for (int i = 0; i < 3; ++i) {
        CHECK(n.resolve("a") == "192.0.2.1");
        CHECK(n.resolve("b") == "192.0.2.2");
    }
    CHECK(n.dns->times("a") == 1);
    CHECK(n.dns->times("b") == 1);
}

TEST_CASE("name resolver: each failure is told, and asking again waits for a moment") {
    names n{{.pause = 200ms}};
    n.dns->say("later", errc::name_lookup_failed);
    n.dns->say("empty", address_list{});
    n.dns->say("odd", std::make_error_code(std::errc::bad_message));
    CHECK(n.resolve("nowhere") == said(errc::name_not_found));
    CHECK(n.resolve("later") == said(errc::name_lookup_failed));
    CHECK(n.resolve("empty") == said(errc::name_not_found));
    CHECK(n.resolve("odd") == said(errc::name_lookup_failed));
    CHECK(n.resolve("later") == said(errc::name_lookup_failed));
    CHECK(n.dns->times("later") == 1);
    n.dns->say("later", list_of("192.0.2.1"));
    std::this_thread::sleep_for(250ms);
    CHECK(n.resolve("later") == "192.0.2.1");
}

TEST_CASE("name resolver: a look-up that throws is a failed one") {
    auto resolver = std::make_shared<name_resolver>(
        name_options{.lookup = [](const std::string&) -> detail::result<address_list> {
            throw std::runtime_error{"no"};
        }});
    asio::io_context io;
    const auto got =
        run_on_lane(io, [&](phase_timer& a) -> task<detail::result<name_resolver::addresses>> {
            co_return co_await resolver->resolve("a", a, clock_type::now() + 20s);
        });
    CHECK(got.error() == errc::name_lookup_failed);
}

TEST_CASE("name resolver: all who ask at once wait for one look-up") {
    names n;
    n.dns->say("a", list_of("192.0.2.1"));
    const auto shut = n.dns->stick("a");
    std::atomic<int> answered{0};
    std::vector<std::shared_ptr<std::optional<bool>>> places;
    for (int i = 0; i < 20; ++i) {
        places.push_back(begin_on_lane(timer_in(n.io), [&](phase_timer& a) -> task<bool> {
            const auto got = co_await n.resolver->resolve("a", a, clock_type::now() + 20s);
            answered += got ? 1 : 0;
            co_return true;
        }));
    }
    std::thread opener{[&] {
        CHECK(eventually([&] { return shut->waiting() == 1; }));
        std::this_thread::sleep_for(50ms);
        shut->open();
    }};
    n.io.run();
    opener.join();
    CHECK(answered == 20);
    CHECK(n.dns->times("a") == 1);
}

TEST_CASE("name resolver: a stuck look-up ends for its caller at the caller's time") {
    names n;
    const auto shut = n.dns->stick("stuck");
    const auto start = clock_type::now();
    CHECK(n.resolve("stuck", 100ms) == said(errc::name_lookup_timeout));
    CHECK(clock_type::now() - start >= 100ms);
    CHECK(clock_type::now() - start < 10s);
    SECTION("another caller waits for the same one, no longer than it wants") {
        CHECK(n.resolve("stuck", 50ms) == said(errc::name_lookup_timeout));
        CHECK(n.dns->times("stuck") == 1);
    }
    SECTION("it delays no other name") {
        n.dns->say("b", list_of("192.0.2.2"));
        CHECK(n.resolve("b") == "192.0.2.2");
    }
    SECTION("what it says at last is of use") {
        n.dns->say("stuck", list_of("192.0.2.9"));
        shut->open();
        CHECK(n.resolve("stuck") == "192.0.2.9");
        CHECK(n.dns->times("stuck") == 1);
    }
    shut->open();
}

TEST_CASE("name resolver: with every thread stuck, what is known is still known") {
    names n{{.fresh_for = 50ms, .stale_after = 20ms, .max_threads = 1}};
    n.dns->say("known", list_of("192.0.2.1"));
    CHECK(n.resolve("known") == "192.0.2.1");
    const auto shut = n.dns->stick("stuck");
    CHECK(n.resolve("stuck", 50ms) == said(errc::name_lookup_timeout));
    std::this_thread::sleep_for(60ms); // stale, and nobody can look it up
    const auto start = clock_type::now();
    CHECK(n.resolve("known") == "192.0.2.1");
    CHECK(clock_type::now() - start < 10s);
    CHECK(n.dns->times("known") == 1);
    shut->open();
    CHECK(eventually([&] { return n.dns->times("known") == 2; }));
}

TEST_CASE("name resolver: stale addresses are used while the name service fails") {
    names n{{.fresh_for = 20ms, .pause = 50ms}};
    n.dns->say("a", list_of("192.0.2.1"));
    CHECK(n.resolve("a") == "192.0.2.1");
    n.dns->say("a", errc::name_lookup_failed);
    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(80ms);
        CHECK(n.resolve("a") == "192.0.2.1");
    }
    CHECK(n.dns->times("a") >= 3); // it was asked each time
    n.dns->say("a", list_of("192.0.2.2"));
    std::this_thread::sleep_for(80ms);
    CHECK(n.resolve("a") == "192.0.2.2");
}

TEST_CASE("name resolver: a stuck look-up delays a call with stale addresses a little, and once") {
    names n{{.fresh_for = 20ms, .stale_after = 100ms}};
    n.dns->say("a", list_of("192.0.2.1"));
    CHECK(n.resolve("a") == "192.0.2.1");
    const auto shut = n.dns->stick("a");
    std::this_thread::sleep_for(40ms);
    const auto start = clock_type::now();
    CHECK(n.resolve("a") == "192.0.2.1");
    CHECK(clock_type::now() - start >= 100ms);
    for (int i = 0; i < 50; ++i)
        CHECK(n.resolve("a") == "192.0.2.1");
    CHECK(clock_type::now() - start < 5s); // 50 × 100 ms would be more
    CHECK(n.dns->times("a") == 2);
    shut->open();
}

TEST_CASE("name resolver: that there is no such host any more ends the use of stale addresses") {
    names n{{.fresh_for = 20ms}};
    n.dns->say("a", list_of("192.0.2.1"));
    CHECK(n.resolve("a") == "192.0.2.1");
    n.dns->say("a", errc::name_not_found);
    std::this_thread::sleep_for(40ms);
    CHECK(n.resolve("a") == said(errc::name_not_found));
    CHECK(n.resolve("a") == said(errc::name_not_found));
}

TEST_CASE("name resolver: stale is not for ever") {
    names n{{.fresh_for = 20ms, .stale_for = 20ms}};
    n.dns->say("a", list_of("192.0.2.1"));
    CHECK(n.resolve("a") == "192.0.2.1");
    n.dns->say("a", errc::name_lookup_failed);
    std::this_thread::sleep_for(60ms);
    CHECK(n.resolve("a") == said(errc::name_lookup_failed));
}

TEST_CASE("name resolver: near the end it is looked up anew, and nobody waits for that") {
    names n{{.fresh_for = 20s, .refresh_before = 20s}}; // due after the half
    n.dns->say("a", list_of("192.0.2.1"));
    CHECK(n.resolve("a") == "192.0.2.1");
    CHECK(n.dns->times("a") == 1);

    names soon{{.fresh_for = 4s, .refresh_before = 4s}};
    soon.dns->say("a", list_of("192.0.2.1"));
    CHECK(soon.resolve("a") == "192.0.2.1");
    const auto shut = soon.dns->stick("a");
    std::this_thread::sleep_for(2100ms);
    const auto start = clock_type::now();
    CHECK(soon.resolve("a") == "192.0.2.1");
    CHECK(clock_type::now() - start < 1s);
    CHECK(eventually([&] { return shut->waiting() == 1; }));
    soon.dns->say("a", list_of("192.0.2.2"));
    shut->open();
    CHECK(eventually([&] { return soon.resolve("a") == "192.0.2.2"; }));
}

TEST_CASE("name resolver: too many names at once") {
    names n{{.max_threads = 1, .max_names = 2}};
    const auto shut = n.dns->stick("one");
    CHECK(n.resolve("one", 20ms) == said(errc::name_lookup_timeout));
    CHECK(n.resolve("two", 20ms) == said(errc::name_lookup_timeout));
    const auto start = clock_type::now();
    CHECK(n.resolve("three") == said(errc::name_lookup_timeout)); // at once
    CHECK(clock_type::now() - start < 10s);
    shut->open();
}

TEST_CASE("name resolver: a cancelled call leaves the look-up to the others") {
    names n;
    n.dns->say("a", list_of("192.0.2.1"));
    const auto shut = n.dns->stick("a");
    const auto own = timer_in(n.io);
    std::thread canceller{[&] {
        CHECK(eventually([&] { return shut->waiting() == 1; }));
        own->cancel();
    }};
    const auto start = clock_type::now();
    const auto got = run_on_lane(
        n.io, own, [&](phase_timer& a) -> task<detail::result<name_resolver::addresses>> {
            co_return co_await n.resolver->resolve("a", a, clock_type::now() + 60s);
        });
    canceller.join();
    CHECK(got.error() == errc::cancelled);
    CHECK(clock_type::now() - start < 20s);
    shut->open();
    CHECK(n.resolve("a") == "192.0.2.1");
    CHECK(n.dns->times("a") == 1);
}

TEST_CASE("name resolver: resolver and context may go while a look-up is stuck under a call") {
    std::weak_ptr<name_resolver> gone;
    std::shared_ptr<gate> shut;
    std::shared_ptr<service> dns;
    {
        names n;
        dns = n.dns;
        gone = n.resolver;
        shut = n.dns->stick("a");
        const auto place = begin_on_lane(timer_in(n.io), [&](phase_timer& a) -> task<bool> {
            (void)co_await n.resolver->resolve("a", a, clock_type::now() + 60s);
            co_return true;
        });
        n.io.run_for(50ms);
        CHECK(eventually([&] { return shut->waiting() == 1; }));
        CHECK_FALSE(place->has_value());
    }
    CHECK(gone.expired());
    CHECK(shut->waiting() == 1);
    shut->open();
    CHECK(eventually([&] { return dns.use_count() == 1; })); // the thread has ended
}

TEST_CASE("name resolver: a look-up that ends while the context is destroyed wakes nobody") {
    for (int i = 0; i < 50; ++i) {
        std::shared_ptr<gate> shut;
        std::thread opener;
        {
            names n;
            boost::asio::use_service<context_end>(n.io).add(n.resolver);
            n.dns->say("a", list_of("192.0.2.1"));
            shut = n.dns->stick("a");
            for (int call = 0; call < 20; ++call) {
                (void)begin_on_lane(timer_in(n.io), [&](phase_timer& own) -> task<bool> {
                    auto got = co_await n.resolver->resolve("a", own, clock_type::now() + 60s);
                    CHECK_FALSE(got.has_value()); // it never comes to that
                    co_return true;
                });
            }
            n.io.poll();
            REQUIRE(eventually([&] { return shut->waiting() == 1; }));
            opener = std::thread{[shut] { shut->open(); }};
        }
        opener.join();
    }
}
