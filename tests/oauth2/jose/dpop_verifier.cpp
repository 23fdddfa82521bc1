// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/jose/dpop_verifier.hpp>

#include <outlast/oauth2/introspector.hpp>

#include "oauth2/bodies.hpp"
#include "oauth2/support/dpop_proofs.hpp"
#include "oauth2/support/server.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <initializer_list>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using namespace outlast::oauth2::jose;
using namespace outlast_tests;
using namespace std::chrono_literals;

namespace {

/// A request of the example in RFC 9449 §7.1, as the client makes it; `now` is at the server.
struct exchange {
    double now = 0;
    dpop_options options{.wall = [this] { return at(now); }};
    dpop_verifier verify{options};

    std::vector<std::string> authorization{"DPoP " + std::string{rfc_token}};
    std::string method = "GET";
    std::string url = "https://resource.example.org/protectedresource?page=2";
    std::string jti = "a";
    double iat = 0;
    std::string htu = "https://resource.example.org/protectedresource";
    std::string ath{rfc_ath};

    exchange() = default;
    exchange(const exchange&) = delete;

    [[nodiscard]] std::string proof() const {
        std::string claims = R"({"jti":")" + jti + R"(","htm":"GET","htu":")" + htu +
                             R"(","iat":)" + std::to_string(t0 + static_cast<std::int64_t>(iat));
        if (!ath.empty())
            claims += R"(,"ath":")" + ath + '"';
        return made({.claims = claims + '}'});
    }
    dpop_verifier::outcome with(std::initializer_list<std::string> proofs) {
        const std::vector<std::string_view> tokens{authorization.begin(), authorization.end()};
        const std::vector<std::string_view> headers{proofs.begin(), proofs.end()};
        return verify({.authorization = tokens, .proofs = headers, .method = method, .url = url});
    }
    dpop_problem wrong() { return with({proof()}).wrong; }
};

} // namespace

TEST_CASE("dpop: the request of RFC 9449 §7.1, at its time") {
    exchange e;
    e.now = 1'562'262'618.0 - t0;
    const auto found = e.with({std::string{rfc_proof}});
    CHECK(found.wrong == dpop_problem::none);
    CHECK(found.key.text() == rfc_jkt);
    CHECK(e.with({std::string{rfc_proof}}).wrong == dpop_problem::used);
    exchange later;
    CHECK(later.with({std::string{rfc_proof}}).wrong == dpop_problem::wrong_time);
}

TEST_CASE("dpop: a proof is for one method, one URL, one token and once") {
    exchange e;
    CHECK(e.wrong() == dpop_problem::none);
    CHECK(e.wrong() == dpop_problem::used);
    e.jti = "b";
    e.method = "POST";
    CHECK(e.wrong() == dpop_problem::other_method);
    e.method = "get";
    CHECK(e.wrong() == dpop_problem::other_method);
    e.method = "GET";
    e.url = "https://resource.example.org/other";
    CHECK(e.wrong() == dpop_problem::other_url);
    e.url = "https://resource.example.org/protectedresource";
    e.authorization = {"DPoP another"};
    CHECK(e.wrong() == dpop_problem::other_token);
    e.authorization = {"DPoP " + std::string{rfc_token}};
    e.ath.clear();
    CHECK(e.wrong() == dpop_problem::other_token);
    e.ath = rfc_ath;
    CHECK(e.wrong() == dpop_problem::none); // what was refused has not used it up
}

TEST_CASE("dpop: a proof is as old as it says, and not too far ahead") {
    for (const auto& [now, good] :
         {std::pair{0.0, true}, {60.9, true}, {61.0, false}, {-5.0, true}, {-5.1, false}}) {
        CAPTURE(now);
        exchange e;
        e.now = now;
        CHECK(e.wrong() == (good ? dpop_problem::none : dpop_problem::wrong_time));
    }
}

