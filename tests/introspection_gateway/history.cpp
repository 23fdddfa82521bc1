// SPDX-License-Identifier: BSL-1.0
#include "history.hpp"

#include "support/catch.hpp"

#include <boost/json/serialize.hpp>

using namespace std::chrono_literals;
using gateway::answer_class;

TEST_CASE("gateway history: seconds in which something happened, the oldest first") {
    gateway::history h;
    CHECK(serialize(h.json(7)) == "[]");
    h.checked(3, answer_class::live);
    h.checked(5, answer_class::unavailable);
    h.checked(5, answer_class::unavailable);
    h.called(5, 10ms);
    h.called(5, 30ms);
    const auto rows = h.json(7);
    REQUIRE(rows.size() == 2);
    CHECK(serialize(rows[0]) == "[3,1,0,0,0,0,0,0,0E0,0E0]");
    CHECK(serialize(rows[1]) == "[5,0,0,0,0,2,0,2,2E1,3E1]");
}

TEST_CASE("gateway history: what is too old is gone") {
    gateway::history h;
    const auto span = static_cast<std::int64_t>(gateway::history::seconds);
    h.checked(1, answer_class::stale);
    CHECK(h.json(span).size() == 1);
    CHECK(h.json(span + 1).empty());
    h.checked(1 + span, answer_class::live); // in the same place
    const auto rows = h.json(1 + span);
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].as_array()[0] == 1 + span);
    CHECK(rows[0].as_array()[1] == 1);
    CHECK(rows[0].as_array()[3] == 0);
}
