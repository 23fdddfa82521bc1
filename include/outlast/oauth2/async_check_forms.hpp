// SPDX-License-Identifier: BSL-1.0
//
// The shorter forms of `async_check`, for whoever has the whole one.
#ifndef OUTLAST_OAUTH2_ASYNC_CHECK_FORMS_HPP
#define OUTLAST_OAUTH2_ASYNC_CHECK_FORMS_HPP

#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/policy.hpp> // requirements
#include <outlast/run.hpp>           // limits
#include <outlast/time.hpp>

#include <boost/asio/async_result.hpp>

#include <functional> // std::reference_wrapper
#include <span>
#include <string_view>
#include <utility>

namespace outlast::oauth2 {

/// Inherited by `Api`, whose `async_check(headers, wanted, max_age, limits, keys, token)` they call.
template <class Api>
class async_check_forms {
public:
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::span<const std::string_view> authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     Token&& token) {
        return api().async_check(authorization, wanted, max_age, until, held_keys{},
                                 std::forward<Token>(token));
    }

    /// For a request with one Authorization header: its value, as "Bearer 2YotnFZFEjr1zCsicMWpAA".
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::string_view authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     const held_keys& keys,
                     Token&& token) {
        const std::string_view only[] = {authorization};
        return api().async_check(std::span<const std::string_view>{only}, wanted, max_age, until,
                                 keys, std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::string_view authorization,
                     std::reference_wrapper<const requirements> wanted,
                     duration max_age,
                     const limits& until,
                     Token&& token) {
        return async_check(authorization, wanted, max_age, until, held_keys{},
                           std::forward<Token>(token));
    }
    template <boost::asio::completion_token_for<void(decision)> Token>
    auto async_check(std::string_view authorization,
                     std::reference_wrapper<const requirements> wanted,
                     Token&& token) {
        return async_check(authorization, wanted, forever, {}, std::forward<Token>(token));
    }

protected:
    ~async_check_forms() = default;

private:
    [[nodiscard]] Api& api() noexcept { return static_cast<Api&>(*this); }
};

} // namespace outlast::oauth2

#endif // OUTLAST_OAUTH2_ASYNC_CHECK_FORMS_HPP
