// SPDX-License-Identifier: BSL-1.0
#include <outlast/store.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/guarded.hpp>

#include "support/catch.hpp"
#include "support/fake_store.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace {

struct smallest {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<outlast::entry<std::string>> find(int) { return {}; }
    void put(int, outlast::entry<std::string>, outlast::may_keep) {}
    void erase(int) {}
};
struct without_erase {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<outlast::entry<std::string>> find(int) { return {}; }
    void put(int, outlast::entry<std::string>, outlast::may_keep) {}
};
struct finds_values {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<std::string> find(int) { return {}; }
    void put(int, outlast::entry<std::string>, outlast::may_keep) {}
    void erase(int) {}
};

} // namespace

TEST_CASE("store: three operations and three types make one") {
    STATIC_REQUIRE(outlast::store<smallest>);
    STATIC_REQUIRE(outlast::store<outlast::memory<int, std::string>>);
    STATIC_REQUIRE(outlast::store<outlast::memory<std::string, int, outlast::no_lock>>);
}

TEST_CASE("store: what lacks one, or finds something else, is none") {
    STATIC_REQUIRE(!outlast::store<without_erase>);
    STATIC_REQUIRE(!outlast::store<finds_values>);
    STATIC_REQUIRE(!outlast::store<int>);
}

TEST_CASE("store: whether to keep is asked with the times of what is there") {
    const outlast::freshness there{.since = outlast::instant{std::chrono::seconds{3}}};
    const auto if_older = [](const outlast::freshness* t) {
        return t == nullptr || t->since < outlast::instant{std::chrono::seconds{3}};
    };
    const outlast::may_keep keep = if_older;
    CHECK(keep(nullptr));
    CHECK_FALSE(keep(&there));
    CHECK_FALSE(outlast::may_keep{}); // an empty one means yes
    CHECK_FALSE(outlast::entry<int>{}.negative);
}

// As in the comment of the concept.
TEST_CASE("store: a map and a mutex make one") {
    using map_store = outlast_tests::fake_store<int, std::string, std::mutex>;
    STATIC_REQUIRE(outlast::store<map_store>);
    map_store s;
    s.put(1, {"one", {}, false});
    s.put(1, {"other", {}, false}, [](const outlast::freshness* t) { return t == nullptr; });
    REQUIRE(s.find(1));
    CHECK(s.find(1)->value == "one");
    s.erase(1);
    CHECK_FALSE(s.find(1));
    CHECK(s.began.find == 3);
}
