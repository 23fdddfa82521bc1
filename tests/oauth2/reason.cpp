// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/reason.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

TEST_CASE("reason: every one has a name of its own, fit for a label, and classes stand together") {
    std::set<std::string_view> names;
    auto last = outcome_class::active;
    for (std::uint8_t i = 0; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        const std::string_view name = to_string(why);
        CHECK(name != "unknown");
        CHECK(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == name.npos);
        names.insert(name);
        CHECK(class_of(why) >= last);
        last = class_of(why);
    }
    CHECK(names.size() == reason_count);
    CHECK(last == outcome_class::odd);
    CHECK(to_string(static_cast<reason>(reason_count)) == "unknown");
}

TEST_CASE("reason: the borders between the classes") {
    CHECK(class_of(reason::active) == outcome_class::active);
    CHECK(class_of(reason::inactive) == outcome_class::inactive);
    CHECK(class_of(reason::unsupported_token_type) == outcome_class::inactive);
    CHECK(class_of(reason::request_timeout) == outcome_class::down);
    CHECK(class_of(reason::not_discovered) == outcome_class::down);
    CHECK(class_of(reason::redirect) == outcome_class::bad);
    CHECK(class_of(reason::bad_endpoint) == outcome_class::bad);
    CHECK(class_of(reason::unknown_key) == outcome_class::bad);
    CHECK(class_of(reason::client_refused) == outcome_class::fault);
    CHECK(class_of(reason::fault_latched) == outcome_class::fault);
    CHECK(class_of(reason::bad_request) == outcome_class::odd);
    CHECK(class_of(reason::refused) == outcome_class::odd);
}

TEST_CASE("outcome_class: has names") {
    CHECK(to_string(outcome_class::active) == "active");
    CHECK(to_string(outcome_class::inactive) == "inactive");
    CHECK(to_string(outcome_class::down) == "down");
    CHECK(to_string(outcome_class::bad) == "bad");
    CHECK(to_string(outcome_class::fault) == "fault");
    CHECK(to_string(outcome_class::odd) == "odd");
}
