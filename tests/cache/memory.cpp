// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/memory.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/watched_lock.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using outlast::entry;
using outlast::freshness;
using outlast::instant;
using outlast::memory;

namespace {

template <class T>
entry<T> kept(T value, instant since = {}, bool negative = false) {
    return {std::move(value), freshness::from(since, {.fresh_for = 1s, .stale_for = 1s}), negative};
}

entry<int> no(int value, instant since = {}) { return kept(value, since, true); }

template <class Store>
int found(Store& s, const typename Store::key_type& key) {
    const auto e = s.find(key);
    return e ? e->value : -1;
}

using small = memory<int, int, outlast::no_lock>;

} // namespace

static_assert(outlast::store<memory<int, int>>);
static_assert(outlast::store<memory<std::string, std::shared_ptr<int>>>);
static_assert(outlast::store<small>);
static_assert(outlast::store_with_tombstones<small>);
static_assert(outlast::store_with_tombstones<memory<std::string, std::shared_ptr<int>>>);

TEST_CASE("memory: what was put is found, whatever its age; what was not is not") {
    memory<std::string, int> s;
    CHECK(!s.find("a"));
    s.put("a", kept(1, instant{5s}));
    const auto e = s.find("a");
    REQUIRE(e);
    CHECK(e->value == 1);
    CHECK(e->times.since == instant{5s});
    CHECK(e->times.fresh_until == instant{6s});
    CHECK(!e->negative);
    CHECK(!s.find("b"));
    CHECK(s.size() == 1);
}

TEST_CASE("memory: what is put replaces what is there, if the one who puts it wants that") {
    small s;
    s.put(1, kept(10, instant{2s}));
    s.put(1, kept(11, instant{1s})); // no condition
    CHECK(found(s, 1) == 11);
    std::vector<instant> there;
    const auto never = [&](const freshness* f) {
        there.push_back(f != nullptr ? f->since : instant{-1s});
        return false;
    };
    const auto always = [&](const freshness* f) { return never(f), true; };
    s.put(1, kept(12), never);
    CHECK(found(s, 1) == 11);
    s.put(2, kept(20), never);
    CHECK(found(s, 2) == -1);
    s.put(1, kept(13, instant{7s}), always);
    CHECK(found(s, 1) == 13);
    s.put(1, no(-13, instant{8s}), always);
    s.put(1, kept(14), always);
    CHECK(there == std::vector{instant{1s}, instant{-1s}, instant{1s}, instant{7s}, instant{8s}});
    CHECK(s.size() == 1);
}

TEST_CASE("memory: a no takes the place of the yes of its key, and a yes that of the no") {
    small s;
    s.put(1, kept(10));
    s.put(1, no(-10));
    CHECK(found(s, 1) == -10);
    CHECK(s.find(1)->negative);
    CHECK(s.size() == 1);
    s.put(1, kept(12));
    CHECK(found(s, 1) == 12);
    CHECK(!s.find(1)->negative);
    CHECK(s.size() == 1);
}

TEST_CASE("memory: beyond its capacity an entry goes that was not used") {
    small s{{.capacity = 3}};
    for (int k : {1, 2, 3})
        s.put(k, kept(k));
    CHECK(found(s, 1) == 1); // a use
    s.put(2, kept(20));      // to ask for it anew is a use, and displaces nothing
    CHECK(s.size() == 3);
    s.put(4, kept(4));
    CHECK(s.size() == 3);
    CHECK(s.counts().evicted == 1);
    CHECK(found(s, 3) == -1);
    CHECK(found(s, 1) == 1);
    CHECK(found(s, 2) == 20);
    CHECK(found(s, 4) == 4);
}

TEST_CASE("memory: a scan of a hundred times the capacity does not flush what is in use") {
    constexpr int capacity = 1000;
    constexpr int hot = 800;
    small s{{.capacity = capacity}};
    int misses = 0;
    int next = 1'000'000;
    const auto use = [&](int key) {
        if (found(s, key) == -1) {
            ++misses;
            s.put(key, kept(key));
        }
    };
    for (int round = 0; round != 4; ++round)
        for (int k = 0; k != hot; ++k)
            use(k);
    misses = 0;
    for (int round = 0; round != 10; ++round) {
        for (int i = 0; i != 10 * capacity; ++i, ++next)
            s.put(next, kept(next)); // nobody asks for it again
        for (int k = 0; k != hot; ++k)
            use(k);
    }
    CHECK(misses <= 10 * hot / 20); // all of them, if the oldest went
    CHECK(s.size() == capacity);
}

