// SPDX-License-Identifier: BSL-1.0
//
// The two ways a story can go, by a blocking introspector and by an asynchronous one: so that the stories are compiled
// once. A program links blocking_way.cpp or async_way.cpp.
#ifndef OUTLAST_TESTS_OAUTH2_SUPPORT_WAY_HPP
#define OUTLAST_TESTS_OAUTH2_SUPPORT_WAY_HPP

#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/run.hpp>

#include "oauth2/support/pieces.hpp"
#include "oauth2/support/server.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace outlast_tests {

/// One check under way, in virtual time.
class call {
public:
    virtual ~call() = default;
    [[nodiscard]] virtual bool done() const = 0;
    [[nodiscard]] virtual outlast::instant finished_at() const = 0;
    virtual void cancel() = 0;
    /// Where the form decides only now: about this route, at this time of the wall's.
    [[nodiscard]] virtual outlast::oauth2::decision
    decided(const outlast::oauth2::requirements& wanted,
            std::chrono::system_clock::time_point now) = 0;
};

/// An introspector, its server and their time.
class way {
public:
    virtual ~way() = default;
    [[nodiscard]] virtual scripted_server& server() = 0;
    [[nodiscard]] virtual pieces& api() = 0;
    /// Whether what a caller began goes on for others when it leaves.
    [[nodiscard]] virtual bool work_stays() const = 0;

    [[nodiscard]] virtual outlast::instant time() const = 0;
    virtual void advance(outlast::duration span) = 0;
    /// Until nothing is left to happen.
    virtual void run() = 0;
    /// \param token is kept by the caller, and what it returns by the way
    virtual call& begin(const std::string& token,
                        const outlast::oauth2::requirements& wanted,
                        outlast::duration max_age,
                        outlast::instant deadline) = 0;

    /// One question about a token that was served stale, to its end. \return whether there was one
    virtual bool recheck() = 0;
    /// One question of the canary's, to its end.
    virtual outlast::result<outlast::oauth2::knowledge> probe(std::size_t endpoint) = 0;
};
[[nodiscard]] std::unique_ptr<way> make_way(outlast::oauth2::introspector_options options);

using any_transport = std::function<outlast::result<outlast::http::response>(
    const outlast::http::request&, const outlast::http::limits&)>;

/// Whole checks in real time, one after another.
class direct_way {
public:
    virtual ~direct_way() = default;
    [[nodiscard]] virtual pieces& api() = 0;
    virtual outlast::oauth2::decision check(std::span<const std::string_view> authorization,
                                            const outlast::oauth2::requirements& wanted,
                                            outlast::duration max_age,
                                            const outlast::limits& until,
                                            const outlast::oauth2::held_keys& keys) = 0;
};
[[nodiscard]] std::unique_ptr<direct_way>
make_direct_way(outlast::oauth2::introspector_options options, any_transport send);

/// The introspector of this program, for whole requests.
class direct_api {
public:
    template <class Server>
    direct_api(outlast::oauth2::introspector_options options, Server& server)
        : does_(make_direct_way(
              std::move(options),
              [&server](const outlast::http::request& what, const outlast::http::limits& until) {
                  return server(what, until);
              })) {}

    outlast::oauth2::decision operator()(std::span<const std::string_view> authorization,
                                         const outlast::oauth2::requirements& wanted = {},
                                         outlast::duration max_age = outlast::forever,
                                         const outlast::limits& until = {},
                                         const outlast::oauth2::held_keys& keys = {}) {
        return does_->check(authorization, wanted, max_age, until, keys);
    }
    outlast::oauth2::decision operator()(std::string_view authorization,
                                         const outlast::oauth2::requirements& wanted = {},
                                         outlast::duration max_age = outlast::forever,
                                         const outlast::limits& until = {},
                                         const outlast::oauth2::held_keys& keys = {}) {
        const std::string_view only[] = {authorization};
        return (*this)(std::span<const std::string_view>{only}, wanted, max_age, until, keys);
    }

    void revoke(std::string_view token) { does_->api().revoke(token); }
    [[nodiscard]] auto& breaker() { return does_->api().breaker(); }
    [[nodiscard]] auto& latch() { return does_->api().latch(); }
    [[nodiscard]] auto& store() { return does_->api().store(); }
    [[nodiscard]] auto key_of(std::string_view token) { return does_->api().key_of(token); }

private:
    std::unique_ptr<direct_way> does_;
};

} // namespace outlast_tests

#endif // OUTLAST_TESTS_OAUTH2_SUPPORT_WAY_HPP
