// SPDX-License-Identifier: BSL-1.0
#include "gateway.hpp"

#include <outlast/event_text.hpp>
#include <outlast/names.hpp>
#include <outlast/oauth2/bearer.hpp>

#include "form.hpp"
#include "identity.hpp"
#include "status_page.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <span>
#include <utility>

namespace gateway {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
namespace oauth2 = outlast::oauth2;
using std::chrono::steady_clock;

response answer_of(const request& asked,
                   int status,
                   std::string body,
                   const char* type = "text/plain; charset=utf-8") {
    response r{static_cast<http::status>(status), asked.version()};
    r.keep_alive(asked.keep_alive());
    r.set(http::field::cache_control, "no-store");
    r.set(http::field::content_type, type);
    const std::size_t length = body.size();
    if (asked.method() != http::verb::head)
        r.body() = std::move(body);
    r.content_length(length);
    return r;
}

std::vector<std::string> shown(std::span<const std::string> urls) {
    std::vector<std::string> names;
    for (const std::string& url : urls)
        names.push_back(outlast::http::shown_url(url));
    return names;
}

} // namespace

const route* route_for(const std::vector<route>& routes, std::string_view target) {
    const std::string_view path = target.substr(0, target.find('?'));
    if (is_ambiguous(path))
        return nullptr;
    for (const route& r : routes)
        if (path == r.path || r.path == "/" ||
            (path.starts_with(r.path) && path[r.path.size()] == '/'))
            return &r;
    return nullptr;
}

introspection_gateway::introspection_gateway(configuration options,
                                             asio::io_context& context,
                                             log& into)
    : options_(std::move(options)),
      endpoints_(shown(options_.introspector.servers())),
      log_(into),
      metrics_(endpoints_),
      send_(context.get_executor(), options_.transport),
      on_exchange_([this](const exchange_told& what) { told(what); }),
      metered_(send_, on_exchange_),
      check_(with_events(), metered_) {}

oauth2::introspector_options introspection_gateway::with_events() {
    oauth2::introspector_options o = std::move(options_.introspector);
    o.breaker.events = on_event_;
    if (o.discover)
        o.discover->breaker.events = on_event_;
    return o;
}

asio::awaitable<response> introspection_gateway::answer(const request& asked) {
    const std::string_view target{asked.target().data(), asked.target().size()};
    if (const route* const r = route_for(options_.routes, target))
        co_return co_await checked(asked, *r);
    refused(is_ambiguous(target.substr(0, target.find('?'))) ? refusal_reason::ambiguous_path
                                                             : refusal_reason::no_route,
            target);
    co_return answer_of(asked, 404,
                        "no route in the configuration of the gateway fits this path\n");
}

asio::awaitable<response> introspection_gateway::show(const request& asked) {
    const std::string_view target{asked.target().data(), asked.target().size()};
    const std::string_view path = target.substr(0, target.find('?'));
    if (path == "/health")
        co_return answer_of(asked, 200, "ok\n");
    if (path == "/ready")
        co_return retired_ ? answer_of(asked, 503, "stopping\n") : answer_of(asked, 200, "ready\n");
    if (path == "/revoke")
        co_return revoke(asked);
    if (path == "/metrics")
        co_return metrics_now(asked);
    if (path == "/status.json")
        co_return answer_of(asked, 200, json::serialize(status_json()), "application/json");
    if (path == "/status")
        co_return answer_of(asked, 200, std::string{status_page}, "text/html; charset=utf-8");
    co_return answer_of(asked, 404, "/health, /ready, /metrics, /status, /revoke\n");
}

