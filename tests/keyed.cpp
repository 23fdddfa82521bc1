// SPDX-License-Identifier: BSL-1.0
#include <outlast/keyed.hpp>

#include <outlast/pipeline.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>

#include "support/catch.hpp"
#include "support/together.hpp"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

using outlast_tests::together;

TEST_CASE("keyed: the core's policy with the lock of threads") {
    auto itself = [](int key) { return key; };
    auto make = [](int) { return std::make_shared<outlast::retry>(); };
    using table = outlast::keyed<decltype(itself), decltype(make), int>;
    STATIC_REQUIRE(
        std::is_base_of_v<
            outlast::basic_keyed<outlast::thread_lock, decltype(itself), decltype(make), int>,
            table>);
    CHECK(table{itself, make}.size() == 0);
}

TEST_CASE("keyed: a policy is the same one for all") {
    std::atomic<int> made{0};
    outlast::keyed breakers{
        [](const std::string& host) { return host; },
        [&made](const std::string& host) {
            ++made;
            return std::make_shared<outlast::circuit_breaker>(
                outlast::circuit_breaker_options{.name = outlast::label::intern(host)});
        }};
    std::vector<std::vector<std::shared_ptr<outlast::circuit_breaker>>> seen(4);
    together([&](int t) {
        for (int i = 0; i != 50; ++i)
            seen[static_cast<std::size_t>(t)].push_back(breakers.at("host " + std::to_string(i)));
    });
    for (const auto& mine : seen)
        CHECK((mine == seen[0]));
    CHECK(breakers.size() == 50);
    CHECK(made >= 50);
}

TEST_CASE("keyed: a table smaller than its traffic stays so small") {
    outlast::keyed<decltype([](int key) { return key; }),
                   decltype([](int) { return std::make_shared<outlast::retry>(); }), int>
        small{{}, {}, 3};
    outlast::pipeline p{std::ref(small)};
    std::atomic<int> wrong{0};
    together([&](int t) {
        for (int i = 0; i != 300; ++i)
            wrong += p([](int x) { return 2 * x; }, i * 7 % 10 + t).value() != 2 * (i * 7 % 10 + t);
    });
    CHECK(wrong == 0);
    CHECK(small.size() == 3);
}