TEST_CASE("memory: the weight is bounded at every moment, one entry too heavy is not kept") {
    const auto length = [](const std::string& text) { return text.size(); };
    using texts = memory<int, std::string>;
    texts s{{.capacity = 100, .negative_capacity = 100, .max_weight = 50, .weigh = length}};
    const auto put = [&](int key, std::size_t weight, bool negative = false) {
        s.put(key, {std::string(weight, 'x'), {}, negative});
    };
    const auto weight = [&](int from) {
        std::size_t sum = 0;
        for (int k = from; k != from + 100; ++k)
            if (const auto e = s.find(k))
                sum += e->value.size();
        return sum;
    };
    for (int k = 0; k != 100; ++k) {
        put(k, static_cast<std::size_t>(k % 11));
        CHECK(weight(0) <= 50);
    }
    CHECK(weight(0) > 30);
    put(100, 50, true); // the noes weigh apart
    CHECK(weight(0) > 30);
    CHECK(weight(100) == 50);
    put(101, 51, true);
    CHECK(!s.find(101));
    CHECK(s.find(100));
    CHECK(s.counts().refused == 1);
    put(100, 51, true); // nor does it leave the one before in its place
    CHECK(!s.find(100));
    put(1, 50);
    CHECK(weight(0) == 50);
    put(1, 3); // lighter than it was
    put(2, 47);
    CHECK(weight(0) == 50);
}

TEST_CASE("memory: a flood of noes displaces no yes") {
    small s{{.capacity = 2, .negative_capacity = 2}};
    s.put(1, kept(1)), s.put(2, kept(2));
    for (int k = 100; k != 200; ++k)
        s.put(k, no(-2));
    CHECK(found(s, 1) == 1);
    CHECK(found(s, 2) == 2);
    CHECK(s.size() == 4);
    for (int k = 300; k != 310; ++k)
        s.put(k, kept(3));
    CHECK(found(s, 199) == -2); // nor the other way round
}

TEST_CASE("memory: erase forgets one key, of either kind, clear all of them") {
    small s;
    s.put(1, kept(1)), s.put(2, no(-2)), s.put(3, kept(3)), s.put(4, no(-4));
    s.erase(1);
    s.erase(2);
    s.erase(99); // unknown: nothing happens
    CHECK(!s.find(1));
    CHECK(!s.find(2));
    CHECK(s.size() == 2);
    s.clear();
    CHECK(s.size() == 0);
    CHECK(!s.find(3));
    CHECK(!s.find(4));
    s.put(5, kept(5)); // its capacity is what it was
    CHECK(found(s, 5) == 5);
}

TEST_CASE("memory: a tombstone is asked about beside what is there, until its span is over") {
    small s{{.tombstones = 2}};
    s.put(1, kept(1, instant{1s}));
    s.tombstone(1, freshness::tombstone(instant{5s}, 10s));
    CHECK(found(s, 1) == 1); // erasing is another matter
    s.erase(1);
    CHECK(found(s, 1) == -1);
    std::vector<instant> asked;
    bool yes = false;
    auto keep = [&](const freshness* there) {
        asked.push_back(there == nullptr ? instant::min() : there->since);
        return yes;
    };
    const auto put = [&](int key, outlast::duration since) {
        asked.clear();
        s.put(key, kept(2, instant{since}), keep);
        return asked;
    };
    CHECK(put(1, 6s) == std::vector{instant{5s}}); // its no is enough
    CHECK(found(s, 1) == -1);
    yes = true;
    CHECK(put(1, 6s) == std::vector{instant{5s}, instant::min()});
    CHECK(found(s, 1) == 2);
    CHECK(put(1, 7s) == std::vector{instant{5s}, instant{6s}}); // it stands beside an entry
    s.erase(1), s.clear();
    CHECK(put(1, 15s - 1ns) == std::vector{instant{5s}, instant::min()});
    CHECK(put(2, 6s) == std::vector{instant::min()}); // of another key
    s.clear();
    CHECK(put(1, 15s) == std::vector{instant::min()}); // over
    s.clear();
    for (const int key : {1, 2, 3}) // more than there is room for
        s.tombstone(key, freshness::tombstone(instant{5s}, 10s));
    CHECK(put(1, 6s) == std::vector{instant::min()});
    CHECK(put(2, 6s) == std::vector{instant{5s}, instant::min()});
    s.put(3, kept(3, instant{6s})); // nobody is asked
    CHECK(found(s, 3) == 3);
}

