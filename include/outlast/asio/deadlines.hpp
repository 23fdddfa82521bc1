// SPDX-License-Identifier: BSL-1.0
//
// All deadlines of an execution context behind one timer.
#ifndef OUTLAST_ASIO_DEADLINES_HPP
#define OUTLAST_ASIO_DEADLINES_HPP

#include <outlast/asio/brief_lock.hpp>
#include <outlast/asio/deadline_heap.hpp>
#include <outlast/run.hpp> // steady

#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <mutex>
#include <optional>

namespace outlast::detail {

/// Runs what it is given where it stands: the handler of a timer is called by its context anyway.
struct inline_executor {
    boost::asio::execution_context* home;

    boost::asio::execution_context& query(boost::asio::execution::context_t) const noexcept {
        return *home;
    }
    template <class F>
    void execute(F f) const {
        f();
    }
    friend bool operator==(const inline_executor&, const inline_executor&) = default;
};

/// The loop behind an executor, where that can be seen; else null.
template <class Executor>
[[nodiscard]] boost::asio::io_context* loop_of(const Executor& e) noexcept {
    using loop_executor = boost::asio::io_context::executor_type;
    if constexpr (std::same_as<Executor, boost::asio::any_io_executor>) {
        if (const auto* plain = e.template target<loop_executor>())
            return loop_of(*plain);
        if (const auto* strand = e.template target<boost::asio::strand<loop_executor>>())
            return loop_of(*strand);
        return nullptr;
    } else if constexpr (requires { e.get_inner_executor(); }) {
        return loop_of(e.get_inner_executor());
    } else if constexpr (requires {
                             e.on_work_finished();
                             { e.context() } -> std::same_as<boost::asio::io_context&>;
                         }) {
        return &e.context();
    } else {
        return nullptr;
    }
}

/// A service: deadlines, and one timer for the first of them. A timer of its own for each call would
/// cost a system call each; this one is set again only for a deadline before all others, and stays
/// set when a deadline is taken back. It does not keep `run()` from returning.
///
/// **Sharing** any thread may call it.
/// \tparam Clock see `steady`; one that moves by hand calls `expire` itself
template <class Clock>
class deadlines final : public boost::asio::execution_context::service {
public:
    using key_type = deadlines;
    static inline boost::asio::execution_context::id id{};

    /// Who waits. It stays where it is from `insert` until one of the two is called, or until
    /// `erase` says that neither will be.
    class entry : public deadline_heap::node {
    public:
        /// The time has come. Must not throw, nor run user code; called under no lock.
        virtual void expired() noexcept = 0;
        /// The context goes away.
        virtual void dropped() noexcept = 0;

    protected:
        ~entry() = default;

    private:
        friend class deadlines;
        entry* then_ = nullptr; // of those that are due
    };

    explicit deadlines(boost::asio::execution_context& home)
        : boost::asio::execution_context::service(home),
          timer_(std::in_place, inline_executor{&home}) {}

    /// That of an executor's context.
    template <class Executor>
    [[nodiscard]] static deadlines& of(const Executor& e) {
        boost::asio::execution_context& home =
            boost::asio::query(e, boost::asio::execution::context);
        // A context takes a lock to find a service. A place can be another context's only after the
        // end of this one, which changes the number.
        static thread_local constinit found last{};
        const auto now = ends_.load(std::memory_order_relaxed);
        if (last.home != &home || last.ends != now) {
            last = {&home, &boost::asio::use_service<deadlines>(home), now};
            if (boost::asio::io_context* const loop = loop_of(e); loop != nullptr)
                last.service->loop_.store(loop, std::memory_order_relaxed);
        }
        return *last.service;
    }
    ~deadlines() { ends_.fetch_add(1, std::memory_order_relaxed); }

    /// False: the context goes away, and nobody will be called.
    bool insert(entry& e, instant at) {
        const std::lock_guard hold{lock_};
        if (!timer_)
            return false;
        heap_.insert(e, at);
        if (at < armed_)
            arm(at);
        return true;
    }

    /// False: too late, it was called or will be.
    bool erase(entry& e) noexcept {
        const std::lock_guard hold{lock_};
        if (!e.linked())
            return false;
        heap_.erase(e);
        if (heap_.empty() && armed_ != never && loop_.load(std::memory_order_relaxed) == nullptr)
            disarm(); // it would be waited for
        return true;
    }

    /// When the first one is due.
    [[nodiscard]] instant first() const {
        const std::lock_guard hold{lock_};
        return heap_.first();
    }

    /// Calls all that are due.
    void expire() {
        const instant now = Clock::now();
        call_each(
            [&] {
                entry* due = nullptr;
                for (entry** end = &due; heap_.first() <= now && !heap_.empty();
                     end = &(*end)->then_)
                    *end = static_cast<entry*>(&heap_.pop());
                if (heap_.first() < armed_)
                    arm(heap_.first());
                return due;
            },
            [](entry& e) { e.expired(); });
    }

private:
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>,
                                          inline_executor>;

    struct found {
        boost::asio::execution_context* home;
        deadlines* service;
        std::uint64_t ends;
    };
    static inline std::atomic<std::uint64_t> ends_{0};

    void shutdown() override {
        call_each(
            [&] {
                timer_.reset(); // while its own service is there
                entry* all = nullptr;
                for (entry** end = &all; !heap_.empty(); end = &(*end)->then_)
                    *end = static_cast<entry*>(&heap_.pop());
                return all;
            },
            [](entry& e) { e.dropped(); });
    }

    template <class Take, class Tell>
    void call_each(Take take, Tell tell) {
        entry* e = nullptr;
        {
            const std::lock_guard hold{lock_};
            e = take();
        }
        while (e != nullptr) {
            entry* const next = e->then_; // it may be gone, or back in the heap, right after
            e->then_ = nullptr;
            tell(*e);
            e = next;
        }
    }

    static std::chrono::steady_clock::time_point real_time(instant at) {
        if constexpr (std::same_as<Clock, steady>)
            return std::chrono::steady_clock::time_point{at.time_since_epoch()};
        else
            return std::chrono::steady_clock::now() +
                   shorter(until(Clock::now(), at), std::chrono::hours{24});
    }

    void arm(instant at) {
        armed_ = at;
        timer_->expires_at(real_time(at)); // whoever waited is told so, and is not of this round
        timer_->async_wait(
            [this, round = ++round_, loop = loop_.load(std::memory_order_relaxed)](const auto&) {
                if (loop != nullptr)
                    loop->get_executor().on_work_started();
                rang(round);
            });
        // A wait counts as work for its context; this one must not, as it may be for nobody. A call
        // that waits counts itself.
        if (boost::asio::io_context* const loop = loop_.load(std::memory_order_relaxed))
            loop->get_executor().on_work_finished();
    }

    void disarm() noexcept {
        armed_ = never;
        ++round_;
        boost::system::error_code ignored;
        timer_->cancel(ignored);
    }

    void rang(unsigned round) {
        {
            const std::lock_guard hold{lock_};
            if (round != round_)
                return;
            armed_ = never;
        }
        expire();
    }

    mutable brief_lock lock_{};
    std::optional<timer_type> timer_;
    std::atomic<boost::asio::io_context*> loop_ = nullptr;
    deadline_heap heap_{};
    instant armed_ = never;
    unsigned round_ = 0;
};

} // namespace outlast::detail

#endif // OUTLAST_ASIO_DEADLINES_HPP
