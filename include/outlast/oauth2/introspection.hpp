// SPDX-License-Identifier: BSL-1.0
//
// One introspection without its exchange: the request before it, and what the answer comes to.
#ifndef OUTLAST_OAUTH2_INTROSPECTION_HPP
#define OUTLAST_OAUTH2_INTROSPECTION_HPP

#include <outlast/call.hpp>
#include <outlast/http/message.hpp>
#include <outlast/oauth2/answer_view.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/fault_row.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/metadata_fetch.hpp> // metadata_ptr
#include <outlast/oauth2/repeats.hpp>
#include <outlast/oauth2/request.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/oauth2/token_digest.hpp>
#include <outlast/outcome.hpp>
#include <outlast/result.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace outlast::oauth2 {

/// What one request asks about one token. Refers to the token; belongs to one call.
struct query {
    std::string_view token{};
    token_digest key{};
    duration max_age = forever;      ///< of a verdict; 0 demands a live one
    std::size_t* endpoint = nullptr; ///< by its number: the first to ask, then the one being asked
};

namespace detail {

/// Wipes what may be secret in a request when the scope is left.
class wiped_request {
public:
    explicit wiped_request(http::request& held) noexcept : held_(held) {}
    ~wiped_request() {
        wipe(held_.body);
        for (http::header& h : held_.headers)
            wipe(h.value);
    }
    wiped_request(const wiped_request&) = delete;
    wiped_request& operator=(const wiped_request&) = delete;

private:
    http::request& held_;
};

} // namespace detail

/// What `ask` and `async_ask` have in common: how the authorization server is asked about a token,
/// and how its answer is read. Thread-safe.
class introspection {
public:
    explicit introspection(introspector_options options)
        : options_(std::move(options)), suspects_(options_.servers().size()) {}

    [[nodiscard]] const introspector_options& options() const noexcept { return options_; }

    /// The request of one attempt; without a URL where that is to be discovered. None: there are no
    /// credentials now. They are made anew for each attempt: an assertion is good for one use (RFC 7523 §3).
    [[nodiscard]] std::optional<request> request_for(const query& q) const {
        const std::string_view url =
            options_.discover ? std::string_view{} : options_.endpoints[*q.endpoint];
        return introspection_request(url, options_.auth, q.token,
                                     options_.only_signed.verify ? signed_answer_type
                                                                 : "application/json");
    }

    /// The same, for a transport; whoever sends it wipes it.
    [[nodiscard]] static http::request handed_over(request made) {
        http::request asked;
        asked.method = request::method;
        asked.url = std::move(made.url);
        for (auto& [name, value] : made.headers)
            asked.headers.add(std::move(name), std::move(value));
        asked.body = std::move(made.body);
        return asked;
    }

    /// Gives a request its URL. \return why there is none, which is an outage and no breaker's business:
    ///         that of the metadata has counted it
    [[nodiscard]] static std::optional<failure> address(request& made,
                                                        const result<metadata_ptr>& found) {
        if (!found)
            return failure{reason::not_discovered}.with_retry_after(
                found.error().facts().retry_after);
        made.url = found.assume_value()->introspection_endpoint;
        return made.url.empty() ? std::optional{failure{reason::not_discovered}} : std::nullopt;
    }

    /// Whether an attempt came to what an endpoint comes to that has been moved: then the metadata are
    /// doubted, at most once in `fault_pause`.
    [[nodiscard]] static bool may_have_moved(const result<knowledge>& learnt) noexcept {
        if (learnt)
            return false;
        const auto why = reason_in(learnt.error().code());
        return why == reason::not_found || why == reason::method_refused ||
               why == reason::name_not_resolved;
    }

    /// By when a transport that runs beside its deadline is to answer: a little before an attempt
    /// that has all its time is given up, since a failure that says what it ran into tells more than
    /// none (whether the request was sent, and so whether this token may be to blame: threat S8).
    [[nodiscard]] std::chrono::steady_clock::time_point answer_by(const call& context) const {
        const auto by = context.steady_deadline();
        const duration spare =
            std::min(options_.attempt_timeout / 64, duration{std::chrono::milliseconds{10}});
        if (context.deadline() == never || context.remaining() < options_.attempt_timeout - spare)
            return by;
        return by - spare;
    }

    /// Whom an attempt asks, and about what: kept for its answer.
    struct subject {
        token_digest token;
        std::size_t endpoint;
        explicit subject(const query& q) noexcept : token(q.key), endpoint(*q.endpoint) {}
    };

    /// \param answered what a transport gave: an `http::response`, or its error
    /// \return what the server says for certain; or a failure whose code is the `reason` why it
    ///         cannot be told, with the server's Retry-After if it gave one
    template <result_like Answered>
    [[nodiscard]] result<knowledge>
    learnt(Answered& answered, const subject& about, const call& context) {
        if (!answered.has_value()) {
            const failure lost = to_failure(answered.error());
            const reason why = reason_of_exchange(lost);
            if (why == reason::shed)
                return failure{why}.with_retry_after(lost.facts().retry_after);
            return failed_over(context, about, why);
        }
        const http::response& answer = answered.value();
        const auto now = options_.wall();
        const response_view view = view_of(answer);
        const finding f = options_.only_signed.verify
                              ? classify_signed(view, now, options_.only_signed, options_.reading)
                              : classify(view, now, options_.reading);
        if (f.outcome() == outcome_class::active || f.outcome() == outcome_class::inactive) {
            suspects_[about.endpoint].failures.answered(about.token);
            suspects_[about.endpoint].faults.answered();
        }
        switch (f.outcome()) {
        case outcome_class::active:
            return active(f, now);
        case outcome_class::inactive:
            return knowledge{.what = knowledge::verdict::inactive};
        default:
            break;
        }
        failure why = failed_over(context, about, f.why);
        if (f.retry_after)
            why.with_retry_after(std::min(*f.retry_after, longest_retry_after));
        return why;
    }

private:
    // What came before the request was sent is no token's doing and always counts.
    [[nodiscard]] failure failed_over(const call& context, const subject& about, reason why) {
        switch (why) {
        case reason::name_not_resolved:
        case reason::connection_refused:
        case reason::connect_timed_out:
        case reason::tls_failed:
        case reason::misconfigured:
            return why;
        default:
            break;
        }
        const outcome_class c = class_of(why);
        suspects& s = suspects_[about.endpoint];
        const bool again = c == outcome_class::down || c == outcome_class::bad
                               ? s.failures.again(about.token, context.time())
                               : fault_row::takes(why) && s.faults.again(about.token);
        return again ? repeated(why) : make_error_code(why);
    }

    static knowledge active(const finding& f, std::chrono::system_clock::time_point now) {
        knowledge k{.what = knowledge::verdict::active, .said = f.said};
        if (f.said->exp) {
            k.lives_for = time_to(*f.said->exp, now);
            if (f.date)
                k.lives_for = std::min(k.lives_for, time_to(*f.said->exp, *f.date));
        }
        return k;
    }

    // Which tokens an endpoint has failed over.
    struct suspects {
        repeated_failures failures{};
        fault_row faults{};
    };

    introspector_options options_;
    std::deque<suspects> suspects_; // of each endpoint: deque, as they stay where they are
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_INTROSPECTION_HPP
