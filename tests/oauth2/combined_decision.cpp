// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/combined_decision.hpp>

#include "support/catch.hpp"
#include "support/outcome_words.hpp"

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast_tests::words_of;

namespace {

const quoted realm = *quoted::make("r");

decision yes() {
    decision d;
    d.status = 200;
    d.who = std::make_shared<const facts>();
    d.how = decision::assurance::live;
    d.because = reason::active;
    return d;
}
decision no() {
    decision d;
    d.because = reason::inactive;
    return detail::refused(invalid_token(realm), std::move(d));
}
decision no_scope() {
    decision d;
    d.because = reason::active;
    return detail::refused(insufficient_scope(realm, *quoted::make("write")), std::move(d));
}
decision cannot_tell(std::chrono::seconds wait) {
    decision d;
    d.because = reason::circuit_open;
    return detail::refused(unavailable(wait), std::move(d));
}
decision no_request() { return detail::refused(invalid_request(realm)); }

/// The words of what they come to, and how many of them were heard.
std::string of(std::initializer_list<decision> all) {
    combined_decision together;
    int heard = 0;
    for (const decision& d : all) {
        ++heard;
        if (const auto decided = together.take(d))
            return words_of(*decided) + " by " + std::to_string(heard);
    }
    return words_of(std::move(together).end());
}

} // namespace

TEST_CASE("issuers: one that knows the token decides") {
    CHECK(of({yes(), no()}) == "ALLOW(live) by 1");
    CHECK(of({no(), yes()}) == "ALLOW(live) by 2");
    CHECK(of({cannot_tell(5s), yes()}) == "ALLOW(live) by 2");
    CHECK(of({no(), no_scope(), yes()}) == "403-IS(write) by 2");
}

TEST_CASE("issuers: all say no: 401; one cannot tell: 503, at the earliest time") {
    CHECK(of({no(), no()}) == "401-IT");
    CHECK(of({no(), cannot_tell(7s)}) == "503(7)");
    CHECK(of({cannot_tell(7s), no()}) == "503(7)");
    CHECK(of({cannot_tell(7s), cannot_tell(3s), cannot_tell(9s)}) == "503(3)");
}

TEST_CASE("issuers: a request that is no good is none for any of them") {
    CHECK(of({no_request(), yes()}) == "400-IR by 1");
}