asio::awaitable<response> introspection_gateway::checked(const request& asked, const route& r) {
    // Two of them are one too many, and the check says so.
    std::array<std::string_view, 2> authorization;
    std::size_t found = 0;
    for (const auto& line : asked)
        if (line.name() == http::field::authorization && found != authorization.size())
            authorization[found++] = {line.value().data(), line.value().size()};

    const struct under_way {
        metrics& counts;
        explicit under_way(metrics& m) : counts(m) { counts.began(); }
        ~under_way() { counts.ended(); }
    } counted{metrics_};
    const auto begun = steady_clock::now();
    const oauth2::decision d =
        co_await check_.async_check(std::span{authorization.data(), found}, std::cref(r.wanted),
                                    r.max_age, {}, asio::use_awaitable);
    metrics_.checked(d, steady_clock::now() - begun);
    history_.checked(second(), class_of(d));
    const std::string_view target{asked.target().data(), asked.target().size()};
    if (d.status == 503)
        unavailable(d);
    else if (!d.allowed())
        refused(reason_of(d, std::span{authorization.data(), found}), target);

    response made = answer_of(asked, d.status, d.reply.body);
    for (const auto& [name, value] : d.reply.headers)
        made.set(name, value);
    if (d.allowed()) {
        const auto identity = identity_headers(d, options_.claims);
        std::size_t bytes = 0;
        for (const auto& [name, value] : identity)
            bytes += value.size();
        if (bytes > most_of_identity) { // a part of it would be another identity
            refused(refusal_reason::claims_too_long, target);
            co_return answer_of(asked, 500, "the claims of this token are too long for headers\n");
        }
        for (const auto& [name, value] : identity)
            made.set(name, value);
    }
    co_return made;
}

void introspection_gateway::start() {
    if (options_.rechecks_per_second != 0)
        asio::co_spawn(send_.get_executor(), recheck(), asio::detached);
    if (options_.canary_every != outlast::duration::zero())
        asio::co_spawn(send_.get_executor(), watch_endpoints(), asio::detached);
}

asio::awaitable<void> introspection_gateway::recheck() {
    asio::steady_timer pace{send_.get_executor()};
    while (!retired_) {
        const bool some_wait = check_.stale_tokens().waiting != 0;
        pace.expires_after(std::chrono::nanoseconds{std::chrono::seconds{1}} /
                           (some_wait ? options_.rechecks_per_second : 1));
        co_await pace.async_wait(asio::as_tuple(asio::use_awaitable));
        try {
            co_await recheck_one();
        } catch (const std::exception&) { // out of memory, say: later
        }
    }
}

asio::awaitable<void> introspection_gateway::recheck_one() {
    if (co_await check_.async_recheck(asio::use_awaitable) || is_away())
        co_return; // more may be left
    const oauth2::stale_counts now = check_.stale_tokens();
    const oauth2::stale_counts before = std::exchange(reported_, now);
    const auto settled = now.served - now.waiting - (before.served - before.waiting);
    const auto revoked = now.inactive - before.inactive;
    if (settled != 0)
        log_.line(revoked == 0 ? "info" : "warning", "served_stale",
                  {{"tokens", settled},
                   {"active", now.active - before.active},
                   {"revoked", revoked},
                   {"expired", now.expired - before.expired},
                   {"dropped", now.dropped - before.dropped},
                   {"waiting", now.waiting}});
}

bool introspection_gateway::is_away() {
    for (std::size_t i = 0; i != endpoints_.size(); ++i)
        if (check_.is_healthy(i, outlast::steady::now()))
            return false;
    return true;
}

asio::awaitable<void> introspection_gateway::watch_endpoints() {
    asio::steady_timer next{send_.get_executor()};
    while (!retired_) {
        next.expires_after(options_.canary_every);
        co_await next.async_wait(asio::as_tuple(asio::use_awaitable));
        try {
            co_await probe_those_away();
        } catch (const std::exception&) { // out of memory, say: later
        }
    }
}

asio::awaitable<void> introspection_gateway::probe_those_away() {
    for (std::size_t i = 0; i != endpoints_.size(); ++i) {
        if (check_.is_healthy(i, outlast::steady::now()))
            continue;
        const auto said = co_await check_.async_probe(i, asio::use_awaitable);
        if (said && said.assume_value().what == oauth2::knowledge::verdict::active)
            log_.line("error", "unknown_token_called_active", {{"endpoint", endpoints_[i]}});
    }
}

// Of an outage, one line a second.
void introspection_gateway::unavailable(const oauth2::decision& d) {
    if (const std::uint64_t requests = unavailable_.another(second()))
        log_.line(
            "warning", "cannot_tell",
            {{"reason", d.because ? to_string(*d.because) : "unknown"}, {"requests", requests}});
}

