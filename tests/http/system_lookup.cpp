// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/system_lookup.hpp"

#include "support/catch.hpp"

#include <algorithm>

using namespace outlast::http;

TEST_CASE("system lookup: localhost is loopback, and an address is itself") {
    const auto local = system_lookup("localhost");
    REQUIRE(local);
    REQUIRE_FALSE(local.value().empty());
    CHECK(std::all_of(local.value().begin(), local.value().end(),
                      [](const auto& each) { return each.is_loopback(); }));
    CHECK(system_lookup("192.0.2.7").value() ==
          address_list{boost::asio::ip::make_address("192.0.2.7")});
    CHECK(system_lookup("2001:db8::7").value() ==
          address_list{boost::asio::ip::make_address("2001:db8::7")});
}

TEST_CASE("system lookup: what cannot be a name is not found") {
    const auto found = system_lookup(".");
    REQUIRE_FALSE(found);
    CHECK(sent_nothing(found.error()));
}