TEST_CASE("memory: bounds that make no sense are refused in a sentence") {
    using options = outlast::memory_options<int>;
    const auto one = [](const int&) -> std::size_t { return 1; };
    CHECK(options{}.problem() == nullptr);
    CHECK(options{}.capacity == 10'000);
    CHECK(options{}.negative_capacity == 4096);
    CHECK(options{.capacity = 0}.problem() != nullptr);
    CHECK(options{.negative_capacity = 0}.problem() != nullptr);
    CHECK(options{.capacity = std::size_t{1} << 30}.problem() != nullptr);
    CHECK(options{.max_weight = 5}.problem() != nullptr);
    CHECK(options{.weigh = one}.problem() != nullptr);
    CHECK(options{.max_weight = 5, .weigh = one}.problem() == nullptr);
    CHECK_THROWS_AS(small{{.capacity = 0}}, std::invalid_argument);
}

namespace {

/// Notes where its code runs.
struct careful {
    outlast_tests::watch* destroyed;
    outlast_tests::watch* copied;
    careful(outlast_tests::watch& d, outlast_tests::watch& c) : destroyed(&d), copied(&c) {}
    careful(const careful& other) : destroyed(other.destroyed), copied(other.copied) {
        (*copied)();
    }
    careful(careful&& other) noexcept
        : destroyed(std::exchange(other.destroyed, nullptr)), copied(other.copied) {
        (*copied)();
    }
    ~careful() {
        if (destroyed != nullptr)
            (*destroyed)();
    }
};

} // namespace

TEST_CASE("memory: a value is copied, moved and destroyed when no lock is held, and at once") {
    outlast_tests::watch destroyed;
    outlast_tests::watch copied;
    outlast_tests::watched_lock::taken = 0;
    {
        memory<int, careful, outlast_tests::watched_lock> s{
            {.capacity = 1, .negative_capacity = 1}};
        const auto put = [&](int key, bool negative = false, outlast::may_keep keep = {}) {
            s.put(key, {careful{destroyed, copied}, {}, negative}, keep);
        };
        put(1);
        put(2); // displaces
        CHECK(destroyed.runs == 1);
        put(2); // replaces
        CHECK(destroyed.runs == 2);
        put(2, true); // a no for a yes
        CHECK(destroyed.runs == 3);
        put(3, true); // displaces a no
        CHECK(destroyed.runs == 4);
        CHECK(s.find(3));
        CHECK(destroyed.runs == 5); // the copy
        s.erase(3);
        CHECK(destroyed.runs == 6);
        put(4), s.clear();
        CHECK(destroyed.runs == 7);
        put(5);
        put(5, false, [](const freshness*) { return false; }); // refused: gone at once
        CHECK(destroyed.runs == 8);
    }
    CHECK(destroyed.runs == 9);
    CHECK(destroyed.locked == 0);
    CHECK(copied.runs >= 9);
    CHECK(copied.locked == 0);
    CHECK(outlast_tests::watched_lock::taken > 8);
}

namespace {

/// Runs something of the test's while it is copied.
struct meddler {
    std::function<void()>* meddle;
    std::shared_ptr<int> alive = std::make_shared<int>(1);
    explicit meddler(std::function<void()>& f) : meddle(&f) {}
    meddler(const meddler& other) : meddle(other.meddle) {
        (*meddle)();
        alive = other.alive; // still there, whatever was done meanwhile
    }
    meddler(meddler&&) noexcept = default;
    meddler& operator=(const meddler&) = delete;
    ~meddler() = default;
};

} // namespace

TEMPLATE_TEST_CASE("memory: what is being copied may be erased, and the copy may ask the store",
                   "",
                   outlast::no_lock,
                   std::mutex) {
    std::function<void()> meddle = [] {};
    memory<int, meddler, TestType> s{{.capacity = 2}};
    s.put(1, {meddler{meddle}, {}, false});
    std::weak_ptr<int> value;
    {
        meddle = [&, depth = 0]() mutable {
            if (++depth > 20)
                return;
            CHECK(s.size() <= 2);
            if (depth == 4) {
                s.erase(1);
                s.put(2, {meddler{meddle}, {}, false});
                CHECK(!s.find(1));
            } else {
                (void)s.find(1);
            }
        };
        const auto e = s.find(1);
        REQUIRE(e);
        REQUIRE(e->value.alive);
        CHECK(*e->value.alive == 1);
        value = e->value.alive;
    }
    meddle = [] {};
    CHECK(!s.find(1));
    CHECK(!value.expired()); // nobody has come by since
    s.erase(2);
    CHECK(value.expired());
}

TEST_CASE("memory: a copy that throws is let out, and holds nothing") {
    struct brittle {
        std::shared_ptr<int> alive = std::make_shared<int>(1);
        brittle() = default;
        brittle(const brittle&) { throw std::runtime_error("copy"); }
        brittle(brittle&&) noexcept = default;
    };
    memory<int, brittle> s;
    brittle b;
    const std::weak_ptr<int> alive = b.alive;
    s.put(1, {std::move(b), {}, false});
    CHECK_THROWS_AS(s.find(1), std::runtime_error);
    s.erase(1);
    CHECK(alive.expired());
}

TEST_CASE("memory: as a plain model, over random scripts") {
    struct remembered {
        int value;
        bool negative;
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        std::mt19937_64 chance{seed};
        const std::size_t capacity = 1 + chance() % 40;
        const std::size_t noes = 1 + chance() % 10;
        CAPTURE(seed, capacity, noes);
        small s{{.capacity = capacity, .negative_capacity = noes}};
        std::map<int, remembered> last; // what was put last and not erased since: the most there is
        for (int i = 0; i != 3000; ++i) {
            const int key = static_cast<int>(chance() % 60);
            const auto dice = chance() % 100;
            if (dice < 40) {
                const bool negative = chance() % 4 == 0;
                const bool want = chance() % 8 != 0;
                const auto says = [&](const freshness*) { return want; };
                s.put(key, kept(i, {}, negative), says);
                if (want) {
                    last.insert_or_assign(key, remembered{i, negative});
                    const auto e = s.find(key); // the newest is there, whoever had to go
                    REQUIRE(e);
                    REQUIRE(e->value == i);
                }
            } else if (dice < 50) {
                s.erase(key);
                last.erase(key);
                REQUIRE(!s.find(key));
            } else if (dice == 99 && chance() % 10 == 0) {
                s.clear();
                last.clear();
                REQUIRE(s.size() == 0);
            } else if (const auto e = s.find(key)) {
                REQUIRE(last.contains(key));
                REQUIRE(e->value == last.at(key).value);
                REQUIRE(e->negative == last.at(key).negative);
            }
            std::size_t found_yes = 0;
            std::size_t found_no = 0;
            if (i % 50 == 0) {
                for (const auto& [k, r] : last)
                    if (const auto e = s.find(k))
                        ++(e->negative ? found_no : found_yes);
                REQUIRE(found_yes <= capacity);
                REQUIRE(found_no <= noes);
                REQUIRE(s.size() == found_yes + found_no);
            }
        }
    }
}

TEST_CASE("memory: in parts it keeps its bounds, and finds what it has room for") {
    memory<int, int> s{{.capacity = 20'000, .negative_capacity = 1000}};
    for (int k = 0; k != 18'000; ++k)
        s.put(k, kept(k));
    int missing = 0;
    for (int k = 0; k != 18'000; ++k)
        missing += found(s, k) != k;
    CHECK(missing == 0);
    for (int k = 0; k != 100'000; ++k)
        s.put(k, kept(k, {}, k % 3 == 0));
    CHECK(s.size() <= 21'000);
    CHECK(s.size() > 20'000);
    CHECK(s.counts().evicted > 50'000);
    s.clear();
    CHECK(s.size() == 0);
}

namespace {

/// Two halves that differ when it is torn, or destroyed.
struct whole {
    std::uint64_t key;
    std::uint64_t version;
    std::uint64_t seal;
    std::shared_ptr<const int> more;
    whole(std::uint64_t k, std::uint64_t v)
        : key(k), version(v), seal(k * 31 + v), more(std::make_shared<const int>(int(k))) {}
    [[nodiscard]] bool good(std::uint64_t k) const {
        return key == k && seal == k * 31 + version && *more == static_cast<int>(k);
    }
};

} // namespace

TEST_CASE("memory: threads: nobody ever reads another's, a torn or a destroyed value") {
    memory<std::uint64_t, whole> s{{.capacity = 16, .negative_capacity = 4}};
    std::atomic<int> wrong = 0;
    std::atomic<int> hits = 0;
    const auto work = [&](std::uint64_t seed) {
        std::mt19937_64 chance{seed};
        for (std::uint64_t i = 0; i != 20'000; ++i) {
            const std::uint64_t key = chance() % 24;
            switch (chance() % 8) {
            case 0:
                s.put(key, {whole{key, i}, {}, false});
                break;
            case 1:
                s.put(key, {whole{key, i}, {}, true});
                break;
            case 2:
                s.erase(key);
                break;
            default:
                if (const auto e = s.find(key)) {
                    wrong += !e->value.good(key);
                    ++hits;
                }
            }
            if (i % 4000 == 0)
                s.clear();
            wrong += s.size() > 20;
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t != 4; ++t)
        threads.emplace_back(work, t);
    for (std::thread& t : threads)
        t.join();
    CHECK(wrong == 0);
    CHECK(hits > 0);
}

TEST_CASE("memory: threads: an entry that stays is never missed, whatever moves around it") {
    memory<int, int> s{{.capacity = 64, .negative_capacity = 8}};
    s.put(1, kept(1));
    std::atomic<bool> done = false;
    std::atomic<int> missed = 0;
    std::atomic<int> reads = 0;
    std::thread reader{[&] {
        while (!done) {
            missed += found(s, 1) < 1;
            ++reads;
        }
    }};
    while (reads == 0)
        std::this_thread::yield();
    for (int i = 0; i != 20'000; ++i) {
        s.put(1000 + i % 40, kept(5));
        s.erase(1000 + (i + 20) % 40);
        s.put(1, kept(1 + i)); // replaced: there all the time
    }
    done = true;
    reader.join();
    CHECK(missed == 0);
}

TEST_CASE("memory: threads: what was erased is not found by a look that begins later") {
    memory<int, int> s{{.capacity = 8}};
    std::atomic<int> forgotten = 0; // versions up to this one
    std::atomic<int> risen = 0;
    std::atomic<bool> done = false;
    std::thread reader{[&] {
        while (!done) {
            const int before = forgotten;
            const auto e = s.find(1);
            risen += e && e->value <= before;
        }
    }};
    for (int version = 1; version <= 20'000; ++version) {
        s.put(1, kept(version));
        s.erase(1);
        forgotten = version;
    }
    done = true;
    reader.join();
    CHECK(risen == 0);
}

TEST_CASE("memory: threads: what was asked for before a tombstone is not found within its span") {
    constexpr int keys = 4;
    constexpr int span = 400; // in looks at the clock, each of which moves it on
    struct question {
        int key = -1;
        int asked = 0;
    };
    memory<int, int> s{{.capacity = keys, .negative_capacity = keys}};
    std::atomic<int> clock = 0;
    std::array<std::atomic<int>, keys> forgotten{}; // when, the newest of those that are done
    std::atomic<int> risen = 0;
    const auto at = [](int tick) { return instant{std::chrono::nanoseconds{tick}}; };
    const auto answer = [&](question q) {
        const int learnt = ++clock;
        const auto still_wanted = [&](const freshness* there) {
            return there == nullptr || there->yields_to(at(q.asked), at(learnt));
        };
        s.put(q.key, kept(q.asked, at(learnt), learnt % 3 == 0), still_wanted);
    };
    const auto forget = [&](int key) {
        const int now = ++clock;
        if (now % 4 == 0)
            std::this_thread::yield(); // another forgets later, and is done earlier
        s.tombstone(key, freshness::tombstone(at(now), std::chrono::nanoseconds{span}));
        s.erase(key);
        auto& newest = forgotten[static_cast<std::size_t>(key)];
        for (int before = newest; before < now && !newest.compare_exchange_weak(before, now);) {
        }
    };
    const auto look = [&](int key) {
        const int before = forgotten[static_cast<std::size_t>(key)];
        const auto e = s.find(key);
        risen += e && e->value <= before && clock < before + span;
    };
    const auto work = [&](std::uint64_t seed) {
        std::mt19937_64 chance{seed};
        std::array<question, 8> under_way{};
        for (int i = 0; i != 20'000; ++i) {
            const int key = static_cast<int>(chance() % keys);
            const auto dice = chance() % 16;
            if (dice == 0) {
                forget(key);
            } else if (dice < 8) {
                question& q = under_way[chance() % under_way.size()];
                if (q.key >= 0)
                    answer(q);
                q = {key, ++clock};
            } else {
                look(key);
            }
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t != 4; ++t)
        threads.emplace_back(work, t);
    for (std::thread& t : threads)
        t.join();
    CHECK(risen == 0);
    for (int key = 0; key != keys; ++key) {
        const question early{key, ++clock};
        forget(key);
        answer(early);
        CHECK(found(s, key) == -1);
        const question later{key, ++clock};
        answer(later);
        CHECK(found(s, key) == later.asked);
    }
    CHECK(s.size() == keys);
    CHECK(s.counts().evicted == 0); // there was room for all
    CHECK(s.counts().refused == 0);
}
