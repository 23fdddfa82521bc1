// SPDX-License-Identifier: BSL-1.0
//
// Tells who posts from threads of its own that an execution context is about to go.
#ifndef OUTLAST_HTTP_CONTEXT_END_HPP
#define OUTLAST_HTTP_CONTEXT_END_HPP

#include <boost/asio/execution_context.hpp>

#include <memory>
#include <mutex>
#include <utility> // std::move
#include <vector>

namespace outlast::http {

/// Somebody who must know.
class context_watcher {
public:
    /// The context is being destroyed: nothing may be posted to it once this has returned.
    virtual void context_ends() noexcept = 0;

protected:
    ~context_watcher() = default;
};

/// A service of an execution context. An execution context throws away what is queued when it is
/// destroyed, and takes no lock for it: a thread outside of it must not add to that meanwhile. The
/// services that were made last are shut down first, so this one comes before the queue itself.
class context_end final : public boost::asio::execution_context::service {
public:
    using key_type = context_end;
    inline static boost::asio::execution_context::id id;

    explicit context_end(boost::asio::execution_context& own) : service(own) {}

    /// Has it told, if it is there then. Thread-safe.
    void add(std::weak_ptr<context_watcher> watcher) {
        const std::lock_guard lock{mutex_};
        std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
        watchers_.push_back(std::move(watcher));
    }

private:
    void shutdown() override {
        const std::lock_guard lock{mutex_};
        for (const auto& each : watchers_) {
            if (const auto alive = each.lock())
                alive->context_ends();
        }
        watchers_.clear();
    }

    std::mutex mutex_; // guards what follows
    std::vector<std::weak_ptr<context_watcher>> watchers_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_CONTEXT_END_HPP
