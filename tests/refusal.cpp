// SPDX-License-Identifier: BSL-1.0
#include <outlast/refusal.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <set>
#include <string>
#include <system_error>

using outlast::refusal;

TEST_CASE("refusal: a refusal is an error code") {
    const std::error_code e = refusal::circuit_open;
    CHECK(e);
    CHECK(e == refusal::circuit_open);
    CHECK(e != refusal::timed_out);
    CHECK(&e.category() == &outlast::refusal_category());
    CHECK(e.category().name() == std::string{"outlast"});
    CHECK_FALSE(std::error_code{refusal::none});
}

TEST_CASE("refusal: want of time and cancellation are those of the standard library too") {
    CHECK(std::error_code{refusal::timed_out} == std::errc::timed_out);
    CHECK(std::error_code{refusal::cancelled} == std::errc::operation_canceled);
    CHECK(std::error_code{refusal::circuit_open} != std::errc::timed_out);
    CHECK(std::error_code{refusal::circuit_open} != std::errc::operation_canceled);
}

TEST_CASE("refusal: each refusal has words of its own, as a state of the world") {
    CHECK(std::error_code{refusal::timed_out}.message() == "timed out");
    CHECK(std::error_code{refusal::circuit_open}.message() == "circuit open");
    CHECK(std::error_code{refusal::cancelled}.message() == "cancelled by the caller");
    std::set<std::string> all;
    for (int i = 0; i <= static_cast<int>(refusal::threw); ++i)
        all.insert(outlast::refusal_category().message(i));
    CHECK(all.size() == static_cast<std::size_t>(refusal::threw) + 1);
    CHECK(all.count("unknown refusal") == 0);
    CHECK(outlast::refusal_category().message(99) == "unknown refusal");
}
