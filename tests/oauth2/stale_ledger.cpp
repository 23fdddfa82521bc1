// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/stale_ledger.hpp>

#include "support/catch.hpp"
#include "support/stale_words.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast::instant;

namespace {

constexpr std::chrono::sys_seconds t0{1'700'000'000s};

token_digest key(std::size_t n) {
    token_digest d;
    d.bytes[0] = static_cast<unsigned char>(n);
    d.bytes[1] = static_cast<unsigned char>(n >> 8);
    return d;
}

/// A ledger that keeps its tokens.
stale_ledger keeping(std::size_t capacity = 10) {
    return stale_ledger{{.capacity = capacity, .keep_tokens = true}};
}

std::string next(stale_ledger& l, outlast::duration at, std::chrono::sys_seconds wall = t0) {
    const auto due = l.next(instant{at}, wall);
    return due ? std::string{due->token->expose()} : "none";
}

} // namespace

TEST_CASE("stale ledger: a token waits from its first stale verdict until the server has spoken") {
    auto l = stale_ledger{stale_ledger_options{}};
    CHECK(l.empty());
    l.settle(key(1), reason::inactive, t0); // was never served stale
    CHECK(l.counts(t0) == stale_counts{});
    for (std::size_t n = 1; n != 4; ++n)
        for (int twice = 0; twice != 2; ++twice)
            l.served(key(n), "tok", t0 + 1h, t0);
    CHECK_FALSE(l.empty());
    CHECK(l.counts(t0) == stale_counts{.served = 3, .waiting = 3});
    l.settle(key(1), reason::active, t0);
    l.settle(key(2), reason::inactive, t0);
    l.settle(key(2), reason::active, t0); // settled already
    CHECK(l.counts(t0) == stale_counts{.served = 3, .active = 1, .inactive = 1, .waiting = 1});
    l.settle(key(3), reason::active, t0);
    CHECK(l.empty());
    l.served(key(3), "tok", t0 + 1h, t0); // in another outage
    CHECK(l.counts(t0) == stale_counts{.served = 4, .active = 2, .inactive = 1, .waiting = 1});
}

TEST_CASE(
    "stale ledger: what has expired by another clock first was not called inactive by anybody") {
    stale_ledger l{{}};
    l.served(key(1), "tok", t0 + 1h, t0);
    l.settle(key(1), reason::expired, t0);
    CHECK(l.counts(t0) == stale_counts{.served = 1, .expired = 1});
}

TEST_CASE("stale ledger: an exp in the year 9999 is far away") {
    stale_ledger l{{}};
    l.served(key(1), "tok", std::chrono::sys_seconds{253402300799s}, t0);
    CHECK(l.counts(t0) == stale_counts{.served = 1, .waiting = 1});
}

TEST_CASE("stale ledger: at its exp a token is settled, whatever is said of it then") {
    auto l = keeping();
    l.served(key(1), "tokA", t0 + 10s, t0);
    l.served(key(2), "tokB", t0 + 20s, t0);
    CHECK(l.counts(t0 + 9s) == stale_counts{.served = 2, .waiting = 2});
    l.settle(key(1), reason::inactive, t0 + 10s);
    CHECK(l.counts(t0 + 19s) == stale_counts{.served = 2, .expired = 1, .waiting = 1});
    CHECK(next(l, 0s, t0 + 20s) == "none");
    CHECK(l.empty());
    CHECK(l.counts(t0) == stale_counts{.served = 2, .expired = 2});
}

TEST_CASE("stale ledger: beyond its capacity the one that would expire first is dropped") {
    auto l = keeping(2);
    l.served(key(1), "tokA", t0 + 30s, t0);
    l.served(key(2), "tokB", t0 + 10s, t0);
    l.served(key(3), "tokC", t0 + 20s, t0);
    CHECK(l.counts(t0) == stale_counts{.served = 3, .dropped = 1, .waiting = 2});
    CHECK(next(l, 0s) == "tokC");
    CHECK(next(l, 0s) == "tokA");
    l.served(key(4), "tokD", t0 + 5s, t0); // the newest, too
    CHECK(l.counts(t0) == stale_counts{.served = 4, .dropped = 2, .waiting = 2});
    l.settle(key(4), reason::active, t0);
    CHECK(l.counts(t0).active == 0);
}

TEST_CASE("stale ledger: the next one expires first; what was asked in vain has a pause") {
    auto l = keeping();
    CHECK(next(l, 0s) == "none");
    l.served(key(1), "tokA", t0 + 60s, t0);
    l.served(key(2), "tokB", t0 + 40s, t0);
    CHECK(next(l, 0s) == "tokB");
    CHECK(next(l, 1s) == "tokA");
    CHECK(next(l, 9999ms) == "none");
    CHECK(next(l, 10s) == "tokB");
    l.settle(key(1), reason::active, t0);
    CHECK(next(l, 12s) == "none");
    CHECK(next(l, 20s) == "tokB");
}

TEST_CASE("stale ledger: what is asked about outlives its entry") {
    auto l = keeping();
    l.served(key(1), "tokA", t0 + 60s, t0);
    const auto due = l.next(instant{}, t0);
    REQUIRE(due);
    l.settle(due->key, reason::inactive, t0);
    CHECK(l.empty());
    CHECK(due->key == key(1));
    CHECK(due->token->expose() == "tokA");
    CHECK(due->token.use_count() == 1); // nobody else keeps it
}

TEST_CASE("stale ledger: without being told to it keeps no token") {
    auto l = stale_ledger{{.capacity = 3}};
    l.served(key(1), "tokA", t0 + 60s, t0);
    CHECK(next(l, 0s) == "none");
    CHECK(l.counts(t0) == stale_counts{.served = 1, .waiting = 1});
}

TEST_CASE("stale ledger: options that make no sense are refused") {
    CHECK(stale_ledger_options{}.problem() == nullptr);
    CHECK(stale_ledger_options{.capacity = 1, .pause = 0s}.problem() == nullptr);
    CHECK(stale_ledger_options{.capacity = 0}.problem() != nullptr);
    CHECK(stale_ledger_options{.pause = -1s}.problem() != nullptr);
}

TEST_CASE("stale ledger: threads that serve, settle and ask lose nothing") {
    auto l = keeping(64);
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t != 3; ++t)
        threads.emplace_back([&, t] {
            for (std::size_t n = 0; n != 2000; ++n) {
                const auto k = key((n * 7 + t) % 200);
                const auto exp = t0 + std::chrono::seconds{n % 50};
                switch ((n + t) % 4) {
                case 0:
                case 1:
                    l.served(k, "tok", exp, t0);
                    break;
                case 2:
                    if (!l.empty())
                        l.settle(k, n % 3 == 0 ? reason::active : reason::inactive,
                                 t0 + std::chrono::seconds{n % 5});
                    break;
                default:
                    (void)l.next(instant{std::chrono::seconds{n}}, t0);
                }
            }
        });
    threads.clear();
    const stale_counts c = l.counts(t0);
    CHECK(c.served > 100);
    CHECK(c.served == c.active + c.inactive + c.expired + c.dropped + c.waiting);
    CHECK(c.waiting <= 64);
}
