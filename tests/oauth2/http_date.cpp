// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/http_date.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast_tests::second;

namespace {

// T0 is Tue, 14 Nov 2023 22:13:20 GMT.
std::optional<std::int64_t> date(std::string_view text) {
    const auto moment = read_http_date(text, second(0));
    if (!moment)
        return std::nullopt;
    return moment->time_since_epoch().count();
}

std::optional<std::chrono::seconds> retry_after(std::string_view text) {
    return read_retry_after(text, second(0));
}

} // namespace

TEST_CASE("http_date: the three forms of RFC 9110") {
    CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
    CHECK(date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777);
    CHECK(date("Sun Nov  6 08:49:37 1994") == 784111777);
    CHECK(date("Sun Nov 06 08:49:37 1994") == 784111777);
    CHECK(date("  Tue, 14 Nov 2023 22:13:20 GMT ") == outlast_tests::t0);
    CHECK(date("Thu, 29 Feb 2024 00:00:00 GMT") == 1709164800);
    CHECK(date("Fri, 31 Dec 2023 23:59:60 GMT") == std::nullopt); // that was a Sunday
    CHECK(date("Sun, 31 Dec 2023 23:59:60 GMT") == 1704067200);   // a leap second
}

TEST_CASE("http_date: two digits of a year mean at most 50 years ahead") {
    CHECK(date("Wednesday, 01-Jan-70 00:00:00 GMT") == 3155760000); // 2070: 47 years ahead
    CHECK(date("Tuesday, 01-Jan-74 00:00:00 GMT") == 126230400);    // 1974: 2074 would be 51
    CHECK(date("Sunday, 01-Jan-73 00:00:00 GMT") == 3250454400);    // 2073: 50
    CHECK(date("Saturday, 01-Jan-00 00:00:00 GMT") == 946684800);
}

TEST_CASE("http_date: everything else is none") {
    for (const std::string_view text :
         {"", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
          "Sun, 06 Nov 1994 08:49:37 GMT, x", "sun, 06 nov 1994 08:49:37 gmt",
          "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
          "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
          "Wed, 29 Feb 2023 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
          "Sun, 06 Nov 1994 8:49:37 GMT", "1994-11-06T08:49:37Z", "Sun Nov   6 08:49:37 1994",
          "Sun Nov    08:49:37 1994", "Sunday, 06 Nov 1994 08:49:37 GMT"}) {
        INFO(text);
        CHECK_FALSE(date(text));
    }
}

TEST_CASE("O-51 Retry-After: whole seconds from 1 on") {
    CHECK(retry_after("17") == 17s);
    CHECK(retry_after(" 1 ") == 1s);
    CHECK(retry_after("0017") == 17s);
    CHECK(retry_after("99999999999999999999999999") == 365 * 24h);
}

TEST_CASE("O-54 Retry-After: a date ahead") {
    CHECK(retry_after("Tue, 14 Nov 2023 22:13:50 GMT") == 30s);
    CHECK(retry_after("Tue, 14 Nov 2023 22:13:21 GMT") == 1s);
    CHECK(retry_after("Fri, 31 Dec 9999 23:59:59 GMT") == 365 * 24h);
}

TEST_CASE("Retry-After: everything else is as if absent") {
    for (const std::string_view text :
         {"", " ", "0", "00", "-1", "+5", "1.5", "5s", "0x5", "5, 6", "soon", "1e3",
          "Tue, 14 Nov 2023 22:13:20 GMT", "Tue, 14 Nov 2023 22:13:19 GMT",
          "Sun, 06 Nov 1994 08:49:37 GMT"}) {
        INFO(text);
        CHECK_FALSE(retry_after(text));
    }
}
