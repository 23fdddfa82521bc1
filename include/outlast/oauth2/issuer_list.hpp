// SPDX-License-Identifier: BSL-1.0
//
// Several authorization servers side by side, and in which order they are asked about a token.
#ifndef OUTLAST_OAUTH2_ISSUER_LIST_HPP
#define OUTLAST_OAUTH2_ISSUER_LIST_HPP

#include <outlast/error.hpp> // require_valid
#include <outlast/oauth2/answer.hpp>
#include <outlast/oauth2/bearer.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/dpop_challenge.hpp>
#include <outlast/oauth2/issuer_hint.hpp>
#include <outlast/oauth2/knowledge.hpp>

#include <algorithm>
#include <cstddef>
#include <functional> // std::reference_wrapper
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outlast::oauth2 {

/// One of several: its name, exactly as its tokens and answers have it in `iss`, and who asks it.
template <class Introspector>
struct issuer_entry {
    std::string issuer;
    std::reference_wrapper<Introspector>
        api; ///< with endpoints, credentials, cache and breakers of its own
};

/// The part of `issuers` and `async_issuers` that they share. The introspectors outlive it.
template <class Introspector>
class issuer_list {
public:
    using entry = issuer_entry<Introspector>;

    /// Throws `std::invalid_argument` with a sentence.
    explicit issuer_list(std::vector<entry> all)
        : all_((require_valid(problem(all)), std::move(all))) {}

    /// The one of that name, exactly; null if there is none. For applications that know by themselves, by host or
    /// path, whose tokens they take: then nobody else is told of one.
    [[nodiscard]] Introspector* find(std::string_view issuer) const noexcept {
        for (const entry& one : all_) {
            if (one.issuer == issuer)
                return &one.api.get();
        }
        return nullptr;
    }

    /// As those of `introspector`, for all of them: whose token it is need not be known.
    void revoke(std::string_view token) {
        for (const entry& one : all_)
            one.api.get().revoke(token);
    }
    void forget(std::string_view token) {
        for (const entry& one : all_)
            one.api.get().forget(token);
    }

protected:
    [[nodiscard]] const std::vector<entry>& all() const noexcept { return all_; }

    /// Who is asked, in order. A token that names an issuer is shown to that one only, and to nobody if it is
    /// none of these: a hint makes them fewer, and never more. Of an opaque token those are asked first who have
    /// a good verdict on it.
    [[nodiscard]] std::vector<const entry*> in_order(std::string_view token) const {
        std::vector<const entry*> order;
        const std::optional<std::string> hint = issuer_hint(token);
        std::ptrdiff_t known = 0;
        for (const entry& one : all_) {
            if (hint && one.issuer != *hint)
                continue;
            const bool is_first = !hint && all_.size() > 1 && knows(one, token);
            order.insert(is_first ? order.begin() + known++ : order.end(), &one);
        }
        return order;
    }

    /// What an issuer has decided, unless the token that it calls active is another's by its own words: that is not
    /// its to vouch for (threat S11).
    [[nodiscard]] decision vouched_for(const entry& one, decision d, auth_scheme used) const {
        if (!d.allowed() || !d.who->iss || *d.who->iss == one.issuer)
            return d;
        d.ruled = ruling::wrong_issuer;
        return refused(one, description::not_acceptable, used, std::move(d));
    }
    /// On a token that names an issuer which is none of these.
    [[nodiscard]] decision of_nobody(auth_scheme used) const {
        decision d;
        d.because = reason::inactive;
        return refused(all_.front(), description::not_active, used, std::move(d));
    }

private:
    static decision refused(const entry& one, description why, auth_scheme used, decision d) {
        const auto& api = one.api.get();
        answer said = invalid_token(api.realm(), why);
        const std::string_view algorithms = api.options().bearer.dpop_algorithms;
        if (!algorithms.empty())
            said = offering_dpop(std::move(said), used, api.realm(), algorithms);
        return detail::refused(std::move(said), std::move(d));
    }
    static const char* problem(const std::vector<entry>& all) {
        if (all.empty())
            return "issuers: there is one or more";
        for (const entry& one : all) {
            const auto same = [&](const entry& other) { return other.issuer == one.issuer; };
            if (one.issuer.empty() || std::ranges::count_if(all, same) != 1)
                return "issuers: each has a name, and no two have the same";
            // Else what is no token for one of them would be refused in the name of all.
            if (one.api.get().options().bearer != all.front().api.get().options().bearer)
                return "issuers: all take the same bearer tokens (introspector_options::bearer)";
        }
        return nullptr;
    }
    static bool knows(const entry& one, std::string_view token) {
        const auto key = one.api.get().key_of(token);
        const auto found = key ? one.api.get().store().find(*key) : std::nullopt;
        return found && found->value.what == knowledge::verdict::active;
    }

    std::vector<entry> all_;
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ISSUER_LIST_HPP
