// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of three calls on one breaker.
#include "support/explore_circuit.hpp"

#include <outlast/circuit_breaker.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_calls.hpp"
#include "support/print.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using outlast::circuit_breaker_options;
using outlast::circuit_state;
using outlast::consecutive;
using outlast::instant;
using outlast::reading;
using outlast::step;
using outlast::terms;
using outlast::verdict;
using outlast_tests::calls_scene;
using outlast_tests::circuit_rig;
using outlast_tests::explored;
using outlast_tests::explorer;
using outlast_tests::one_thread;
using outlast_tests::rules;
using outlast_tests::tick;
using outlast_tests::ticks;

namespace {

using breaker = outlast::basic_circuit_breaker<>;
using lined = outlast::basic_circuit_breaker<one_thread>;
using config = circuit_rig<breaker>::config;

template <class Breaker>
explored explore(const typename circuit_rig<Breaker>::config& c) {
    using scene = calls_scene<circuit_rig<Breaker>>;
    return explorer<scene>{}([&] { return std::make_unique<scene>(c); });
}

// The same told in another way: by another breaker, in the plain case without asking, or with
// somebody who looks all the time.
template <class Twin>
explored with_twin(const config& c, bool plain, bool peeks) {
    using scene = calls_scene<circuit_rig<breaker>>;
    using twin = calls_scene<circuit_rig<Twin>>;
    const typename circuit_rig<Twin>::config other{
        .rule = c.rule, .options = c.options, .peeks = peeks};
    return explorer<scene>{}([&] { return std::make_unique<scene>(c); },
                             [&] { return std::make_unique<twin>(other, plain); });
}

struct named {
    const char* name;
    config setting;
};

std::vector<named> configs() {
    const rules three{.hint = 3};
    const rules spared{.begins = {{}, {.spare = true}}};
    return {
        {"two in a row, one probe",
         {three, {.window = consecutive(2), .open_for = ticks(2), .probe_lease = ticks(2)}}},
        {"two in a row, two probes",
         {three,
          {.window = consecutive(2), .open_for = ticks(2), .probes = 2, .probe_lease = ticks(2)}}},
        {"three calls, one probe",
         {three, {.window = 3, .minimum_calls = 2, .open_for = ticks(1), .probe_lease = ticks(2)}}},
        {"three calls, two probes of which three answers decide",
         {three,
          {.window = 2,
           .open_for = ticks(1),
           .probes = 2,
           .deciding_probes = 3,
           .probe_lease = ticks(2)}}},
        {"a span of time",
         {three,
          {.window = ticks(2), .minimum_calls = 2, .open_for = ticks(2), .probe_lease = ticks(1)}}},
        {"a hint opens it, and it is half-open for so long",
         {three,
          {.window = 2,
           .open_on_hint = true,
           .open_for = ticks(1),
           .hint_cap = ticks(2),
           .probes = 2,
           .probe_lease = ticks(3),
           .half_open_for = ticks(2)}}},
        {"held back",
         {spared,
          {.window = 1,
           .minimum_calls = 1,
           .open_for = ticks(1),
           .probes = 1,
           .probe_lease = ticks(2),
           .hold_back = ticks(2)}}},
        {"held back, and more answers than one decide",
         {spared,
          {.failure_ratio = outlast::ratio::of(1),
           .window = 1,
           .minimum_calls = 1,
           .open_for = ticks(1),
           .probes = 2,
           .deciding_probes = 2,
           .probe_lease = ticks(2),
           .half_open_for = ticks(4),
           .hold_back = ticks(2)}}},
        {"a ramp",
         {three,
          {.window = consecutive(1),
           .open_for = ticks(1),
           .probe_lease = ticks(2),
           .ramp_for = ticks(3)}}},
        {"slow calls",
         {three,
          {.window = 2,
           .slow_from = ticks(2),
           .open_for = ticks(1),
           .probes = 2,
           .probe_lease = ticks(3)}}},
        {"longer each time, and flapping",
         {three,
          {.window = consecutive(1),
           .open_for = outlast::exponential(ticks(1)).capped(ticks(2)),
           .flap_memory = ticks(2),
           .probe_lease = ticks(2)}}},
        {"by hand",
         {rules{.orders = 4},
          {.window = consecutive(2), .open_for = ticks(2), .probe_lease = ticks(2)}}},
    };
}

} // namespace

// Beside each one a breaker that is asked for the plain case first, and counts successes apart.
TEST_CASE("explore: a breaker keeps its promises in every state, however it is told") {
    for (const named& n : configs()) {
        const explored e = with_twin<lined>(n.setting, true, false);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
        CHECK(e.states > 30);
    }
}

TEST_CASE("explore: looking at a breaker changes nothing, in any state") {
    for (named n : configs()) {
        n.setting.rule.calls = 2;
        const explored e = with_twin<breaker>(n.setting, false, true);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
    }
}

