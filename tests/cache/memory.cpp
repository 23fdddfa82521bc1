// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache/memory.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"
#include "support/watched_lock.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
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
    return {std::make_shared<const T>(std::move(value)),
            freshness::from(since, {.fresh_for = 1s, .stale_for = 1s}), negative};
}

entry<int> no(int value, instant since = {}) { return kept(value, since, true); }

template <class Store>
int found(Store& s, const typename Store::key_type& key) {
    const auto e = s.find(key);
    return e && e->value ? *e->value : -1;
}

using small = memory<int, int, outlast::no_lock>;

} // namespace

static_assert(outlast::store<memory<int, int>>);
static_assert(outlast::store<memory<std::string, std::shared_ptr<int>>>);
static_assert(outlast::store<small>);

TEST_CASE("memory: what was put is found, whatever its age; what was not is not") {
    memory<std::string, int> s;
    CHECK(!s.find("a"));
    s.put("a", kept(1, instant{5s}));
    const auto e = s.find("a");
    REQUIRE(e);
    CHECK(*e->value == 1);
    CHECK(e->times.since == instant{5s});
    CHECK(e->times.fresh_until == instant{6s});
    CHECK(!e->negative);
    CHECK(!s.find("b"));
    CHECK(s.size() == 1);
}

TEST_CASE("memory: a later entry replaces an earlier one, never the other way round") {
    small s;
    s.put(1, kept(10, instant{2s}));
    s.put(1, kept(11, instant{3s}));
    CHECK(found(s, 1) == 11);
    s.put(1, kept(12, instant{2s})); // learnt earlier, arrived later
    CHECK(found(s, 1) == 11);
    s.put(1, kept(13, instant{3s})); // at the same instant the last one counts
    CHECK(found(s, 1) == 13);
    CHECK(s.size() == 1);
}

TEST_CASE(
    "memory: a no removes the yes of its key and a yes the no, unless it was learnt earlier") {
    small s;
    s.put(1, kept(10, instant{2s}));
    s.put(1, no(-10, instant{3s}));
    CHECK(found(s, 1) == -10);
    CHECK(s.find(1)->negative);
    CHECK(s.size() == 1);
    s.put(1, kept(11, instant{2s}));
    CHECK(found(s, 1) == -10);
    s.put(1, kept(12, instant{4s}));
    CHECK(found(s, 1) == 12);
    CHECK(!s.find(1)->negative);
    CHECK(s.size() == 1);
    s.put(1, no(-11, instant{3s}));
    CHECK(found(s, 1) == 12);
}

TEST_CASE("memory: beyond its capacity the entry used least recently goes") {
    small s{{.capacity = 3}};
    for (int k : {1, 2, 3})
        s.put(k, kept(k));
    CHECK(found(s, 1) == 1); // a use
    s.put(2, kept(20));      // an overwrite is a use and displaces nothing
    CHECK(s.size() == 3);
    s.put(4, kept(4));
    CHECK(s.size() == 3);
    CHECK(found(s, 3) == -1);
    CHECK(found(s, 1) == 1);
    CHECK(found(s, 2) == 20);
    CHECK(found(s, 4) == 4);
    s.put(5, kept(5));
    CHECK(found(s, 1) == -1); // the least recently looked at of the three
}

TEST_CASE("memory: a flood of noes displaces no yes") {
    small s{{.capacity = 2, .negative_capacity = 2}};
    s.put(1, kept(1)), s.put(2, kept(2));
    for (int k = 100; k != 200; ++k)
        s.put(k, no(-2));
    CHECK(found(s, 1) == 1);
    CHECK(found(s, 2) == 2);
    CHECK(s.size() == 4);
    CHECK(found(s, 199) == -2);
    CHECK(found(s, 198) == -2);
    CHECK(!s.find(197));
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

TEST_CASE("memory: a capacity of zero is refused") {
    CHECK(outlast::memory_options{}.problem() == nullptr);
    CHECK(outlast::memory_options{}.capacity == 10'000);
    CHECK(outlast::memory_options{}.negative_capacity == 4096);
    CHECK(outlast::memory_options{.capacity = 0}.problem() != nullptr);
    CHECK(outlast::memory_options{.negative_capacity = 0}.problem() != nullptr);
    CHECK_THROWS_AS(small{{.capacity = 0}}, std::invalid_argument);
}

TEST_CASE("memory: a value is destroyed when the lock is free again") {
    struct careful {
        outlast_tests::watch* seen;
        explicit careful(outlast_tests::watch& w) : seen(&w) {}
        careful(careful&& other) noexcept : seen(std::exchange(other.seen, nullptr)) {}
        ~careful() {
            if (seen != nullptr)
                (*seen)();
        }
    };
    outlast_tests::watch destroyed;
    outlast_tests::watched_lock::taken = 0;
    {
        memory<int, careful, outlast_tests::watched_lock> s{
            {.capacity = 1, .negative_capacity = 1}};
        const auto put = [&](int key, bool negative = false) {
            s.put(key, kept(careful{destroyed}, {}, negative));
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
        s.erase(3);
        CHECK(destroyed.runs == 5);
        put(4), s.clear();
        CHECK(destroyed.runs == 6);
        s.put(5, kept(careful{destroyed}, instant{9s}));
        s.put(5, kept(careful{destroyed}, instant{8s})); // refused: gone at once
        CHECK(destroyed.runs == 7);
    }
    CHECK(destroyed.runs == 8);
    CHECK(destroyed.locked == 0);
    CHECK(outlast_tests::watched_lock::taken > 8);
}

TEST_CASE("memory: an entry outlives what was displaced while it is in use") {
    small s{{.capacity = 1}};
    s.put(1, kept(1));
    const auto e = s.find(1);
    s.put(2, kept(2));
    s.clear();
    REQUIRE(e);
    CHECK(*e->value == 1);
}

TEST_CASE("memory: threads at once") {
    memory<int, int> s{{.capacity = 8, .negative_capacity = 4}};
    std::atomic<int> wrong = 0;
    const auto work = [&](int from) {
        for (int i = 0; i != 3000; ++i) {
            const int key = (i * 7 + from) % 16;
            if (i % 3 == 0)
                s.put(key, i % 2 == 0 ? kept(key) : no(key));
            else if (i % 7 == 0)
                s.erase(key);
            else if (const auto e = s.find(key))
                wrong += *e->value != key;
        }
    };
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back(work, t);
    for (std::thread& t : threads)
        t.join();
    CHECK(wrong == 0);
    CHECK(s.size() <= 12);
}