TEST_CASE("dpop: a proof that was used is known until it is out of its time") {
    exchange e;
    e.now = -5;
    CHECK(e.wrong() == dpop_problem::none);
    for (const double now : {0.0, 30.0, 60.0}) {
        e.now = now;
        CHECK(e.wrong() == dpop_problem::used);
    }
    e.now = 61;
    CHECK(e.wrong() == dpop_problem::wrong_time);
}

TEST_CASE("dpop: one token under its scheme, and one proof") {
    exchange e;
    CHECK(e.with({}).wrong == dpop_problem::no_proof);
    CHECK(e.with({e.proof(), e.proof()}).wrong == dpop_problem::no_proof);
    CHECK(e.with({""}).wrong == dpop_problem::bad_proof);
    CHECK(e.with({e.proof() + ", " + e.proof()}).wrong == dpop_problem::bad_proof);
    e.authorization = {"Bearer " + std::string{rfc_token}};
    CHECK(e.wrong() == dpop_problem::no_token);
    e.authorization = {};
    CHECK(e.wrong() == dpop_problem::no_token);
    e.authorization = {"DPoP a", "DPoP a"};
    CHECK(e.wrong() == dpop_problem::no_token);
}

TEST_CASE("dpop: proofs by two keys may have the same jti") {
    exchange e;
    CHECK(e.wrong() == dpop_problem::none);
    const std::string by_another =
        made({.key = jose_keys::other_p256,
              .jwk = public_jwk(jose_keys::other_p256),
              .claims = R"({"jti":"a","htm":"GET","htu":")" + e.htu +
                        R"(","iat":1700000000,"ath":")" + e.ath + "\"}"});
    CHECK(e.with({by_another}).wrong == dpop_problem::none);
    CHECK(e.with({by_another}).wrong == dpop_problem::used);
}

TEST_CASE("S24 dpop: from the proof to the decision") {
    exchange e;
    const auto found = e.with({e.proof()});
    REQUIRE_FALSE(found.key.empty());
    scripted_server server;
    server.otherwise = says(R"({"active":true,"exp":1700003600,"cnf":{"jkt":")" +
                            std::string{found.key.text()} + "\"}}");
    introspector api{introspector_options{.endpoints = {"https://as.example/introspect"},
                                          .bearer = {.dpop_algorithms = "ES256"},
                                          .wall = [] { return at(0); }},
                     server};
    const auto status = [&](std::string_view authorization, const thumbprint& key) {
        return api(authorization, {}, outlast::forever, {}, held_keys{.dpop = key}).status;
    };
    CHECK(status(e.authorization[0], found.key) == 200);
    CHECK(status("Bearer " + std::string{rfc_token}, found.key) == 401);
    CHECK(status(e.authorization[0], e.with({e.proof()}).key) == 401); // the proof was used
    CHECK(status(e.authorization[0], thumbprint::from_text(rfc_jkt).value()) == 401);
}

TEST_CASE("dpop: options that make no sense are refused with a sentence") {
    const auto bad = [](auto spoil) {
        dpop_options o;
        spoil(o);
        CHECK(o.problem() != nullptr);
        CHECK_THROWS_AS(dpop_verifier{o}, std::invalid_argument);
    };
    CHECK(dpop_options{}.problem() == nullptr);
    bad([](auto& o) { o.allowed = {}; });
    bad([](auto& o) { o.max_age = 0s; });
    bad([](auto& o) { o.max_age = 601s; });
    bad([](auto& o) { o.ahead = -1s; });
    bad([](auto& o) { o.ahead = 61s; });
    bad([](auto& o) { o.remembered = 0; });
    bad([](auto& o) { o.wall = nullptr; });
}

TEST_CASE("dpop: what is wrong has a name") {
    std::set<std::string_view> names;
    for (int i = 0; i <= static_cast<int>(dpop_problem::used); ++i)
        names.insert(to_string(static_cast<dpop_problem>(i)));
    CHECK(names.size() == 9);
    CHECK_FALSE(names.contains("unknown"));
}
