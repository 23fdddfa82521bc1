// SPDX-License-Identifier: BSL-1.0
//
// The least that a call under Asio with a deadline can cost: written by hand for one case each, and for
// a loop that one thread runs. No policy but the timeout, no lock, nothing kept from overlapping,
// nobody who waits for the answer where the operation forgets its handler. Or, for a loop of any number of
// threads, with a lock around the deadlines, one end of the call (its own or that of its time), and work for
// the loop as long as it waits.
#ifndef OUTLAST_BENCH_LEAST_ASYNC_HPP
#define OUTLAST_BENCH_LEAST_ASYNC_HPP

#include <outlast/asio/brief_lock.hpp>
#include <outlast/asio/deadline_heap.hpp>
#include <outlast/asio/recycled.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // steady

#include "async_work.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace bench::least {

/// One call in recycled memory, its deadline in a heap for all.
/// \tparam Threads any number of them; else one
template <class Next, bool Threads = false>
class async_call : outlast::detail::deadline_heap::node {
    using error_code = boost::system::error_code;
    using loop = boost::asio::io_context;
    using recycled = outlast::detail::recycled<void>;

public:
    /// Ends in its initiation; the answer is posted, as a call must not answer there.
    static void start_inline(loop& context, Next next) {
        async_call& c = make(context, next);
        const outlast::instant by = outlast::after(outlast::steady::now(), 250ms);
        inline_work([&c](error_code, int n) { c.got_ = n; });
        c.judge(by);
        boost::asio::post(context.get_executor(), last{&c});
    }
    /// Posts once.
    static void start_posting(loop& context, Next next) {
        async_call& c = make(context, next);
        const outlast::instant by = outlast::after(outlast::steady::now(), 250ms);
        if constexpr (Threads) {
            c.more_.work.emplace(context.get_executor());
            const std::lock_guard hold{lock_}; // it may end before it is in there
            posting_work(handler{&c});
            deadlines_.insert(c, by);
        } else {
            posting_work(handler{&c});
            deadlines_.insert(c, by);
        }
    }

private:
    struct among_threads {
        std::optional<boost::asio::executor_work_guard<loop::executor_type>> work{};
        std::atomic<bool> over{false};
    };
    struct nothing {};
    struct last {
        async_call* call;
        using allocator_type = recycled;
        [[nodiscard]] allocator_type get_allocator() const noexcept { return {}; }
        void operator()() { call->finish(); }
    };
    struct handler {
        async_call* call;
        using executor_type = loop::executor_type;
        using allocator_type = recycled;
        [[nodiscard]] executor_type get_executor() const noexcept {
            return call->context_.get_executor();
        }
        [[nodiscard]] allocator_type get_allocator() const noexcept { return {}; }
        void operator()(error_code, int n) {
            call->got_ = n;
            call->judge(call->at());
            if constexpr (Threads) {
                if (call->more_.over.exchange(true, std::memory_order_acq_rel))
                    return;
                const std::lock_guard hold{lock_};
                deadlines_.erase(*call);
            } else {
                deadlines_.erase(*call);
            }
            call->finish();
        }
    };

    async_call(loop& context, Next next) : context_(context), next_(next) {}
    static async_call& make(loop& context, Next next) {
        outlast::detail::recycled<async_call> memory;
        return *::new (static_cast<void*>(memory.allocate(1))) async_call(context, next);
    }
    void judge(outlast::instant by) {
        if (outlast::steady::now() >= by)
            got_ = outlast::failure{outlast::refusal::timed_out};
    }
    void finish() {
        outlast::result<int> r = std::move(got_);
        Next next = std::move(next_);
        std::destroy_at(this);
        outlast::detail::recycled<async_call>{}.deallocate(this, 1);
        next(std::move(r));
    }

    static inline outlast::detail::deadline_heap deadlines_{};
    static inline outlast::detail::brief_lock lock_{};

    loop& context_;
    Next next_;
    outlast::result<int> got_{0};
    [[no_unique_address]] std::conditional_t<Threads, among_threads, nothing> more_{};
};

} // namespace bench::least

#endif // OUTLAST_BENCH_LEAST_ASYNC_HPP
