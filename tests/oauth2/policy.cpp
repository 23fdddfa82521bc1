// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/policy.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>

using namespace outlast::oauth2;
using namespace std::chrono_literals;
using outlast_tests::at;
using outlast_tests::found;
using outlast_tests::r_plus;
using outlast_tests::second;

namespace {

/// The policy of profile D.
requirements usual() {
    requirements wanted;
    wanted.audience = "api";
    return wanted;
}

facts r_plus_facts(std::int64_t offset) { return *found(r_plus(offset)).said; }

/// The facts of an answer with audience and `member`.
facts with(std::string const& member) {
    return *found(R"({"active":true,"aud":"api",)" + member + "}").said;
}

ruling live(facts const& what, requirements const& wanted = usual(), double when = 0) {
    return check(what, wanted, at(when), freshness::live);
}

ruling cached(facts const& what, double when, requirements const& wanted = usual()) {
    return check(what, wanted, at(when), freshness::cached);
}

} // namespace

TEST_CASE("O-01 what is required is there: ok") {
    CHECK(live(r_plus_facts(3600)) == ruling::ok);
    CHECK(cached(r_plus_facts(3600), 59) == ruling::ok);
}

TEST_CASE("O-05 without exp a token does not expire") {
    CHECK(cached(with(R"("sub":"u1")"), 1e9) == ruling::ok);
}

TEST_CASE("O-12 a scope is missing: insufficient_scope, cached or not") {
    requirements wanted = usual();
    wanted.scopes = {"write"};
    CHECK(live(r_plus_facts(3600), wanted) == ruling::insufficient_scope);
    CHECK(cached(r_plus_facts(3600), 1, wanted) == ruling::insufficient_scope);
    wanted.scopes = {"read"};
    CHECK(live(r_plus_facts(3600), wanted) == ruling::ok);
    wanted.scopes = {"read", "write"}; // all of them
    CHECK(live(r_plus_facts(3600), wanted) == ruling::insufficient_scope);
    CHECK(live(with(R"("scope":"write x read")"), wanted) == ruling::ok);
}

TEST_CASE("O-13 wrong audience, or none said") {
    const facts other = *found(R"({"active":true,"aud":["other","x"]})").said;
    CHECK(live(other) == ruling::wrong_audience);
    CHECK(cached(other, 1) == ruling::wrong_audience);
    const facts none = *found(R"({"active":true,"exp":1700003600})").said;
    CHECK(live(none) == ruling::wrong_audience);
    CHECK(live(*found(R"({"active":true,"aud":["x","api"]})").said) == ruling::ok);
    CHECK(live(other, requirements{}) == ruling::ok); // not required
}

