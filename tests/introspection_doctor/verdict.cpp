// SPDX-License-Identifier: BSL-1.0
#include "verdict.hpp"

#include "examinations.hpp"
#include "support/catch.hpp"

#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace doctor_tests;
using Catch::Matchers::ContainsSubstring;
using doctor::condition;
using doctor::judge;
using doctor::problem;
using doctor::sight;
using doctor::step;
using doctor::surprise;
using outlast::http::errc;
using outlast::oauth2::reason;

namespace {

const std::string until_then =
    "; until then the API's clients get 503, but with tokens that it remembers.";

sight at(step where, const problem& wrong, int status = 0) {
    sight s = introspection(wrong, status);
    s.what = where;
    if (where == step::name)
        s.where = "idp.example";
    return s;
}

} // namespace

TEST_CASE("doctor verdict: what is wrong, what to do, and the exit code") {
    using row = std::tuple<step, problem, int, condition, std::string>;
    const auto [where, wrong, status, code, sentence] = GENERATE(
        row{step::name, errc::name_not_found, 0, condition::name,
            "There is no host idp.example: correct the name in the URL, or put it back into DNS"},
        row{step::name, errc::name_lookup_failed, 0, condition::name,
            "The name service can't say where idp.example is: look at the name servers of this "
            "machine (/etc/resolv.conf)"},
        row{step::name, errc::name_lookup_timeout, 0, condition::name,
            "The name service doesn't say within 5 s where idp.example is: look at the name "
            "servers of this machine (/etc/resolv.conf)"},
        row{step::connection, errc::connection_refused, 0, condition::connection,
            "Nothing listens on port 443 of idp.example (192.0.2.7): start the authorization "
            "server, or correct the port in the URL"},
        row{step::connection, errc::unreachable, 0, condition::connection,
            "There is no way from this machine to idp.example (192.0.2.7): look at routes and "
            "firewalls, and at the address in DNS"},
        row{step::tls, errc::tls_timeout, 0, condition::tls,
            "idp.example (192.0.2.7) accepts connections and is silent in the TLS handshake for "
            "5 s: it hangs, has too much to do, or a firewall drops what comes back: look at its "
            "load, its log and the way to it"},
        row{step::introspection, errc::answer_timeout, 0, condition::server,
            "idp.example (192.0.2.7) takes requests and doesn't answer within 5 s: it hangs, has "
            "too much to do, or a firewall drops what comes back: look at its load, its log and "
            "the way to it"},
        row{step::introspection, reason::server_error, 500, condition::server,
            "idp.example is there and ails (500): look into the log of the authorization server"},
        row{step::introspection, reason::client_refused, 401, condition::refused,
            "The server refuses our own credentials (401 from https://idp.example/introspect): "
            "look whether the client 'orders' still exists there and whether its secret was "
            "changed"},
        row{step::introspection, reason::not_found, 404, condition::refused,
            "There is no introspection endpoint at https://idp.example/introspect (404): correct "
            "the path"},
        row{step::discovery, reason::not_found, 404, condition::refused,
            "There is no discovery document at https://idp.example/introspect (404): correct the "
            "path of the issuer"},
        row{step::introspection, reason::duplicate_member, 200, condition::unbelievable,
            "The answer from https://idp.example/introspect can't be believed (duplicate member): "
            "tell those who run the server"});
    const auto v = judge(of({at(where, wrong, status)}), orders());
    CHECK(v.state == code);
    CHECK(v.sentence == sentence + until_then);
}

TEST_CASE("doctor verdict: there is a sentence and a class for everything that may be wrong") {
    std::vector<problem> all;
    for (int e = static_cast<int>(errc::bad_request); e <= static_cast<int>(errc::cancelled); ++e)
        all.emplace_back(static_cast<errc>(e));
    for (int r = 0; r != outlast::oauth2::reason_count; ++r)
        if (doctor::condition_of(static_cast<reason>(r)) != condition::well)
            all.emplace_back(static_cast<reason>(r));
    for (const surprise s : {surprise::no_endpoint, surprise::random_token_active, surprise::slow})
        all.emplace_back(s);
    for (const problem& wrong : all) {
        const auto v = judge(of({at(step::introspection, wrong, 200)}), orders());
        CAPTURE(doctor::to_string(wrong), v.sentence);
        CHECK(v.state != condition::well);
        CHECK(doctor::to_string(wrong) != "unknown");
        CHECK(v.sentence.ends_with('.'));
        CHECK(v.sentence.find(':') != std::string::npos); // what to do
        CHECK(v.sentence.find("..") == std::string::npos);
    }
}

