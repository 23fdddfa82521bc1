// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/error.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>

namespace http = outlast::http;
using outlast::failure;
using outlast::refusal;
using namespace outlast::oauth2;

namespace {

failure refused(refusal why, std::error_code behind = {}) {
    return failure{why}.with_cause(behind);
}

} // namespace

TEST_CASE("error: a reason is an error code, and its message is its name") {
    for (std::uint8_t i = 1; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        const std::error_code code = why;
        CHECK(code);
        CHECK(std::string{code.category().name()} == "outlast.oauth2");
        CHECK(code.message() == to_string(why));
        CHECK(reason_in(code) == why);
        CHECK(failure{why}.message() == to_string(why));
    }
}

TEST_CASE("error: a repeated failure has the same reason and the same name") {
    for (std::uint8_t i = 1; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        const std::error_code code = repeated(why);
        CHECK(code);
        CHECK(is_repeated(code));
        CHECK_FALSE(is_repeated(why));
        CHECK(reason_in(code) == why);
        CHECK(code.message() == to_string(why));
        CHECK(reason_of(failure{code}) == why);
    }
    CHECK_FALSE(is_repeated({0x1ff, std::system_category()}));
}

TEST_CASE("error: codes of others hold no reason") {
    CHECK_FALSE(reason_in({}));
    CHECK_FALSE(reason_in(std::make_error_code(std::errc::timed_out)));
    CHECK_FALSE(reason_in(http::errc::answer_timeout));
    CHECK_FALSE(reason_in(refusal::circuit_open));
    CHECK_FALSE(reason_in({static_cast<int>(reason::client_refused), std::system_category()}));
}

TEST_CASE("error: what each failure of a transport means") {
    using enum http::errc;
    const auto means = [](http::errc e) { return reason_of_transport(e); };
    for (const http::errc e : {name_not_found, name_lookup_failed, name_lookup_timeout})
        CHECK(means(e) == reason::name_not_resolved);
    for (const http::errc e : {connection_refused, unreachable})
        CHECK(means(e) == reason::connection_refused);
    CHECK(means(connect_timeout) == reason::connect_timed_out);
    for (const http::errc e : {tls_timeout, tls_failed, certificate_expired, certificate_wrong_host,
                               certificate_untrusted, tls_broken})
        CHECK(means(e) == reason::tls_failed);
    for (const http::errc e : {answer_timeout, deadline_passed})
        CHECK(means(e) == reason::timed_out);
    for (const http::errc e : {connection_reset, closed_early})
        CHECK(means(e) == reason::connection_lost);
    CHECK(means(malformed) == reason::unexpected_status);
    CHECK(means(too_large) == reason::body_too_large);
    for (const http::errc e : {bad_request, bad_setup})
        CHECK(means(e) == reason::misconfigured);
    for (const http::errc e : {no_free_connection, local_resources, cancelled})
        CHECK(means(e) == reason::shed);
}

TEST_CASE("error: no failure of a transport is a verdict on the token") {
    for (int value = 0; value != 64; ++value) {
        const outcome_class c = class_of(reason_of_transport({value, http::error_category()}));
        CHECK(c != outcome_class::active);
        CHECK(c != outcome_class::inactive);
    }
}

TEST_CASE("error: other transports' codes: timeouts and refusals by the standard's words") {
    using std::make_error_code;
    CHECK(reason_of_transport(make_error_code(std::errc::timed_out)) == reason::timed_out);
    CHECK(reason_of_transport({ETIMEDOUT, std::system_category()}) == reason::timed_out);
    CHECK(reason_of_transport({ECONNREFUSED, std::system_category()}) ==
          reason::connection_refused);
    CHECK(reason_of_transport(make_error_code(std::errc::host_unreachable)) ==
          reason::connection_refused);
    CHECK(reason_of_transport(make_error_code(std::errc::connection_reset)) ==
          reason::connection_lost);
    CHECK(reason_of_transport(make_error_code(std::errc::permission_denied)) ==
          reason::connection_lost);
    CHECK(reason_of_transport({}) == reason::connection_lost);
    CHECK(reason_of_transport({1, reason_category()}) == reason::connection_lost);
}

TEST_CASE("error: why a whole call failed") {
    CHECK(reason_of(failure{reason::redirect}) == reason::redirect);
    CHECK(reason_of(failure{reason::no_credentials}) == reason::no_credentials);
    CHECK(reason_of(failure{std::make_error_code(std::errc::io_error)}) == reason::connection_lost);
    CHECK(reason_of(refused(refusal::timed_out)) == reason::timed_out);
    CHECK(reason_of(refused(refusal::timed_out, reason::server_error)) == reason::timed_out);
    for (const refusal why : {refusal::cancelled, refusal::rate_limited, refusal::bulkhead_full,
                              refusal::unavailable, refusal::invalid_options})
        CHECK(reason_of(refused(why)) == reason::shed);
}

TEST_CASE("error: an open circuit is the latch when what opened it was a fault of ours") {
    CHECK(reason_of(refused(refusal::circuit_open)) == reason::circuit_open);
    CHECK(reason_of(refused(refusal::circuit_open, refusal::timed_out)) == reason::circuit_open);
    for (std::uint8_t i = 1; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        CHECK(
            reason_of(refused(refusal::circuit_open, why)) ==
            (class_of(why) == outcome_class::fault ? reason::fault_latched : reason::circuit_open));
    }
}

TEST_CASE("error: what a transport threw is a lost connection, whatever it said") {
    const failure thrown{std::make_exception_ptr(std::runtime_error{"tokA s3cr3t"})};
    CHECK(reason_of(thrown) == reason::connection_lost);
    CHECK(thrown.message() == "the callable threw");
}

TEST_CASE("error: what is worth sending once more") {
    using outlast::verdict;
    for (std::uint8_t i = 1; i != reason_count; ++i) {
        const auto why = static_cast<reason>(i);
        INFO(to_string(why));
        CHECK(is_worth_another_try(verdict::failure(make_error_code(why))) ==
              (why == reason::name_not_resolved || why == reason::connection_refused ||
               why == reason::connection_lost || why == reason::server_unavailable));
        CHECK_FALSE(is_worth_another_try(
            verdict::failure(make_error_code(why), std::chrono::seconds{1}))); // Retry-After
    }
    CHECK_FALSE(is_worth_another_try(verdict::expired()));
    CHECK_FALSE(is_worth_another_try(verdict::failure(std::make_error_code(std::errc::io_error))));
}
