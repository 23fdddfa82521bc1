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
    int operator()() const { return 0; }
};
struct for_a_while {
    outlast::lifetime operator()(int) const {
        return {.fresh_for = ticks(1), .stale_for = ticks(1)};
    }
};
using store = outlast_tests::fake_store<int, int>;
using cache = outlast::cache_aside<store, one_key, for_a_while>;

// A value is how many times the key had been forgotten when somebody began to ask for it.
template <class Cache>
struct cache_rig : plain_rig {
    struct seen {
        bool there = false;
        outlast::freshness times{};
        int value = 0;
        int forgotten = 0;

        void put(digest& d, instant now) const {
            d.add(there);
            if (there)
                d.add(ahead(now, times.fresh_until))
                    .add(ahead(now, times.stale_until))
                    .add(std::min(forgotten - value, 1));
        }
    };
    static constexpr bool in_order = true;

    explicit cache_rig(const config& c) : began_(c.rule.calls), asked_(c.rule.calls) {
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
            return {.forgotten = forgotten_};
        return {true, found->times, found->value, forgotten_};
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
        if (e.what != deed::operated && e.what != deed::broke)
            return {};
        const bool good = is.is == phase::idle && is.last.outcome.ok();
        if (good && is.value < is.mark)
            return "no call is answered with what was forgotten before it began";
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
    instant now_{ticks(1000)};
    int forgotten_ = 0;
    store store_{};
    Cache cache_{store_, one_key{}, for_a_while{}, {.stale_wait = ticks(1)}};
    std::vector<int> began_;
    std::vector<int> asked_;
};

template <class Cache>
explored explore(const plain_rig::config& c) {
    using scene = calls_scene<cache_rig<Cache>>;
    return explorer<scene>{8'000}([&] { return std::make_unique<scene>(c); });
}

struct named {
    const char* name;
    plain_rig::config setting;
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
    };
}

} // namespace

TEST_CASE("explore: a cache keeps its promises in every state") {
    for (const named& n : configs()) {
        const explored e = explore<cache>(n.setting);
        INFO(n.name << ": " << e.words());
        CHECK(e.holds());
    }
}

TEST_CASE("explore: how many states caches have", "[.][explored]") {
    for (const named& n : configs())
        WARN(n.name << ": " << explore<cache>(n.setting).words());
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

void finds(const explored& e, const char* invariant, const char* how) {
    INFO(e.words());
    CHECK(e.broken == invariant);
    CHECK(e.how == how);
}

} // namespace

TEST_CASE("explore: what is broken in a cache is found") {
    const plain_rig::config two{{.calls = 2, .neutral = false, .history = true}};
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
    finds(explore<broken_cache<impatient>>(two), "one call a key at a time",
          "    call A begins\n"
          "    call A has its operation done\n"
          "    call B begins\n"
          "    call B has its operation done\n");
}
