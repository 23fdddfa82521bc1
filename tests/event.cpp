// SPDX-License-Identifier: BSL-1.0
#include <outlast/event.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <set>
#include <string_view>
#include <vector>

using outlast::event;
using outlast::event_kind;

TEST_CASE("event: every kind has a word of its own") {
    std::set<std::string_view> words;
    int kinds = 0;
    for (auto k = event_kind::retrying; k <= event_kind::failed_over;
         k = static_cast<event_kind>(static_cast<int>(k) + 1)) {
        ++kinds;
        words.insert(to_string(k));
    }
    CHECK(words.size() == static_cast<std::size_t>(kinds));
    CHECK(!words.contains("unknown"));
    CHECK(to_string(static_cast<event_kind>(200)) == "unknown");
}

TEST_CASE("event: a sink is empty by default, and takes what it is given") {
    CHECK(!outlast::sink{});
    std::vector<event_kind> seen;
    auto note = [&](const event& e) { seen.push_back(e.what); };
    const outlast::sink to = note;
    to({.what = event_kind::opened, .policy = "circuit breaker"});
    CHECK(seen == std::vector{event_kind::opened});
}
