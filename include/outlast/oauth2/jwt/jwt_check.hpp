// SPDX-License-Identifier: BSL-1.0
//
// One request with a token that may be a JWT: whom to ask next, and what the answers come to.
#ifndef OUTLAST_OAUTH2_JWT_JWT_CHECK_HPP
#define OUTLAST_OAUTH2_JWT_JWT_CHECK_HPP

#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/oauth2/jose/compact.hpp>
#include <outlast/oauth2/jose/key_set.hpp>
#include <outlast/oauth2/jwt/access_token.hpp>
#include <outlast/oauth2/jwt/jwt_options.hpp>
#include <outlast/oauth2/policy.hpp>
#include <outlast/oauth2/reason.hpp>
#include <outlast/oauth2/revocations.hpp>
#include <outlast/oauth2/token_digest.hpp>
#include <outlast/result.hpp>
#include <outlast/time.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// Decides, and leaves the asking to who drives it: a loop on a thread, or handlers. It says what it needs next (the
/// issuer's keys, or the introspector's decision) and is told what came of it.
///
/// | token | use | asked first | then |
/// |---|---|---|---|
/// | no JWT access token, or the route has a bound on age | any | the introspector | nothing |
/// | JWT access token | first | the keys: good or bad ends it | the introspector, if it cannot be judged here |
/// | JWT access token | fallback | the introspector: 200, 401, 403 end it | the keys, if it was DOWN or BAD (FAULT too with `stale_on_fault`), but not if we did not ask (no place, no credentials) |
///
/// As a fallback it says no for certain only: to a forged token, or by what the server would look at, too (times,
/// binding, the route's demands). What its issuer signed and RFC 9068 or our own `tokens` do not allow, the server may
/// take: it stays a 503.
///
/// A token that the server has called inactive, though its signature is good, was revoked there: it is marked, and from
/// then on only the server's word counts for it (a negative verdict is kept for seconds, and an outage may be longer).
/// A forged one is not marked, so that a flood of them pushes no mark out, nor one that is over; while the keys cannot
/// be had, nobody knows, and each is.
///
/// A key that is not at hand is looked for once in newer keys; a token whose key the newest do not have either
/// cannot be judged here: the issuer's key may be newer than that set.
/// Where answers are signed, the introspector is asked when the keys have been (they are then at hand, if they can be
/// had), and once more with newer keys, if its answer needs one that is not among them.
class jwt_check {
public:
    enum class step : std::uint8_t {
        keys,   ///< get keys that are no older than `max_age()`, then `on_keys`
        server, ///< ask the introspector, then `on_server`
        done,   ///< `take` the decision
    };

    /// All of these outlive it.
    /// \param marks of tokens about which the server has said no
    /// \param mark  that of this token; none if there is no memory for one: then it is not judged here
    /// \param max_age the oldest verdict that the route takes: a route that has one wants the server's own word, and
    ///        gets no local one
    jwt_check(const jwt_options& jwt,
              const introspector_options& options,
              const quoted& realm,
              const requirements& own,
              revocations& marks,
              std::optional<token_digest> mark,
              const requirements& wanted,
              std::string_view token,
              duration max_age,
              const sender& from = {})
        : jwt_(&jwt),
          options_(&options),
          realm_(&realm),
          own_(&own),
          marks_(&marks),
          mark_(mark),
          wanted_(&wanted),
          from_(from),
          may_be_local_(max_age == forever) {
        if (jwt.use != local_use::never && mark && !marks.holds(*mark))
            token_ = read_access_token(token, jwt.tokens);
    }

    [[nodiscard]] step begin() noexcept {
        why_ =
            may_be_local() && jwt_->use == local_use::first ? purpose::judging : purpose::priming;
        return why_ == purpose::judging || jwt_->signed_answers ? step::keys : step::server;
    }
    /// How old keys may be that it asks for.
    [[nodiscard]] duration max_age() const noexcept { return max_age_; }

