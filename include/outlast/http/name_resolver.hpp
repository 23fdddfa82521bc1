// SPDX-License-Identifier: BSL-1.0
//
// Names to addresses for asynchronous calls: remembered, looked up once for all who wait, and a
// look-up that is stuck delays nobody beyond their time.
#ifndef OUTLAST_HTTP_NAME_RESOLVER_HPP
#define OUTLAST_HTTP_NAME_RESOLVER_HPP

#include "outlast/http/address_book.hpp"
#include "outlast/http/context_end.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/lookup_threads.hpp"
#include "outlast/http/name_options.hpp"
#include "outlast/http/phase_timer.hpp"
#include "outlast/http/result.hpp"
#include <outlast/freshness.hpp>
#include <outlast/time.hpp>

#include <algorithm> // std::min
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <new> // std::bad_alloc
#include <optional>
#include <string>
#include <utility> // std::move
#include <vector>

namespace outlast::http {

/// Guards the name service. Asio's own resolver looks up one name at a time on one thread for each
/// execution context and can't be stopped; here each name has its own look-up on one of a few
/// threads, shared by all calls that need it, and a call waits for it only as long as it wants to.
///
/// A call with fresh addresses waits for nothing; near their end it begins a look-up that it does
/// not wait for. With stale ones it waits until the look-up has had `stale_after`. Without any it
/// waits until its own time is up.
///
/// These are the rules of a cache-aside with refresh and a breaker for each name; it is not made of
/// those policies, since a caller here waits on an executor for what a thread does.
///
/// **Sharing** thread-safe. Held by a `shared_ptr`, and watches the end of the execution context in
/// which its callers wait (`context_end`). When it goes, look-ups under way are left alone.
class name_resolver final : public context_watcher,
                            public std::enable_shared_from_this<name_resolver> {
public:
    using addresses = std::shared_ptr<const address_list>;
    using clock = std::chrono::steady_clock;

    /// \pre `is_usable(options)`
    explicit name_resolver(name_options options)
        : options_(std::move(options)), book_(options_), threads_(options_.max_threads) {}

    /// Addresses, or why there are none: what the look-up said, `name_lookup_timeout` at `by`, or
    /// `cancelled`.
    [[nodiscard]] task<detail::result<addresses>>
    resolve(const std::string& host, phase_timer& own, clock::time_point by) {
        seat place{*this, own};
        const answer at_once = board(host, place);
        if (at_once)
            co_return *at_once;
        if (place.fallback)
            by = std::min(by, place.flight_->begun + options_.stale_after);
        for (;;) {
            if (own.is_cancelled())
                co_return errc::cancelled;
            if (const answer told = landed(place)) {
                const bool stands_in =
                    !told->has_value() && place.fallback && told->error() != errc::name_not_found;
                co_return stands_in ? place.fallback : *told;
            }
            if (clock::now() >= by) {
                if (place.fallback)
                    co_return place.fallback;
                co_return errc::name_lookup_timeout;
            }
            co_await own.wait(by);
        }
    }

    /// From now on nobody is woken.
    void context_ends() noexcept override {
        const std::lock_guard lock{mutex_};
        has_context_ = false;
    }

private:
    using answer = std::optional<detail::result<addresses>>;

    // One look-up under way.
    struct flight {
        clock::time_point begun;
        answer said{};
        std::vector<phase_timer*> passengers{};
    };

    // A call's place among those who wait. Also when the execution context is destroyed under a
    // waiting call, nobody wakes it any more after this is gone.
    struct seat {
        name_resolver& home;
        phase_timer& own;
        std::shared_ptr<flight> flight_{};
        addresses fallback{}; // stale

        seat(name_resolver& h, phase_timer& a) noexcept : home(h), own(a) {}
        seat(const seat&) = delete;
        seat& operator=(const seat&) = delete;
        ~seat() {
            if (!flight_)
                return;
            const std::lock_guard lock{home.mutex_};
            std::erase(flight_->passengers, &own);
        }
    };

    // The answer if there is one now; otherwise a place in the look-up of this name.
    answer board(const std::string& host, seat& place) {
        std::shared_ptr<flight> begun;
        answer at_once;
        {
            const std::lock_guard lock{mutex_};
            const auto now = clock::now();
            known_name known = book_.look(host, instant{now.time_since_epoch()});
            if (known.how == grade::fresh || (known.addresses && known.failure))
                at_once = known.addresses;
            else if (known.failure)
                at_once = *known.failure;
            auto under_way = flights_.find(host);
            if (known.is_due && under_way == flights_.end()) {
                if (flights_.size() < options_.max_names) {
                    begun = std::make_shared<flight>(flight{.begun = now});
                    under_way = flights_.emplace(host, begun).first;
                } else if (!at_once) { // stuck look-ups everywhere
                    at_once = known.addresses ? answer{known.addresses}
                                              : answer{errc::name_lookup_timeout};
                }
            }
            if (!at_once) {
                under_way->second->passengers.push_back(&place.own);
                place.flight_ = under_way->second;
                place.fallback = std::move(known.addresses);
            }
        }
        if (begun)
            begin(host, std::move(begun));
        return at_once;
    }

    void begin(const std::string& host, std::shared_ptr<flight> under_way) {
        auto job = [self = weak_from_this(), look_up = options_.lookup, host, under_way] {
            auto found = look_up_safely(look_up, host);
            if (const auto home = self.lock())
                home->land(host, *under_way, std::move(found));
        };
        try {
            threads_.run(std::move(job));
        } catch (const std::exception&) { // no thread, or no memory
            land(host, *under_way, errc::local_resources);
        }
    }

    static detail::result<addresses> look_up_safely(const lookup_function& look_up,
                                                    const std::string& host) noexcept {
        try {
            auto found = look_up(host);
            if (!found) {
                const bool ours = found.error().category() == error_category();
                return ours ? static_cast<errc>(found.error().value()) : errc::name_lookup_failed;
            }
            if (found.value().empty())
                return errc::name_not_found;
            return std::make_shared<const address_list>(std::move(found).value());
        } catch (...) {
            return errc::name_lookup_failed;
        }
    }

    void land(const std::string& host, flight& done, detail::result<addresses> said) noexcept {
        const std::lock_guard lock{mutex_};
        try {
            const instant now{clock::now().time_since_epoch()};
            if (said)
                book_.learnt(host, said.value(), now);
            else
                book_.failed(host, static_cast<errc>(said.error().value()), now);
        } catch (const std::bad_alloc&) { // then it is not remembered
        }
        done.said = std::move(said);
        flights_.erase(host);
        // Under the lock: a call that leaves takes it first, so those here are there.
        for (phase_timer* each : done.passengers) {
            if (has_context_)
                each->wake();
        }
    }

    answer landed(const seat& place) {
        const std::lock_guard lock{mutex_};
        return place.flight_->said;
    }

    const name_options options_;
    std::mutex mutex_; // guards what follows, but for the threads
    bool has_context_ = true;
    address_book book_;
    std::map<std::string, std::shared_ptr<flight>> flights_;
    lookup_threads threads_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_NAME_RESOLVER_HPP
