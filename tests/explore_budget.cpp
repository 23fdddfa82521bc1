// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of three calls whose retries share a small budget.
#include <outlast/budget.hpp>
#include <outlast/report.hpp>
#include <outlast/retry.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_calls.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using outlast::budget;
using outlast::reading;
using outlast::refusal;
using outlast::step;
using outlast::verdict;
using outlast_tests::call_view;
using outlast_tests::calls_scene;
using outlast_tests::deed;
using outlast_tests::digest;
using outlast_tests::event;
using outlast_tests::explored;
using outlast_tests::explorer;
using outlast_tests::phase;
using outlast_tests::plain_rig;
using outlast_tests::rules;
using outlast_tests::ticks;

namespace {

constexpr std::uint32_t most_attempts = 3;

// Another bookkeeping of the same, by what can be seen of the calls: who was sent, who has paid.
template <class Rule>
class ledger {
    static constexpr bool counts_running = std::is_same_v<Rule, outlast::running_share>;
    static constexpr bool pays_by_failing = std::is_same_v<Rule, outlast::failure_tokens>;

public:
    ledger(const Rule& rule, std::size_t calls) : rule_(rule), calls_(calls) {
        if constexpr (pays_by_failing)
            tokens_ = rule.most;
        else if constexpr (!counts_running)
            tokens_ = rule.at_start;
    }

    void told(const event& e, const call_view& c) {
        account& a = calls_[e.who];
        switch (e.what) {
        case deed::begin:
            a = {.here = true};
            break;
        case deed::success:
            add();
            a.paid = false;
            break;
        case deed::neutral: // refused further in
            if (a.paid && !pays_by_failing)
                add();
            a.paid = false;
            break;
        case deed::failure:
        case deed::hint:
            a.sent = true;
            a.paid = false;
            if (pays_by_failing && tokens_ > 0)
                --tokens_;
            break;
        case deed::cancelled: // it may have been sent
        case deed::in_vain:
            a.paid = false;
            break;
        default:
            break;
        }
        if (e.what == deed::woke && c.is == phase::calling)
            pay(a);
        const bool gave_up = e.what == deed::failure || e.what == deed::woke;
        if (gave_up && c.is == phase::idle && c.by == outlast::never && c.attempts < most_attempts)
            stingy = stingy || has_room();
        if (c.is == phase::idle)
            a = {};
    }

    bool overdrawn = false; // somebody repeated who could not pay
    bool stingy = false;    // somebody who could did not

    [[nodiscard]] std::uint32_t tokens() const { return tokens_; }
    [[nodiscard]] budget::in_progress running() const {
        const auto n = [&](bool account::* what) {
            return static_cast<std::uint32_t>(
                std::count_if(calls_.begin(), calls_.end(), [&](auto& a) { return a.*what; }));
        };
        return counts_running ? budget::in_progress{n(&account::here), n(&account::paid)}
                              : budget::in_progress{};
    }
    // What of a call's past decides its future.
    [[nodiscard]] int mark(std::size_t who) const {
        return calls_[who].sent + 2 * calls_[who].paid;
    }

private:
    struct account {
        bool here = false;
        bool sent = false;
        bool paid = false;
    };

    void add() {
        if constexpr (!counts_running)
            tokens_ = std::min(tokens_ + 1, rule_.most);
    }
    // Whether one more may begin.
    [[nodiscard]] bool has_room() const {
        if constexpr (counts_running) {
            const auto [calls, retries] = running();
            return retries < rule_.least || 2 * (retries + 1) <= calls + retries + 1; // of 50 %
        } else {
            return tokens_ > (pays_by_failing ? rule_.most / 2 : 0);
        }
    }
    void pay(account& a) {
        if (!a.sent)
            return;
        overdrawn = overdrawn || !has_room();
        a.paid = true;
        if (!counts_running && !pays_by_failing && tokens_ > 0)
            --tokens_;
    }

    Rule rule_;
    std::uint32_t tokens_ = 0;
    std::vector<account> calls_;
};

template <class Rule, class Retry>
struct budget_rig : plain_rig {
    struct config {
        rules rule{};
        Rule budget{};
    };
    struct seen {
        std::uint32_t tokens = 0;
        budget::in_progress running{};
        std::uint32_t due = 0; // tokens, by the ledger
        budget::in_progress counted{};
        bool overdrawn = false;
        bool stingy = false;
        std::uint32_t full = 0;

        void put(digest& d, outlast::instant) const {
            d.add(tokens).add(running.calls).add(running.retries);
        }
    };

    explicit budget_rig(const config& c)
        : budget_(c.budget), ledger_(c.budget, c.rule.calls), full_(ledger_.tokens()) {}
    budget_rig(const budget_rig&) = delete;

    auto start(int) { return policy_.start(); }
    void told(const event& e, outlast::instant, const call_view& c) { ledger_.told(e, c); }
    int mark(std::size_t who, outlast::instant, const call_view&) { return ledger_.mark(who); }
    seen look(outlast::instant) {
        return {budget_.tokens(),
                budget_.running(),
                ledger_.tokens(),
                ledger_.running(),
                ledger_.overdrawn,
                ledger_.stingy,
                full_};
    }

