// SPDX-License-Identifier: BSL-1.0
//
// Every script is cancelled after its first step, its second, and so on to its end, under each driver: the
// call is answered once, and what it held is back.
#include <outlast/asio.hpp>
#include <outlast/simulate.hpp>

#include "asio/support/async_player.hpp"
#include "asio/support/token_store.hpp"
#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/replay.hpp"

#include <boost/asio.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::cancellation_type;
using outlast::result;
using outlast::step;
using outlast_tests::async_player;
using outlast_tests::cancelled_at_every_step;
using outlast_tests::hand_clock;
using outlast_tests::limits_of;
using outlast_tests::player;
using outlast_tests::recorded;
using outlast_tests::virtual_loop;
using outlast_tests::visit;

namespace {

/// An answer, which is to come once.
struct answered {
    int times = 0;
    std::optional<result<int>> what{};
    auto handler(const std::shared_ptr<int>& alive) {
        return [this, alive](result<int> r) {
            ++times;
            what.emplace(std::move(r));
        };
    }
};

/// After so long breakers let probes through again, whatever the server said, and no lease of a probe
/// has run out.
constexpr outlast::duration recovery = 15s;

// --- on a thread ---

constexpr auto on_a_thread = []<class Policies>(const std::vector<visit>& visits, int at_step) {
    hand_clock::reset();
    Policies policies;
    bool reached = false;
    for (std::size_t i = 0; i != visits.size(); ++i) {
        hand_clock::advance(visits[i].pause);
        std::stop_source stop;
        outlast::limits l = limits_of(visits[i]);
        l.stop = stop.get_token();
        recorded noted{policies.p};
        int steps = 0;
        noted.on_step = [&](const step&) {
            if (i + 1 == visits.size() && ++steps == at_step)
                reached = true, stop.request_stop();
        };
        (void)outlast::run<hand_clock>(noted, l, player{visits[i].lines, hand_clock::advance});
    }
    CHECK(outlast_tests::is_idle(policies));
    hand_clock::advance(recovery);
    const auto next =
        outlast::run<hand_clock>(policies.p, player{{outlast_tests::line{}}, hand_clock::advance});
    CHECK(next.has_value());
    return reached;
};

// --- in a simulation ---

template <bool Stays>
constexpr auto simulated = []<class Policies>(const std::vector<visit>& visits, int at_step) {
    Policies policies;
    outlast::simulation sim;
    if (Stays)
        sim.outlive_callers();
    bool reached = false;
    outlast::simulated* cancelled = nullptr; // the last one
    for (std::size_t i = 0; i != visits.size(); ++i) {
        const visit& v = visits[i];
        const bool last = i + 1 == visits.size();
        sim.advance(v.pause);
        recorded noted{policies.p};
        int steps = 0;
        noted.on_step = [&](const step&) {
            if (last && ++steps == at_step) {
                reached = true;
                sim.at(sim.time(), [&] {
                    if (cancelled != nullptr)
                        cancelled->cancel();
                });
            }
        };
        const auto by = outlast::after(sim.time(), v.within);
        const auto work = player{v.lines, [&](outlast::duration d) { sim.spend(d); }};
        cancelled = &sim.call_by(by, noted, work);
        if (last) {
            auto& other = sim.call(policies.p, work);
            sim.run();
            CHECK(other.done());
            CHECK(other.outcome().why != outlast::refusal::cancelled);
        }
        sim.run();
        CHECK(cancelled->done());
    }
    CHECK(outlast_tests::is_idle(policies));
    sim.advance(recovery);
    auto& next = sim.call(policies.p, [] { return 1; });
    sim.run();
    CHECK(next.result().has_value());
    return reached;
};

// --- under Asio ---

/// Policies, some of which need the loop themselves, and a loop that ends before them.
template <class Policies>
struct stage {
    std::unique_ptr<virtual_loop> loop = std::make_unique<virtual_loop>();
    Policies policies = made();

