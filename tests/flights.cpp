// SPDX-License-Identifier: BSL-1.0
#include <outlast/flights.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using outlast::verdict;

namespace {

using sky = outlast::flights<int, outlast::no_lock>;
using seat = sky::seat;
using role = sky::role;

struct bell final : outlast::waker {
    int rung = 0;
    void wake() noexcept override { ++rung; }
};

// A seat with its own key and bell, as a call has them.
struct passenger {
    int key = 0;
    bell heard{};
    seat place{};

    explicit passenger(int k) : key(k) {}
    role board(sky& s, outlast::instant by = outlast::never) {
        return place.board(s, key, heard, sky::boarding::join, by);
    }
};

verdict news(unsigned note) { return verdict::success(note); }

} // namespace

TEST_CASE("flights: a leader can tell until when it is waited for") {
    const auto at = [](int n) { return outlast::instant{std::chrono::milliseconds{n}}; };
    sky s;
    passenger a{1};
    passenger b{1};
    passenger c{1};
    CHECK(!a.place.awaited());
    a.board(s, at(10));
    CHECK(!a.place.awaited());
    b.board(s, at(30));
    c.board(s, at(20));
    CHECK(a.place.awaited() == at(30));
    CHECK(!b.place.awaited());
    b.place.leave();
    CHECK(a.place.awaited() == at(20));
}

TEST_CASE("flights: a stamp changes with what is learnt about a key, and when it is forgotten") {
    sky s;
    passenger a{1};
    passenger b{1};
    a.board(s);
    b.board(s);
    CHECK(a.place.stamp() == s.stamp(1));
    CHECK(!a.place.learns());
    CHECK(a.place.stamp() != s.stamp(1));
    const auto then = s.stamp(1);
    a.place.leave();
    CHECK(s.stamp(1) == then); // nothing was learnt
    s.forget(1);
    CHECK(s.stamp(1) != then);
    CHECK(b.place.learns()); // outdated
}

TEST_CASE("flights: the first to board leads, the others follow, another key flies on its own") {
    sky s;
    passenger a{1};
    passenger b{1};
    passenger other{2};
    CHECK(a.place.look() == role::none);
    CHECK(a.board(s) == role::leads);
    CHECK(b.board(s) == role::follows);
    CHECK(other.board(s) == role::leads);
    CHECK(a.place.look() == role::leads);
    CHECK(b.place.look() == role::follows);
    CHECK(b.heard.rung == 0);
}

TEST_CASE("flights: landing tells every follower once, and ends the flight") {
    sky s;
    passenger a{1};
    passenger b{1};
    passenger c{1};
    passenger other{2};
    a.board(s), b.board(s), c.board(s), other.board(s);
    a.place.land(news(7));
    CHECK(a.place.look() == role::none);
    for (passenger* p : {&b, &c}) {
        CHECK(p->place.look() == role::told);
        CHECK(p->place.news() == news(7));
        CHECK(p->heard.rung == 1);
    }
    CHECK(a.heard.rung == 0);
    CHECK(other.place.look() == role::leads);
    CHECK(other.heard.rung == 0);
    // The key is free at once, also while some have not yet looked.
    passenger next{1};
    CHECK(next.board(s) == role::leads);
    next.place.land(news(8));
    CHECK(b.place.news() == news(7));
    b.place.leave();
    CHECK(b.place.look() == role::none);
}

TEST_CASE(
    "law 2: a leader that leaves without a word makes the first of its followers the leader") {
    sky s;
    auto a = std::make_unique<passenger>(1);
    passenger b{1};
    passenger c{1};
    passenger d{1};
    a->board(s), b.board(s), c.board(s), d.board(s);
    if (GENERATE(true, false))
        a.reset(); // destroyed
    else
        a->place.leave();
    CHECK(b.place.look() == role::leads);
    CHECK(b.heard.rung == 1);
    CHECK(c.place.look() == role::follows);
    CHECK(c.heard.rung == 0);
    // The line keeps its order, and those who come now stand at its end.
    passenger e{1};
    CHECK(e.board(s) == role::follows);
    b.place.leave();
    CHECK(c.place.look() == role::leads);
    CHECK(d.place.look() == role::follows);
    c.place.land(news(3));
    for (passenger* p : {&d, &e}) {
        CHECK(p->place.look() == role::told);
        CHECK(p->place.news() == news(3));
        CHECK(p->heard.rung == 1);
    }
}

TEST_CASE("flights: a leader without followers leaves nothing behind") {
    sky s;
    passenger a{1};
    passenger b{1};
    a.board(s);
    a.place.leave();
    CHECK(b.board(s) == role::leads);
    b.place.land({});
    CHECK(a.board(s) == role::leads);
}

