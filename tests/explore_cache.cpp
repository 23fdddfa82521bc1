// SPDX-License-Identifier: BSL-1.0
//
// Every order of events of calls for one key through a cache.
#include <outlast/cache_aside.hpp>

#include "support/catch.hpp"
#include "support/explore.hpp"
#include "support/explore_calls.hpp"
#include "support/fake_store.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using outlast::instant;
using outlast::reading;
using outlast::step;
using outlast::verdict;
using outlast_tests::ahead;
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

struct one_key {
    int max_age = 0; // ticks; 0: any
    outlast::wanted<int> operator()() const {
        return {0, max_age == 0 ? outlast::forever : ticks(max_age)};
    }
};
struct for_a_while {
    int fresh = 1; // ticks
    bool negative = false;
    outlast::lifetime operator()(int) const {
        return {.fresh_for = ticks(fresh), .stale_for = ticks(1), .negative = negative};
    }
};
using store = outlast_tests::fake_store<int, int>;
using cache = outlast::cache_aside<store, one_key, for_a_while>;

// In the last ticks of an entry, and takes one tick for it at most.
constexpr outlast::ratio all_its_life = outlast::ratio::of(1);

struct setting {
    rules rule{};
    one_key wants{};
    for_a_while keeps{};
    outlast::ratio refresh_ahead{};
};

// A value is how many times the key had been forgotten when somebody began to ask for it.
template <class Cache>
struct cache_rig : plain_rig {
    using config = setting;
    struct seen {
        bool there = false;
        outlast::freshness times{};
        int value = 0;
        int forgotten = 0;
        int due = 0; // at which of the next ticks a refresh is: each entry has a draw of its own
        const setting* in = nullptr;

        void put(digest& d, instant now) const {
            d.add(there);
            if (there)
                d.add(ahead(now, times.fresh_until))
                    .add(ahead(now, times.stale_until))
                    .add(std::min(forgotten - value, 1))
                    .add(due);
        }
        [[nodiscard]] bool fresh(instant now) const {
            return there && times.at(now) == outlast::grade::fresh;
        }
    };
    static constexpr bool in_order = true;

    explicit cache_rig(const config& c)
        : setting_(&c),
          cache_(store_, c.wants, c.keeps, options_for(c)),
          began_(c.rule.calls),
          asked_(c.rule.calls) {
        store_.now = [this] { return now_; };
    }
    cache_rig(const cache_rig&) = delete;

    auto start(int) { return cache_.start(); }
    void time(instant now) { now_ = now; }
    void order(int, instant) {
        ++forgotten_;
        cache_.forget(0);
    }
    static std::string order_words(int) { return "the key is forgotten"; }
    void breaks(bool throws) {
        store_.find_throws = store_.put_throws = store_.erase_throws = throws;
    }
    int value(std::size_t who) { return asked_[who]; }
    void told(const event& e, instant, const call_view& c) {
        if (e.what == deed::begin)
            began_[e.who] = forgotten_;
        if (c.is == phase::calling && c.callee == outlast::work)
            asked_[e.who] = forgotten_;
    }
    seen look(instant) {
        const auto found = store_.find(0);
        if (!found)
            return {.forgotten = forgotten_, .in = setting_};
        const outlast::cache_aside_options& o = cache_.options();
        outlast::refresh_ahead<outlast::no_lock> alike{o.refresh_ahead, o.refresh_limit,
                                                       o.refresh_pause, o.seed};
        int due = 0;
        for (int t = 0; t != setting_->keeps.fresh && !found->negative; ++t)
            due += alike.due(now_ + ticks(t), outlast::never, found->times, 0) << t;
        return {true, found->times, found->value, forgotten_, due, setting_};
    }
    // How often it was forgotten when this call began.
    int mark(std::size_t who, instant, const call_view& c) {
        return c.is == phase::idle ? began_[who] : 0;
    }
    // Once in the life of a call, so that it comes to an end.
    static bool may(const auto& v, const event& e) {
        return e.what != deed::order ||
               std::none_of(v.calls.begin(), v.calls.end(), [](const call_view& c) {
                   return c.is != phase::idle && c.past.find('F') != std::string::npos;
               });
    }