    stage() = default;
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;
    ~stage() { loop.reset(); }

private:
    Policies made() {
        if constexpr (std::is_constructible_v<Policies, virtual_loop&>)
            return Policies{*loop};
        else
            return {};
    }
};

constexpr auto as_it_is = [](virtual_loop& loop) { return loop.context().get_executor(); };
constexpr auto strand_of = [](virtual_loop& loop) { return asio::make_strand(loop.context()); };

/// \tparam Executor what the calls run on, of a loop
template <cancellation_type Type, class Executor = decltype(as_it_is)>
constexpr auto under_asio = []<class Policies>(const std::vector<visit>& visits, int at_step) {
    const auto alive = std::make_shared<int>(0);
    bool reached = false;
    {
        stage<Policies> on;
        Policies& policies = on.policies;
        virtual_loop& loop = *on.loop;
        const auto place = Executor{}(loop);
        asio::cancellation_signal signal;
        answered good;
        for (std::size_t i = 0; i != visits.size(); ++i) {
            const visit& v = visits[i];
            const bool last = i + 1 == visits.size();
            loop.advance(v.pause);
            recorded noted{policies.p};
            int steps = 0;
            noted.on_step = [&](const step&) {
                if (last && ++steps == at_step) {
                    reached = true;
                    asio::post(place, [&] { signal.emit(Type); });
                }
            };
            answered a, other;
            const async_player work{&loop, &v.lines, alive};
            outlast::async_run<hand_clock>(
                place, noted, limits_of(v), work,
                asio::bind_cancellation_slot(signal.slot(), a.handler(alive)));
            if (last)
                outlast::async_run<hand_clock>(place, policies.p, work, other.handler(alive));
            loop.run();
            CHECK(a.times == 1);
            CHECK(other.times == last);
            if (last && !*other.what)
                CHECK(other.what->error().why() != outlast::refusal::cancelled);
        }
        CHECK(outlast_tests::is_idle(policies));
        loop.advance(recovery);
        const std::vector<outlast_tests::line> fine{{}};
        outlast::async_run<hand_clock>(place, policies.p, async_player{&loop, &fine, alive},
                                       good.handler(alive));
        loop.run();
        CHECK(good.times == 1);
        CHECK(good.what->has_value());
    }
    CHECK(alive.use_count() == 1);
    CHECK(outlast::abandoned().running == 0);
    CHECK(outlast::detached().running == 0);
    return reached;
};

// --- policies with operations that end later ---

/// Answers like the work it stands in for: later.
struct answers_later {
    virtual_loop* loop;
    template <class Token>
    auto operator()(const outlast::failure&, Token&& token) const {
        return loop->after<void(result<int>)>(10ms, std::forward<Token>(token), result<int>{-1});
    }
};
struct only_async_fallback {
    outlast::pipeline<outlast::fallback<answers_later>> p;
    explicit only_async_fallback(virtual_loop& loop) : p{outlast::fallback{answers_later{&loop}}} {}
};
/// The recommended order, with answers that live for less than the day takes, and are refreshed.
struct far_from_everything {
    using store = outlast_tests::token_store;
    using cache = outlast::cache_aside<store, int (*)(), outlast::lifetime (*)(int)>;
    store s;
    cache c{s,
            [] { return 0; },
            [](int) { return outlast::lifetime{.fresh_for = 2500ms, .stale_for = 400ms}; },
            {.refresh_ahead = outlast::ratio::of(1.0), .refresh_limit = 40ms, .seed = 1}};
    outlast_tests::breaker b{outlast_tests::sensitive()};
    outlast::pipeline<outlast::fallback<answers_later>,
                      std::reference_wrapper<cache>,
                      outlast::timeout,
                      outlast::retry,
                      std::reference_wrapper<outlast_tests::breaker>,
                      outlast::timeout>
        p;

    explicit far_from_everything(virtual_loop& loop)
        : s{{&loop}},
          p{outlast::fallback{answers_later{&loop}},
            std::ref(c),
            outlast::timeout{300ms},
            outlast::retry{{.max_attempts = 3, .retry_refusals = true, .seed = 7}},
            std::ref(b),
            outlast::timeout{50ms}} {}
};
struct only_async_cache {
    using store = outlast_tests::token_store;
    using cache = outlast::cache_aside<store, int (*)(), outlast::lifetime (*)(int)>;
    store s;
    cache c{s, [] { return 0; },
            [](int) { return outlast::lifetime{.fresh_for = 50ms, .stale_for = 400ms}; }};
    outlast::pipeline<std::reference_wrapper<cache>> p{std::ref(c)};
    explicit only_async_cache(virtual_loop& loop) : s{{&loop}} {}
};

template <class Policies, class Driver>
void hold(Driver driver) {
    CHECK(cancelled_at_every_step<Policies>(driver) > 20);
}
template <class Driver>
void all_hold(Driver driver) {
    using namespace outlast_tests;
    hold<no_policy>(driver);
    hold<only_retry>(driver);
    hold<only_timeout>(driver);
    hold<only_breaker>(driver);
    hold<only_breaker_by_time>(driver);
    hold<only_bulkhead>(driver);
    hold<only_fallback>(driver);
    hold<only_cache>(driver);
    hold<only_keyed>(driver);
    hold<shipped>(driver);
    hold<without_cache>(driver);
    hold<nested>(driver);
    hold<rationed>(driver);
}
template <class Driver>
void lanes_hold(Driver driver) {
    using namespace outlast_tests;
    hold<only_hedge>(driver);
    hold<everything>(driver);
}
template <class Driver>
void later_ones_hold(Driver driver) {
    hold<only_async_fallback>(driver);
    hold<only_async_cache>(driver);
    hold<far_from_everything>(driver);
}

} // namespace

TEST_CASE("cancelled at every step on a thread: answered once, nothing kept") {
    all_hold(on_a_thread);
}

TEST_CASE("cancelled at every step in a simulation: answered once, nothing kept") {
    all_hold(simulated<false>);
    lanes_hold(simulated<false>);
}

TEST_CASE("cancelled at every step in a simulation that outlives callers: the same") {
    all_hold(simulated<true>);
    lanes_hold(simulated<true>);
}

TEST_CASE("cancelled at every step under Asio, for good: answered once, nothing kept or leaked") {
    all_hold(under_asio<cancellation_type::terminal>);
    lanes_hold(under_asio<cancellation_type::terminal>);
    later_ones_hold(under_asio<cancellation_type::terminal>);
}

TEST_CASE("cancelled at every step under Asio, if it can be undone: the same") {
    all_hold(under_asio<cancellation_type::total>);
    lanes_hold(under_asio<cancellation_type::total>);
    later_ones_hold(under_asio<cancellation_type::total>);
}

TEST_CASE("cancelled at every step on a strand: the same") {
    using namespace outlast_tests;
    const auto on_a_strand = [](auto driver) { // each of them is much to compile
        hold<rationed>(driver);
        hold<everything>(driver);
        hold<far_from_everything>(driver);
    };
    on_a_strand(under_asio<cancellation_type::terminal, decltype(strand_of)>);
    on_a_strand(under_asio<cancellation_type::total, decltype(strand_of)>);
}