TEST_CASE("flights: a follower leaves from any place in the line") {
    for (std::size_t leaving = 0; leaving != 3; ++leaving) {
        sky s;
        passenger leader{1};
        leader.board(s);
        std::array<passenger, 3> line{passenger{1}, passenger{1}, passenger{1}};
        for (passenger& p : line)
            p.board(s);
        line[leaving].place.leave();
        leader.place.land(news(5));
        for (std::size_t i = 0; i != 3; ++i) {
            CAPTURE(leaving, i);
            CHECK(line[i].place.look() == (i == leaving ? role::none : role::told));
            CHECK(line[i].heard.rung == (i == leaving ? 0 : 1));
        }
    }
}

TEST_CASE("flights: only a leader lands; in another role nothing happens") {
    sky s;
    passenger a{1};
    passenger b{1};
    a.place.land(news(1)); // nobody
    a.board(s), b.board(s);
    b.place.land(news(2)); // a follower
    CHECK(b.place.look() == role::follows);
    CHECK(a.place.look() == role::leads);
    a.place.land(news(3));
    CHECK(b.place.look() == role::told);
    b.place.land(news(4)); // one who was told
    CHECK(b.place.look() == role::told);
    CHECK(b.place.news() == news(3));
    a.place.land(news(5)); // one who has landed
    CHECK(b.place.news() == news(3));
}

TEST_CASE("flights: boarding gives up the place held before") {
    sky s;
    passenger a{1};
    passenger b{1};
    a.board(s), b.board(s);
    a.key = 2;
    CHECK(a.board(s) == role::leads);
    CHECK(b.place.look() == role::leads); // of the first key
    CHECK(b.heard.rung == 1);
    b.key = 2;
    CHECK(b.board(s) == role::follows);
    CHECK(a.place.look() == role::leads);
}

TEST_CASE("flights: a key that is forgotten: who leads is told, who boards now starts anew") {
    sky s;
    passenger old{1};
    passenger waiting{1};
    passenger other{65}; // in the same bucket
    passenger fresh{1};
    passenger late{1};
    old.board(s), waiting.board(s), other.board(s);
    s.forget(1);
    CHECK(old.place.outdated());
    CHECK(!other.place.outdated());
    CHECK(!waiting.place.outdated());
    CHECK(waiting.heard.rung == 0); // its flight goes on
    CHECK(fresh.board(s) == role::leads);
    CHECK(late.board(s) == role::follows);
    CHECK(!fresh.place.outdated());
    SECTION("landing") {
        old.place.land(news(3));
        CHECK(waiting.place.look() == role::told);
        CHECK(late.place.look() == role::follows);
    }
    SECTION("leaving: the heir asks from now on, and the key has two flights") {
        old.place.leave();
        CHECK(waiting.place.look() == role::leads);
        CHECK(!waiting.place.outdated());
        s.forget(1); // reaches both
        CHECK(waiting.place.outdated());
        CHECK(fresh.place.outdated());
        waiting.place.land({});
    }
    fresh.place.land(news(4));
    CHECK(late.place.news() == news(4));
    CHECK(other.place.look() == role::leads);
    other.place.land({});
    // Boarding again is a new beginning; nothing stays behind.
    CHECK(old.board(s) == role::leads);
    CHECK(!old.place.outdated());
    s.forget(2); // a key that nobody asks for
    CHECK(!old.place.outdated());
    CHECK(!fresh.place.outdated());
}

TEST_CASE("flights: who has longer is spared the news: the first of them leads the others") {
    using std::chrono::milliseconds;
    const auto at = [](int n) { return outlast::instant{milliseconds{n}}; };
    sky s;
    passenger a{1};
    passenger at_30{1};
    passenger at_51{1};
    passenger at_50{1};
    passenger whenever{1};
    a.board(s, at(10)), at_30.board(s, at(30)), at_51.board(s, at(51)), at_50.board(s, at(50)),
        whenever.board(s);
    a.place.land(news(7), at(50));
    CHECK(a.place.look() == role::none);
    for (passenger* p : {&at_30, &at_50}) {
        CHECK(p->place.look() == role::told);
        CHECK(p->place.news() == news(7));
        CHECK(p->heard.rung == 1);
        p->place.leave();
    }
    CHECK(at_51.place.look() == role::leads);
    CHECK(at_51.heard.rung == 1);
    CHECK(whenever.place.look() == role::follows);
    CHECK(whenever.heard.rung == 0);
    passenger next{1};
    CHECK(next.board(s, at(20)) == role::follows); // the flight goes on
    at_51.place.land(news(8));                     // without an exception, everybody is told
    CHECK(whenever.place.look() == role::told);
    CHECK(next.place.look() == role::told);
    passenger anew{1};
    CHECK(anew.board(s) == role::leads);
}

TEST_CASE("flights: alone, a seat leads a flight of its own beside another") {
    sky s;
    passenger a{1};
    passenger b{1};
    passenger c{1};
    a.board(s);
    CHECK(b.place.board(s, b.key, b.heard, sky::boarding::alone) == role::leads);
    CHECK(a.place.look() == role::leads);
    CHECK(c.board(s) == role::follows); // either of them
    s.forget(1);
    CHECK(a.place.outdated());
    CHECK(b.place.outdated());
    a.place.land({});
    b.place.land({});
    CHECK(c.place.look() == role::told);
}