    static std::string check(const auto& before, const event& e, const auto& after) {
        // Who joined another one and does not find what that has stored goes alone.
        const auto leads = [](const call_view& c) {
            return c.is == phase::calling && c.callee == outlast::work &&
                   c.past.find('W') == std::string::npos;
        };
        if (after.rule->orders == 0 && !after.rule->breaks &&
            std::count_if(after.calls.begin(), after.calls.end(), leads) > 1)
            return "one call a key at a time";
        const call_view& was = before.calls[e.who];
        const call_view& is = after.calls[e.who];
        // What a refresh does not bring, the entry answers.
        const bool refreshed = was.is == phase::calling && was.callee == outlast::work && was.spare;
        if (refreshed && is.is == phase::idle && before.rig.fresh(before.now) &&
            (e.what == deed::failure || e.what == deed::in_vain) && !is.last.outcome.ok())
            return "a refresh costs no call its answer";
        const bool any_age = before.rig.in->wants.max_age == 0;
        if (e.what == deed::operated && is.is == phase::parked && any_age &&
            before.rig.fresh(before.now))
            return "nobody waits while there is a fresh answer";
        if (e.what == deed::operated && was.callee == cache::run::look_up &&
            is.is == phase::calling && before.rig.in->keeps.negative &&
            before.rig.fresh(before.now))
            return "a no is not refreshed";
        if (e.what != deed::operated && e.what != deed::broke)
            return {};
        const bool good = is.is == phase::idle && is.last.outcome.ok();
        if (good && is.value < is.mark)
            return "no call is answered with what was forgotten before it began";
        const bool looked = was.callee == cache::run::look_up || was.callee == cache::run::recall;
        const bool told = was.past.find('W') != std::string::npos; // of what was just learnt
        if (good && looked && !told && before.rig.in->wants.max_age != 0 &&
            !before.rig.in->keeps.negative &&
            was.begun - before.rig.times.since > ticks(before.rig.in->wants.max_age))
            return "no call is answered with what is older than it wants";
        // A store that could not keep it is asked to drop what it knew before.
        const bool drops = was.callee == cache::run::put && is.is == phase::calling &&
                           is.callee == cache::run::drop;
        if (was.callee == cache::run::put || was.callee == cache::run::drop)
            return good || drops ? "" : "what succeeded stands, whatever becomes of the store";
        if (good && was.callee == cache::run::look_up &&
            before.rig.times.at(before.now) != outlast::grade::fresh)
            return "only what is fresh spares the work";
        if (good && before.rig.times.at(before.now) == outlast::grade::gone)
            return "nothing is answered with that is too old";
        if (e.what == deed::broke && good)
            return "a store that fails is no answer";
        return {};
    }

    Cache& shared() { return cache_; }

private:
    static outlast::cache_aside_options options_for(const config& c) {
        return {.stale_wait = ticks(1),
                .refresh_ahead = c.refresh_ahead,
                .refresh_limit = ticks(1),
                .refresh_pause = {},
                .seed = 1};
    }

    instant now_{ticks(1000)};
    int forgotten_ = 0;
    const setting* setting_;
    store store_{};
    Cache cache_;
    std::vector<int> began_;
    std::vector<int> asked_;
};

template <class Cache>
explored explore(const setting& c) {
    using scene = calls_scene<cache_rig<Cache>>;
    return explorer<scene>{40'000}([&] { return std::make_unique<scene>(c); });
}

struct named {
    const char* name;
    setting what;
};
std::vector<named> configs() {
    return {
        {"three calls at one instant", {{.neutral = false, .time = false, .history = true}}},
        {"two calls", {{.calls = 2, .hint = 1, .history = true}}},
        {"a store that may throw", {{.calls = 2, .breaks = true, .history = true}}},
        {"deadlines, and parks that end for no reason",
         {{.calls = 2,
           .begins = {{.by = 2}},
           .neutral = false,
           .spurious = true,
           .history = true}}},
        {"forgotten in the middle", {{.calls = 2, .neutral = false, .orders = 1, .history = true}}},
        {"three calls, and time that passes", {{.neutral = false, .history = true}}},
        {"refreshed ahead",
         {.rule = {.calls = 2, .neutral = false, .max_attempts = 2, .history = true},
          .keeps = {.fresh = 4},
          .refresh_ahead = all_its_life}},
        {"refreshed ahead, with deadlines that leave no time for it",
         {.rule = {.calls = 1,
                   .begins = {{}, {.by = 1}, {.by = 3}},
                   .max_attempts = 2,
                   .history = true},
          .keeps = {.fresh = 4},
          .refresh_ahead = all_its_life}},
        {"callers that take no old answer",
         {.rule = {.calls = 2, .neutral = false, .call_memory = 4, .history = true},
          .wants = {.max_age = 1},
          .keeps = {.fresh = 2}}},
        {"noes, to callers that take no old answer, in a cache that refreshes",
         {.rule = {.calls = 2, .neutral = false, .history = true},
          .wants = {.max_age = 1},
          .keeps = {.fresh = 4, .negative = true},
          .refresh_ahead = all_its_life}},
    };
}

} // namespace

