// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/lookup_threads.hpp"

#include "support/catch.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <memory>
#include <set>
#include <thread>

using namespace outlast::http;
using outlast_tests::eventually;
using outlast_tests::gate;

TEST_CASE("lookup threads: every job is run") {
    const auto done = std::make_shared<std::atomic<int>>(0);
    lookup_threads threads{3};
    for (int i = 0; i < 100; ++i)
        threads.run([done] { ++*done; });
    CHECK(eventually([&] { return *done == 100; }));
}

TEST_CASE("lookup threads: so many may be stuck, and the next one waits") {
    const auto stuck = std::make_shared<gate>();
    const auto done = std::make_shared<std::atomic<int>>(0);
    lookup_threads threads{2};
    threads.run([=] { stuck->pass(); });
    CHECK(eventually([&] { return stuck->waiting() == 1; }));
    threads.run([=] { ++*done; }); // goes beside it
    CHECK(eventually([&] { return *done == 1; }));
    threads.run([=] { stuck->pass(); });
    CHECK(eventually([&] { return stuck->waiting() == 2; }));
    threads.run([=] { ++*done; });
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    CHECK(*done == 1);
    stuck->open();
    CHECK(eventually([&] { return *done == 2; }));
}

TEST_CASE("lookup threads: the destructor waits for nobody, and forgets what has not begun") {
    const auto stuck = std::make_shared<gate>();
    const auto done = std::make_shared<std::atomic<int>>(0);
    {
        lookup_threads threads{1};
        threads.run([=] { stuck->pass(), ++*done; });
        CHECK(eventually([&] { return stuck->waiting() == 1; }));
        threads.run([=] { *done += 100; });
    }
    CHECK(*done == 0); // it is still stuck
    CHECK(done.use_count() == 2);
    stuck->open();
    CHECK(eventually([&] { return done.use_count() == 1; }));
    CHECK(*done == 1);
}
