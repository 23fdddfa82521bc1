// SPDX-License-Identifier: BSL-1.0
//
// What the introspector allocates: by itself, as this program replaces operator new.
#include <outlast/oauth2/introspector.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"
#include "support/outcome_words.hpp"
#include "support/server.hpp"

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>

using namespace outlast::oauth2;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

std::size_t allocations = 0;

} // namespace

// All plain forms, also those that a library of a sanitizer would answer without these.
void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}
void* operator new(std::size_t size) {
    if (void* const memory = operator new(size, std::nothrow))
        return memory;
    throw std::bad_alloc{};
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, std::nothrow_t const&) noexcept {
    return operator new(size, std::nothrow);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::nothrow_t const&) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::nothrow_t const&) noexcept { std::free(memory); }

namespace {

struct counted {
    std::string words;
    std::size_t allocations;
};

template <class Api>
counted ask_once(Api& api, std::string_view header, const requirements& route) {
    const std::size_t before = allocations;
    const decision d = api(header, route);
    const std::size_t made = allocations - before;
    return {words_of(d), made};
}

introspector_options options(outlast::duration fresh_for) {
    introspector_options o;
    o.endpoints = {"https://as.example/introspect"};
    o.auth = client_secret_basic{"rs", secret{"s3cr3t"}};
    o.realm = "r";
    o.lifetimes.fresh_for = fresh_for;
    o.wall = [] { return at(0); };
    return o;
}

} // namespace

TEST_CASE("introspector: a token known and fresh costs no allocation") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    introspector api{options(60s), server};
    const requirements route{.audience = "api", .scopes = {"read"}};
    const std::string header = "Bearer " + std::string(1000, 'a');
    REQUIRE(ask_once(api, header, route).words == "ALLOW(live)"); // this thread's first digest
    for (int i = 0; i != 10; ++i) {
        const counted hit = ask_once(api, header, route);
        CHECK(hit.words == "ALLOW(cached)");
        CHECK(hit.allocations == 0);
    }
}

TEST_CASE("introspector: neither does a stale one while the breaker is open, once it is in the "
          "stale ledger") {
    scripted_server server{.otherwise = says(r_plus(3600))};
    introspector api{options(1ns), server};
    const requirements route{.audience = "api"};
    REQUIRE(ask_once(api, "Bearer tokA", route).words == "ALLOW(live)");
    api.breaker().set_mode(outlast::circuit_mode::isolated);
    REQUIRE(ask_once(api, "Bearer tokA", route).words == "ALLOW(stale)");
    for (int i = 0; i != 10; ++i) {
        const counted hit = ask_once(api, "Bearer tokA", route);
        CHECK(hit.words == "ALLOW(stale)");
        CHECK(hit.allocations == 0);
    }
}

TEST_CASE("introspector: a refusal from the cache allocates its answer, and nothing else") {
    scripted_server server{.otherwise = says(r_minus)};
    introspector api{options(60s), server};
    const quoted realm = *quoted::make("r");
    REQUIRE(ask_once(api, "Bearer tokA", {}).words == "401-IT");
    const counted hit = ask_once(api, "Bearer tokA", {});
    const std::size_t before = allocations;
    const answer alone = invalid_token(realm, description::not_active);
    CHECK(hit.allocations == allocations - before);
    CHECK(hit.words == "401-IT");
    CHECK(alone.status == 401);
}
