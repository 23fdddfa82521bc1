// SPDX-License-Identifier: BSL-1.0
#include <outlast/store.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/guarded.hpp>

#include "support/catch.hpp"

#include <optional>
#include <string>

namespace {

struct smallest {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<outlast::entry<std::string>> find(int) { return {}; }
    void put(int, outlast::entry<std::string>) {}
    void erase(int) {}
};
struct without_erase {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<outlast::entry<std::string>> find(int) { return {}; }
    void put(int, outlast::entry<std::string>) {}
};
struct finds_values {
    using key_type = int;
    using value_type = std::string;
    using lock_type = outlast::no_lock;
    std::optional<std::string> find(int) { return {}; }
    void put(int, outlast::entry<std::string>) {}
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

TEST_CASE("store: an entry shares its value") {
    outlast::entry<std::string> e{std::make_shared<const std::string>("x"), {}, false};
    const auto copy = e;
    CHECK(copy.value.get() == e.value.get());
    CHECK(outlast::entry<int>{}.value == nullptr);
    CHECK_FALSE(outlast::entry<int>{}.negative);
}
