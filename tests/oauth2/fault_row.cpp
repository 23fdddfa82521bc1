// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/fault_row.hpp>

#include "support/catch.hpp"

using outlast::oauth2::fault_row;
using outlast::oauth2::reason;
using outlast::oauth2::token_digest;

namespace {
token_digest digest(unsigned char n) {
    token_digest d;
    d.bytes[0] = n;
    return d;
}
} // namespace

TEST_CASE("S8 fault_row: a token counts once in a row, whatever comes between") {
    fault_row r;
    CHECK_FALSE(r.again(digest(1)));
    CHECK(r.again(digest(1)));
    CHECK_FALSE(r.again(digest(2)));
    CHECK(r.again(digest(1)));
    CHECK(r.again(digest(2)));
    CHECK_FALSE(r.again(digest(3)));
}

TEST_CASE("S8 fault_row: the last fault ends the row, and a definite answer does") {
    fault_row r;
    for (unsigned char n = 1; n != 4; ++n)
        CHECK_FALSE(r.again(digest(n)));
    CHECK_FALSE(r.again(digest(1)));
    r.answered();
    CHECK_FALSE(r.again(digest(1)));
    CHECK(r.again(digest(1)));
}

TEST_CASE("fault_row: takes what our credentials and configuration are refused for, but no 403") {
    for (const reason why : {reason::client_refused, reason::not_found, reason::method_refused,
                             reason::media_refused, reason::misconfigured})
        CHECK(fault_row::takes(why));
    for (const reason why :
         {reason::forbidden, reason::server_error, reason::not_json, reason::bad_request,
          reason::refused, reason::active, reason::inactive, reason::circuit_open})
        CHECK_FALSE(fault_row::takes(why));
}
