// SPDX-License-Identifier: BSL-1.0
//
// The drivers are equals: the same steps and outcomes under Asio as on a thread, for the same day.
#include <outlast/asio/machine_loop.hpp>

#include <outlast/asio.hpp>
#include <outlast/cache/memory.hpp>
#include <outlast/outlast.hpp>
#include <outlast/simulate.hpp>

#include "asio/support/async_player.hpp"
#include "asio/support/virtual_loop.hpp"
#include "support/bad_day.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/recorded.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

using namespace std::chrono_literals;
using outlast::result;
using outlast_tests::async_player;
using outlast_tests::hand_clock;
using outlast_tests::history;
using outlast_tests::limits_of;
using outlast_tests::outcome_of;
using outlast_tests::player;
using outlast_tests::recorded;
using outlast_tests::virtual_loop;
using outlast_tests::visit;

namespace {

template <class Policies>
history under_asio(const std::vector<visit>& visits) {
    Policies policies;
    history h;
    virtual_loop loop;
    for (const visit& v : visits) {
        loop.advance(v.pause);
        recorded noted{policies.p};
        std::optional<result<int>> r;
        outlast::async_run<hand_clock>(loop.context().get_executor(), noted, limits_of(v),
                                       async_player{&loop, &v.lines, nullptr},
                                       [&](result<int> got) { r = std::move(got); });
        loop.run();
        REQUIRE(r.has_value());
        h.steps.push_back(noted.trace());
        h.outcomes.push_back(outcome_of(*r));
    }
    return h;
}

constexpr auto asynchronous = []<class Policies>(const std::vector<visit>& visits) {
    return under_asio<Policies>(visits);
};

} // namespace

TEST_CASE("the drivers are equals under Asio: the same steps and outcomes, for every policy") {
    outlast_tests::every_policy_agrees(asynchronous);
}

TEST_CASE("the drivers are equals under Asio: compositions") {
    outlast_tests::compositions_agree(asynchronous);
}

namespace {

/// Answers live 2.5 s here, and the last part of that is as long: each that is found is refreshed.
struct refreshing {
    using store = outlast::memory<int, int, outlast::no_lock>;
    using cache = outlast::cache_aside<store, int (*)(), outlast::lifetime (*)(int)>;
    store s{};
    cache c{s,
            [] { return 0; },
            [](int) { return outlast::lifetime{.fresh_for = 2500ms, .stale_for = 400ms}; },
            {.refresh_ahead = outlast::ratio::of(1.0), .refresh_limit = 40ms, .seed = 1}};
    outlast_tests::breaker b{outlast_tests::sensitive()};
    outlast::pipeline<outlast::fallback<int>,
                      std::reference_wrapper<cache>,
                      outlast::retry,
                      std::reference_wrapper<outlast_tests::breaker>,
                      outlast::timeout>
        p{outlast::fallback{-1}, std::ref(c), outlast::retry{{.max_attempts = 3, .seed = 7}},
          std::ref(b), outlast::timeout{50ms}};
};

/// In a simulation that outlives callers, as Asio does.
history under_such_simulation(const std::vector<visit>& visits) {
    refreshing policies;
    outlast::simulation sim;
    sim.outlive_callers();
    history h;
    for (const visit& v : visits) {
        sim.advance(v.pause);
        auto& c = sim.call_by(outlast::after(sim.time(), v.within), policies.p,
                              player{v.lines, [&](outlast::duration d) { sim.spend(d); }});
        sim.run();
        h.steps.push_back(c.trace());
        h.outcomes.push_back(outcome_of(c.result()));
    }
    return h;
}

} // namespace

TEST_CASE("the drivers are equals under Asio: refreshes that go on without their callers") {
    const history there = under_such_simulation(outlast_tests::a_bad_day);
    const auto before = outlast::detached().ever;
    const history here = under_asio<refreshing>(outlast_tests::a_bad_day);
    for (std::size_t i = 0; i != there.steps.size(); ++i) {
        CAPTURE(i);
        CHECK(there.steps[i] == here.steps[i]);
        CHECK(there.outcomes[i] == here.outcomes[i]);
    }
    CHECK(outlast::detached().ever > before + 2);
}

TEST_CASE("law 4 under Asio: the clock is read at most once an event, and only for who asks") {
    virtual_loop loop;
    const auto reads = [&](auto& p, auto operation) {
        hand_clock::reads = 0;
        bool done = false;
        outlast::async_run<hand_clock>(loop.context().get_executor(), p, operation,
                                       [&](const auto&) { done = true; });
        loop.poll();
        CHECK(done);
        return hand_clock::reads;
    };
    const auto good = [](auto token) {
        return boost::asio::async_initiate<decltype(token), void(int)>([](auto h) { h(1); }, token);
    };
    outlast::basic_circuit_breaker<> b{{.window = 100}};
    outlast::pipeline timeless{outlast::fallback{0}, outlast::retry{}, std::ref(b)};
    CHECK(reads(timeless, good) == 0);
    outlast::pipeline timed{outlast::timeout{3s}, outlast::retry{}, std::ref(b),
                            outlast::timeout{250ms}};
    CHECK(reads(timed, good) == 2);
}
