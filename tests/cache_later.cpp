// SPDX-License-Identifier: BSL-1.0
#include <outlast/cache_later.hpp>

#include <outlast/cache/memory.hpp>
#include <outlast/result.hpp>

#include "support/catch.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <system_error>

using outlast::result;
using entry = outlast::entry<std::string>;

namespace {

struct types {
    using key_type = int;
    using value_type = std::string;
    using lock_type = std::mutex;
};
// What it is told last; a token is called with what it says.
struct with_token : types {
    int key = 0;
    std::string value{};
    template <class Token>
    void async_find(int k, Token&& token) {
        key = k;
        token(std::error_code{}, std::optional<entry>{});
    }
    template <class Token>
    void async_put(int k, const entry& e, Token&& token) {
        key = k, value = e.value;
        token(std::error_code{});
    }
    template <class Token>
    void async_erase(int k, Token&& token) {
        key = k;
        token(std::error_code{});
    }
};
struct awaited : types {
    std::string async_find(int k) { return "find " + std::to_string(k); }
    std::string async_put(int k, const entry& e) { return "put " + std::to_string(k) + e.value; }
    std::string async_erase(int k) { return "erase " + std::to_string(k); }
};
struct half : types {
    template <class Token>
    void async_find(int, Token&&) {}
};

static_assert(outlast::async_store<with_token>);
static_assert(outlast::async_store<awaited>);
static_assert(!outlast::async_store<half>);
static_assert(!outlast::async_store<outlast::memory<int, int>>);

} // namespace

TEST_CASE("cache_later: an operation of a store has a key and a value of its own") {
    int ends = 0;
    const auto token = [&](const auto&...) { ++ends; };
    with_token store;
    outlast::detail::finding<with_token>{{&store, 1}}(token);
    CHECK(store.key == 1);
    outlast::detail::putting<with_token>{{&store, 2}, {.value = "two"}}(token);
    CHECK(store.key == 2);
    CHECK(store.value == "two");
    outlast::detail::erasing<with_token>{{&store, 3}}(token);
    CHECK(store.key == 3);
    CHECK(ends == 3);
}

TEST_CASE("cache_later: one without a token gives what the store gives") {
    awaited store;
    CHECK(outlast::detail::finding<awaited>{{&store, 1}}() == "find 1");
    CHECK(outlast::detail::putting<awaited>{{&store, 2}, {.value = "!"}}() == "put 2!");
    CHECK(outlast::detail::erasing<awaited>{{&store, 3}}() == "erase 3");
}

TEST_CASE("cache_later: a lookup finds an entry, finds none, or fails") {
    using outlast::detail::found_in;
    std::optional<entry> found;
    CHECK(found_in(result<entry>{entry{"plain"}}, found));
    CHECK(found.value().value == "plain");
    CHECK(found_in(result<std::optional<entry>>{std::optional<entry>{entry{"optional"}}}, found));
    CHECK(found.value().value == "optional");
    found.reset();
    CHECK(found_in(result<std::optional<entry>>{std::optional<entry>{}}, found));
    CHECK(!found);
    CHECK(found_in(result<entry>{std::make_error_code(std::errc::no_message_available)}, found));
    CHECK(!found);
    CHECK(!found_in(result<entry>{std::make_error_code(std::errc::io_error)}, found));
}