TEST_CASE("doctor verdict: without credentials a 401 asks for some") {
    auto nobody = orders();
    nobody.client_id.clear();
    nobody.has_credentials = false;
    CHECK_THAT(judge(of({introspection(reason::client_refused, 401)}), nobody).sentence,
               ContainsSubstring("give the doctor a client id and its secret"));
}

TEST_CASE("doctor verdict: a 400 without credentials may ask for some, too") {
    auto nobody = orders();
    nobody.has_credentials = false;
    CHECK_THAT(judge(of({introspection(reason::bad_request, 400)}), nobody).sentence,
               ContainsSubstring("it may want to know who asks"));
    CHECK_THAT(judge(of({introspection(reason::bad_request, 400)}), orders()).sentence,
               ContainsSubstring("look whether it is the introspection endpoint"));
}

TEST_CASE("doctor verdict: who signs has a key to look for, no secret") {
    auto signer = orders();
    signer.signs = true;
    for (const auto& [why, status] :
         {std::pair{reason::client_refused, 401}, {reason::forbidden, 403}}) {
        const auto said = judge(of({introspection(why, status)}), signer).sentence;
        CHECK_THAT(said, ContainsSubstring("whether it knows our public key"));
        CHECK(said.find("secret") == std::string::npos);
    }
}

TEST_CASE("doctor verdict: a firewall may answer 403 and 405 in the server's place") {
    for (const auto& [why, status] :
         {std::pair{reason::method_refused, 405}, {reason::forbidden, 403}})
        CHECK_THAT(judge(of({introspection(why, status)}), orders()).sentence,
                   ContainsSubstring("a firewall in front of the server refuses"));
}

TEST_CASE("doctor verdict: certificates") {
    const auto said = [](errc why, const doctor::certificate& c) {
        const auto v = judge(of({tls("192.0.2.7", why, c)}), orders());
        CHECK(v.state == condition::tls);
        return v.sentence;
    };
    auto c = good_certificate();
    c.not_after = today - std::chrono::days{28};
    CHECK(said(errc::certificate_expired, c) ==
          "The certificate of idp.example (192.0.2.7) expired on 2026-11-01: renew it on the "
          "server" +
              until_then);
    c.depth = 1;
    CHECK_THAT(said(errc::certificate_expired, c),
               ContainsSubstring("The certificate of the authority CN=idp.example, above that of"));
    c = good_certificate();
    c.not_before = today + std::chrono::days{1};
    CHECK_THAT(said(errc::certificate_expired, c),
               ContainsSubstring("is valid from 2026-11-30 only: set the clock of this machine"));
    c = good_certificate();
    CHECK_THAT(said(errc::certificate_wrong_host, c),
               ContainsSubstring("is for idp.example, login.example, not for"));
    c.hosts.clear();
    CHECK_THAT(said(errc::certificate_wrong_host, c), ContainsSubstring("is for no host at all"));
    CHECK_THAT(
        said(errc::certificate_untrusted, c),
        ContainsSubstring("comes from CN=Example CA, and no authority that is trusted here"));
    c.issuer = c.subject;
    CHECK_THAT(said(errc::certificate_untrusted, c), ContainsSubstring("is signed by itself"));
}

TEST_CASE("doctor verdict: what stops everybody comes before what stops some") {
    const auto refused = connection("192.0.2.8", errc::connection_refused);
    const auto all = of({name(), connection("192.0.2.7"), tls("192.0.2.7"),
                         introspection(reason::client_refused, 401), refused});
    CHECK(judge(all, orders()).state == condition::refused);
    const auto some =
        of({name(), refused, connection("192.0.2.7"), tls("192.0.2.7"), introspection()});
    const auto v = judge(some, orders());
    CHECK(v.state == condition::connection);
    CHECK_THAT(v.sentence,
               ContainsSubstring("idp.example (192.0.2.8)") &&
                   ContainsSubstring("; other addresses work, so that only some calls"));
}

