// SPDX-License-Identifier: BSL-1.0
#include "condition.hpp"

namespace doctor {

namespace {

using outlast::http::errc;
using outlast::oauth2::outcome_class;
using outlast::oauth2::reason;

condition of(std::monostate) { return condition::well; }

condition of(errc e) {
    switch (e) {
    case errc::name_not_found:
    case errc::name_lookup_failed:
    case errc::name_lookup_timeout:
        return condition::name;
    case errc::tls_timeout:
    case errc::tls_failed:
    case errc::certificate_expired:
    case errc::certificate_wrong_host:
    case errc::certificate_untrusted:
    case errc::tls_broken:
        return condition::tls;
    case errc::answer_timeout:
    case errc::connection_reset:
    case errc::closed_early:
        return condition::server;
    case errc::malformed:
    case errc::too_large:
        return condition::unbelievable;
    case errc::bad_request:
    case errc::bad_setup:
        return condition::refused;
    default:
        return condition::connection;
    }
}

condition of(reason why) {
    switch (outlast::oauth2::class_of(why)) {
    case outcome_class::active:
    case outcome_class::inactive:
        return condition::well;
    case outcome_class::down:
        return condition::server;
    case outcome_class::bad:
        return condition::unbelievable;
    case outcome_class::fault:
    case outcome_class::odd:
        return condition::refused;
    }
    return condition::unbelievable;
}

condition of(surprise s) {
    switch (s) {
    case surprise::no_endpoint:
        return condition::refused;
    case surprise::slow:
        return condition::server;
    default:
        return condition::unbelievable;
    }
}

std::string_view name_of(std::monostate) { return "ok"; }

std::string_view name_of(reason why) { return outlast::oauth2::to_string(why); }

std::string_view name_of(surprise s) {
    switch (s) {
    case surprise::no_endpoint:
        return "no_endpoint";
    case surprise::random_token_active:
        return "random_token_active";
    case surprise::slow:
        return "slow";
    }
    return "unknown";
}

std::string_view name_of(errc e) {
    switch (e) {
    case errc::bad_request:
        return "bad_request";
    case errc::bad_setup:
        return "bad_setup";
    case errc::local_resources:
        return "local_resources";
    case errc::no_free_connection:
        return "no_free_connection";
    case errc::deadline_passed:
        return "deadline_passed";
    case errc::name_not_found:
        return "name_not_found";
    case errc::name_lookup_failed:
        return "name_lookup_failed";
    case errc::name_lookup_timeout:
        return "name_lookup_timeout";
    case errc::connection_refused:
        return "connection_refused";
    case errc::unreachable:
        return "unreachable";
    case errc::connect_timeout:
        return "connect_timeout";
    case errc::tls_timeout:
        return "tls_timeout";
    case errc::tls_failed:
        return "tls_failed";
    case errc::certificate_expired:
        return "certificate_expired";
    case errc::certificate_wrong_host:
        return "certificate_wrong_host";
    case errc::certificate_untrusted:
        return "certificate_untrusted";
    case errc::answer_timeout:
        return "answer_timeout";
    case errc::connection_reset:
        return "connection_reset";
    case errc::closed_early:
        return "closed_early";
    case errc::tls_broken:
        return "tls_broken";
    case errc::malformed:
        return "malformed";
    case errc::too_large:
        return "too_large";
    case errc::cancelled:
        return "cancelled";
    }
    return "unknown";
}

} // namespace

condition condition_of(const problem& wrong) {
    return std::visit([](auto p) { return of(p); }, wrong);
}

std::string_view to_string(const problem& wrong) {
    return std::visit([](auto p) { return name_of(p); }, wrong);
}

std::string_view to_string(condition c) {
    switch (c) {
    case condition::well:
        return "well";
    case condition::name:
        return "name";
    case condition::connection:
        return "connection";
    case condition::tls:
        return "tls";
    case condition::server:
        return "server";
    case condition::refused:
        return "refused";
    case condition::unbelievable:
        return "unbelievable";
    }
    return "unknown";
}

std::string_view to_string(step s) {
    switch (s) {
    case step::name:
        return "name";
    case step::connection:
        return "connect";
    case step::tls:
        return "tls";
    case step::discovery:
        return "discover";
    case step::introspection:
        return "introspect";
    }
    return "unknown";
}

} // namespace doctor
