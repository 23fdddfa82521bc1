// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/error.hpp"

#include "support/catch.hpp"

#include <set>
#include <string>
#include <system_error>

using namespace outlast::http;

namespace {

constexpr int first = static_cast<int>(errc::bad_request);
constexpr int last = static_cast<int>(errc::cancelled);

} // namespace

TEST_CASE("http error: each failure has a sentence of its own") {
    std::set<std::string> sentences;
    for (int i = first; i <= last; ++i) {
        const std::error_code code = static_cast<errc>(i);
        CAPTURE(code.message());
        CHECK(code.message().size() > 20);
        CHECK(code.message() != "unknown HTTP failure");
        CHECK(sentences.insert(code.message()).second);
    }
    CHECK(std::error_code{static_cast<errc>(last + 1)}.message() == "unknown HTTP failure");
    CHECK(std::error_code{static_cast<errc>(0)}.message() == "unknown HTTP failure");
}

TEST_CASE("http error: a code converts by itself and names its category") {
    const std::error_code code = errc::too_large;
    CHECK(code == errc::too_large);
    CHECK(code != errc::malformed);
    CHECK(std::string{code.category().name()} == "outlast.http");
    CHECK(&code.category() == &error_category());
}

TEST_CASE("http error: what sent nothing is said for each failure") {
    const std::set<errc> nothing{
        errc::bad_request,          errc::bad_setup,           errc::local_resources,
        errc::no_free_connection,   errc::deadline_passed,     errc::name_not_found,
        errc::name_lookup_failed,   errc::name_lookup_timeout, errc::connection_refused,
        errc::unreachable,          errc::connect_timeout,     errc::tls_timeout,
        errc::tls_failed,           errc::certificate_expired, errc::certificate_wrong_host,
        errc::certificate_untrusted};
    for (int i = first; i <= last; ++i) {
        const auto e = static_cast<errc>(i);
        CAPTURE(describe(e));
        CHECK(sent_nothing(e) == (nothing.count(e) == 1));
        CHECK(sent_nothing(make_error_code(e)) == sent_nothing(e));
    }
    CHECK_FALSE(sent_nothing(std::error_code{}));
    CHECK_FALSE(sent_nothing(std::make_error_code(std::errc::connection_refused)));
}

TEST_CASE("http error: no sentence names one transport, as all of them give it") {
    for (int i = first; i <= last; ++i) {
        const std::string said = make_error_code(static_cast<errc>(i)).message();
        CAPTURE(said);
        CHECK(said.find("curl") == said.npos);
        CHECK(said.find("Beast") == said.npos);
    }
}

TEST_CASE("http error: timeouts are the five that mean time ran out") {
    const std::set<errc> timeouts{errc::deadline_passed, errc::name_lookup_timeout,
                                  errc::connect_timeout, errc::tls_timeout, errc::answer_timeout};
    for (int i = first; i <= last; ++i) {
        const auto e = static_cast<errc>(i);
        CAPTURE(describe(e));
        CHECK(is_timeout(e) == (timeouts.count(e) == 1));
        CHECK(is_timeout(make_error_code(e)) == is_timeout(e));
        CHECK((make_error_code(e) == std::errc::timed_out) == is_timeout(e));
    }
    CHECK_FALSE(is_timeout(std::make_error_code(std::errc::timed_out)));
}

TEST_CASE("http error: codes compare to the words of the standard") {
    CHECK(make_error_code(errc::connection_refused) == std::errc::connection_refused);
    CHECK(make_error_code(errc::connection_reset) == std::errc::connection_reset);
    CHECK(make_error_code(errc::closed_early) == std::errc::connection_reset);
    CHECK(make_error_code(errc::unreachable) == std::errc::host_unreachable);
    CHECK(make_error_code(errc::cancelled) == std::errc::operation_canceled);
    CHECK(make_error_code(errc::malformed) == std::errc::bad_message);
    CHECK(make_error_code(errc::too_large) == std::errc::message_size);
    CHECK(make_error_code(errc::bad_request) == std::errc::invalid_argument);
    CHECK(make_error_code(errc::tls_failed).default_error_condition().category() ==
          error_category());
}
