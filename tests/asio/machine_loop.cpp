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
#include "support/replay.hpp"

#include <boost/asio.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
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

namespace asio = boost::asio;

namespace {

template <class Policies, class Work>
history under_asio_with(const std::vector<visit>& visits) {
    Policies policies;
    history h;
    virtual_loop loop;
    for (const visit& v : visits) {
        loop.advance(v.pause);
        recorded noted{policies.p};
        std::optional<result<int>> r;
        outlast::async_run<hand_clock>(loop.context().get_executor(), noted, limits_of(v),
                                       Work{&loop, &v.lines},
                                       [&](result<int> got) { r = std::move(got); });
        loop.run_until([&] { return r.has_value() && outlast::detached().running == 0; });
        REQUIRE(r.has_value());
        h.steps.push_back(noted.trace());
        h.outcomes.push_back(outcome_of(*r));
    }
    return h;
}
template <class Policies>
history under_asio(const std::vector<visit>& visits) {
    return under_asio_with<Policies, async_player>(visits);
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
template <class Policies>
history under_such_simulation(const std::vector<visit>& visits) {
    Policies policies;
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

/// All there is, but for refreshes: when an entry is due for one is drawn from its very time, which
/// is another one in a simulation.
struct raced : outlast_tests::only_cache {
    outlast_tests::breaker b{outlast_tests::sensitive()};
    outlast_tests::door d{{.permits = 2, .queue = 1, .wait = 100ms}};
    outlast::budget money{outlast::running_share{}};
    outlast::basic_hedge<> race{{.idempotent = true, .max_lanes = 2, .delay = 15ms}};
    outlast::pipeline<outlast::fallback<int>,
                      std::reference_wrapper<cache>,
                      outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<outlast::basic_hedge<>>,
                      std::reference_wrapper<outlast_tests::breaker>,
                      std::reference_wrapper<outlast_tests::door>,
                      outlast::timeout>
        p{outlast::fallback{-1},
          std::ref(c),
          outlast::timeout{300ms},
          outlast::retry{{.max_attempts = 3, .retry_refusals = true, .budget = &money, .seed = 7}},
          std::ref(race),
          std::ref(b),
          std::ref(d),
          outlast::timeout{50ms}};
};

/// A player that ends as soon as it is cancelled, as a lane of a simulation does.
struct heeding_player {
    virtual_loop* loop;
    const std::vector<outlast_tests::line>* lines;

    template <class Handler>
    static void complete(std::optional<Handler>& handler, result<int> r) {
        if (!handler)
            return;
        const auto executor = asio::get_associated_executor(*handler);
        asio::post(executor, [h = *std::exchange(handler, std::nullopt),
                              r = std::move(r)]() mutable { std::move(h)(std::move(r)); });
    }
    template <class Token>
    auto operator()(outlast::call& c, Token&& token) const {
        outlast::duration takes{};
        const result<int> said = player{*lines, [&](outlast::duration d) { takes = d; }}(c);
        return asio::async_initiate<Token, void(result<int>)>(
            [this, takes, said](auto handler) {
                auto slot = asio::get_associated_cancellation_slot(handler);
                auto waiting = std::make_shared<std::optional<decltype(handler)>>();
                waiting->emplace(std::move(handler));
                slot.assign([waiting](asio::cancellation_type) {
                    complete(*waiting, std::make_error_code(std::errc::operation_canceled));
                });
                loop->in(takes, [waiting, said] { complete(*waiting, said); });
            },
            token);
    }
};

template <class Policies, class Work = async_player>
history agrees_with_simulation(const std::vector<visit>& visits) {
    const history there = under_such_simulation<Policies>(visits);
    history here = under_asio_with<Policies, Work>(visits);
    for (std::size_t i = 0; i != there.steps.size(); ++i) {
        CAPTURE(i);
        CHECK(there.steps[i] == here.steps[i]);
        CHECK(there.outcomes[i] == here.outcomes[i]);
    }
    return here;
}

} // namespace

TEST_CASE("the drivers are equals under Asio: refreshes that go on without their callers") {
    const auto before = outlast::detached().ever;
    CHECK(agrees_with_simulation<refreshing>(outlast_tests::a_bad_day).steps.size() > 10);
    CHECK(outlast::detached().ever > before + 2);
}

TEST_CASE("the drivers are equals under Asio: a hedge, lane by lane") {
    // No blocking driver has lanes. On the day itself, and on one on which the first lane is slow.
    std::vector<visit> slow = outlast_tests::a_bad_day;
    for (visit& v : slow)
        v.lines.insert(v.lines.begin(), {.takes = 49ms, .fails = std::errc::io_error});
    std::size_t beside = 0; // steps in lanes beyond the first
    for (const auto& day : {outlast_tests::a_bad_day, slow})
        for (const history& h :
             {agrees_with_simulation<outlast_tests::only_hedge, heeding_player>(day),
              agrees_with_simulation<raced, heeding_player>(day)})
            for (const auto& steps : h.steps)
                for (const outlast::traced& t : steps)
                    beside += t.what.on != 0 && t.what.calls_work();
    CHECK(beside > 20);
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
