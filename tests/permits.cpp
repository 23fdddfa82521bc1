// SPDX-License-Identifier: BSL-1.0
#include <outlast/permits.hpp>

#include "support/catch.hpp"
#include "support/watched_lock.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

using outlast::no_lock;
using outlast_tests::watched_lock;

namespace {

using permits = outlast::permits<no_lock>;
using seat = permits::seat;

struct bell final : outlast::waker {
    int rung = 0;
    void wake() noexcept override { ++rung; }
};

constexpr std::uint32_t any_number = UINT32_MAX;

constexpr bool in_a_constant() {
    permits p{1};
    seat a;
    seat b;
    const bool first = a.take(p);
    const bool second = b.take(p);
    a.leave();
    return first && !second && b.take(p) && p.out() == 1;
}

} // namespace

TEST_CASE("permits: as many are out as there are, and each comes back once") {
    STATIC_REQUIRE(in_a_constant());
    permits p{2};
    seat a;
    seat b;
    seat c;
    CHECK(a.take(p));
    CHECK(b.take(p));
    CHECK(!c.take(p));
    CHECK(p.out() == 2);
    CHECK(a.holds());
    a.leave();
    a.leave();
    CHECK(p.out() == 1);
    CHECK(!a.holds());
    CHECK(c.take(p));
    CHECK(c.take(p)); // it gave up the one it had
    CHECK(p.out() == 2);
    {
        const seat gone{std::move(a)};
    }
    CHECK(p.out() == 2);
}

TEST_CASE("permits: none are a closed door") {
    permits p{0};
    seat a;
    bell rings;
    CHECK(!a.take(p));
    CHECK(a.join(p, rings, 1));
    CHECK(!a.look());
    p.resize(1);
    CHECK(a.look());
    CHECK(rings.rung == 1);
}

TEST_CASE("permits: one that comes back goes to whoever waits longest") {
    permits p{1};
    seat holder;
    seat first;
    seat second;
    seat late;
    bell one;
    bell two;
    REQUIRE(holder.take(p));
    CHECK(first.join(p, one, any_number));
    CHECK(second.join(p, two, any_number));
    CHECK(p.waiting() == 2);
    holder.leave();
    CHECK(one.rung == 1);
    CHECK(two.rung == 0);
    CHECK(!first.holds()); // until it has looked
    CHECK(first.look());
    CHECK(!second.look());
    CHECK(p.out() == 1);
    CHECK(!late.take(p)); // nobody overtakes
    first.leave();
    CHECK(two.rung == 1);
    CHECK(!late.take(p));
    CHECK(second.look());
    second.leave();
    CHECK(p.out() == 0);
    CHECK(late.take(p));
}

TEST_CASE("permits: who leaves the line leaves no hole in it") {
    for (int gone = 0; gone != 3; ++gone) {
        CAPTURE(gone);
        permits p{1};
        seat holder;
        seat line[3];
        bell bells[3];
        REQUIRE(holder.take(p));
        for (int i = 0; i != 3; ++i)
            REQUIRE(line[i].join(p, bells[i], any_number));
        line[gone].leave();
        CHECK(p.waiting() == 2);
        CHECK(p.out() == 1);
        holder.leave();
        for (int i = 0; i != 3; ++i)
            if (i != gone) {
                CHECK(line[i].look());
                line[i].leave();
            }
        CHECK(bells[gone].rung == 0);
        CHECK(p.out() == 0);
        CHECK(p.waiting() == 0);
        CHECK(holder.take(p)); // the line is empty, and known to be
    }
}

TEST_CASE("permits: one that was given to a call that has left goes on to the next") {
    permits p{1};
    seat holder;
    seat first;
    seat second;
    bell one;
    bell two;
    REQUIRE(holder.take(p));
    REQUIRE(first.join(p, one, any_number));
    REQUIRE(second.join(p, two, any_number));
    holder.leave();
    first.leave(); // without having looked
    CHECK(two.rung == 1);
    CHECK(second.look());
    CHECK(p.out() == 1);
}

