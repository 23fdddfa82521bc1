// SPDX-License-Identifier: BSL-1.0
//
// A bounded number of threads for work that cannot be stopped and may be stuck.
#ifndef OUTLAST_HTTP_LOOKUP_THREADS_HPP
#define OUTLAST_HTTP_LOOKUP_THREADS_HPP

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility> // std::move

namespace outlast::http {

/// Runs jobs on threads of its own, at most `most` at once; further ones wait in order. A thread is
/// started when there is a job and ends when there is none, so at rest there are no threads.
///
/// Nobody waits for a job, the destructor neither: it forgets those that have not begun, and leaves
/// the others on their threads. A job therefore refers to nothing that it does not own. A thread
/// that is still stuck when main() returns ends with the process.
///
/// **Sharing** thread-safe.
class lookup_threads {
public:
    using job = std::function<void()>; ///< lets no exception out

    /// \pre most > 0
    explicit lookup_threads(std::size_t most) : shared_(std::make_shared<shared>()), most_(most) {}
    lookup_threads(const lookup_threads&) = delete;
    lookup_threads& operator=(const lookup_threads&) = delete;
    ~lookup_threads() {
        std::deque<job> forgotten; // destroyed without the lock
        const std::lock_guard lock{shared_->mutex};
        forgotten.swap(shared_->waiting);
    }

    /// Throws `std::system_error` when there is no thread to be had, and then has not taken the job.
    void run(job work) {
        const std::lock_guard lock{shared_->mutex};
        shared_->waiting.push_back(std::move(work));
        if (shared_->running == most_)
            return;
        try {
            std::thread{[shared = shared_] { loop(*shared); }}.detach();
            ++shared_->running;
        } catch (...) {
            if (shared_->running != 0)
                return; // one of those will come to it
            shared_->waiting.pop_back();
            throw;
        }
    }

private:
    struct shared {
        std::mutex mutex; // guards what follows
        std::deque<job> waiting;
        std::size_t running = 0;
    };

    static void loop(shared& own) {
        for (;;) {
            job next;
            {
                const std::lock_guard lock{own.mutex};
                if (own.waiting.empty()) {
                    --own.running;
                    return;
                }
                next = std::move(own.waiting.front());
                own.waiting.pop_front();
            }
            next();
        }
    }

    const std::shared_ptr<shared> shared_;
    const std::size_t most_;
};

} // namespace outlast::http

#endif // OUTLAST_HTTP_LOOKUP_THREADS_HPP
