// SPDX-License-Identifier: BSL-1.0
#include <outlast/names.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <initializer_list>
#include <string_view>

using outlast::circuit_state;
using outlast::refusal;
using outlast::source;
using outlast::stopped;
using outlast::verdict_kind;

namespace {

// Each value in turn has its name, and the one behind the last has none: a name that is forgotten
// here when an enum grows shows as one value too few.
template <class Enum>
void check_names(std::initializer_list<std::string_view> names) {
    std::size_t value = 0;
    for (const std::string_view name : names)
        CHECK(to_string(static_cast<Enum>(value++)) == name);
    CHECK(to_string(static_cast<Enum>(value)) == "unknown");
}

} // namespace

TEST_CASE("names: every value is called what its enumerator is called") {
    check_names<circuit_state>({"closed", "open", "half_open"});
    check_names<source>({"live", "cached", "stale", "fallback"});
    check_names<stopped>(
        {"none", "attempts", "deadline", "not_retryable", "told_not_to", "max_duration", "budget"});
    check_names<refusal>({"none", "timed_out", "circuit_open", "cancelled", "rate_limited",
                          "bulkhead_full", "unavailable", "invalid_options", "threw", "exhausted"});
    check_names<verdict_kind>({"success", "failure", "neutral", "expired"});
}

TEST_CASE("names: they are constants") {
    STATIC_REQUIRE(to_string(circuit_state::half_open) == "half_open");
    STATIC_REQUIRE(to_string(refusal::circuit_open) == "circuit_open");
}
