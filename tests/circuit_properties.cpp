// SPDX-License-Identifier: BSL-1.0
//
// The circuit under random scripts: against a plain model, and what holds whatever happens.
#include <outlast/circuit.hpp>

#include "support/catch.hpp"
#include "support/circuit_model.hpp"
#include "support/print.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using outlast::call_result;
using outlast::circuit;
using outlast::circuit_breaker_options;
using outlast::circuit_cause;
using outlast::circuit_mode;
using outlast::circuit_state;
using outlast::consecutive;
using outlast::duration;
using outlast::instant;
using outlast::reading;
using outlast::tally;
using outlast::ticket;
using outlast::verdict;
using outlast_tests::circuit_model;

namespace {

class dice {
public:
    explicit dice(std::uint64_t seed) : chance_(seed) {}
    std::uint64_t below(std::uint64_t n) { return chance_() % n; }
    std::uint32_t number(std::uint64_t from, std::uint64_t to) {
        return static_cast<std::uint32_t>(from + below(to - from + 1));
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    duration ms(std::uint64_t from, std::uint64_t to) { return duration{1ms} * number(from, to); }

    circuit_breaker_options options() {
        const auto kind = below(6);
        circuit_breaker_options o{
            .failure_ratio = outlast::ratio::of(number(1, 100) / 100.0),
            .window = kind < 2   ? outlast::window_span{ms(1, 50)}
                      : kind < 4 ? outlast::window_span{static_cast<int>(number(1, 20))}
                      : kind < 5 ? consecutive(static_cast<int>(number(1, 5)))
                                 : outlast::exactly(static_cast<int>(number(1, 20)), ms(1, 50)),
            .slow_ratio = outlast::ratio::of(number(1, 100) / 100.0),
            .open_on_hint = one_in(8),
            .hint_cap = ms(0, 100),
            .probes = number(1, 6),
            .probe_lease = ms(1, 30)};
        if (!o.window.by_row() && one_in(2))
            o.slow_from = ms(1, 20);
        const outlast::backoff series[] = {outlast::constant(ms(1, 40)), outlast::linear(ms(1, 20)),
                                           outlast::exponential(ms(1, 10)),
                                           outlast::exponential(ms(1, 3), 1.5)};
        o.open_for = series[below(4)].capped(ms(1, 400));
        o.minimum_calls = number(0, o.window.calls != 0 ? o.window.calls : 10);
        if (one_in(3))
            o.deciding_probes = number(1, 8);
        if (one_in(3))
            o.half_open_for = ms(1, 60);
        if (one_in(3))
            o.hold_back = ms(1, 20);
        if (one_in(3))
            o.ramp_for = ms(1, 40);
        if (one_in(3))
            o.flap_memory = ms(1, 60);
        return o;
    }
    call_result result(std::uint64_t failures, const circuit_breaker_options& o) {
        call_result r{.failed = below(100) < failures};
        if (one_in(10))
            r.hint = ms(0, 200);
        if (o.watches_slow() && !one_in(3))
            r.took = one_in(4) ? o.slow_from : o.slow_from - 1ns;
        return r;
    }

private:
    std::mt19937_64 chance_;
};

constexpr circuit_mode modes[] = {circuit_mode::normal, circuit_mode::isolated,
                                  circuit_mode::disabled, circuit_mode::shadow};

} // namespace

TEST_CASE("circuit: against a plain model, under random scripts") {
    dice d{20250607};
    std::size_t visits[3]{};
    std::size_t causes[11]{};
    for (int round = 0; round != 600; ++round) {
        const circuit_breaker_options o = d.options();
        REQUIRE(o.problem() == nullptr);
        const auto failures = d.number(10, 90); // per cent
        circuit real{o};
        circuit_model plain{o};
        instant now{};
        struct held {
            ticket real;
            circuit_model::id plain;
        };
        std::vector<held> calls;
        const auto take = [&] {
            const held h = calls[d.below(calls.size())];
            std::erase_if(calls, [&](const held& x) {
                return x.real == h.real && x.plain.place == h.plain.place;
            });
            return h;
        };
        for (int i = 0; i != 400; ++i) {
            INFO("round " << round << ", step " << i);
            const bool known = d.one_in(2);
            instant clock = now;
            reading at = known ? reading{now}
                               : reading{[](void* c) { return *static_cast<instant*>(c); }, &clock};
            switch (d.below(12)) {
            case 0:
            case 1:
            case 2:
            case 3: {
                const bool spare = d.one_in(3);
                const bool passes = real.passes();
                const bool refuses = now < real.refuses_until();
                circuit::admission a = real.admit(at, spare);
                if (a.needs_time) {
                    REQUIRE_FALSE(passes);
                    (void)at.get();
                    a = real.admit(at, spare);
                }
                REQUIRE_FALSE(a.needs_time);
                const circuit_model::answer b = plain.admit(now, spare);
                REQUIRE(a.admitted == b.admitted);
                REQUIRE((a.admitted || !passes));
                REQUIRE((!a.admitted || !refuses));
                if (a.admitted) {
                    calls.push_back({a.with, b.with});
                    REQUIRE(a.with.generation == real.generation());
                } else {
                    REQUIRE(a.retry_after == b.retry_after);
                    if (plain.mode() != circuit_mode::isolated) {
                        REQUIRE(a.retry_after > 0ns);
                        REQUIRE(a.retry_after < 1h);
                    }
                }
                break;
            }
            case 4:
            case 5:
            case 6:
            case 7:
            case 8:
                if (!calls.empty()) {
                    const held h = take();
                    if (d.one_in(10)) {
                        real.give_back(h.real);
                        plain.give_back(h.plain);
                        break;
                    }
                    const call_result r = d.result(failures, o);
                    if (!real.record(at, h.real, r)) {
                        REQUIRE_FALSE(at.known());
                        (void)at.get();
                        REQUIRE(real.record(at, h.real, r));
                    }
                    plain.record(h.plain, r, now);
                }
                break;
            case 9:
            case 10:
                now += duration{100us} * d.number(0, 200);
                break;
            default:
                switch (d.below(60)) {
                case 0:
                case 1:
                case 2:
                case 3: {
                    const circuit_mode m = modes[d.below(4)];
                    real.set_mode(m);
                    plain.set_mode(m);
                    break;
                }
                case 4:
                    real.close();
                    plain.close();
                    break;
                case 5:
                    real.trip(now);
                    plain.trip(now);
                    break;
                case 6:
                    real.half_open(now);
                    plain.half_open(now);
                    break;
                case 7:
                case 8:
                case 9:
                    real.set_mode(circuit_mode::normal);
                    plain.set_mode(circuit_mode::normal);
                }
            }
            REQUIRE(plain.running_probes() <= o.probes);
            REQUIRE(real.mode() == plain.mode());
            if (d.one_in(3)) { // not always: to look is an event of its own
                REQUIRE(real.state(now) == plain.state(now));
                ++visits[static_cast<int>(real.state(now))];
                REQUIRE(real.window(now) == plain.counts(now));
            }
            std::vector<circuit_model::change> told;
            while (const auto e = real.take_event()) {
                told.push_back({e->from, e->to, e->why});
                ++causes[static_cast<std::size_t>(e->why)];
            }
            REQUIRE(told == plain.changes);
            plain.changes.clear();
        }

        // Permits are conserved: when every call is over or has run out its lease, it admits again,
        // and with good answers it closes.
        for (const held& h : calls)
            if (d.one_in(2))
                real.give_back(h.real);
        real.set_mode(circuit_mode::normal);
        for (int tries = 0; real.state(now) != circuit_state::closed; ++tries) {
            REQUIRE(tries < 100);
            reading at{now};
            const circuit::admission a = real.admit(at);
            if (a.admitted)
                REQUIRE(real.record(at, a.with, {}));
            else
                now += a.retry_after;
        }
    }
    for (const std::size_t n : visits) // the scripts reach every state often
        CHECK(n > 1000);
    for (const circuit_cause c :
         {circuit_cause::failures, circuit_cause::slow_calls, circuit_cause::server_hint,
          circuit_cause::break_over, circuit_cause::probes_good, circuit_cause::probes_failed,
          circuit_cause::probes_slow, circuit_cause::lease_over, circuit_cause::stay_over,
          circuit_cause::by_hand}) {
        INFO(Catch::Detail::stringify(c));
        CHECK(causes[static_cast<std::size_t>(c)] > 20);
    }
}

namespace {

// A script that any circuit can play, for comparing two.
struct move {
    std::uint32_t what; // below 10
    duration pause;
    bool spare;
    call_result result;
};

// What it shows of itself.
struct shown {
    circuit_state state;
    tally counts;
    bool admitted;
    duration retry_after;
    friend bool operator==(const shown&, const shown&) = default;
};

shown play(circuit& c, std::vector<ticket>& calls, const move& m, instant now) {
    reading at{now};
    circuit::admission a{};
    if (m.what < 4) {
        a = c.admit(at, m.spare);
        if (a.admitted)
            calls.push_back(a.with);
    } else if (!calls.empty()) {
        const auto which = calls.begin() + m.what % static_cast<std::ptrdiff_t>(calls.size());
        if (m.what == 9)
            c.give_back(*which);
        else
            (void)c.record(at, *which, m.result);
        calls.erase(which);
    }
    return {c.state(now), c.window(now), a.admitted, a.retry_after};
}

move any_move(dice& d, const circuit_breaker_options& o) {
    return {d.number(0, 9), duration{100us} * d.number(0, 100), d.one_in(3), d.result(50, o)};
}

} // namespace

TEST_CASE("circuit: restored, it does what the one would have done that was saved") {
    dice d{99};
    for (int round = 0; round != 400; ++round) {
        const circuit_breaker_options o = d.options();
        circuit one{o};
        std::vector<ticket> calls;
        instant now{};
        if (d.one_in(4))
            one.set_mode(circuit_mode::shadow);
        const auto prelude = d.number(0, 200);
        for (std::uint32_t i = 0; i != prelude; ++i) {
            const move m = any_move(d, o);
            now += m.pause;
            (void)play(one, calls, m, now);
        }
        // What runs is not saved: for both it is over without a result.
        for (const ticket t : calls)
            one.give_back(t);
        calls.clear();
        circuit other{o};
        reading at{now}; // with a past of its own
        REQUIRE(other.record(at, other.admit(at).with, {.failed = true}));
        const outlast::circuit_snapshot saved = one.snapshot(now);
        other.restore(saved);
        std::vector<ticket> calls_of_other;
        for (int i = 0; i != 200; ++i) {
            INFO("round " << round << ", step " << i);
            const move m = any_move(d, o);
            now += m.pause;
            REQUIRE(play(one, calls, m, now) == play(other, calls_of_other, m, now));
        }
        // Of one that was reconfigured to the same options the same is true.
        for (const ticket t : calls)
            one.give_back(t);
        for (const ticket t : calls_of_other)
            other.give_back(t);
        calls.clear(), calls_of_other.clear();
        const auto before = other.generation();
        other.reconfigure(o);
        REQUIRE(other.generation() > before);
        for (int i = 0; i != 50; ++i) {
            const move m = any_move(d, o);
            now += m.pause;
            REQUIRE(play(one, calls, m, now) == play(other, calls_of_other, m, now));
        }
    }
}

TEST_CASE("circuit: told of successes at once, it is where it would be told of each") {
    dice d{4711};
    for (int round = 0; round != 400; ++round) {
        circuit_breaker_options o = d.options();
        o.slow_from = outlast::no_limit;
        o.ramp_for = 0s;
        circuit each{o};
        circuit at_once{o};
        instant now{};
        std::uint32_t kept = 0; // successes that at_once has not been told of
        for (int i = 0; i != 300; ++i) {
            INFO("round " << round << ", step " << i);
            if (d.one_in(5))
                now += duration{100us} * d.number(0, 100);
            const bool good = !d.one_in(3);
            reading at{now};
            if (kept != 0 && (!good || d.one_in(20))) {
                at_once.add_successes(kept, now);
                kept = 0;
            }
            const circuit::admission a = each.admit(at);
            if (each.state(now) != circuit_state::closed || !a.admitted) {
                each.close();
                at_once.close();
                kept = 0;
                continue;
            }
            (void)each.record(at, a.with, {.failed = !good});
            // Kept only within one instant of a window of time: else they are of another age.
            if (good && at_once.passes() && at_once.quiet() && !o.window.by_time())
                ++kept;
            else
                (void)at_once.record(at, at_once.admit(at).with, {.failed = !good});
            if (kept == 0) {
                REQUIRE(each.state(now) == at_once.state(now));
                REQUIRE(each.window(now) == at_once.window(now));
            } else {
                REQUIRE(each.state(now) == circuit_state::closed);
            }
        }
    }
}

TEST_CASE("circuit: whatever is done to it in whatever state, there is a way back to closed") {
    dice d{31};
    for (int round = 0; round != 300; ++round) {
        const circuit_breaker_options o = d.options();
        circuit c{o};
        instant now{};
        for (int i = 0; i != 30; ++i) {
            reading at{now};
            switch (d.below(8)) {
            case 0:
                c.set_mode(modes[d.below(4)]);
                break;
            case 1:
                c.trip(now);
                break;
            case 2:
                c.half_open(now);
                break;
            case 3:
                c.reconfigure(d.options());
                break;
            case 4:
                c.restore(circuit{o}.snapshot(now));
                break;
            case 5:
                (void)c.admit(at, d.one_in(2));
                break;
            case 6:
                c.restore(c.snapshot(now).moved_to(now));
                break;
            default:
                now += d.ms(0, 50);
            }
        }
        c.set_mode(circuit_mode::normal);
        for (int tries = 0; c.state(now) != circuit_state::closed; ++tries) {
            INFO("round " << round);
            REQUIRE(tries < 200);
            reading at{now};
            const circuit::admission a = c.admit(at);
            if (a.admitted) {
                REQUIRE(c.record(at, a.with, {}));
                continue;
            }
            REQUIRE(a.retry_after > 0ns);
            REQUIRE(a.retry_after < 1h);
            now += a.retry_after;
        }
        c.set_mode(circuit_mode::isolated);
        c.close();
        REQUIRE(c.state(now) == circuit_state::closed);
        REQUIRE(c.mode() == circuit_mode::normal);
    }
}
