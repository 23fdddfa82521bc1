// SPDX-License-Identifier: BSL-1.0
//
// A bounded number of libcurl handles, each with the connection that it keeps.
#ifndef OUTLAST_HTTP_CURL_POOL_HPP
#define OUTLAST_HTTP_CURL_POOL_HPP

#include "outlast/http/curl_handle.hpp"
#include "outlast/http/curl_options.hpp"
#include "outlast/http/error.hpp"
#include "outlast/http/limits.hpp"

#include <algorithm> // std::find_if
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iterator> // std::prev
#include <memory>
#include <mutex>
#include <string>
#include <utility> // std::move
#include <vector>

namespace outlast::http {

/// The handles of one transport: those that rest, and how many there are. Thread-safe.
class curl_pool {
public:
    struct resting {
        std::unique_ptr<curl_handle> handle;
        std::string origin; // where its connection leads
        std::chrono::steady_clock::time_point since;
    };

    explicit curl_pool(curl_options options) : options_(std::move(options)) {}

    [[nodiscard]] const curl_options& options() const noexcept { return options_; }

    /// A handle for this origin, with a connection to it if one rests. Waits while all are in use.
    [[nodiscard]] detail::result<std::unique_ptr<curl_handle>> take(const std::string& origin,
                                                                    const limits& until) {
        if (until.stop.stop_requested())
            return errc::cancelled;
        if (std::chrono::steady_clock::now() >= until.by)
            return errc::deadline_passed;
        {
            std::unique_lock lock{mutex_};
            const bool has_one = freed_.wait_until(lock, until.stop, until.by, [this] {
                return !resting_.empty() || existing_ < options_.max_connections;
            });
            if (!has_one) {
                return until.stop.stop_requested() ? errc::cancelled : errc::no_free_connection;
            }
            // The one that was used last: its connection is the most likely to live.
            auto found = std::find_if(resting_.rbegin(), resting_.rend(),
                                      [&](const resting& each) { return each.origin == origin; });
            if (found != resting_.rend() || existing_ == options_.max_connections) {
                // Or, to another origin, the one that was used the longest time ago.
                const auto at =
                    found != resting_.rend() ? std::prev(found.base()) : resting_.begin();
                auto handle = std::move(at->handle);
                resting_.erase(at);
                return handle;
            }
            resting_.reserve(existing_ + 1); // so that giving back never allocates
            ++existing_;
        }
        slot_guard counted{this};
        auto handle = curl_handle::make();
        if (!handle)
            return errc::local_resources;
        counted.pool = nullptr;
        return handle;
    }

    /// Takes a handle back, and lets go of those that nobody needed for a while.
    void give_back(std::unique_ptr<curl_handle> handle, std::string origin) noexcept {
        std::unique_ptr<curl_handle> outdated; // destroyed without the lock: it closes a connection
        const auto now = std::chrono::steady_clock::now();
        {
            const std::lock_guard lock{mutex_};
            if (!resting_.empty() && now - resting_.front().since > options_.reuse_idle_for) {
                outdated = std::move(resting_.front().handle);
                resting_.erase(resting_.begin());
                --existing_;
            }
            resting_.push_back({std::move(handle), std::move(origin), now});
        }
        freed_.notify_one();
    }

private:
    // Gives the count back if the handle could not be made.
    struct slot_guard {
        curl_pool* pool;
        ~slot_guard() {
            if (pool == nullptr)
                return;
            {
                const std::lock_guard lock{pool->mutex_};
                --pool->existing_;
            }
            pool->freed_.notify_one();
        }
    };

    const curl_options options_;
    std::mutex mutex_; // guards what follows
    std::condition_variable_any freed_;
    std::vector<resting> resting_; // in the order in which they came back
    std::size_t existing_ = 0;     // resting and in use; at most max_connections
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CURL_POOL_HPP