    [[nodiscard]] step on_keys(const result<jose::key_set_ptr>& keys) {
        if (why_ == purpose::priming) // the server is asked, and finds them at hand, or not
            return asked_anew_ && !keys ? step::done : step::server;
        const auto now = options_->wall();
        local_finding found{};
        if (keys)
            found = judge(*token_, *keys.assume_value(), jwt_->tokens, options_->reading, now);
        if (found.what == local_verdict::unknown_key && max_age_ == forever) {
            max_age_ = jwt_->keys.unknown_after;
            return step::keys;
        }
        if (why_ == purpose::marking) {
            const bool is_bad =
                found.what == local_verdict::bad || found.what == local_verdict::unknown_key;
            const bool is_over = found.said && found.said->exp &&
                                 *found.said->exp <= std::chrono::floor<std::chrono::seconds>(now);
            if (!is_bad && !is_over) // it lets nobody in any more
                marks_->add(*mark_);
            return step::done;
        }
        // A key that the newest set lacks may be newer than that set: nobody here can tell.
        if (found.what == local_verdict::cannot_tell || found.what == local_verdict::unknown_key)
            return jwt_->use == local_use::first ? step::server : step::done;
        if (jwt_->use == local_use::fallback && may_be_taken_elsewhere(found, now))
            return step::done;
        d_ = decide_locally(std::move(found.said), *own_, *wanted_, *realm_, now, from_);
        frame(d_, from_, options_->bearer, *realm_);
        return step::done;
    }

    [[nodiscard]] step on_server(decision d) {
        d_ = std::move(d);
        if (jwt_->signed_answers && d_.because == reason::unknown_key && !asked_anew_) {
            asked_anew_ = true;
            why_ = purpose::priming;
            max_age_ = jwt_->keys.unknown_after;
            return step::keys;
        }
        max_age_ = forever;
        if (token_ && d_.because == reason::inactive)
            why_ = purpose::marking;
        else if (may_be_local() && jwt_->use == local_use::fallback && may_stand_in())
            why_ = purpose::judging;
        else
            return step::done;
        return step::keys;
    }

    [[nodiscard]] decision take() noexcept { return std::move(d_); }

private:
    /// What the keys are for.
    enum class purpose : std::uint8_t { priming, judging, marking };

    [[nodiscard]] bool may_be_local() const noexcept { return token_ && may_be_local_; }
    [[nodiscard]] bool may_stand_in() const noexcept {
        if (d_.status != 503 || !d_.because)
            return false;
        // The server was not asked, and who makes us busy is not to have a revoked token judged here.
        if (d_.because == reason::shed || d_.because == reason::no_credentials)
            return false;
        switch (class_of(*d_.because)) {
        case outcome_class::down:
        case outcome_class::bad:
            return true;
        case outcome_class::fault:
            return options_->stale_on_fault;
        default:
            return false;
        }
    }

    // Of a token that its issuer signed.
    [[nodiscard]] bool may_be_taken_elsewhere(const local_finding& found,
                                              std::chrono::system_clock::time_point now) const {
        if (!found.said)
            return found.what == local_verdict::odd;
        const ruling own = check(*found.said, *own_, now, freshness::cached, from_);
        return own == ruling::wrong_issuer || own == ruling::wrong_audience;
    }

    const jwt_options* jwt_;
    const introspector_options* options_;
    const quoted* realm_;
    const requirements* own_;
    revocations* marks_;
    std::optional<token_digest> mark_;
    const requirements* wanted_;
    sender from_;
    bool may_be_local_;                        ///< as far as the route goes
    std::optional<jose::compact_jws> token_{}; ///< if it is one that can be judged here
    purpose why_ = purpose::priming;
    bool asked_anew_ = false; ///< for a key of the server's answer
    duration max_age_ = forever;
    decision d_{};
};

namespace detail {

/// By what a token is marked: as where it is revoked here.
template <class Introspector>
[[nodiscard]] std::optional<token_digest> mark_of(const Introspector& api, std::string_view token) {
    return api.key_of(jose::revoked_by(token));
}

} // namespace detail

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_JWT_JWT_CHECK_HPP
