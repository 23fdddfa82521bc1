// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/turns.hpp>

#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/system_executor.hpp>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

namespace asio = boost::asio;
using outlast::detail::share;
using outlast::detail::spare_turns;
using outlast::detail::turns;

namespace {

struct noted : turns::item {
    std::vector<int>* into;
    int number;
    bool throws = false;
    noted(std::vector<int>& v, int n) : into(&v), number(n) {
        run = [](turns::item& i, bool wanted, bool&) {
            auto& self = static_cast<noted&>(i);
            self.into->push_back(wanted ? self.number : -self.number);
            if (wanted && self.throws)
                throw std::runtime_error("on purpose");
        };
    }
};

} // namespace

TEST_CASE("turns: who finds the place taken leaves its item, which is run in order") {
    const share<turns> held = spare_turns::take();
    turns& t = *held;
    std::vector<int> seen;
    noted a{seen, 1}, b{seen, 2}, c{seen, 3};
    CHECK(!t.enter());
    CHECK(!t.enter_or_leave(a));
    std::thread{[&] { CHECK(!t.enter_or_leave(b)); }}.join();
    const auto leave = [&] { CHECK(!t.enter_or_leave(c)); }; // by who is inside itself
    t.run(leave);
    CHECK(seen.empty());
    t.work_off(asio::system_executor{});
    CHECK(seen.size() == 3);
    CHECK(seen[0] + seen[1] + seen[2] == 6);
    CHECK(t.enter()); // it was left
    t.hand_on(asio::system_executor{});
    CHECK(t.enter_or_leave(a));
    t.hand_on(asio::system_executor{});
}

TEST_CASE("turns: what is handed on is run later, or freed with the context") {
    const share<turns> held = spare_turns::take();
    turns& t = *held;
    std::vector<int> seen;
    noted a{seen, 1};
    {
        asio::io_context context;
        CHECK(!t.enter_or_leave(a));
        t.hand_on(context.get_executor());
        CHECK(seen.empty());
        CHECK(!t.enter());
        SECTION("later") {
            context.run();
            CHECK(seen == std::vector{1});
        }
        SECTION("never") { CHECK(seen.empty()); }
    }
    CHECK((seen == std::vector{1} || seen == std::vector{-1}));
    CHECK(t.enter());
    t.hand_on(asio::system_executor{});
}

TEST_CASE("turns: what throws leaves the others for later") {
    const share<turns> held = spare_turns::take();
    turns& t = *held;
    std::vector<int> seen;
    noted a{seen, 1}, b{seen, 2};
    a.throws = true;
    asio::io_context context;
    CHECK(!t.enter_or_leave(a));
    CHECK(!t.enter_or_leave(b));
    CHECK_THROWS_AS(t.work_off(context.get_executor()), std::runtime_error);
    CHECK(seen == std::vector{1});
    context.run();
    CHECK(seen == std::vector{1, 2});
}

TEST_CASE("turns: nothing overlaps, and nothing is lost") {
    const share<turns> held = spare_turns::take();
    turns& t = *held;
    t.hand_on(asio::system_executor{});
    struct counting : turns::item {
        int* sum;
    };
    int sum = 0; // plain
    constexpr int each = 5000;
    std::vector<std::vector<counting>> items(3, std::vector<counting>(each));
    std::vector<std::thread> threads;
    for (auto& mine : items)
        threads.emplace_back([&] {
            for (counting& i : mine) {
                i.sum = &sum;
                i.run = [](turns::item& item, bool, bool&) { ++*static_cast<counting&>(item).sum; };
                if (t.enter_or_leave(i)) {
                    bool inside = true;
                    i.run(i, true, inside);
                    t.work_off(asio::system_executor{});
                }
            }
        });
    for (auto& thread : threads)
        thread.join();
    CHECK(t.enter());
    CHECK(sum == 3 * each);
    t.hand_on(asio::system_executor{});
}

TEST_CASE("turns: one that was kept to itself is entered for the next call already") {
    share<turns> held = spare_turns::take();
    turns& t = *held;
    t.end_inside();
    held = {};
    held = spare_turns::take();
    CHECK(held.get() == &t);
    CHECK(!t.enter());
    CHECK(!t.shown());
    (void)t.show();
    CHECK(t.shown());
    t.hand_on(asio::system_executor{});
    CHECK(t.enter());
    t.hand_on(asio::system_executor{});
    held = {};
    held = spare_turns::take(); // free, and nobody knows it now
    CHECK(held.get() == &t);
    CHECK(!t.shown());
    CHECK(!t.enter());
    t.hand_on(asio::system_executor{});
}

TEST_CASE("turns: one that somebody has a share in, or is inside of, is not given to a call") {
    share<turns> kept = spare_turns::take();
    share<turns> step = kept->show().join();
    kept->hand_on(asio::system_executor{});
    turns& first = *kept;
    CHECK(step.get() == &first);
    kept = {}; // the call's
    const share<turns> second = spare_turns::take();
    CHECK(second.get() != &first);
    second->hand_on(asio::system_executor{});
    CHECK(first.enter());
    step = {};
    const share<turns> third = spare_turns::take();
    CHECK(third.get() != &first);
    third->hand_on(asio::system_executor{});
    first.hand_on(asio::system_executor{});
}

TEST_CASE("turns: a ticket is good for its call, and for no later one") {
    share<turns> call = spare_turns::take();
    turns& t = *call;
    const turns::ticket old = t.show();
    CHECK(old == t.show());
    CHECK(old.join().get() == &t);
    t.hand_on(asio::system_executor{});
    call = {};
    CHECK(!old.join());
    call = spare_turns::take();
    REQUIRE(call.get() == &t);
    CHECK(!old.join());
    CHECK(!(old == t.show()));
    CHECK(t.show().join().get() == &t);
    const auto by_the_later_one = [&] {
        CHECK(t.runs_here());
        CHECK(t.show().runs_here());
        CHECK(!old.runs_here());
    };
    t.run(by_the_later_one);
    t.hand_on(asio::system_executor{});
}

TEST_CASE("turns: a ticket joins a call or finds it over, whoever ends it meanwhile") {
    share<turns> call = spare_turns::take();
    const turns::ticket ticket = call->show();
    call->hand_on(asio::system_executor{});
    int sum = 0; // plain
    std::atomic<int> entered{0};
    std::vector<std::thread> threads;
    for (int n = 0; n != 3; ++n)
        threads.emplace_back([&] {
            for (int i = 0; i != 2000; ++i)
                if (const share<turns> member = ticket.join(); member && member->enter()) {
                    ++sum;
                    ++entered;
                    member->work_off(asio::system_executor{});
                }
        });
    std::this_thread::yield();
    call = {};
    for (auto& thread : threads)
        thread.join();
    CHECK(!ticket.join());
    CHECK(sum == entered); // one at a time
}
