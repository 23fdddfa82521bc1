// SPDX-License-Identifier: BSL-1.0
#include "metrics.hpp"

#include "support/catch.hpp"

#include <string>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using gateway::answer_class;
namespace oauth2 = outlast::oauth2;
using assurance = oauth2::decision::assurance;

namespace {

oauth2::decision decided(int status, assurance how, std::optional<oauth2::reason> why = {}) {
    oauth2::decision d;
    d.status = status;
    d.how = how;
    d.because = why;
    return d;
}

} // namespace

TEST_CASE("gateway metrics: how a request was answered") {
    using oauth2::reason;
    CHECK(gateway::class_of(decided(200, assurance::live, reason::active)) == answer_class::live);
    CHECK(gateway::class_of(decided(200, assurance::cached, reason::active)) ==
          answer_class::cached);
    CHECK(gateway::class_of(decided(200, assurance::stale, reason::active)) == answer_class::stale);
    CHECK(gateway::class_of(decided(401, assurance::live, reason::inactive)) ==
          answer_class::refused);
    CHECK(gateway::class_of(decided(403, assurance::cached, reason::active)) ==
          answer_class::refused);
    CHECK(gateway::class_of(decided(401, assurance::none)) == answer_class::unauthenticated);
    CHECK(gateway::class_of(decided(400, assurance::none)) == answer_class::unauthenticated);
    CHECK(gateway::class_of(decided(503, assurance::none, reason::circuit_open)) ==
          answer_class::unavailable);
}

TEST_CASE("gateway metrics: each thing is counted once") {
    gateway::metrics m{{"https://idp.example/introspect"}};
    auto stale = decided(200, assurance::stale, oauth2::reason::active);
    stale.age = 100s;
    m.checked(stale, 2ms);
    m.checked(decided(503, assurance::none, oauth2::reason::timed_out), 3s);
    m.refused(gateway::refusal_reason::wrong_audience);
    m.called(0, oauth2::outcome_class::down, 2s);
    m.breaker_is(0, outlast::circuit_state::open);
    m.tokens_known(17);
    m.stale_tokens({.served = 20, .active = 3, .waiting = 17});
    m.stale_tokens({.served = 50,
                    .active = 39,
                    .inactive = 7,
                    .expired = 2,
                    .dropped = 1,
                    .waiting = 1}); // of its whole life, too
    m.revoked();
    m.log_lines_lost(3);
    m.log_lines_lost(4);
    m.began();
    const std::string text = m.text();
    for (const char* line : {
             "introspection_gateway_checks_total{answer=\"stale\"} 1\n",
             "introspection_gateway_checks_total{answer=\"unavailable\"} 1\n",
             "introspection_gateway_checks_total{answer=\"live\"} 0\n",
             "introspection_gateway_refusals_total{reason=\"wrong_audience\"} 1\n",
             "introspection_gateway_refusals_total{reason=\"no_route\"} 0\n",
             "introspection_gateway_stale_age_seconds_sum 100\n",
             "introspection_gateway_check_duration_seconds_count 2\n",
             "introspection_gateway_server_calls_total{endpoint=\"https://idp.example/"
             "introspect\",outcome=\"down\"} 1\n",
             "introspection_gateway_server_call_duration_seconds_sum{endpoint=\"https://"
             "idp.example/introspect\"} 2\n",
             "introspection_gateway_circuit_breaker_state{endpoint=\"https://idp.example/"
             "introspect\",state=\"open\"} 1\n",
             "introspection_gateway_circuit_breaker_state{endpoint=\"https://idp.example/"
             "introspect\",state=\"closed\"} 0\n",
             "introspection_gateway_known_tokens 17\n",
             "introspection_gateway_stale_served_total 50\n",
             "introspection_gateway_stale_settled_total{verdict=\"active\"} 39\n",
             "introspection_gateway_stale_settled_total{verdict=\"inactive\"} 7\n",
             "introspection_gateway_stale_settled_total{verdict=\"expired\"} 2\n",
             "introspection_gateway_stale_settled_total{verdict=\"dropped\"} 1\n",
             "introspection_gateway_stale_waiting 1\n",
             "introspection_gateway_revocations_total 1\n",
             "introspection_gateway_log_lines_lost_total 4\n",
             "introspection_gateway_checks_under_way 1\n",
         })
        CHECK_THAT(text, ContainsSubstring(line));
    m.ended();
    CHECK_THAT(m.text(), ContainsSubstring("introspection_gateway_checks_under_way 0\n"));
}
