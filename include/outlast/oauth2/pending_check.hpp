// SPDX-License-Identifier: BSL-1.0
//
// One asynchronous check that is under way: who waits for it, and the token that it is about.
#ifndef OUTLAST_OAUTH2_PENDING_CHECK_HPP
#define OUTLAST_OAUTH2_PENDING_CHECK_HPP

#include <outlast/asio/recycled.hpp>
#include <outlast/asio/share.hpp>
#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/held_keys.hpp>
#include <outlast/oauth2/introspection.hpp> // query
#include <outlast/oauth2/policy.hpp>
#include <outlast/oauth2/secret.hpp> // wipe
#include <outlast/report.hpp>
#include <outlast/result.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associator.hpp>

#include <cstddef>
#include <cstring> // std::memcpy
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

namespace outlast::oauth2::detail {

/// What a check keeps where it stays, in one piece of memory of the handler's; the token lies behind
/// it. Shared by the handler's side and by the call, which may go on without it: others may wait for
/// what it learns about the token. Has a share in what the check is carried out by, which so stays
/// until both are done, whoever else lets go of it.
/// \tparam Api what decides, and has all that the call refers to
template <class Api, class Handler>
class pending_check : public outlast::detail::counted<pending_check<Api, Handler>> {
public:
    using owner = outlast::detail::share<pending_check>;

    std::optional<Handler> handler; ///< while it waits
    std::shared_ptr<const Api> api;
    const requirements* wanted;
    sender from;
    report* asked_for; ///< what the caller wants to know, or null
    report facts{};
    std::size_t endpoint = 0; ///< that is being asked
    token_digest key{};       ///< of the token

    [[nodiscard]] std::string_view token() const noexcept { return {behind(), size_}; }

    static owner make(Handler&& handler,
                      std::shared_ptr<const Api> api,
                      const requirements& wanted,
                      const sender& from,
                      report* asked_for,
                      std::string_view token) {
        allocator mine = outlast::detail::allocator_from<pending_check>(
            boost::asio::get_associated_allocator(handler));
        const std::size_t places = places_for(token.size());
        pending_check* const place = traits::allocate(mine, places);
        try {
            return owner{::new (static_cast<void*>(place)) pending_check(
                std::move(handler), std::move(api), wanted, from, asked_for, token, mine)};
        } catch (...) {
            traits::deallocate(mine, place, places);
            throw;
        }
    }

    /// The handler, once its check is gone, if no call goes on with it.
    static Handler handler_of(owner check) {
        Handler handler = *std::move(check->handler);
        check->handler.reset();
        return handler;
    }

private:
    friend outlast::detail::counted<pending_check>;
    using allocator =
        outlast::detail::allocator_for<boost::asio::associated_allocator_t<Handler>, pending_check>;
    using traits = std::allocator_traits<allocator>;

    pending_check(Handler&& h,
                  std::shared_ptr<const Api>&& a,
                  const requirements& demanded,
                  const sender& came_from,
                  report* interested,
                  std::string_view about,
                  const allocator& mine)
        : handler(std::move(h)),
          api(std::move(a)),
          wanted(&demanded),
          from(came_from),
          asked_for(interested),
          size_(about.size()),
          allocator_(mine) {
        std::memcpy(behind(), about.data(), about.size());
    }

    void dispose() noexcept {
        allocator mine = allocator_;
        const std::size_t places = places_for(size_);
        wipe(behind(), size_);
        this->~pending_check();
        traits::deallocate(mine, this, places);
    }

    static constexpr std::size_t places_for(std::size_t bytes) noexcept {
        return 1 + (bytes + sizeof(pending_check) - 1) / sizeof(pending_check);
    }
    [[nodiscard]] char* behind() const noexcept {
        return const_cast<char*>(reinterpret_cast<const char*>(this + 1));
    }

    std::size_t size_;
    [[no_unique_address]] allocator allocator_;
};

/// What the call is about, as an argument of it: token and endpoint lie in the check, for as long as
/// the call may ask about them. A call gives its arguments back after everything else, so that the
/// policies are there until it is gone.
template <class Check>
struct pending_query : query {
    outlast::detail::share<Check> where;

    pending_query(const query& asked, const outlast::detail::share<Check>& check) noexcept
        : query(asked), where(check) {
        token = where->token();
        endpoint = &where->endpoint;
    }
};

/// Ends a check with its decision, and is to Asio what its handler is.
template <class Api, class Handler>
struct check_done {
    typename pending_check<Api, Handler>::owner check;

    void operator()(result<knowledge> known) {
        if (check->asked_for != nullptr)
            *check->asked_for = check->facts;
        decision d = check->api->decided(std::move(known), check->facts, *check->wanted,
                                         check->from, {.token = check->token(), .key = check->key});
        Handler handler = pending_check<Api, Handler>::handler_of(std::move(check));
        std::move(handler)(std::move(d));
    }
};

} // namespace outlast::oauth2::detail

template <template <class, class> class Associator, class Api, class Handler, class Default>
struct boost::asio::
    associator<Associator, outlast::oauth2::detail::check_done<Api, Handler>, Default> {
    using done = outlast::oauth2::detail::check_done<Api, Handler>;
    using type = typename Associator<Handler, Default>::type;
    static type get(const done& d) noexcept {
        return Associator<Handler, Default>::get(*d.check->handler);
    }
    static auto get(const done& d, const Default& otherwise) noexcept
        -> decltype(Associator<Handler, Default>::get(*d.check->handler, otherwise)) {
        return Associator<Handler, Default>::get(*d.check->handler, otherwise);
    }
};

#endif // OUTLAST_OAUTH2_PENDING_CHECK_HPP