// Each reason has a line of its own, so that a rare one is not hidden by a frequent one.
void introspection_gateway::refused(refusal_reason why, std::string_view target) {
    metrics_.refused(why);
    if (const std::uint64_t requests = refused_[static_cast<std::size_t>(why)].another(second()))
        log_.line(
            why == refusal_reason::claims_too_long ? "error" : "info", "refused",
            {{"reason", to_string(why)}, {"path", shown_path(target)}, {"requests", requests}});
}

// As RFC 7009 has it, but for who may ask: whoever reaches this port.
response introspection_gateway::revoke(const request& asked) {
    if (asked.method() != http::verb::post) {
        response r = answer_of(asked, 405, "POST token=...\n");
        r.set(http::field::allow, "POST");
        return r;
    }
    if (asked.count(http::field::origin) != 0) // it would reach this port for a page from anywhere
        return answer_of(asked, 403, "not for a browser\n");
    const auto token = form_value(asked.body(), "token");
    if (!token || !oauth2::is_b64token(*token) ||
        token->size() > check_.options().bearer.max_length)
        return answer_of(asked, 400, "the body is token=..., URL-encoded: one bearer token\n");
    check_.revoke(*token);
    metrics_.revoked();
    log_.line("warning", "token_revoked");
    return answer_of(asked, 200, "");
}

response introspection_gateway::metrics_now(const request& asked) {
    const auto now = outlast::steady::now();
    for (std::size_t i = 0; i != endpoints_.size(); ++i)
        metrics_.breaker_is(i, check_.breaker(i).state(now));
    metrics_.tokens_known(check_.store().size());
    metrics_.stale_tokens(check_.stale_tokens());
    metrics_.log_lines_lost(log_.lost());
    return answer_of(asked, 200, metrics_.text(), "text/plain; version=0.0.4; charset=utf-8");
}

json::object introspection_gateway::status_json() {
    const auto now = outlast::steady::now();
    json::array endpoints;
    bool refused = false;
    for (std::size_t i = 0; i != endpoints_.size(); ++i) {
        auto& breaker = check_.breaker(i);
        const auto counts = breaker.counts();
        refused = refused || check_.latch(i).state(now) != outlast::circuit_state::closed;
        endpoints.push_back(json::object{{"name", endpoints_[i]},
                                         {"state", to_string(breaker.state(now))},
                                         {"succeeded", counts.succeeded},
                                         {"failed", counts.failed},
                                         {"refused", counts.refused()}});
    }
    const oauth2::stale_counts stale = check_.stale_tokens();
    return {{"uptime", std::chrono::duration<double>(steady_clock::now() - begun_).count()},
            {"now", second()},
            {"known_tokens", check_.store().size()},
            {"served_stale", json::object{{"tokens", stale.served},
                                          {"active", stale.active},
                                          {"revoked", stale.inactive},
                                          {"expired", stale.expired},
                                          {"dropped", stale.dropped},
                                          {"waiting", stale.waiting}}},
            {"credentials_refused", refused},
            {"metadata_missing",
             check_.where() != nullptr &&
                 check_.where()->breaker().state(now) != outlast::circuit_state::closed},
            {"stopping", retired_},
            {"endpoints", std::move(endpoints)},
            {"history", history_.json(second())}};
}

std::int64_t introspection_gateway::second() const {
    return std::chrono::floor<std::chrono::seconds>(steady_clock::now() - begun_).count();
}

std::size_t introspection_gateway::number_of(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(endpoints_, name) - endpoints_.begin());
}

void introspection_gateway::told(const exchange_told& what) {
    if (what.url.find("/.well-known/") != what.url.npos)
        return; // the server's metadata, and no introspection
    // Where the endpoint is discovered, there is one, which bears the name of the issuer.
    const bool discovered = check_.options().discover.has_value();
    const std::size_t i = discovered ? 0 : number_of(outlast::http::shown_url(what.url));
    if (i != endpoints_.size())
        metrics_.called(i, what.outcome, what.took);
    history_.called(second(), what.took);
}

void introspection_gateway::heard(const outlast::event& e) {
    if (e.what == outlast::event_kind::refused)
        return; // each request would be a line
    log_.line(e.what == outlast::event_kind::closed ? "info" : "warning", "circuit_breaker",
              {{"endpoint", e.name.view()},
               {"state", to_string(e.what)},
               {"said", outlast::to_string(e)}});
}

} // namespace gateway
