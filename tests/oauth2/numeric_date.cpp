// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/numeric_date.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

std::optional<std::int64_t> read(std::string_view text, fraction rounding = fraction::down) {
    const auto moment = read_numeric_date(text, rounding);
    if (!moment)
        return std::nullopt;
    return moment->time_since_epoch().count();
}

} // namespace

TEST_CASE("O-38 a fraction goes down for exp and up for nbf") {
    CHECK(read("1700000030.9") == 1700000030);
    CHECK(read("1700000030.9", fraction::up) == 1700000031);
    CHECK(read("1700000030.0", fraction::up) == 1700000030);
    CHECK(read("1700000030.000000000000000000001", fraction::up) == 1700000031);
    // As a double this is 1700000031.
    CHECK(read("1700000030.99999999999999") == 1700000030);
}

TEST_CASE("O-39 zero and negative numbers are out of range") {
    for (const std::string_view text : {"0", "-1", "0.0", "-0", "0e5", "0.000e3", "-1700000000"})
        CHECK_FALSE(read(text));
    CHECK(read("0.5") == 0); // above 0, so in range; long past all the same
    CHECK(read("0.5", fraction::up) == 1);
    CHECK(read("1e-400", fraction::up) == 1);
}

TEST_CASE("O-40 milliseconds and absurd numbers are out of range") {
    for (const std::string_view text :
         {"1700003600000", "9223372036854775808", "18446744073709551616", "1e400", "253402300800",
          "253402300799.1", "1e13", "1e99999999999999999999999", "99999999999999999999e-1"})
        CHECK_FALSE(read(text));
    CHECK(read("253402300799") == 253402300799);
    CHECK(read("253402300799.0") == 253402300799);
    CHECK_FALSE(read("253402300799.5", fraction::up));
    CHECK(read("253402300798.5", fraction::up) == 253402300799);
    CHECK_FALSE(read(std::string(60'000, '9')));
}

TEST_CASE("numeric_date: exponents are exact in both directions") {
    CHECK(read("17e8") == 1700000000);
    CHECK(read("1.7E+9") == 1700000000);
    CHECK(read("17000000305e-1") == 1700000030);
    CHECK(read("17000000305e-1", fraction::up) == 1700000031);
    CHECK(read("0.00000000017e19") == 1700000000);
    CHECK(read("1700000000000000000000000000000e-21") == 1700000000);
    CHECK(read("1e-99999999999999999999999") == 0);
    CHECK(read("1." + std::string(60'000, '0')) == 1);
    CHECK(read("0." + std::string(20'000, '0') + "17e20010") == 1700000000);
}

TEST_CASE("numeric_date: what is no JSON number is none") {
    using namespace std::string_view_literals;
    for (const std::string_view text :
         {""sv, " 1"sv, "1 "sv, "+1"sv, "01"sv, ".5"sv, "1."sv, "1.e5"sv, "1e"sv, "1e+"sv, "1e-"sv,
          "0x10"sv, "NaN"sv, "Infinity"sv, "1,5"sv, "1.5.5"sv, "1e5e5"sv, "1\0"sv, "1e5.5"sv})
        CHECK_FALSE(read(text));
}