    static std::string check(const auto&, const event&, const auto& after) {
        const seen& is = after.rig;
        if (is.overdrawn)
            return "no repeat that the budget does not allow";
        if (is.stingy)
            return "no call gives up while the budget allows a repeat";
        if (is.tokens != is.due)
            return "what is paid and not sent is given back, and nothing else";
        if (!(is.running == is.counted))
            return "what runs is counted, and nothing else";
        return {};
    }
    // As full as it was at the beginning: no state is a trap.
    static bool rests(const auto& v) {
        return v.rig.tokens >= v.rig.full && v.rig.running == budget::in_progress{};
    }

private:
    budget budget_;
    Retry policy_{{.max_attempts = most_attempts,
                   .backoff = outlast::constant(ticks(1)),
                   .budget = &budget_,
                   .seed = 1}};
    ledger<Rule> ledger_;
    std::uint32_t full_;
};

// Two of the three calls have a deadline to look at.
const rules three_calls{
    .begins = {{}, {.by = 2}}, .cancelled = true, .max_attempts = most_attempts};

constexpr outlast::traffic_share tokens{
    .share = outlast::ratio::of(1), .one_each = outlast::no_limit, .most = 2, .at_start = 1};
constexpr outlast::failure_tokens failing{.most = 4, .per_success = outlast::ratio::of(1)};
constexpr outlast::running_share running{.share = outlast::ratio::of(0.5), .least = 1};

template <class Retry = outlast::retry, class Rule>
explored explore(const Rule& rule) {
    using rig = budget_rig<Rule, Retry>;
    using scene = calls_scene<rig>;
    const typename rig::config c{three_calls, rule};
    return explorer<scene>{20'000}([&] { return std::make_unique<scene>(c); },
                                   [&] { return std::make_unique<scene>(c, true); });
}

void holds(const char* name, const explored& e) {
    INFO(name << ": " << e.words());
    CHECK(e.holds());
    CHECK(e.states > 100);
}

void finds(const explored& e, const char* invariant, const char* how) {
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: three calls with a small budget for retries") {
    holds("a share of the traffic", explore(tokens));
    holds("tokens that failures take", explore(failing));
    holds("a share of what runs", explore(running));
}

TEST_CASE("explore: how many states a budget has", "[.][explored]") {
    WARN("a share of the traffic: " << explore(tokens).words());
    WARN("tokens that failures take: " << explore(failing).words());
    WARN("a share of what runs: " << explore(running).words());
}

// ---- broken on purpose

namespace {

// Keeps what it has paid for a repeat that was not sent.
struct forgetful : outlast::retry {
    using outlast::retry::retry;
    struct run : outlast::retry::run {
        explicit run(forgetful& r) : outlast::retry::run(r) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            if (v.kind == outlast::verdict_kind::neutral)
                v.why = refusal::cancelled;
            return outlast::retry::run::settled(now, on, v);
        }
    };
    run start() { return run{*this}; }
};

// Repeats although the budget says no.
struct greedy : outlast::retry {
    using outlast::retry::retry;
    struct run : outlast::retry::run {
        explicit run(greedy& r) : outlast::retry::run(r) {}
        step woke(reading& now, outlast::lane on, verdict& v) {
            const step s = outlast::retry::run::woke(now, on, v);
            outlast::report facts;
            explain(facts);
            return facts.why_stopped == outlast::stopped::budget
                       ? step::call(outlast::work, now.get() + ticks(1))
                       : s;
        }
    };
    run start() { return run{*this}; }
};

// Is not counted while it waits.
struct absent : outlast::retry {
    using outlast::retry::retry;
    struct run : outlast::retry::run {
        explicit run(absent& r) : outlast::retry::run(r) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            const step s = outlast::retry::run::settled(now, on, v);
            if (s.what == outlast::action::wait)
                abandoned();
            return s;
        }
    };
    run start() { return run{*this}; }
};

// Takes back what an attempt cost that failed.
struct lenient : outlast::retry {
    using outlast::retry::retry;
    struct run : outlast::retry::run {
        explicit run(lenient& r) : outlast::retry::run(r), shared(&r) {}
        step settled(reading& now, outlast::lane on, verdict& v) {
            const bool failed = v.failed() && ++failures == 2;
            const step s = outlast::retry::run::settled(now, on, v);
            if (failed)
                shared->options().budget->succeeded();
            return s;
        }
        lenient* shared;
        int failures = 0;
    };
    run start() { return run{*this}; }
};

} // namespace

TEST_CASE("explore: what is broken in the keeping of a budget is found") {
    finds(explore<forgetful>(tokens), "what is paid and not sent is given back, and nothing else",
          "    call A begins\n"
          "    call A fails\n"
          "    a tick passes\n"
          "    call A wakes\n"
          "    call A is told nothing\n");
    finds(explore<greedy>(tokens), "no repeat that the budget does not allow",
          "    call A begins\n"
          "    call A fails\n"
          "    call B begins\n"
          "    call B fails\n"
          "    a tick passes\n"
          "    call A wakes\n"
          "    call B wakes\n");
    finds(explore<lenient>(failing), "what is paid and not sent is given back, and nothing else",
          "    call A begins\n"
          "    call A fails\n"
          "    a tick passes\n"
          "    call A wakes\n"
          "    call A fails\n");
    finds(explore<absent>(running), "what runs is counted, and nothing else",
          "    call A begins\n"
          "    call A fails\n");
}