TEST_CASE("flights: keys that share a bucket do not share a flight") {
    // std::hash of an int is that int in the libraries at hand, and there are 64 buckets.
    for (std::size_t leaving = 0; leaving != 3; ++leaving) {
        sky s;
        std::array<passenger, 3> leaders{passenger{1}, passenger{65}, passenger{129}};
        std::array<passenger, 3> followers{passenger{1}, passenger{65}, passenger{129}};
        for (passenger& p : leaders)
            CHECK(p.board(s) == role::leads);
        for (passenger& p : followers)
            CHECK(p.board(s) == role::follows);
        leaders[leaving].place.land({});
        for (std::size_t i = 0; i != 3; ++i) {
            CAPTURE(leaving, i);
            CHECK(followers[i].place.look() == (i == leaving ? role::told : role::follows));
        }
        followers[leaving].place.leave();
        for (std::size_t i = 0; i != 3; ++i)
            if (i != leaving) {
                leaders[i].place.leave();
                CHECK(followers[i].place.look() == role::leads);
            }
    }
}

TEST_CASE("flights: an empty seat can be moved, as a machine is before it begins") {
    seat a;
    const seat b{std::move(a)};
    CHECK(b.news() == verdict{});
}

TEST_CASE("flights: whatever is done in whatever order, each key has one leader and one line") {
    for (unsigned seed = 1; seed != 40; ++seed) {
        std::mt19937 chance{seed};
        sky s;
        std::vector<std::unique_ptr<passenger>> all;
        for (int i = 0; i != 8; ++i)
            all.push_back(std::make_unique<passenger>(0));
        std::vector<std::vector<passenger*>> lines(3); // the model: first of each line leads
        std::vector<passenger*> told;
        const auto out_of_all = [&](passenger* p) {
            for (auto& line : lines)
                std::erase(line, p);
            std::erase(told, p);
        };
        for (int n = 0; n != 300; ++n) {
            passenger& p = *all[chance() % all.size()];
            switch (chance() % 4) {
            case 0:
            case 1: {
                out_of_all(&p);
                const auto key = chance() % 3;
                p.place.leave(); // its key is in use until then
                p.key = static_cast<int>(key) * 64;
                lines[key].push_back(&p);
                const role got = p.board(s);
                REQUIRE(got == (lines[key].front() == &p ? role::leads : role::follows));
                break;
            }
            case 2:
                out_of_all(&p);
                p.place.leave();
                break;
            default:
                for (auto& line : lines)
                    if (!line.empty() && line.front() == &p) {
                        told.insert(told.end(), line.begin() + 1, line.end());
                        line.clear();
                    }
                p.place.land({});
            }
            for (const auto& q : all) {
                role expected = role::none;
                for (const auto& line : lines)
                    if (std::ranges::find(line, q.get()) != line.end())
                        expected = line.front() == q.get() ? role::leads : role::follows;
                if (std::ranges::find(told, q.get()) != told.end())
                    expected = role::told;
                REQUIRE(q->place.look() == expected);
            }
        }
    }
}

TEST_CASE("flights: threads at once, never two leaders of a key, and every wait ends") {
    using threaded = outlast::flights<int, std::mutex>;
    struct blocking_bell final : outlast::waker {
        std::mutex m;
        std::condition_variable changed;
        bool rung = false;
        void wake() noexcept override {
            const std::lock_guard hold{m};
            rung = true;
            changed.notify_one();
        }
        void wait() {
            std::unique_lock hold{m};
            changed.wait(hold, [&] { return rung; });
            rung = false;
        }
    };
    threaded shared;
    std::array<std::atomic<int>, 3> leading{};
    std::atomic<int> collisions = 0;
    std::atomic<int> ended = 0;
    constexpr int rounds = 2000;
    const auto fly = [&](unsigned seed) {
        std::mt19937 chance{seed};
        for (int i = 0; i != rounds; ++i) {
            blocking_bell bell;
            const int key = static_cast<int>(chance() % 3);
            auto& leaders = leading[static_cast<std::size_t>(key)];
            threaded::seat place;
            place.board(shared, key, bell);
            for (;;) {
                const auto is = place.look();
                if (is == threaded::role::told)
                    break;
                if (is == threaded::role::leads) {
                    collisions += leaders.fetch_add(1) != 0;
                    if (chance() % 4 == 0)
                        std::this_thread::yield(); // let a line form
                    leaders.fetch_sub(1);
                    if (chance() % 2 == 0)
                        place.land({});
                    else
                        place.leave();
                    break;
                }
                if (chance() % 8 == 0)
                    break; // leaves the line
                bell.wait();
            }
            ++ended;
        }
    };
    std::vector<std::thread> threads;
    for (unsigned t = 0; t != 4; ++t)
        threads.emplace_back(fly, t);
    for (std::thread& t : threads)
        t.join();
    CHECK(collisions == 0);
    CHECK(ended == 4 * rounds);
}