TEST_CASE("explore: a cache keeps its promises in every state") {
    for (const named& n : configs()) {
        const explored e = explore<cache>(n.what);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
    }
}

TEST_CASE("explore: how many states caches have", "[.][explored]") {
    for (const named& n : configs())
        WARN(n.name << ": " << explore<cache>(n.what).words());
}

// ---- broken on purpose

namespace {

// A cache whose runs are `Run`s around a run of the real one.
template <class Run>
struct broken_cache : cache {
    using cache::cache;
    Run start() { return Run{*this}; }
    cache::run whole() { return cache::start(); }
    std::vector<std::shared_ptr<cache::run>> kept{};
};

struct wrapped {
    static constexpr outlast::operation operations = cache::run::operations;

    template <class Cache>
    explicit wrapped(Cache& shared) : kept(&shared.kept), inner(new cache::run(shared.whole())) {}

    step begin(reading& now, outlast::terms t, verdict& v) { return inner->begin(now, t, v); }
    step settled(reading& now, outlast::lane on, verdict& v) { return inner->settled(now, on, v); }
    step woke(reading& now, outlast::lane on, verdict& v) { return inner->woke(now, on, v); }
    bool plain_begin(reading&, instant&) { return false; }
    bool plain_success(reading&) const { return false; }
    void plain_end() {}
    bool plain_refusal(outlast::reading&, outlast::verdict&) { return false; }
    bool passes_refusals() noexcept { return false; }
    void abandoned() noexcept { inner->abandoned(); }
    template <class Hand>
    verdict act(outlast::operation what, reading& now, Hand& hand) {
        doing = what;
        return inner->act(what, now, hand);
    }

    std::vector<std::shared_ptr<cache::run>>* kept;
    std::shared_ptr<cache::run> inner;
    outlast::operation doing = 0;
};

// Drops a leader and makes nobody the next one.
struct no_heir : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const step s = wrapped::settled(now, on, v);
        leads = s.calls_work();
        return s;
    }
    void abandoned() noexcept {
        if (leads)
            kept->push_back(inner);
        else
            inner->abandoned();
    }
    bool leads = false;
};

// Looks up what it has just been told, and answers with that if it finds nothing better.
struct distrustful : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const auto was = std::exchange(doing, outlast::work);
        if (was == cache::run::recall)
            return step::finish();
        const step s = wrapped::settled(now, on, v);
        return was == cache::run::put ? step::call(cache::run::recall, outlast::never) : s;
    }
};

// Does not wait for the one who asks already.
struct impatient : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const step s = wrapped::settled(now, on, v);
        return s.what == outlast::action::park ? step::call(outlast::work, s.at) : s;
    }
};

// Lets a refresh that failed be the end of its call.
struct costly : wrapped {
    using wrapped::wrapped;
    step settled(reading& now, outlast::lane on, verdict& v) {
        const verdict was = v;
        const step s = wrapped::settled(now, on, v);
        const bool failed_ahead = refreshes && !was.ok() && s.callee == cache::run::look_up;
        refreshes = s.calls_work() && s.spare;
        return failed_ahead ? step::finish() : s;
    }
    bool refreshes = false;
};

void finds(const explored& e, const char* invariant, const char* how) {
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: what is broken in a cache is found") {
    const setting two{{.calls = 2, .neutral = false, .history = true}};
    finds(explore<broken_cache<wrapped>>(two), "", "");
    finds(explore<broken_cache<no_heir>>(two), "rest can be reached from every state",
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call B begins\n"
          "    call B has its operation done\n"
          "    call A is dropped\n");
    finds(explore<broken_cache<distrustful>>(two),
          "what succeeded stands, whatever becomes of the store",
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call A succeeds\n"
          "    call A has its operation done\n");
    const setting one_ahead{.rule = {.calls = 1, .max_attempts = 2, .history = true},
                            .keeps = {.fresh = 4},
                            .refresh_ahead = all_its_life};
    finds(explore<broken_cache<wrapped>>(one_ahead), "", "");
    finds(explore<broken_cache<costly>>(one_ahead), "a refresh costs no call its answer",
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call A succeeds\n"
          "    call A has its operation done\n"
          "    call A begins\n"
          "    a tick passes\n"
          "    call A has its operation done\n"
          "    call A fails\n");
    finds(explore<broken_cache<impatient>>(two), "one call a key at a time",
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call B begins\n"
          "    call B has its operation done\n");
}
