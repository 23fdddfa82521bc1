// SPDX-License-Identifier: BSL-1.0
#include <outlast/label.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

using outlast::label;

TEST_CASE("label: a literal is referred to") {
    constexpr label orders = "orders";
    CHECK(orders.view() == "orders");
    CHECK_FALSE(orders.empty());
    CHECK(label{}.empty());
    CHECK(label{""}.empty());
    CHECK(orders == label{"orders"});
    CHECK(orders != label{"order"});
    STATIC_REQUIRE(orders.view().size() == 6);
    STATIC_REQUIRE(label{"orders"} == label{"orders"});
    STATIC_REQUIRE(label{"orders"} != label{"order"});
    STATIC_REQUIRE(std::is_trivially_copyable_v<label>);
}

TEST_CASE("label: what is made at run time outlives its text and is made once") {
    label kept;
    {
        std::string text = "https://orders.example.com/";
        kept = label::intern(text);
        text.assign(text.size(), '-');
    }
    CHECK(kept.view() == "https://orders.example.com/");
    const label again = label::intern("https://orders.example.com/");
    CHECK(again.view().data() == kept.view().data());
    CHECK(label::intern("https://orders.example.com").view() == "https://orders.example.com");
    CHECK(label::intern("").empty());
    using namespace std::string_view_literals;
    CHECK(label::intern("a\0b"sv) == label{"a"}); // to its first zero
}

TEST_CASE("label: threads that intern the same names get the same labels") {
    constexpr int threads = 4;
    constexpr int names = 60;
    std::vector<std::vector<const char*>> seen(threads);
    std::atomic<int> ready{0};
    {
        std::vector<std::jthread> running;
        for (auto& mine : seen)
            running.emplace_back([&ready, &mine] {
                ++ready;
                while (ready != threads) // together
                    std::this_thread::yield();
                for (int i = 0; i != names; ++i) {
                    const std::string name = "thread test " + std::to_string(i);
                    const label l = label::intern(name);
                    mine.push_back(l.view() == name ? l.view().data() : nullptr);
                }
            });
    }
    for (const auto& mine : seen)
        CHECK(mine == seen[0]);
    CHECK(std::set<const char*>(seen[0].begin(), seen[0].end()).size() == names);
    CHECK(std::ranges::count(seen[0], nullptr) == 0);
}
