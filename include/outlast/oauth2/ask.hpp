// SPDX-License-Identifier: BSL-1.0
//
// One introspection over a transport: the callable that the policies guard.
#ifndef OUTLAST_OAUTH2_ASK_HPP
#define OUTLAST_OAUTH2_ASK_HPP

#include <outlast/call.hpp>
#include <outlast/http/limits.hpp>
#include <outlast/http/message.hpp>
#include <outlast/oauth2/client_auth.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/knowledge.hpp>
#include <outlast/oauth2/repeats.hpp>
#include <outlast/oauth2/request.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/oauth2/token_digest.hpp>
#include <outlast/outcome.hpp>
#include <outlast/result.hpp>

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// A way to send one HTTP request and wait for its answer: `http::curl_transport`, or your own.
/// Gives anything `result_like` of an `http::response`; its errors are those of http/error.hpp, or
/// any `std::error_code`. Called from several threads at once; keeps the limits.
template <class T>
concept transport = requires(T& t, const http::request& asked, const http::limits& until) {
    { t(asked, until) } -> result_like;
    { t(asked, until).value() } -> std::convertible_to<http::response>;
};

/// What one request asks about one token. Refers to the token; belongs to one call.
struct query {
    std::string_view token;
    token_digest key{};
    duration max_age = forever; ///< of a verdict; 0 demands a live one
};

/// Asks the authorization server about one token, once.
///
/// \return what it says for certain; or a failure whose code is the `reason` why it cannot be told,
///         with the server's Retry-After if it gave one
template <transport Transport>
class ask {
public:
    /// All of these outlive it.
    ask(Transport& send,
        const std::string& endpoint,
        const client_auth& auth,
        const document_options& reading,
        const wall_clock& wall,
        repeated_failures& repeats)
        : send_(&send),
          endpoint_(&endpoint),
          auth_(&auth),
          reading_(&reading),
          wall_(&wall),
          repeats_(&repeats) {}

    [[nodiscard]] result<knowledge> operator()(call& context, const query& q) const {
        // Credentials are made anew for each attempt: an assertion is good for one use (RFC 7523
        // §3).
        std::optional<request> made = introspection_request(*endpoint_, *auth_, q.token);
        if (!made)
            return failure{reason::no_credentials};
        http::request asked = as_http(std::move(*made));
        const wiped_request wiped{asked};

        auto answered = (*send_)(
            asked, http::limits{.by = context.steady_deadline(), .stop = context.stop_token()});
        if (!answered.has_value()) {
            const failure lost = to_failure(answered.error());
            if (lost.why() != refusal::none && lost.why() != refusal::timed_out)
                return failure{reason::shed}.with_retry_after(lost.facts().retry_after);
            const std::error_code code = lost.cause() ? lost.cause() : lost.code();
            return failed_over(context, q, reason_of_transport(code));
        }
        const http::response& answer = answered.value();
        const auto now = (*wall_)();
        const finding f = classify(view_of(answer), now, *reading_);
        if (f.outcome() == outcome_class::active || f.outcome() == outcome_class::inactive)
            repeats_->answered(q.key);
        switch (f.outcome()) {
        case outcome_class::active:
            return active(f, now);
        case outcome_class::inactive:
            return knowledge{.what = knowledge::verdict::inactive};
        default:
            break;
        }
        failure why = failed_over(context, q, f.why);
        if (f.retry_after)
            why.with_retry_after(std::min(*f.retry_after, longest_retry_after));
        return why;
    }

    /// What a Retry-After of the server counts for at most.
    static constexpr std::chrono::seconds longest_retry_after{120};

private:
    // What came before the request was sent is no token's doing and always counts.
    [[nodiscard]] failure failed_over(const call& context, const query& q, reason why) const {
        switch (why) {
        case reason::name_not_resolved:
        case reason::connection_refused:
        case reason::connect_timed_out:
        case reason::tls_failed:
        case reason::shed:
            return why;
        default:
            break;
        }
        const outcome_class c = class_of(why);
        const bool outage = c == outcome_class::down || c == outcome_class::bad;
        return outage && repeats_->again(q.key, context.time()) ? repeated(why)
                                                                : make_error_code(why);
    }

    struct wiped_request {
        http::request& held;
        ~wiped_request() {
            detail::wipe(held.body);
            for (http::header& h : held.headers)
                detail::wipe(h.value);
        }
    };

    static http::request as_http(request made) {
        http::request asked;
        asked.method = request::method;
        asked.url = std::move(made.url);
        for (auto& [name, value] : made.headers)
            asked.headers.add(std::move(name), std::move(value));
        asked.body = std::move(made.body);
        return asked;
    }

    static response_view view_of(const http::response& answer) {
        // A header that came twice is not believed: its two values would have to be joined, and no
        // joined value of these is a good one.
        const auto only = [&](std::string_view name) -> std::string_view {
            if (answer.headers.count(name) > 1)
                return ",";
            return answer.headers.first(name).value_or(std::string_view{});
        };
        return {.status = answer.status,
                .content_type = only("content-type"),
                .content_encoding = only("content-encoding"),
                .retry_after = only("retry-after"),
                .date = only("date"),
                .body = answer.body};
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

    Transport* send_;
    const std::string* endpoint_;
    const client_auth* auth_;
    const document_options* reading_;
    const wall_clock* wall_;
    repeated_failures* repeats_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASK_HPP
