// SPDX-License-Identifier: BSL-1.0
#include <outlast/time.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <cstdint>
#include <random>
#include <type_traits>

using namespace std::chrono_literals;
using outlast::after;
using outlast::duration;
using outlast::forever;
using outlast::instant;
using outlast::never;
using outlast::reading;
using outlast::scaled;
using outlast::until;

namespace {

__extension__ using wide = unsigned __int128;

template <class T>
constexpr bool has_now = requires { T::now(); };

} // namespace

TEST_CASE("time: the timeline cannot be asked what time it is") {
    STATIC_REQUIRE(!has_now<outlast::timeline>);
    STATIC_REQUIRE(has_now<std::chrono::steady_clock>);
    STATIC_REQUIRE(!std::is_convertible_v<std::chrono::system_clock::time_point, instant>);
    STATIC_REQUIRE(!std::is_convertible_v<std::chrono::steady_clock::time_point, instant>);
}

TEST_CASE("time: after saturates at both ends") {
    CHECK(after(instant{5s}, 3s) == instant{8s});
    CHECK(after(instant{5s}, -3s) == instant{2s});
    CHECK(after(never, 0s) == never);
    CHECK(after(never, 1ns) == never);
    CHECK(after(instant{1ns}, forever) == never);
    CHECK(after(instant{}, forever) == never);
    CHECK(after(never - 1s, 1s) == never);
    CHECK(after(never - 1s, 1s - 1ns) == never - 1ns);
    CHECK(after(instant::min() + 1s, -2s) == instant::min());
    CHECK(after(instant::min(), duration::min()) == instant::min());
    STATIC_REQUIRE(after(instant{1s}, forever) == never);
}

TEST_CASE("time: until is never negative and never wraps") {
    CHECK(until(instant{2s}, instant{5s}) == 3s);
    CHECK(until(instant{5s}, instant{5s}) == 0s);
    CHECK(until(instant{5s}, instant{2s}) == 0s);
    CHECK(until(instant{5s}, never) == forever);
    CHECK(until(never, never) == 0s);
    CHECK(until(instant{-5s}, instant{5s}) == 10s);
    CHECK(until(instant{-5s}, never - 1s) == forever);
    CHECK(until(instant{-1ns}, never - 1ns) == forever);
    CHECK(until(instant{-1ns}, never - 2ns) == forever - 1ns);
    CHECK(until(instant::min(), instant{}) == forever);
}

TEST_CASE("time: scaled saturates and rounds down") {
    CHECK(scaled(100ms, 2000, 1000) == 200ms);
    CHECK(scaled(100ms, 1500, 1000) == 150ms);
    CHECK(scaled(3ns, 1, 2) == 1ns);
    CHECK(scaled(1s, 0, 1000) == 0s);
    CHECK(scaled(0s, 1000, 1) == 0s);
    CHECK(scaled(forever, 1, 1) == forever);
    CHECK(scaled(forever, 1000, 1000) == forever);
    CHECK(scaled(forever, 1001, 1000) == forever);
    CHECK(scaled(forever, 999, 1000) < forever);
    CHECK(scaled(24h, 100'000, 1) == 24h * 100'000);
    CHECK(scaled(24h, 1'000'000, 1) == forever);
    CHECK(scaled(24h * 36500, UINT32_MAX, 1) == forever);
    // Each of the two parts fits, their sum does not.
    CHECK(scaled(duration{3 * 2'147'483'648 + 2}, UINT32_MAX, 3) == forever);
}

TEST_CASE("time: scaled is the exact product, for any numbers") {
    std::mt19937_64 chance{20250101};
    for (int i = 0; i != 20'000; ++i) {
        const auto span = static_cast<std::int64_t>((chance() >> 1U) >> chance() % 63);
        const auto times = static_cast<std::uint32_t>(chance() >> (32 + chance() % 32));
        const auto per = static_cast<std::uint32_t>(chance() >> (32 + chance() % 32)) | 1U;
        const wide exact = wide{static_cast<std::uint64_t>(span)} * times / per;
        const wide most = static_cast<std::uint64_t>(forever.count());
        const auto expected = static_cast<std::int64_t>(exact < most ? exact : most);
        INFO(span << " * " << times << " / " << per);
        REQUIRE(scaled(duration{span}, times, per).count() == expected);
    }
}

TEST_CASE("law 4: a reading asks its clock once, and only if somebody looks") {
    struct clock {
        int asked = 0;
        static instant ask(void* self) { return instant{++static_cast<clock*>(self)->asked * 1s}; }
    } c;
    reading now{&clock::ask, &c};
    CHECK(c.asked == 0);
    CHECK_FALSE(now.known());
    CHECK(now.get() == instant{1s});
    CHECK(now.known());
    CHECK(now.get() == instant{1s});
    CHECK(c.asked == 1);

    reading another{&clock::ask, &c};
    reading copy = another; // not asked yet: each asks for itself
    CHECK(another.get() == instant{2s});
    CHECK(copy.get() == instant{3s});
    CHECK(reading{another}.get() == instant{2s});
    CHECK(c.asked == 3);
}

TEST_CASE("time: a reading made from an instant is known") {
    reading now{instant{7s}};
    CHECK(now.known());
    CHECK(now.get() == instant{7s});
}
