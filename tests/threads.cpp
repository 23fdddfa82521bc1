// SPDX-License-Identifier: BSL-1.0
#include <outlast/threads.hpp>

#include <outlast/outcome.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/random.hpp>
#include <outlast/run.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/together.hpp"
#include "support/told.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using outlast::circuit_state;
using outlast::refusal;
using outlast::verdict;
using outlast_tests::refused;
using outlast_tests::together;

namespace {

// A clock for all threads, moved by hand.
struct shared_clock {
    static inline std::atomic<outlast::duration::rep> time{0};
    static outlast::instant now() noexcept { return outlast::instant{outlast::duration{time}}; }
    static void advance(outlast::duration d) { time += d.count(); }
};

} // namespace

TEST_CASE("threads: these are the shared policies with the lock of threads") {
    STATIC_REQUIRE(std::is_same_v<outlast::circuit_breaker,
                                  outlast::basic_circuit_breaker<outlast::thread_lock>>);
}

TEST_CASE("law 2: threads never run more probes than are permitted, and lose none") {
    shared_clock::time = 0;
    outlast::circuit_breaker guard{
        {.window = 1, .open_for = 1s, .probes = 2, .probe_lease = std::chrono::hours{24}}};
    outlast::pipeline p{std::ref(guard)};
    const auto call = [&](auto&& f) { return outlast::run<shared_clock>(p, f); };
    (void)call([]() -> outlast::result<int> { return refused; });
    shared_clock::advance(1s);

    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> probes{0};
    std::atomic<int> refusals{0};
    together([&](int) {
        for (int i = 0; i != 300; ++i) {
            const auto r = call([&]() -> outlast::result<int> {
                const int now = ++inside;
                int seen = most;
                while (seen < now && !most.compare_exchange_weak(seen, now)) {
                }
                ++probes;
                std::this_thread::yield();
                --inside;
                return outlast::failure{refusal::unavailable}; // neutral: the place comes back
            });
            refusals += r.error().why() == refusal::circuit_open;
        }
    });
    CHECK(most <= 2);
    CHECK(probes + refusals == 1200);
    CHECK(probes > 0);
    CHECK(guard.state(shared_clock::now()) == circuit_state::half_open);
    CHECK(call([] { return 1; }).has_value());
    CHECK(call([] { return 1; }).has_value());
    CHECK(guard.state(shared_clock::now()) == circuit_state::closed);
}

TEST_CASE("threads: a breaker counts every result once") {
    shared_clock::time = 0;
    outlast::circuit_breaker guard{{.failure_ratio = outlast::ratio::of(1.0), .window = 100'000}};
    outlast::pipeline p{std::ref(guard)};
    (void)outlast::run<shared_clock>(p, [] { return 1; }); // not all are failures, ever
    together([&](int t) {
        for (int i = 0; i != 500; ++i)
            (void)outlast::run<shared_clock>(p, [&]() -> outlast::result<int> {
                if ((i + t) % 2 == 0)
                    return 1;
                return refused;
            });
    });
    CHECK(guard.window(shared_clock::now()) == outlast::tally{2001, 1000});
}

TEST_CASE("threads: while threads call, others may order it open and closed by hand") {
    shared_clock::time = 0;
    outlast::circuit_breaker guard{{.window = 10s}};
    outlast::pipeline p{std::ref(guard)};
    std::atomic<int> odd{0};
    together([&](int t) {
        for (int i = 0; i != 200; ++i)
            if (t == 0) {
                guard.set_mode(outlast::circuit_mode::isolated);
                shared_clock::advance(1ms);
                guard.close();
            } else {
                const auto r = outlast::run<shared_clock>(p, [] { return 7; });
                odd += !(r ? r.value() == 7 : r.error().why() == refusal::circuit_open);
            }
    });
    CHECK(odd == 0);
    CHECK(guard.state(shared_clock::now()) == circuit_state::closed);
}

namespace {

/// What a breaker said and holds after one call.
struct said {
    bool admitted = false;
    outlast::duration hint{}; ///< of a refusal
    outlast::circuit_state state{};
    outlast::tally counts{};
    friend bool operator==(const said&, const said&) = default;
};

template <class Breaker>
said one_call(Breaker& guard, outlast::instant when, bool good, bool plainly, bool look) {
    auto run = guard.start();
    outlast::reading now{when};
    outlast::instant by = outlast::never;
    said s;
    if (plainly && run.plain_begin(now, by)) {
        s.admitted = true;
        outlast::reading end{when};
        if (good && run.plain_success(end))
            run.plain_end();
        else
            outlast_tests::settle(run, end, good ? verdict::success() : verdict::failure());
    } else {
        const auto a = outlast_tests::begin(run, now, outlast::never);
        s.admitted = a.calls_work();
        s.hint = s.admitted ? 0ns : a.outcome.hint;
        outlast::reading end{when};
        if (s.admitted)
            outlast_tests::settle(run, end, good ? verdict::success() : verdict::failure());
    }
    if (look) { // which collects what is in the lines
        s.state = guard.state(when);
        s.counts = guard.window(when);
    }
    return s;
}

} // namespace

TEST_CASE("threads: counted in lines or one by one, plainly or not: the same decisions") {
    outlast::random chance{42};
    for (int round = 0; round != 200; ++round) {
        outlast::circuit_breaker_options o{
            .failure_ratio = outlast::ratio::of(0.2 + 0.1 * static_cast<double>(chance() % 6)),
            .window = round % 2 == 0 ? outlast::window_span{static_cast<int>(1 + chance() % 12)}
                                     : outlast::window_span{std::chrono::milliseconds{100}},
            .open_for = 50ms};
        if (o.window.by_time())
            o.minimum_calls = static_cast<std::uint32_t>(1 + chance() % 8);
        outlast::basic_circuit_breaker<> one_by_one{o};
        outlast::circuit_breaker in_lines{o};
        outlast::instant when{1s};
        const auto bad_in_ten = chance() % 6;
        for (int i = 0; i != 300; ++i) {
            when += std::chrono::milliseconds{chance() % 8};
            const bool good = chance() % 10 >= bad_in_ten;
            CAPTURE(round, i);
            const bool look = chance() % 8 == 0;
            REQUIRE(one_call(in_lines, when, good, true, look) ==
                    one_call(one_by_one, when, good, chance() % 2 == 0, look));
        }
    }
}

TEST_CASE("threads: successes that many threads count in their lines are all there") {
    shared_clock::time = 0;
    for (const auto window : {outlast::window_span{10'000}, outlast::window_span{1h}}) {
        outlast::circuit_breaker guard{{.window = window, .minimum_calls = 10'000}};
        outlast::pipeline p{std::ref(guard)};
        together([&](int) {
            for (int i = 0; i != 1000; ++i)
                (void)outlast::run<shared_clock>(p, [] { return 1; });
        });
        CHECK(guard.window(shared_clock::now()) == outlast::tally{4000, 0});
    }
}

TEST_CASE("threads: every refusal is counted, whoever gets it") {
    outlast::circuit_breaker a{{.window = 1, .open_for = 1h}};
    outlast::pipeline p{std::ref(a)};
    const auto down = []() -> outlast::result<int> { return outlast_tests::refused; };
    (void)p(down);
    together([&](int) {
        for (int i = 0; i != 100; ++i)
            (void)p(down);
    });
    CHECK(a.counts().refused(outlast::circuit_refusal::open) == 400);
    CHECK(a.counts().failed == 1);
}
