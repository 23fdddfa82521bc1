// SPDX-License-Identifier: BSL-1.0
//
// What a call reads from a store and writes to it; in which order, cache_aside.cpp says.
#include <outlast/cache_access.hpp>

#include <outlast/cache_aside.hpp>

#include "support/catch.hpp"
#include "support/fake_store.hpp"
#include "support/print.hpp"
#include "support/script.hpp"

#include <chrono>
#include <optional>

using namespace std::chrono_literals;
using namespace outlast::literals;
using outlast::grade;
using outlast::verdict;
using outlast_tests::at;

namespace {

using store = outlast_tests::fake_store<int, int>;
using cache = outlast::cache_aside<store, int (*)(int), outlast::lifetime (*)(int)>;

struct opened : outlast::detail::cache_access<cache> {
    using base = outlast::detail::cache_access<cache>;
    opened(cache& shared, outlast::duration max_age)
        : base(shared, [=] { return std::optional{outlast::wanted<int>{0, max_age}}; }) {}
    using base::begin_at;
    using base::due_;
    using base::judge;
    using base::store_value;
    using typename base::seat;
};
struct hand {
    std::optional<int> value{};
    void emplace(int v) { value = v; }
    void drop_value() { value.reset(); }
    [[nodiscard]] std::uint32_t attempts() const { return made; }
    std::uint32_t made = 0;
};

struct fixture {
    store kept{};
    cache remember{kept,
                   [](int key) { return key; },
                   [](int v) {
                       return v < 0 ? outlast::lifetime{}
                                    : outlast::lifetime{.fresh_for = 100ms, .stale_for = 100ms};
                   },
                   {.refresh_ahead = 50_percent, .refresh_limit = 10ms}};
    opened::seat place{};

    opened of(outlast::duration max_age = outlast::forever) { return opened{remember, max_age}; }
};

grade graded(const verdict& v) {
    REQUIRE(v.ok());
    return static_cast<grade>(v.note);
}

} // namespace

TEST_CASE("cache_access: what is found is fresh, stale, or of no use") {
    fixture f;
    opened a = f.of();
    a.begin_at(at(0ms));
    const verdict kept = a.store_value(at(0ms), 7, f.place);
    CHECK(kept.note == 1);
    const auto look = [&](outlast::duration now, bool again, opened by) {
        hand h;
        by.begin_at(at(now));
        const grade g = graded(by.judge(at(now), h, f.kept.find(0), again, outlast::never));
        CHECK(h.value.has_value() == (g == grade::fresh || (again && g == grade::stale)));
        return g;
    };
    CHECK(look(0ms, false, f.of()) == grade::fresh);
    CHECK(look(99ms, false, f.of()) == grade::fresh);
    CHECK(look(100ms, false, f.of()) == grade::stale);
    CHECK(look(199ms, true, f.of()) == grade::stale);
    CHECK(look(200ms, true, f.of()) == grade::gone);
    CHECK(look(50ms, false, f.of(50ms)) == grade::fresh);
    CHECK(look(51ms, false, f.of(50ms)) == grade::gone);
    CHECK(look(1ms, false, f.of(0ms)) == grade::gone);
}

TEST_CASE("cache_access: near its end a fresh answer is due") {
    fixture f;
    opened a = f.of();
    a.begin_at(at(0ms));
    (void)a.store_value(at(0ms), 7, f.place);
    hand h;
    (void)a.judge(at(40ms), h, f.kept.find(0), false, outlast::never);
    CHECK(!a.due_);
    (void)a.judge(at(80ms), h, f.kept.find(0), false, outlast::never);
    CHECK(a.due_);
    (void)a.judge(at(80ms), h, f.kept.find(0), false, at(90ms)); // no time for it
    CHECK(!a.due_);
}

TEST_CASE("cache_access: what is not to be kept takes what was known along; what is newer stays") {
    fixture f;
    opened a = f.of();
    a.begin_at(at(0ms));
    (void)a.store_value(at(10ms), 7, f.place);
    CHECK(a.store_value(at(5ms), 6, f.place).note == 1); // learnt earlier, kept later
    CHECK(f.kept.find(0)->value == 7);
    CHECK(a.store_value(at(20ms), -1, f.place).note == 0);
    CHECK(!f.kept.find(0));
}

TEST_CASE("cache access: a value that is gone at the second look is left for no answer") {
    fixture f;
    auto run = f.of();
    run.begin_at(at(0ms));
    hand in_hand;
    const outlast::entry<int> old{42, outlast::freshness::from(at(0ms), {.fresh_for = 1ms}), false};
    const auto first_look = [&] {
        CHECK(graded(run.judge(at(0ms), in_hand, old, false, outlast::never)) == grade::fresh);
        CHECK(in_hand.value == 42);
    };
    first_look();
    CHECK(graded(run.judge(at(0ms), in_hand, std::nullopt, true, outlast::never)) == grade::gone);
    CHECK_FALSE(in_hand.value);
    first_look();
    CHECK(graded(run.judge(at(1s), in_hand, old, true, outlast::never)) == grade::gone);
    CHECK_FALSE(in_hand.value);
    SECTION("but what the work has left there since") {
        first_look();
        in_hand.made = 1;
        in_hand.value = 503;
        CHECK(graded(run.judge(at(1s), in_hand, old, true, outlast::never)) == grade::gone);
        CHECK(in_hand.value == 503);
    }
}
