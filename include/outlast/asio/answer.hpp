// SPDX-License-Identifier: BSL-1.0
//
// A handler with what it is to be called with.
#ifndef OUTLAST_ASIO_ANSWER_HPP
#define OUTLAST_ASIO_ANSWER_HPP

#include <outlast/asio/recycled.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <new> // placement
#include <type_traits>
#include <utility>

namespace outlast::detail {

/// What a caller is told, or `told()` of that, which is then found out in the handler's turn. Called once.
template <class Handler, class Result>
struct answer {
    Result what;
    Handler handler;

    void operator()() {
        if constexpr (requires { std::move(what).told(); })
            std::move(handler)(std::move(what).told());
        else
            std::move(handler)(std::move(what));
    }
};

/// An answer to be posted, in one piece of memory of the handler's: on its way through an executor, which moves
/// what it is given several times, it is a pointer. The piece is given back before the handler is called.
template <class Handler, class Result>
class posted_answer {
    using answer_type = answer<Handler, Result>;
    using given = boost::asio::associated_allocator_t<Handler>;
    using piece_allocator = allocator_for<given, answer_type>;
    using traits = std::allocator_traits<piece_allocator>;

public:
    /// \param make gives the result, which is built in its place
    template <class Make>
    posted_answer(Handler&& handler, Make&& make) {
        piece_allocator mine =
            allocator_from<answer_type>(boost::asio::get_associated_allocator(handler));
        piece_ = traits::allocate(mine, 1);
        try {
            ::new (static_cast<void*>(piece_))
                answer_type{std::forward<Make>(make)(), std::move(handler)};
        } catch (...) {
            traits::deallocate(mine, piece_, 1);
            throw;
        }
    }
    posted_answer(posted_answer&& other) noexcept : piece_(std::exchange(other.piece_, nullptr)) {}
    posted_answer& operator=(posted_answer&&) = delete;
    ~posted_answer() { // never called: the context is gone
        if (piece_ == nullptr)
            return;
        const Handler last = std::move(piece_->handler); // to which the memory may belong
        const owner gone{std::exchange(piece_, nullptr),
                         allocator_from<answer_type>(boost::asio::get_associated_allocator(last))};
    }

    using allocator_type = allocator_for<given, void>;
    [[nodiscard]] allocator_type get_allocator() const noexcept {
        return allocator_from<void>(boost::asio::get_associated_allocator(piece_->handler));
    }
    void operator()() { taken()(); }

private:
    // Frees it, whatever a move may throw.
    struct owner {
        answer_type* piece;
        piece_allocator mine;
        ~owner() {
            std::destroy_at(piece);
            traits::deallocate(mine, piece, 1);
        }
    };
    answer_type taken() {
        const owner gone{piece_, allocator_from<answer_type>(
                                     boost::asio::get_associated_allocator(piece_->handler))};
        piece_ = nullptr;
        return std::move(*gone.piece);
    }

    answer_type* piece_;
};

template <class Handler, class Make>
posted_answer(Handler, Make&&) -> posted_answer<Handler, std::invoke_result_t<Make&>>;

/// Answers on an executor, in a turn of its own.
template <class Executor, class Handler, class Result>
void post_answer(const Executor& executor, posted_answer<Handler, Result> a) {
    // A coroutine's executor is mostly this one, behind which what is posted takes two pieces of memory more.
    if constexpr (std::is_same_v<Executor, boost::asio::any_io_executor>)
        if (const auto* loop = executor.template target<boost::asio::io_context::executor_type>())
            return boost::asio::post(*loop, std::move(a));
    boost::asio::post(executor, std::move(a));
}

} // namespace outlast::detail

#endif // OUTLAST_ASIO_ANSWER_HPP
