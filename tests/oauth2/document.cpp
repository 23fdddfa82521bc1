// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/document.hpp>

#include "bodies.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using outlast_tests::found;
using outlast_tests::second;

namespace {

/// An active answer with `members` besides.
finding with(std::string_view members, document_options const& options = {}) {
    return found("{\"active\":true," + std::string{members} + "}", options);
}

} // namespace

TEST_CASE("O-01 every fact of an active answer is kept") {
    const finding made = with(
        R"("exp":1700003600,"nbf":1699999990,"iat":1699999999,"scope":"read write:all",)"
        R"("aud":"api","iss":"https://as.example","sub":"u1","client_id":"c1","username":"ann",)"
        R"("token_type":"Bearer","jti":"j1","cnf":{"jkt":"K","x5t#S256":"X"},"other":{"exp":1})");
    REQUIRE(made.why == reason::active);
    REQUIRE(made.said);
    facts const& said = *made.said;
    CHECK(said.exp == second(3600));
    CHECK(said.nbf == second(-10));
    CHECK(said.iat == second(-1));
    CHECK(said.scope == std::vector<std::string>{"read", "write:all"});
    CHECK(said.aud == std::vector<std::string>{"api"});
    CHECK(said.iss == "https://as.example");
    CHECK(said.sub == "u1");
    CHECK(said.client_id == "c1");
    CHECK(said.username == "ann");
    CHECK(said.token_type == "Bearer");
    CHECK(said.jti == "j1");
    REQUIRE(said.cnf);
    CHECK(said.cnf->jkt == "K");
    CHECK(said.cnf->x5t_s256 == "X");
    CHECK(said.further.empty());
}

TEST_CASE("O-05 an answer may have no more than active") {
    const finding made = found(R"({"active":true})");
    REQUIRE(made.said);
    facts const& said = *made.said;
    CHECK_FALSE((said.exp || said.nbf || said.iat || said.iss || said.sub || said.client_id));
    CHECK_FALSE((said.username || said.token_type || said.jti || said.cnf));
    CHECK((said.scope.empty() && said.aud.empty()));
}

TEST_CASE("O-34 active is the string true: bad") {
    const finding made = found(R"({"active":"true","exp":1700003600})");
    CHECK(made.why == reason::active_not_boolean);
    CHECK(made.outcome() == outcome_class::bad);
    CHECK_FALSE(made.said);
}

TEST_CASE("O-35 active is missing: bad, not inactive") {
    CHECK(found(R"({"sub":"u1","exp":1700003600})").why == reason::active_missing);
    CHECK(found("{}").why == reason::active_missing);
    CHECK(found(R"({"Active":true})").why == reason::active_missing);
    CHECK(found(R"({"x":{"active":true}})").why == reason::active_missing);
    CHECK(found(R"({"cnf":{"active":true}})").why == reason::active_missing);
}

TEST_CASE("O-36 active is 1, null, \"false\", [] or {}: bad") {
    for (const std::string_view value : {"1", "0", "null", "\"false\"", "\"\"", "[]", "{}",
                                         "[true]", "{\"active\":true}", "1.0"}) {
        INFO(value);
        const finding made =
            found("{\"active\":" + std::string{value} + R"(,"exp":1700003600,"aud":"api"})");
        CHECK(made.why == reason::active_not_boolean);
        CHECK_FALSE(made.said);
    }
}

TEST_CASE("O-37 exp is a string: bad, unless numbers are read leniently") {
    constexpr std::string_view members = R"("exp":"1700003600","aud":"api")";
    CHECK(with(members).why == reason::bad_time);
    const document_options lenient{.lenient_numbers = true, .keep = {}};
    const finding made = with(members, lenient);
    REQUIRE(made.said);
    CHECK(made.said->exp == second(3600));
    for (const std::string_view bad :
         {"", " 1700003600", "1700003600 ", "0x1", "soon", "-1", "1700003600000", "1e400"}) {
        CHECK(with("\"exp\":\"" + std::string{bad} + "\"", lenient).why == reason::bad_time);
    }
    CHECK(with(R"("exp":[1])", lenient).why == reason::bad_time);
}

TEST_CASE("O-38 exp is fractional: rounded down, iat too, nbf up") {
    const finding made = with(R"("exp":1700000030.9,"iat":1700000000.9,"nbf":1700000000.1)");
    REQUIRE(made.said);
    CHECK(made.said->exp == second(30));
    CHECK(made.said->iat == second(0));
    CHECK(made.said->nbf == second(1));
}

TEST_CASE("O-39 exp is zero or negative: bad; so are nbf and iat") {
    for (const std::string_view name : {"exp", "nbf", "iat"}) {
        for (const std::string_view value : {"0", "-1", "-0.0", "true", "{}", "[1]", "\"1\""})
            CHECK(with("\"" + std::string{name} + "\":" + std::string{value}).why ==
                  reason::bad_time);
    }
}

TEST_CASE("O-40 exp in milliseconds or absurd: bad") {
    CHECK(with(R"("exp":1700003600000)").why == reason::bad_time);
    CHECK(with(R"("exp":9223372036854775808)").why == reason::bad_time);
    CHECK(with(R"("exp":253402300800)").why == reason::bad_time);
    CHECK(with(R"("exp":1e400)").outcome() == outcome_class::bad);
    const finding latest = with(R"("exp":253402300799)");
    REQUIRE(latest.said);
    CHECK(latest.said->exp == latest_numeric_date);
}

TEST_CASE("O-31 an inactive answer is inactive whatever else is in it, and nothing is kept") {
    for (const std::string_view body :
         {R"({"active":false,"exp":1700099999,"sub":"u1","scope":"read"})",
          R"({"exp":-1,"scope":7,"cnf":"x","active":false})", R"({"active":false})"}) {
        const finding made = found(body);
        CHECK(made.why == reason::inactive);
        CHECK(made.outcome() == outcome_class::inactive);
        CHECK_FALSE(made.said);
    }
    // But a document that means nothing is not inactive either.
    CHECK(found(R"({"active":false,"active":false})").why == reason::duplicate_member);
    CHECK(found(R"({"active":false,"exp":1e400})").why == reason::malformed_json);
}

TEST_CASE("document: null is absent") {
    const finding made = with(R"("exp":null,"nbf":null,"iat":null,"scope":null,"aud":null,)"
                              R"("iss":null,"sub":null,"cnf":null,"client_id":null)");
    REQUIRE(made.said);
    CHECK_FALSE((made.said->exp || made.said->nbf || made.said->cnf || made.said->iss));
    CHECK(made.said->aud.empty());
}

TEST_CASE("document: a known member of the wrong type is bad") {
    for (const std::string_view members : {R"("scope":["read"])",
                                           R"("scope":7)",
                                           R"("aud":7)",
                                           R"("aud":{})",
                                           R"("aud":[["api"]])",
                                           R"("aud":["api",7])",
                                           R"("aud":["api",null])",
                                           R"("aud":[{"x":"api"}])",
                                           R"("iss":7)",
                                           R"("iss":["https://as.example"])",
                                           R"("sub":true)",
                                           R"("client_id":{})",
                                           R"("username":1)",
                                           R"("token_type":[])",
                                           R"("jti":1)",
                                           R"("cnf":"K")",
                                           R"("cnf":["K"])",
                                           R"("cnf":{"jkt":7})",
                                           R"("cnf":{"x5t#S256":["X"]})",
                                           R"("cnf":{"jkt":{}})"}) {
        INFO(members);
        const finding made = with(members);
        CHECK(made.why == reason::bad_claim_type);
        CHECK_FALSE(made.said);
        CHECK(with(std::string{members} + R"(,"exp":0)").outcome() == outcome_class::bad);
    }
}

TEST_CASE("O-13 aud is a string or a list of strings") {
    const finding list = with(R"("aud":["other","x"])");
    REQUIRE(list.said);
    CHECK(list.said->aud == std::vector<std::string>{"other", "x"});
    const finding none = with(R"("aud":[])");
    REQUIRE(none.said);
    CHECK(none.said->aud.empty());
}

TEST_CASE("document: scope names are parted by blanks only") {
    const finding made = with(R"("scope":"  a  b\tc  ")");
    REQUIRE(made.said);
    CHECK(made.said->scope == std::vector<std::string>{"a", "b\tc"});
    const finding none = with(R"("scope":"")");
    REQUIRE(none.said);
    CHECK(none.said->scope.empty());
}

TEST_CASE("S24 any cnf is a binding, also of a kind that is not known") {
    for (const std::string_view cnf : {"{}", R"({"jwk":{"kty":"EC","jkt":"no"}})", R"({"kid":7})",
                                       R"({"jkt":null})", R"({"x":[1,{"jkt":"no"}],"y":"z"})"}) {
        INFO(cnf);
        const finding made = with("\"cnf\":" + std::string{cnf});
        REQUIRE(made.said);
        REQUIRE(made.said->cnf);
        CHECK(made.said->cnf->jkt.empty());
        CHECK(made.said->cnf->x5t_s256.empty());
    }
    const finding after = with(R"("cnf":{"jwk":{"a":[1]},"jkt":"K"})");
    REQUIRE(after.said);
    CHECK(after.said->cnf.value().jkt == "K");
}

TEST_CASE("S32 only claims that were asked for are kept") {
    const document_options options{.lenient_numbers = false,
                                   .keep = {"groups", "tier", "vip", "deep", "gone", "exp"}};
    const finding made = with(
        R"("groups":["a","b",3,true,null],"tier":1.50,"vip":false,"deep":{"x":"y"},"gone":null,)"
        R"("email":"ann@example.org","exp":1700003600)",
        options);
    REQUIRE(made.said);
    facts const& said = *made.said;
    const auto values = [&](std::string_view name) {
        const auto found_values = said.claim(name);
        return std::vector<std::string>(found_values.begin(), found_values.end());
    };
    CHECK(values("groups") == std::vector<std::string>{"a", "b", "3", "true"});
    CHECK(values("tier") == std::vector<std::string>{"1.50"});
    CHECK(values("vip") == std::vector<std::string>{"false"});
    CHECK(said.further.size() == 3);
    CHECK(said.exp == second(3600));

    const finding nested = with(R"("groups":["a",["b"],"c"],"tier":"x")", options);
    REQUIRE(nested.said);
    CHECK(nested.said->claim("groups").empty());
    CHECK(nested.said->further.size() == 1);
}

TEST_CASE("O-47 JSON but no object: bad") {
    for (const std::string_view body :
         {"null", "true", "false", "[]", "\"active\"", "1", "[true]", R"([{"active":true}])"}) {
        INFO(body);
        CHECK(found(body).why == reason::not_an_object);
    }
}

TEST_CASE("document: facts without an active are judged by themselves") {
    const auto problem = [](std::string_view body) {
        const document_options options;
        document read{options};
        REQUIRE_FALSE(read_strict_json(body, read));
        return read.problem_of_facts();
    };
    CHECK(problem(R"({"sub":"u1","exp":1700000000})") == std::nullopt);
    CHECK(problem(R"({"sub":"u1","active":"no"})") == std::nullopt);
    CHECK(problem(R"({"sub":7})") == reason::bad_claim_type);
    CHECK(problem(R"({"exp":"soon"})") == reason::bad_time);
    CHECK(problem("[]") == reason::not_an_object);
}
