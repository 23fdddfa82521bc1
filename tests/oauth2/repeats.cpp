// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/repeats.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using outlast::instant;
using outlast::oauth2::repeated_failures;
using outlast::oauth2::token_digest;

namespace {
token_digest digest(unsigned char n) {
    token_digest d;
    d.bytes[0] = n;
    return d;
}
} // namespace

TEST_CASE("S8: a token's failure counts once in the span, and again at its end") {
    repeated_failures r{10s};
    CHECK_FALSE(r.again(digest(1), instant{0s}));
    CHECK(r.again(digest(1), instant{1s}));
    CHECK(r.again(digest(1), instant{9999ms}));
    CHECK_FALSE(r.again(digest(1), instant{10s})); // measured from the one that counted
    CHECK(r.again(digest(1), instant{19s}));
}

TEST_CASE("S8: tokens count apart") {
    repeated_failures r{10s};
    CHECK_FALSE(r.again(digest(1), instant{0s}));
    CHECK_FALSE(r.again(digest(2), instant{0s}));
    CHECK(r.again(digest(2), instant{1s}));
}

TEST_CASE("S8: the memory of failures is bounded") {
    repeated_failures r{10s, 2};
    for (unsigned char n = 0; n != 3; ++n)
        CHECK_FALSE(r.again(digest(n), instant{0s}));
    CHECK_FALSE(r.again(digest(0), instant{1s})); // displaced
    CHECK(r.again(digest(2), instant{1s}));
}

TEST_CASE("S8: a definite answer ends the suspicion") {
    repeated_failures r{10s};
    CHECK_FALSE(r.again(digest(1), instant{0s}));
    r.answered(digest(1));
    r.answered(digest(2)); // never failed
    CHECK_FALSE(r.again(digest(1), instant{1s}));
    CHECK(r.again(digest(1), instant{2s}));
}

TEST_CASE(
    "S8: the answer after an outage ends all suspicions, and one after fewer failures does not") {
    const unsigned char tokens = GENERATE(as<unsigned char>{}, 9, 10);
    repeated_failures r{10s};
    for (unsigned char n = 0; n != tokens; ++n) {
        CHECK_FALSE(r.again(digest(n), instant{0s}));
        CHECK(r.again(digest(n), instant{0s}) == (n != 9)); // a repeat lengthens no row
    }
    r.answered(digest(200));
    for (unsigned char n = 0; n != tokens; ++n)
        CHECK(r.again(digest(n), instant{1s}) == (tokens < 10));
}

TEST_CASE("S8: during an outage each failure counts, until somebody is answered") {
    repeated_failures r{10s};
    for (unsigned char n = 0; n != 10; ++n)
        CHECK_FALSE(r.again(digest(n), instant{0s}));
    for (unsigned char n = 0; n != 10; ++n)
        CHECK_FALSE(r.again(digest(n), instant{1s}));
    r.answered(digest(200));
    CHECK_FALSE(r.again(digest(0), instant{2s}));
    CHECK(r.again(digest(0), instant{3s}));
}

TEST_CASE("S8: answers between the failures of many tokens leave each under suspicion") {
    repeated_failures r{10s};
    for (unsigned char n = 0; n != 20; ++n) {
        CHECK_FALSE(r.again(digest(n), instant{0s}));
        r.answered(digest(200));
    }
    CHECK(r.again(digest(0), instant{1s}));
}
