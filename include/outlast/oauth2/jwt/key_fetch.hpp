// SPDX-License-Identifier: BSL-1.0
//
// One fetch of a key set without its exchange: the request before it, and what the answer comes to.
#ifndef OUTLAST_OAUTH2_JWT_KEY_FETCH_HPP
#define OUTLAST_OAUTH2_JWT_KEY_FETCH_HPP

#include <outlast/failure.hpp>
#include <outlast/http/message.hpp>
#include <outlast/oauth2/answer_view.hpp>
#include <outlast/oauth2/error.hpp>
#include <outlast/oauth2/http_date.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/knowledge.hpp> // wall_clock
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/response.hpp>
#include <outlast/outcome.hpp>
#include <outlast/result.hpp>
#include <outlast/time.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace outlast::oauth2 {

/// What a call for keys asks: the keys, and how old they may be.
struct key_query {
    duration max_age = forever;
};

/// What blocking and asynchronous fetches of a JWK Set have in common. Immutable.
class key_fetch {
public:
    key_fetch(std::string url, wall_clock wall) : url_(std::move(url)), wall_(std::move(wall)) {}

    [[nodiscard]] http::request request() const {
        http::request asked;
        asked.url = url_;
        asked.headers.add("Accept", "application/jwk-set+json, application/json");
        asked.headers.add("Accept-Encoding", "identity"); // a bound on the body must be a bound
        return asked;
    }

    /// \param answered what a transport gave: an `http::response`, or its error
    /// \return the keys; or a failure whose code is a `reason`, with the server's Retry-After if it gave one
    template <result_like Answered>
    [[nodiscard]] result<jose::key_set_ptr> learnt(Answered& answered) const {
        if (!answered.has_value()) {
            const failure lost = to_failure(answered.error());
            return failure{reason_of_exchange(lost)}.with_retry_after(lost.facts().retry_after);
        }
        const http::response& answer = answered.value();
        const response_view view = view_of(answer);
        if (answer.status != 200)
            return refused(view);
        if (const auto why = detail::refused_unread(view))
            return failure{*why};
        auto keys = jose::key_set::read(answer.body);
        if (!keys)
            return failure{reason::bad_key_set};
        return std::make_shared<const jose::key_set>(std::move(keys).assume_value());
    }

private:
    [[nodiscard]] failure refused(const response_view& answer) const {
        const reason why = reason_of_status(answer.status).value_or(reason::bad_request);
        failure f{why};
        if (class_of(why) == outcome_class::down) {
            const auto now = std::chrono::floor<std::chrono::seconds>(wall_());
            if (const auto wait = read_retry_after(answer.retry_after, now))
                f.with_retry_after(*wait);
        }
        return f;
    }

    std::string url_;
    wall_clock wall_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_KEY_FETCH_HPP
