// SPDX-License-Identifier: BSL-1.0
//
// A bounded number of connections, in all and to each origin, kept between calls.
#ifndef OUTLAST_HTTP_BEAST_POOL_HPP
#define OUTLAST_HTTP_BEAST_POOL_HPP

#include "outlast/http/beast_connection.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/phase_timer.hpp"
#include "outlast/http/result.hpp"

#include <algorithm> // std::find_if
#include <chrono>
#include <cstddef>
#include <iterator> // std::prev
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <new> // std::bad_alloc
#include <optional>
#include <string>
#include <utility> // std::move

namespace outlast::http {

struct pool_bounds {
    std::size_t in_all = 1;
    std::size_t per_origin = 1;
    std::chrono::steady_clock::duration idle_for{}; ///< zero: nothing is kept
    std::chrono::steady_clock::duration oldest{};   ///< age of a connection
};

/// Lends places for connections, with a connection in them if one rests, and has calls wait in
/// order of arrival while there is none. A place that comes free goes to the first call that may
/// have it: it is handed over, so that nobody overtakes.
///
/// A connection that has rested for too long is closed when the pool is next used.
///
/// **Sharing** thread-safe. Held by a `shared_ptr`.
class beast_pool : public std::enable_shared_from_this<beast_pool> {
public:
    using clock = std::chrono::steady_clock;

private:
    struct place {
        std::string origin;
        std::unique_ptr<beast_connection> connection{};
        clock::time_point since{}; // it rests
    };
    using places = std::list<place>; // a place moves between lists, so giving back never allocates

public:
    /// A place. Gives itself back, with the connection if there is one in it then.
    class lease {
    public:
        lease(std::shared_ptr<beast_pool> home, places one) noexcept
            : home_(std::move(home)), one_(std::move(one)) {}
        lease(lease&&) noexcept = default;
        lease& operator=(lease&&) = delete;
        ~lease() {
            if (home_)
                home_->give_back(one_);
        }

        /// Null: the place is empty.
        [[nodiscard]] std::unique_ptr<beast_connection>& connection() noexcept {
            return one_.front().connection;
        }

    private:
        std::shared_ptr<beast_pool> home_;
        places one_; // exactly one
    };

    explicit beast_pool(const pool_bounds& bounds) : bounds_(bounds) {}

    /// A place for a connection to `origin`; `no_free_connection` at `by`; or `cancelled`.
    [[nodiscard]] task<detail::result<lease>>
    take(std::string origin, phase_timer& own, clock::time_point by) {
        waiter self{*this, std::move(origin), own};
        if (auto at_once = ask(self))
            co_return std::move(*at_once);
        for (;;) {
            co_await own.wait(by);
            auto granted = collect(self);
            if (own.is_cancelled())
                co_return errc::cancelled; // and what was granted goes to the next
            if (granted)
                co_return std::move(*granted);
            if (clock::now() >= by)
                co_return errc::no_free_connection;
        }
    }

private:
    // A call that waits. Also when its execution context is destroyed it leaves before that.
    struct waiter {
        beast_pool& home;
        std::string origin;
        phase_timer& own;
        std::optional<lease> granted{};
        std::optional<std::list<waiter*>::iterator> place_in_line{};

        waiter(beast_pool& h, std::string o, phase_timer& a)
            : home(h), origin(std::move(o)), own(a) {}
        waiter(const waiter&) = delete;
        waiter& operator=(const waiter&) = delete;
        ~waiter() {
            const std::lock_guard lock{home.mutex_};
            if (place_in_line)
                home.waiting_.erase(*place_in_line);
        }
    };

    std::optional<lease> ask(waiter& self) {
        places closed; // once the lock is gone
        const std::lock_guard lock{mutex_};
        auto got = find_place(self.origin, closed);
        if (!got)
            self.place_in_line = waiting_.insert(waiting_.end(), &self);
        return got;
    }

    std::optional<lease> collect(waiter& self) {
        const std::lock_guard lock{mutex_};
        std::optional<lease> got{std::move(self.granted)};
        self.granted.reset();
        return got;
    }

    void give_back(places& one) noexcept {
        places closed;
        const std::lock_guard lock{mutex_};
        place& back = one.front();
        if (const auto used = in_use_.find(back.origin); --used->second == 0)
            in_use_.erase(used);
        --all_in_use_;
        back.since = clock::now();
        const bool is_kept = back.connection && bounds_.idle_for > clock::duration::zero();
        places& into = is_kept ? resting_ : closed;
        into.splice(into.end(), one);
        try {
            serve(closed);
        } catch (const std::bad_alloc&) { // those who wait still wait
        }
    }

    // Under the lock: gives what is free to the first who may have it.
    void serve(places& closed) {
        for (auto at = waiting_.begin(); at != waiting_.end();) {
            waiter& each = **at++;
            auto got = find_place(each.origin, closed);
            if (!got)
                continue;
            each.granted.emplace(std::move(*got));
            waiting_.erase(*each.place_in_line);
            each.place_in_line.reset();
            each.own.wake(); // it is there: to leave it would take the lock
        }
    }

    // Under the lock.
    std::optional<lease> find_place(const std::string& origin, places& closed) {
        const auto now = clock::now();
        for (auto at = resting_.begin(); at != resting_.end();) {
            const auto each = at++;
            if (now - each->since >= bounds_.idle_for ||
                now - each->connection->opened() >= bounds_.oldest) {
                closed.splice(closed.end(), resting_, each);
            }
        }
        places one;
        // The one that was used last: it is the most likely to live.
        const auto found = std::find_if(resting_.rbegin(), resting_.rend(),
                                        [&](const place& each) { return each.origin == origin; });
        if (found == resting_.rend()) {
            const auto used = in_use_.find(origin);
            if (all_in_use_ >= bounds_.in_all ||
                (used != in_use_.end() && used->second >= bounds_.per_origin)) {
                return std::nullopt;
            }
            one.push_back({.origin = origin});
        }
        std::size_t& count = in_use_[origin];
        // From here on nothing throws.
        ++count;
        if (one.empty())
            one.splice(one.end(), resting_, std::prev(found.base()));
        else if (all_in_use_ + resting_.size() >= bounds_.in_all) // the oldest of the others goes
            closed.splice(closed.end(), resting_, resting_.begin());
        ++all_in_use_;
        return lease{shared_from_this(), std::move(one)};
    }

    const pool_bounds bounds_;
    std::mutex mutex_; // guards what follows
    places resting_;   // in the order in which they came back
    std::map<std::string, std::size_t> in_use_;
    std::size_t all_in_use_ = 0;
    std::list<waiter*> waiting_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_BEAST_POOL_HPP
