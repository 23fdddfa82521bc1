// SPDX-License-Identifier: BSL-1.0
//
// The least that a call under Asio with a deadline can cost: written by hand for one case each, and for
// a loop that one thread runs. No policy but the timeout, no lock, nothing kept from overlapping,
// nobody who waits for the answer where the operation forgets its handler.
#ifndef OUTLAST_BENCH_LEAST_ASYNC_HPP
#define OUTLAST_BENCH_LEAST_ASYNC_HPP

#include <outlast/asio/deadline_heap.hpp>
#include <outlast/asio/recycled.hpp>
#include <outlast/result.hpp>
#include <outlast/run.hpp> // steady

#include "async_work.hpp"

#include <memory>
#include <new>
#include <utility>

namespace bench::least {

/// One call in recycled memory, its deadline in a heap for all.
template <class Next>
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
        posting_work(handler{&c});
        deadlines_.insert(c, by);
    }

private:
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
            deadlines_.erase(*call);
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

    loop& context_;
    Next next_;
    outlast::result<int> got_{0};
};

} // namespace bench::least

#endif // OUTLAST_BENCH_LEAST_ASYNC_HPP
