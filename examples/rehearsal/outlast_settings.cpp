// SPDX-License-Identifier: BSL-1.0
#include "outlast_settings.hpp"

#include <outlast/run.hpp>

#include <utility>

namespace rehearsal {

namespace oauth2 = outlast::oauth2;

oauth2::introspector_options options_from(const guard_settings& s) {
    oauth2::introspector_options o;
    o.endpoints = {s.introspection_endpoint};
    o.auth = oauth2::client_secret_basic{s.client_id, oauth2::secret{s.client_secret}};
    o.realm = s.realm;
    o.lifetimes.fresh_for = s.fresh_for;
    o.lifetimes.stale_for = s.stale_for;
    o.attempt_timeout = s.attempt_timeout;
    o.overall_timeout = 2 * s.attempt_timeout;
    o.breaker.open_for = s.open_for;
    o.breaker.probe_lease = 2 * s.attempt_timeout;
    return o;
}

oauth2::requirements requirements_from(const guard_settings& s) {
    oauth2::requirements r;
    if (!s.issuer.empty())
        r.issuer = s.issuer;
    if (!s.audience.empty())
        r.audience = s.audience;
    return r;
}

reply reply_from(oauth2::decision d) {
    return {.status = d.status,
            .headers = std::move(d.reply.headers),
            .body = std::move(d.reply.body),
            .how = d.how == oauth2::decision::assurance::none
                       ? "refused"
                       : std::string{oauth2::to_string(d.how)}};
}

std::string breaker_of(outlast::circuit_breaker& breaker) {
    switch (breaker.state(outlast::steady::now())) {
    case outlast::circuit_state::closed:
        return "closed";
    case outlast::circuit_state::open:
        return "open";
    case outlast::circuit_state::half_open:
        return "half-open";
    }
    return {};
}

} // namespace rehearsal