TEST_CASE("explore: how many states breakers have", "[.][explored]") {
    for (const named& n : configs())
        WARN(n.name << ": " << explore<breaker>(n.setting).words());
}

// ---- broken on purpose: each is found, by as few events as it takes

namespace {

// A breaker whose runs are `Run`s, made of a run of the real one.
template <template <class> class Run>
class broken_breaker : public breaker {
public:
    using breaker::breaker;
    Run<broken_breaker> start() { return Run<broken_breaker>{*this, breaker::start()}; }

    std::vector<std::shared_ptr<breaker::run>> kept{}; // permits that never come back
    std::uint32_t out = 0;
};

template <class Breaker>
class wrapped : public outlast::pass_through {
public:
    wrapped(Breaker& shared, breaker::run&& inner)
        : shared_(&shared), inner_(std::make_shared<breaker::run>(std::move(inner))) {}

    step begin(reading& now, terms t, verdict& v) { return inner_->begin(now, t, v); }
    step settled(reading& now, outlast::lane on, verdict& v) { return inner_->settled(now, on, v); }
    void abandoned() noexcept { inner_->abandoned(); }

protected:
    Breaker* shared_;
    std::shared_ptr<breaker::run> inner_;
};

// Forgets to give a permit back when it is dropped.
template <class Breaker>
struct leaks : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    void abandoned() noexcept { this->shared_->kept.push_back(this->inner_); }
};

// Lets one probe more through.
template <class Breaker>
struct one_more : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    step begin(reading& now, terms t, verdict& v) {
        const step s = this->inner_->begin(now, t, v);
        if (s.what == outlast::action::finish &&
            this->shared_->state(now.get()) == circuit_state::half_open) {
            v = {};
            return step::call(outlast::work, t.by);
        }
        return s;
    }
};

// Opens at a failure, whenever that was admitted.
template <class Breaker>
struct believes_all : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const auto late = this->shared_->counts().late;
        const step s = this->inner_->settled(now, on, v);
        if (this->shared_->counts().late != late && v.failed())
            this->shared_->trip(now.get());
        return s;
    }
};

// Does not hear that a probe was good.
template <class Breaker>
struct deaf : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        if (v.ok() && this->shared_->state(now.get()) == circuit_state::half_open) {
            this->inner_->abandoned();
            return step::finish();
        }
        return this->inner_->settled(now, on, v);
    }
};

// Says that it will be better in a moment, each time.
template <class Breaker>
struct puts_off : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    step begin(reading& now, terms t, verdict& v) {
        const step s = this->inner_->begin(now, t, v);
        if (s.what == outlast::action::finish)
            v.hint = tick;
        return s;
    }
};

// Takes what says nothing for a failure.
template <class Breaker>
struct blames : wrapped<Breaker> {
    using wrapped<Breaker>::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        if (v.kind == outlast::verdict_kind::neutral)
            v = verdict::failure();
        return this->inner_->settled(now, on, v);
    }
};

template <template <class> class Run>
explored explore_broken() {
    using rig = circuit_rig<broken_breaker<Run>>;
    const typename rig::config c{
        {}, {.window = consecutive(1), .open_for = ticks(2), .probe_lease = ticks(2)}};
    return explore<broken_breaker<Run>>(c);
}

} // namespace

TEST_CASE("explore: what is broken in a breaker is found") {
    const auto finds = [](const explored& e, const char* invariant, const char* how) {
        INFO(e.words());
        CHECK(e.broken == invariant);
        CHECK(e.how == how);
    };
    finds(explore_broken<wrapped>(), "", "");
    finds(explore_broken<leaks>(), "a permit whose call is over is not out",
          "    call A begins\n"
          "    call A fails\n"
          "    a tick passes\n"
          "    a tick passes\n"
          "    call A begins\n"
          "    call A is dropped\n");
    finds(explore_broken<one_more>(), "never more probes at once than permitted",
          "    call A begins\n"
          "    call A fails\n"
          "    a tick passes\n"
          "    a tick passes\n"
          "    call A begins\n"
          "    call B begins\n");
    finds(explore_broken<believes_all>(), "a late verdict changes nothing that counts",
          "    call A begins\n"
          "    call B begins\n"
          "    call A fails\n"
          "    call B fails\n");
    finds(explore_broken<deaf>(), "rest can be reached from every state",
          "    call A begins\n"
          "    call A fails\n");
    finds(explore_broken<puts_off>(),
          "who waits as long as a refusal says is not refused for the same reason",
          "    call A begins\n"
          "    call A fails\n"
          "    call A begins\n");
    finds(explore_broken<blames>(), "what says nothing changes nothing",
          "    call A begins\n"
          "    call A is told nothing\n");
}
