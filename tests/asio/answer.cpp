// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/answer.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace asio = boost::asio;
using outlast::detail::posted_answer;

namespace {

/// Counts the pieces that are out.
template <class T>
struct counting {
    using value_type = T;
    int* out;
    explicit counting(int& pieces) : out(&pieces) {}
    template <class U>
    counting(const counting<U>& other) : out(other.out) {}
    T* allocate(std::size_t n) {
        ++*out;
        return std::allocator<T>{}.allocate(n);
    }
    void deallocate(T* p, std::size_t n) {
        --*out;
        std::allocator<T>{}.deallocate(p, n);
    }
    template <class U>
    bool operator==(const counting<U>& other) const {
        return out == other.out;
    }
};

} // namespace

TEST_CASE("answer: moves what it holds into the handler, as a handler that is used up") {
    std::string told;
    struct handler {
        std::unique_ptr<int> only_moved = std::make_unique<int>(0);
        std::string* told;
        void operator()(std::unique_ptr<int> n) && { *told = "rvalue " + std::to_string(*n); }
        void operator()(std::unique_ptr<int>) & { *told = "lvalue"; }
    };
    outlast::detail::answer<handler, std::unique_ptr<int>> a{std::make_unique<int>(7),
                                                             handler{.told = &told}};
    a();
    CHECK(told == "rvalue 7");
    CHECK(a.what == nullptr);
}

TEST_CASE("answer: posted in memory of the handler's, which is given back before it is called") {
    int pieces = 0;
    int at_call = -1;
    std::unique_ptr<int> got;
    asio::io_context context;
    auto handler = asio::bind_allocator(counting<void>{pieces}, [&](std::unique_ptr<int> n) {
        at_call = pieces;
        got = std::move(n);
    });
    const auto seven = [] { return std::make_unique<int>(7); };
    SECTION("to the context") {
        outlast::detail::post_answer(context.get_executor(),
                                     posted_answer{std::move(handler), seven});
        CHECK(pieces > 0);
    }
    SECTION("to an executor of any type") {
        outlast::detail::post_answer(asio::any_io_executor{context.get_executor()},
                                     posted_answer{std::move(handler), seven});
        CHECK(pieces > 0);
    }
    SECTION("to a strand behind one") {
        outlast::detail::post_answer(asio::any_io_executor{asio::make_strand(context)},
                                     posted_answer{std::move(handler), seven});
        CHECK(pieces > 0);
    }
    CHECK(got == nullptr);
    context.run();
    REQUIRE(got != nullptr);
    CHECK(*got == 7);
    CHECK(at_call == 0);
    CHECK(pieces == 0);
}

TEST_CASE("answer: one that cannot be made leaves nothing behind") {
    int pieces = 0;
    auto alive = std::make_shared<int>(0);
    auto handler = asio::bind_allocator(counting<void>{pieces}, [alive](int) { FAIL("called"); });
    CHECK_THROWS_AS(
        (posted_answer{std::move(handler), []() -> int { throw std::runtime_error("no"); }}),
        std::runtime_error);
    CHECK(pieces == 0);
}

TEST_CASE("answer: one that is never called goes away with its context, moved nowhere") {
    struct stays {
        std::shared_ptr<int> alive;
        explicit stays(std::shared_ptr<int> a) : alive(std::move(a)) {}
        stays(stays&&) { throw std::runtime_error("moved"); }
    };
    int pieces = 0;
    auto alive = std::make_shared<int>(0);
    {
        asio::io_context context;
        outlast::detail::post_answer(
            context.get_executor(),
            posted_answer{
                asio::bind_allocator(counting<void>{pieces}, [alive](stays) { FAIL("called"); }),
                [&] { return stays{alive}; }});
        CHECK(pieces > 0);
    }
    CHECK(alive.use_count() == 1);
    CHECK(pieces == 0);
}

TEST_CASE("answer: a result that cannot be moved to its handler is not left behind either") {
    struct once {
        std::shared_ptr<int> alive;
        explicit once(std::shared_ptr<int> a) : alive(std::move(a)) {}
        once(once&&) { throw std::runtime_error("moved"); }
    };
    int pieces = 0;
    auto alive = std::make_shared<int>(0);
    asio::io_context context;
    outlast::detail::post_answer(
        context.get_executor(),
        posted_answer{asio::bind_allocator(counting<void>{pieces}, [](once) { FAIL("called"); }),
                      [&] { return once{alive}; }});
    CHECK_THROWS_AS(context.run(), std::runtime_error);
    CHECK(alive.use_count() == 1);
    CHECK(pieces == 0);
}

TEST_CASE("answer: what is found out in the turn of the handler") {
    int asked = 0;
    struct later {
        int* asked;
        std::string told() && { return "found out " + std::to_string(++*asked); }
    };
    std::string got;
    asio::io_context context;
    outlast::detail::post_answer(
        context.get_executor(),
        posted_answer{[&](std::string s) { got = std::move(s); }, [&] { return later{&asked}; }});
    CHECK(asked == 0);
    context.run();
    CHECK(got == "found out 1");
}
