// SPDX-License-Identifier: BSL-1.0
//
// No memory is freed with a secret in it: this program's operator delete looks before it frees.
#include <outlast/oauth2/ask.hpp>
#include <outlast/oauth2/request.hpp>
#include <outlast/oauth2/secret.hpp>
#include <outlast/oauth2/stale_ledger.hpp>

#include "support/catch.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring> // std::memcpy
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr std::string_view needle = "this-must-not-be-left-in-memory";
std::atomic<bool> looking = false;
std::atomic<int> left_behind = 0;

constexpr std::size_t room = alignof(std::max_align_t); // for the size of the block, before it

} // namespace

// All plain forms, also those that a library of a sanitizer would answer without these.
void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    void* const block = std::malloc(size + room);
    if (block == nullptr)
        return nullptr;
    std::memcpy(block, &size, sizeof size);
    return static_cast<char*>(block) + room;
}

void* operator new(std::size_t size) {
    void* const memory = operator new(size, std::nothrow);
    if (memory == nullptr)
        throw std::bad_alloc{};
    return memory;
}

void* operator new[](std::size_t size) { return operator new(size); }

void* operator new[](std::size_t size, std::nothrow_t const&) noexcept {
    return operator new(size, std::nothrow);
}

void operator delete(void* memory) noexcept {
    if (memory == nullptr)
        return;
    char* const block = static_cast<char*>(memory) - room;
    std::size_t size = 0;
    std::memcpy(&size, block, sizeof size);
    if (looking && std::string_view{block + room, size}.find(needle) != std::string_view::npos)
        ++left_behind;
    std::free(block);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

void operator delete(void* memory, std::nothrow_t const&) noexcept { operator delete(memory); }

void operator delete[](void* memory) noexcept { operator delete(memory); }

void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

void operator delete[](void* memory, std::nothrow_t const&) noexcept { operator delete(memory); }

using namespace outlast::oauth2;

namespace {

/// How many blocks are freed with the needle in them while `act` runs.
template <class Act>
int left_by(Act act) {
    left_behind = 0;
    looking = true;
    act();
    looking = false;
    return left_behind;
}

constexpr std::string_view url = "https://as.example/introspect";
constexpr std::string_view harmless = "tokA";

} // namespace

TEST_CASE("S13 a plain string leaves its text behind: the look-out works") {
    CHECK(left_by([] { const std::string text{needle}; }) == 1);
}

TEST_CASE("S13 a secret leaves nothing behind, moved, assigned over or taken") {
    CHECK(left_by([] {
              secret one{needle};
              secret two = one.clone();
              const secret three{std::move(one)};
              two = secret{harmless};
              std::string text{needle};
              const secret four = secret::take(text);
          }) == 0);
}

TEST_CASE("S13 a stale ledger leaves no token behind, settled, expired, dropped or left in it") {
    constexpr std::chrono::sys_seconds now{std::chrono::seconds{1'700'000'000}};
    constexpr std::chrono::seconds minute{60};
    CHECK(left_by([&] {
              stale_ledger l{{.capacity = 2, .keep_tokens = true}};
              for (unsigned char n = 1; n != 5; ++n)
                  l.served({{n}}, needle, now + n * minute, now);
              REQUIRE(l.next({}, now)->token->expose() == needle);
              l.settle({{4}}, outlast::oauth2::reason::active, now);
              l.served({{5}}, needle, now + 9 * minute, now);
              const stale_counts c = l.counts(now + 3 * minute);
              CHECK(c == stale_counts{
                             .served = 5, .active = 1, .expired = 1, .dropped = 2, .waiting = 1});
          }) == 0);
}

TEST_CASE("S13 a request leaves neither token nor credentials behind") {
    const auto left_with = [](client_auth auth, std::string_view token) {
        return left_by([&] {
            auto made = introspection_request(url, auth, token);
            REQUIRE(made);
            request moved{std::move(*made)};
            auto over = introspection_request(url, auth, token);
            REQUIRE(over);
            moved = std::move(*over);
        });
    };
    CHECK(left_with(no_client_auth{}, needle) == 0);
    CHECK(left_with(client_secret_basic{"rs", secret{needle}}, harmless) == 0);
    CHECK(left_with(client_secret_post{"rs", secret{needle}}, harmless) == 0);
    CHECK(left_with(client_bearer{"rs", secret{needle}}, harmless) == 0);
    const auto make = [](bool as_bearer) {
        return client_credentials_maker{"rs", [as_bearer]() -> std::optional<fresh_credentials> {
                                            fresh_credentials fresh;
                                            if (as_bearer)
                                                fresh.bearer = secret{needle};
                                            else
                                                fresh.parameters.push_back(
                                                    {"client_assertion", secret{needle}});
                                            return fresh;
                                        }};
    };
    CHECK(left_with(make(false), harmless) == 0);
    CHECK(left_with(make(true), harmless) == 0);
}

namespace {

/// Fails, or answers, and keeps nothing.
struct forgetful_server {
    bool fails = false;
    int calls = 0;

    outlast::result<outlast::http::response> operator()(const outlast::http::request& asked,
                                                        const outlast::http::limits&) {
        ++calls;
        const std::string_view body = asked.body;
        if (body.find("token=") == body.npos || fails)
            return outlast::failure{outlast::http::errc::connection_reset};
        return outlast::http::response{.status = 200,
                                       .headers = {{"Content-Type", "application/json"}},
                                       .body = R"({"active":true})"};
    }
};

} // namespace

TEST_CASE("S13 an attempt leaves neither token nor credentials behind, answered or failed") {
    const auto left_with = [](client_auth auth, std::string_view token, bool fails) {
        forgetful_server server{.fails = fails};
        introspection what{{.endpoints = {std::string{url}}, .auth = std::move(auth)}};
        const ask work{server, what};
        const int left = left_by([&] {
            outlast::call context{1, outlast::never, outlast::reading{outlast::instant{}}, {}};
            std::size_t endpoint = 0;
            const auto known = work(context, query{.token = token, .endpoint = &endpoint});
            CHECK(known.has_value() == !fails);
        });
        CHECK(server.calls == 1);
        return left;
    };
    for (const bool fails : {false, true}) {
        CHECK(left_with(no_client_auth{}, needle, fails) == 0);
        CHECK(left_with(client_secret_basic{"rs", secret{needle}}, harmless, fails) == 0);
        CHECK(left_with(client_secret_post{"rs", secret{needle}}, harmless, fails) == 0);
        CHECK(left_with(client_bearer{"rs", secret{needle}}, harmless, fails) == 0);
    }
}
