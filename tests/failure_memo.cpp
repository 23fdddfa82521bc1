// SPDX-License-Identifier: BSL-1.0
#include <outlast/failure_memo.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/run.hpp>

#include "support/callable.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using outlast_tests::refused;

TEST_CASE("failure memo: threads that come after the first failure of a key make no call for it") {
    outlast::failure_memo memo{[](const std::string& key) { return key; }, {.lasts = 1h}};
    outlast::pipeline p{std::ref(memo)};
    std::atomic<int> calls{0};
    std::atomic<int> others{0}; // answers that were not the failure
    auto down = [&](const std::string&) -> outlast::result<int> {
        ++calls;
        return refused;
    };
    const std::vector<std::string> keys{"a", "b", "c", "d"};
    for (const std::string& key : keys)
        (void)p(down, key);
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i != 2000; ++i) {
                const auto r = p(down, keys[static_cast<std::size_t>(i) % keys.size()]);
                others += r.has_value() || r.error().code() != refused;
            }
        });
    for (std::thread& t : threads)
        t.join();
    CHECK(calls == 4);
    CHECK(others == 0);
}

TEST_CASE("failure memo: threads that fail, forget and ask for the same keys at once") {
    outlast::failure_memo memo{[](const std::string& key) { return key; },
                               {.lasts = 1h, .capacity = 2}};
    outlast::pipeline p{std::ref(memo)};
    std::atomic<int> others{0};
    auto down = [](const std::string&) -> outlast::result<int> { return refused; };
    std::vector<std::thread> threads;
    for (int t = 0; t != 4; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i != 2000; ++i) {
                const std::string key(1, static_cast<char>('a' + (i + t) % 3));
                const auto r = p(down, key);
                others += r.has_value() || r.error().code() != refused;
                if (i % 5 == 0)
                    memo.forget(key);
            }
        });
    for (std::thread& t : threads)
        t.join();
    CHECK(others == 0);
}
