// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/async_check_forms.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

using namespace outlast::oauth2;
using namespace std::chrono_literals;

namespace {

/// Keeps what the whole form was given.
struct api : async_check_forms<api> {
    using async_check_forms<api>::async_check;
    template <class Token>
    void async_check(std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     outlast::duration max_age,
                     const outlast::limits& until,
                     const held_keys& keys,
                     Token&& token) {
        headers.assign(authorization.begin(), authorization.end());
        route = &wanted.get();
        oldest = max_age;
        by = until.deadline;
        shown = keys.dpop;
        std::forward<Token>(token)(decision{});
    }

    std::vector<std::string> headers{};
    const requirements* route = nullptr;
    outlast::duration oldest{};
    std::chrono::steady_clock::time_point by{};
    thumbprint shown{};
};

} // namespace

TEST_CASE("async check: each shorter form is the whole one with what it leaves out") {
    api a;
    const requirements route;
    int told = 0;
    const auto done = [&](const decision&) { ++told; };
    const auto soon = std::chrono::steady_clock::time_point{7s};
    const held_keys key{
        .dpop = thumbprint::from_text("bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dgA").value()};
    const std::string_view two[] = {"Bearer a", "Bearer b"};

    a.async_check(std::span<const std::string_view>{two}, route, 3s, {.deadline = soon}, done);
    CHECK(a.headers == std::vector<std::string>{"Bearer a", "Bearer b"});
    CHECK(a.oldest == 3s);
    CHECK(a.by == soon);
    CHECK(a.shown.empty());

    a.async_check("Bearer c", route, 4s, {}, key, done);
    CHECK(a.headers == std::vector<std::string>{"Bearer c"});
    CHECK(a.oldest == 4s);
    CHECK(a.by == outlast::limits{}.deadline);
    CHECK(a.shown == key.dpop);

    a.async_check("Bearer d", route, 5s, {.deadline = soon}, done);
    CHECK(a.headers == std::vector<std::string>{"Bearer d"});
    CHECK(a.oldest == 5s);
    CHECK(a.by == soon);
    CHECK(a.shown.empty());

    a.async_check("Bearer e", route, done);
    CHECK(a.headers == std::vector<std::string>{"Bearer e"});
    CHECK(a.route == &route);
    CHECK(a.oldest == outlast::forever);
    CHECK(a.by == outlast::limits{}.deadline);
    CHECK(told == 4);
}