TEST_CASE("permits: a line has an end, and a free permit is taken without one") {
    permits p{1};
    seat a;
    seat b;
    seat c;
    bell rings;
    CHECK(a.join(p, rings, 0));
    CHECK(a.holds());
    CHECK(!b.join(p, rings, 0));
    CHECK(b.join(p, rings, 1));
    CHECK(!c.join(p, rings, 1));
    CHECK(p.waiting() == 1);
    CHECK(rings.rung == 0);
}

TEST_CASE("permits: more of them go to who waits, fewer are missing as they come back") {
    permits p{1};
    seat a;
    seat b;
    seat c;
    seat d;
    bell rings;
    REQUIRE(a.take(p));
    REQUIRE(b.join(p, rings, any_number));
    REQUIRE(c.join(p, rings, any_number));
    REQUIRE(d.join(p, rings, any_number));
    p.resize(3);
    CHECK(b.look());
    CHECK(c.look());
    CHECK(!d.look());
    CHECK(p.out() == 3);
    p.resize(1);
    a.leave();
    b.leave();
    CHECK(!d.look());
    CHECK(p.out() == 1);
    c.leave();
    CHECK(d.look());
    CHECK(p.out() == 1);
    CHECK(p.limit() == 1);
}

TEST_CASE("permits: one goes on without its seat, and comes back by itself") {
    permits p{1};
    seat a;
    REQUIRE(a.take(p));
    {
        const auto kept = a.part_with();
        CHECK(static_cast<bool>(kept));
        CHECK(!a.holds());
        a.leave();
        CHECK(p.out() == 1);
        CHECK(!static_cast<bool>(a.part_with()));
    }
    CHECK(p.out() == 0);
    // To who waits, too.
    seat b;
    bell rings;
    REQUIRE(a.take(p));
    REQUIRE(b.join(p, rings, 1));
    CHECK(!static_cast<bool>(b.part_with()));
    {
        const auto kept = a.part_with();
        CHECK(!b.look());
    }
    CHECK(b.look());
}

TEST_CASE("permits: without a line nobody takes the lock") {
    watched_lock::taken = 0;
    outlast::permits<watched_lock> p{1};
    outlast::permits<watched_lock>::seat a;
    outlast::permits<watched_lock>::seat b;
    CHECK(a.take(p));
    CHECK(!b.take(p));
    a.leave();
    CHECK(b.take(p));
    CHECK(watched_lock::taken == 0);
}

TEST_CASE("permits: threads never hold more than there are, and none waits for ever") {
    struct sleeper final : outlast::waker {
        std::mutex m{};
        std::condition_variable changed{};
        bool woken = false;
        void wake() noexcept override {
            const std::lock_guard hold{m};
            woken = true;
            changed.notify_one();
        }
        void wait() {
            std::unique_lock hold{m};
            changed.wait(hold, [&] { return woken; });
            woken = false;
        }
    };
    outlast::permits<watched_lock> p{2};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> served{0};
    std::atomic<int> gave_up{0};
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t != 4; ++t)
            threads.emplace_back([&, t] {
                sleeper bed;
                outlast::permits<watched_lock>::seat mine;
                for (int i = 0; i != 2000; ++i) {
                    if (!mine.take(p) && !mine.join(p, bed, any_number))
                        continue;
                    if ((i + t) % 7 == 0) { // leaves the line, or a permit that it does not know of
                        mine.leave();
                        ++gave_up;
                        continue;
                    }
                    while (!mine.look())
                        bed.wait();
                    const int now = ++inside;
                    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                    }
                    --inside;
                    ++served;
                    mine.leave();
                }
            });
    }
    CHECK(most <= 2);
    CHECK(served + gave_up == 8000);
    CHECK(p.out() == 0);
    CHECK(p.waiting() == 0);
    outlast::permits<watched_lock>::seat a;
    CHECK(a.take(p));
}