TEST_CASE("O-14 issuers are compared exactly, and one must be said") {
    requirements wanted = usual();
    wanted.issuer = "https://as.example";
    CHECK(live(with(R"("iss":"https://as.example/")"), wanted) == ruling::wrong_issuer);
    CHECK(live(with(R"("iss":"https://AS.example")"), wanted) == ruling::wrong_issuer);
    CHECK(live(with(R"("sub":"u1")"), wanted) == ruling::wrong_issuer);
    CHECK(live(with(R"("iss":"https://as.example")"), wanted) == ruling::ok);
    CHECK(live(with(R"("iss":"https://other.example")")) == ruling::ok); // not required
}

TEST_CASE("policy: an empty requirement refuses everything") {
    requirements wanted;
    wanted.audience = "";
    CHECK(live(*found(R"({"active":true,"aud":""})").said, wanted) == ruling::wrong_audience);
    wanted = {};
    wanted.issuer = "";
    CHECK(live(*found(R"({"active":true,"iss":""})").said, wanted) == ruling::wrong_issuer);
}

TEST_CASE("O-15 exp long past is expired, live too") {
    CHECK(live(r_plus_facts(-60)) == ruling::expired);
}

TEST_CASE("O-16 exp within the leeway counts live, never cached") {
    CHECK(live(r_plus_facts(-5)) == ruling::ok);
    CHECK(cached(r_plus_facts(-5), 0) == ruling::expired);
    CHECK(live(r_plus_facts(0), usual(), 9.999) == ruling::ok);
    CHECK(live(r_plus_facts(0), usual(), 10) == ruling::expired); // at the limit
}

TEST_CASE("O-17 O-18 O-19 O-22 cached facts end at exp, to the instant") {
    CHECK(cached(r_plus_facts(30), 29.999999) == ruling::ok);
    CHECK(cached(r_plus_facts(30), 30) == ruling::expired);
    CHECK(cached(r_plus_facts(1), 0.9) == ruling::ok);
    CHECK(cached(r_plus_facts(1), 1.0) == ruling::expired);
}

TEST_CASE("O-38 a fractional exp ends at its floor") {
    const facts what = with(R"("exp":1700000030.9)");
    CHECK(cached(what, 29.9) == ruling::ok);
    CHECK(cached(what, 30) == ruling::expired);
}

TEST_CASE("O-40 the year 9999 overflows nothing") {
    const facts what = with(R"("exp":253402300799,"nbf":253402300799)");
    CHECK(live(what) == ruling::not_yet_valid);
    CHECK(live(with(R"("exp":253402300799)")) == ruling::ok);
    using clock = std::chrono::system_clock;
    CHECK(check(what, usual(), clock::time_point::max(), freshness::live) == ruling::not_yet_valid);
    CHECK(check(what, usual(), clock::time_point::min(), freshness::live) == ruling::not_yet_valid);
}

TEST_CASE("nbf has a leeway of 10 s, live and cached") {
    const facts soon = with(R"("nbf":1700000010)");
    CHECK(live(soon) == ruling::ok);
    CHECK(cached(soon, 0) == ruling::ok);
    CHECK(live(soon, usual(), -0.001) == ruling::not_yet_valid);
    CHECK(cached(soon, -0.001) == ruling::not_yet_valid);
    CHECK(live(with(R"("nbf":1700000010.1)")) == ruling::not_yet_valid); // rounded up to 11
}

TEST_CASE("leeways can be chosen") {
    requirements wanted = usual();
    wanted.exp_leeway_live = 0s;
    wanted.nbf_leeway = 0s;
    CHECK(live(r_plus_facts(0), wanted) == ruling::expired);
    CHECK(live(with(R"("nbf":1700000001)"), wanted) == ruling::not_yet_valid);
    wanted.exp_leeway_cached = 2s;
    CHECK(cached(r_plus_facts(0), 1.9, wanted) == ruling::ok);
    CHECK(cached(r_plus_facts(0), 2, wanted) == ruling::expired);
}

TEST_CASE("S24 a sender-constrained token without a proof is refused") {
    for (const std::string member :
         {R"("cnf":{"jkt":"K"})", R"("cnf":{"x5t#S256":"X"})", R"("cnf":{})", R"("cnf":{"jwk":{}})",
          R"("token_type":"DPoP")", R"("token_type":"dpop")"}) {
        INFO(member);
        const facts what = with(member);
        CHECK(live(what) == ruling::sender_constrained);
        CHECK(cached(what, 0) == ruling::sender_constrained);
    }
    CHECK(live(with(R"("token_type":"Bearer")")) == ruling::ok);
    CHECK(live(with(R"("cnf":null)")) == ruling::ok);
}

TEST_CASE("S24 each key that a token is bound to has to be held, as the scheme has it") {
    constexpr std::string_view a = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    constexpr std::string_view b = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const auto by = [](auth_scheme scheme, std::string_view certificate, std::string_view dpop) {
        return sender{
            .scheme = scheme,
            .keys = {.certificate = thumbprint::from_text(certificate).value_or(thumbprint{}),
                     .dpop = thumbprint::from_text(dpop).value_or(thumbprint{})}};
    };
    const facts to_a = with(R"("cnf":{"jkt":")" + std::string{a} + "\"}");
    const facts to_certificate_a = with(R"("cnf":{"x5t#S256":")" + std::string{a} + "\"}");
    const facts to_proof = with(R"("token_type":"DPoP")");
    const auto ruled = [](const facts& what, const sender& from) {
        return check(what, usual(), at(0), freshness::live, from);
    };
    using enum auth_scheme;
    CHECK(ruled(to_a, by(dpop, "", a)) == ruling::ok);
    CHECK(ruled(to_a, by(dpop, a, b)) == ruling::sender_constrained);
    CHECK(ruled(to_a, by(bearer, "", a)) == ruling::sender_constrained);
    CHECK(ruled(to_a, by(bearer, a, "")) == ruling::sender_constrained);
    CHECK(ruled(to_certificate_a, by(bearer, a, "")) == ruling::ok);
    CHECK(ruled(to_certificate_a, by(bearer, b, a)) == ruling::sender_constrained);
    CHECK(ruled(to_certificate_a, by(dpop, a, a)) == ruling::sender_constrained);
    CHECK(ruled(to_proof, by(dpop, "", a)) == ruling::sender_constrained); // no key to compare with
    CHECK(ruled(with(R"("sub":"x")"), by(dpop, "", a)) == ruling::not_bound);
}

TEST_CASE("policy: a route may want tokens that are bound") {
    requirements wanted = usual();
    wanted.sender_constrained = true;
    CHECK(live(with(R"("sub":"x")"), wanted) == ruling::not_bound);
}

TEST_CASE("policy: a token that is not good at all gets no 403") {
    requirements wanted = usual();
    wanted.scopes = {"write"};
    CHECK(live(r_plus_facts(-60), wanted) == ruling::expired);
    CHECK(live(*found(R"({"active":true,"aud":"x"})").said, wanted) == ruling::wrong_audience);
    CHECK(live(with(R"("cnf":{})"), wanted) == ruling::sender_constrained);
}

TEST_CASE("policy: requirements that cannot be meant are found out") {
    CHECK(problem_of(usual()).empty());
    CHECK(problem_of({}).empty());
    const auto problem = [](auto change) {
        requirements wanted = usual();
        change(wanted);
        return problem_of(wanted);
    };
    CHECK(problem([](auto& r) { r.audience = ""; }) == "the required audience is empty");
    CHECK(problem([](auto& r) { r.issuer = ""; }) == "the required issuer is empty");
    CHECK(problem([](auto& r) { r.scopes = {""}; }) == "a required scope is empty");
    for (const std::string scope : {"a b", "a\"", "a\\", "a\n", "\xc3\xa9"}) {
        CHECK(problem([&](auto& r) { r.scopes = {"ok", scope}; }) ==
              "a required scope is not one scope name");
    }
    constexpr std::string_view leeway = "a leeway is not between 0 and 300 s";
    CHECK(problem([](auto& r) { r.exp_leeway_live = -1s; }) == leeway);
    CHECK(problem([](auto& r) { r.exp_leeway_cached = 301s; }) == leeway);
    CHECK(problem([](auto& r) { r.nbf_leeway = std::chrono::seconds::max(); }) == leeway);
    CHECK(problem([](auto& r) { r.nbf_leeway = 300s; }).empty());
}

TEST_CASE("ruling: has names") {
    CHECK(to_string(ruling::ok) == "ok");
    CHECK(to_string(ruling::expired) == "expired");
    CHECK(to_string(ruling::not_yet_valid) == "not_yet_valid");
    CHECK(to_string(ruling::wrong_issuer) == "wrong_issuer");
    CHECK(to_string(ruling::wrong_audience) == "wrong_audience");
    CHECK(to_string(ruling::sender_constrained) == "sender_constrained");
    CHECK(to_string(ruling::not_bound) == "not_bound");
    CHECK(to_string(ruling::insufficient_scope) == "insufficient_scope");
}