TEST_CASE("doctor verdict: where no address works, what came furthest tells most") {
    const auto v = judge(of({name(), connection("2001:db8::7", errc::unreachable),
                             connection("192.0.2.6", errc::connect_timeout),
                             connection("192.0.2.7"), tls("192.0.2.7", errc::tls_timeout),
                             connection("192.0.2.8", errc::connection_refused)}),
                         orders());
    CHECK(v.state == condition::tls);
    CHECK(v.sentence.ends_with(until_then));
    const auto no_tls = judge(of({name(), connection("2001:db8::7", errc::unreachable),
                                  connection("192.0.2.6", errc::connect_timeout)}),
                              orders());
    CHECK_THAT(no_tls.sentence, ContainsSubstring("192.0.2.6"));
}

TEST_CASE("doctor verdict: clients don't notice an address that this machine has no way to") {
    const auto six = connection("2001:db8::7", errc::unreachable);
    const auto rest = {connection("192.0.2.7"), tls("192.0.2.7"), introspection()};
    std::vector<sight> sights{name(), six};
    sights.insert(sights.end(), rest);
    CHECK(judge(of(sights), orders()).state == condition::well);
    const auto local =
        of({connection("::1", errc::connection_refused), connection("127.0.0.1"), introspection()},
           "http://localhost:8080/introspect");
    CHECK(judge(local, orders()).state == condition::well);
}

TEST_CASE("doctor verdict: all is well") {
    const auto well = [](std::optional<bool> active, bool random) {
        auto who = orders();
        who.random_token = random;
        const auto v = judge(of({tls("192.0.2.7"), introspection({}, 200, active)}), who);
        CHECK(v.state == condition::well);
        return v.sentence;
    };
    const std::string begin = "All is well: https://idp.example/introspect answers well in 34 ms";
    CHECK(well(false, true) == begin + ", and knows nothing of a random token.");
    CHECK(well(true, false) == begin + ", and the token is active.");
    CHECK_THAT(well(false, false), ContainsSubstring("the token is not active there: expired"));
}

TEST_CASE("doctor verdict: what will be wrong soon is said while all is well") {
    auto soon = good_certificate();
    soon.not_after = today + std::chrono::days{5};
    const auto certificate = judge(of({tls("192.0.2.7", {}, soon), introspection()}), orders());
    CHECK(certificate.state == condition::well);
    CHECK_THAT(certificate.sentence,
               ContainsSubstring("; but its certificate expires on 2026-12-04: renew it in time."));
    auto late = introspection();
    late.clock_ahead = -300s;
    CHECK_THAT(judge(of({late}), orders()).sentence,
               ContainsSubstring("; but its clock is 5 min behind ours"));
    late.clock_ahead = 30s;
    CHECK(judge(of({late}), orders()).sentence.find("clock") == std::string::npos);
}

TEST_CASE("doctor verdict: of several endpoints the first that fails") {
    const auto good = of({introspection()});
    const auto bad = of({connection("192.0.2.7", errc::connection_refused)});
    CHECK(judge(std::vector{good, good}, orders()).state == condition::well);
    const auto one = judge(std::vector{good, bad}, orders());
    CHECK(one.state == condition::connection);
    CHECK_THAT(one.sentence,
               ContainsSubstring("; until then the API lives on the other endpoint."));
    CHECK(judge(std::vector{bad, bad}, orders()).sentence.ends_with(until_then));
    // Discovery that works is no endpoint that works.
    const auto document = of({at(step::discovery, {}, 200)});
    CHECK(judge(std::vector{document, bad}, orders()).sentence.ends_with(until_then));
    auto remarked = good;
    remarked.sights.back().clock_ahead = 1h;
    CHECK_THAT(judge(std::vector{remarked, good}, orders()).sentence, ContainsSubstring("clock"));
}
