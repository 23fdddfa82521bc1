// SPDX-License-Identifier: BSL-1.0
//
// Every completion token and every kind of operation, and what is associated with a handler. On real
// contexts.
#include <outlast/asio/async_run.hpp>

#include <outlast/asio.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"
#include "support/print.hpp"

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using outlast::refusal;
using outlast::result;

namespace {

/// Completes with a signature and values, in a turn of the loop of its own.
template <class Signature>
struct completes {
    template <class Token, class... X>
    auto operator()(Token&& token, X... x) const {
        return asio::async_initiate<Token, Signature>(
            [](auto handler, auto... values) {
                const auto executor = asio::get_associated_executor(handler);
                asio::post(executor, [h = std::move(handler), ... v = std::move(values)]() mutable {
                    std::move(h)(std::move(v)...);
                });
            },
            token, std::move(x)...);
    }
};

/// What a call through an empty pipeline completes with.
template <class Operation, class... A>
auto outcome_of(Operation operation, A... arguments) {
    using value = outlast::detail::async_value<Operation, A...>;
    asio::io_context context;
    outlast::pipeline<> p;
    std::optional<result<value>> got;
    outlast::async_run(
        context.get_executor(), p, std::move(operation),
        [&](result<value> r) { got.emplace(std::move(r)); }, std::move(arguments)...);
    CHECK(!got);
    context.run();
    REQUIRE(got.has_value());
    return *std::move(got);
}

const error_code refused = make_error_code(asio::error::connection_refused);

outlast::pipeline<outlast::retry> twice() {
    return outlast::pipeline{
        outlast::retry{{.max_attempts = 2, .backoff = outlast::constant(0ms)}}};
}

} // namespace

TEST_CASE("operations: a value that can only be moved") {
    using pointer = std::unique_ptr<int>;
    const auto r = outcome_of([](auto token) {
        return completes<void(error_code, pointer)>{}(std::move(token), error_code{},
                                                      std::make_unique<int>(9));
    });
    CHECK(*r.value() == 9);
}

TEST_CASE("operations: with and without the context of the call, and with arguments") {
    const completes<void(error_code, int)> post{};
    CHECK(outcome_of([&](outlast::call& c, auto token) {
              return post(std::move(token), error_code{}, static_cast<int>(c.attempt()));
          }).value() == 1);
    CHECK(outcome_of(
              [&](outlast::call&, int a, const std::string& b, auto token) {
                  return post(std::move(token), error_code{}, a + static_cast<int>(b.size()));
              },
              1, std::string{"ab"})
              .value() == 3);
    CHECK(outcome_of([&](int a, auto token) { return post(std::move(token), error_code{}, a); }, 4)
              .value() == 4);
}

TEST_CASE("operations: one that returns an awaitable") {
    CHECK(outcome_of(
              [](outlast::call& c, int n) -> asio::awaitable<int> {
                  CHECK(c.attempt() == 1);
                  asio::steady_timer timer{co_await asio::this_coro::executor, 1ms};
                  co_await timer.async_wait(asio::use_awaitable);
                  co_return n + 1;
              },
              4)
              .value() == 5);
    CHECK(outcome_of([]() -> asio::awaitable<void> { co_return; }).has_value());
    CHECK(outcome_of([]() -> asio::awaitable<result<int>> { co_return 6; }).value() == 6);
    CHECK(outcome_of([]() -> asio::awaitable<result<int>> {
              co_return std::make_error_code(std::errc::io_error);
          })
              .error()
              .code() == std::errc::io_error);
    CHECK(outcome_of([]() -> asio::awaitable<int> {
              throw std::system_error(std::make_error_code(std::errc::io_error));
              co_return 1;
          })
              .error()
              .code() == std::errc::io_error);
}

TEST_CASE("operations: what Asio throws in a coroutine keeps its code") {
    const auto r = outcome_of([]() -> asio::awaitable<int> {
        asio::ip::tcp::socket socket{co_await asio::this_coro::executor};
        co_await socket.async_connect({asio::ip::address_v4::loopback(), 1}, asio::use_awaitable);
        co_return 1;
    });
    CHECK(r.error().code() == std::errc::connection_refused);
    CHECK(r.error().why() == outlast::refusal::none);
    CHECK(r.error().thrown() != nullptr);
    CHECK(outcome_of([](auto token) {
              return asio::async_initiate<decltype(token), void(error_code, int)>(
                  [](auto) {
                      throw boost::system::system_error(
                          make_error_code(asio::error::host_unreachable));
                  },
                  token);
          })
              .error()
              .code() == std::errc::host_unreachable);
}

TEST_CASE("operations: a coroutine hears each kind of cancellation, and the stop token") {
    asio::io_context context;
    outlast::pipeline p{outlast::retry{}};
    asio::cancellation_signal signal;
    std::stop_source stop;
    const auto how = GENERATE(0, 1, 2, 3);
    std::optional<result<void>> got;
    bool heard = false;
    outlast::async_run(
        context.get_executor(), p, outlast::limits{.stop = stop.get_token()},
        [&]() -> asio::awaitable<void> {
            asio::steady_timer timer{context, 1h};
            const auto [e] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
            heard = e == asio::error::operation_aborted;
        },
        asio::bind_cancellation_slot(signal.slot(), [&](result<void> r) { got = std::move(r); }));
    context.poll();
    constexpr asio::cancellation_type types[] = {asio::cancellation_type::terminal,
                                                 asio::cancellation_type::partial,
                                                 asio::cancellation_type::total};
    if (how == 3)
        stop.request_stop();
    else
        signal.emit(types[how]);
    context.run();
    CHECK(heard);
    REQUIRE(got.has_value());
    // All but *terminal* let the operation finish, and it has.
    CHECK(got->has_value() == (how != 0));
}

TEST_CASE("operations: one that returns a deferred operation") {
    asio::io_context other;
    CHECK(outcome_of(
              [](int n) {
                  return completes<void(error_code, int)>{}(asio::deferred, error_code{}, n);
              },
              5)
              .value() == 5);
    CHECK(outcome_of([](outlast::call& c) {
              return completes<void(int)>{}(asio::deferred, static_cast<int>(c.attempt()));
          }).value() == 1);
}

TEST_CASE("operations: a judged one") {
    asio::io_context context;
    auto p = twice();
    int calls = 0;
    outlast::judged get{[&](outlast::call&, auto token) {
                            return completes<void(int)>{}(std::move(token),
                                                          ++calls == 1 ? 503 : 200);
                        },
                        [](int status) { return status < 500; }};
    int got = 0;
    outlast::async_run(context.get_executor(), p, std::ref(get),
                       [&](result<int> r) { got = r.value(); });
    context.run();
    CHECK(got == 200); // a judge is heard through a reference, too
    calls = 0;
    context.restart();
    outlast::async_run(context.get_executor(), p, get, [&](result<int> r) { got = r.value(); });
    context.run();
    CHECK(got == 200);
}

TEST_CASE("operations: one whose failures are judged, by the type of what was thrown") {
    struct locked : std::runtime_error {
        using std::runtime_error::runtime_error;
    };
    int runs = 0;
    outlast::judged query{[&]() -> asio::awaitable<int> {
                              if (++runs == 1)
                                  throw locked{"row 7"};
                              throw std::out_of_range{"row 8"};
                              co_return 1;
                          },
                          [](const outlast::failure& f) {
                              return f.thrown_as<locked>() ? outlast::verdict::failure()
                                                           : outlast::verdict::neutral();
                          }};
    outlast::pipeline p{outlast::retry{{.max_attempts = 5, .backoff = outlast::constant(0ms)}}};
    for (const int more : {2, 1}) { // itself, and by reference
        const int before = runs;
        asio::io_context context;
        std::optional<result<int>> got;
        const auto keep = [&](result<int> r) { got.emplace(std::move(r)); };
        if (more == 2)
            outlast::async_run(context, p, query, keep);
        else
            outlast::async_run(context, p, std::ref(query), keep);
        context.run();
        REQUIRE(got.has_value());
        CHECK(got->error().thrown_as<std::out_of_range>() != nullptr);
        CHECK(runs - before == more);
    }
}

TEST_CASE("tokens: use_future, use_awaitable, deferred, a callback") {
    asio::io_context context;
    auto p = twice();
    int attempts = 0;
    const auto work = [&](outlast::call& c, auto token) {
        ++attempts;
        return completes<void(error_code, int)>{}(std::move(token),
                                                  c.attempt() == 1 ? refused : error_code{}, 7);
    };
    const auto executor = context.get_executor();
    SECTION("use_future") {
        std::future<result<int>> f = outlast::async_run(executor, p, work, asio::use_future);
        context.run();
        CHECK(f.get().value() == 7);
    }
    SECTION("use_awaitable") {
        int got = 0;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                result<int> r = co_await outlast::async_run(p, work, asio::use_awaitable);
                got = r.value();
            },
            asio::detached);
        context.run();
        CHECK(got == 7);
    }
    SECTION("deferred: nothing happens until it is started") {
        auto later = outlast::async_run(executor, p, work, asio::deferred);
        context.run();
        CHECK(attempts == 0);
        context.restart();
        int got = 0;
        std::move(later)([&](result<int> r) { got = r.value(); });
        context.run();
        CHECK(got == 7);
    }
    SECTION("a callback that can only be moved") {
        int got = 0;
        outlast::async_run(executor, p, work, [&, only = std::make_unique<int>(1)](result<int> r) {
            got = r.value() * *only;
        });
        context.run();
        CHECK(got == 7);
    }
    SECTION("a callback that is kept by the caller is copied; a context instead of its executor") {
        int got = 0;
        const auto tag = std::make_shared<int>(1);
        auto mine = [&got, tag](result<int> r) { got = r.value() * *tag; };
        outlast::async_run(context, p, work, mine);
        context.run();
        CHECK(got == 7);
        got = 0;
        mine(result<int>{3}); // still whole
        CHECK(got == 3);
    }
    SECTION("inside another pipeline") {
        outlast::pipeline outer{outlast::timeout{10s}};
        int got = 0;
        outlast::async_run(
            executor, outer,
            [&](auto token) { return outlast::async_run(p, work, std::move(token)); },
            [&](result<int> r) { got = r.value(); });
        context.run();
        CHECK(got == 7);
    }
    CHECK(attempts == 2);
}

TEST_CASE("the handler is never called from inside, whatever finishes at once") {
    asio::io_context context;
    outlast::circuit_breaker open{{.name = "closed for good"}};
    open.set_mode(outlast::circuit_mode::isolated);
    outlast::pipeline refusing{std::ref(open)};
    auto retrying = twice();
    const auto at_once = [](outlast::call& c, auto token) {
        return asio::async_initiate<decltype(token), void(error_code, int)>(
            [n = c.attempt()](auto h) { std::move(h)(n == 1 ? refused : error_code{}, 1); }, token);
    };
    int called = 0;
    asio::post(context, [&] { // within the loop, too
        outlast::async_run(context.get_executor(), refusing, at_once, [&](result<int> r) {
            CHECK(r.error().why() == refusal::circuit_open);
            ++called;
        });
        CHECK(called == 0);
        outlast::async_run(context.get_executor(), retrying, at_once, [&](result<int> r) {
            CHECK(r.value() == 1);
            ++called;
        });
        CHECK(called == 0);
    });
    context.run();
    CHECK(called == 2);
}

TEST_CASE("the executor of the handler is the call's: a strand, a pool, any") {
    asio::io_context context;
    auto p = twice();
    bool done = false;
    const auto work = [](auto strand) {
        return [strand](outlast::call& c, auto token) {
            CHECK(strand.running_in_this_thread() == (c.attempt() != 1));
            return completes<void(error_code, int)>{}(std::move(token),
                                                      c.attempt() == 1 ? refused : error_code{}, 7);
        };
    };
    SECTION("a strand") {
        const auto strand = asio::make_strand(context);
        outlast::async_run(p, work(strand), asio::bind_executor(strand, [&](result<int> r) {
                               CHECK(strand.running_in_this_thread());
                               done = r.value() == 7;
                           }));
        context.run();
    }
    SECTION("any executor") {
        const asio::any_io_executor any = context.get_executor();
        outlast::async_run(any, p, work(context.get_executor()), [&](result<int> r) {
            CHECK(context.get_executor().running_in_this_thread());
            done = r.value() == 7;
        });
        context.run();
    }
    SECTION("a pool of threads") {
        asio::thread_pool pool{2};
        std::promise<int> got;
        outlast::async_run(pool.get_executor(), p, work(pool.get_executor()), [&](result<int> r) {
            got.set_value(pool.get_executor().running_in_this_thread() ? r.value() : 0);
        });
        done = got.get_future().get() == 7;
        pool.join();
    }
    SECTION("none: the system's") {
        outlast::pipeline timed{outlast::timeout{10ms}};
        auto f = outlast::async_run(
            timed,
            [](auto token) {
                return asio::async_initiate<decltype(token), void(int)>([](auto) {}, token);
            },
            asio::use_future);
        const auto why = f.get().error().why();
        CHECK(why == refusal::timed_out);
        done = true;
    }
    CHECK(done);
}

namespace {

struct arena {
    int pieces = 0;
    int given_back = 0;
};
template <class T>
struct counting {
    using value_type = T;
    arena* from;
    explicit counting(arena* a) noexcept : from(a) {}
    template <class U>
    counting(const counting<U>& other) noexcept : from(other.from) {}
    T* allocate(std::size_t n) {
        ++from->pieces;
        return static_cast<T*>(::operator new(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t) noexcept {
        ++from->given_back;
        ::operator delete(p);
    }
    template <class U>
    bool operator==(const counting<U>& other) const noexcept {
        return from == other.from;
    }
};

} // namespace

TEST_CASE("the allocator of the handler is used, and has everything back before the handler runs") {
    asio::io_context context;
    auto p = twice();
    arena a;
    bool called = false;
    const auto work = [&](outlast::call& c, auto token) {
        return completes<void(error_code, int)>{}(std::move(token),
                                                  c.attempt() == 1 ? refused : error_code{}, 7);
    };
    outlast::async_run(context.get_executor(), p, work,
                       asio::bind_allocator(counting<void>{&a}, [&](const result<int>&) {
                           called = true;
                           CHECK(a.pieces == a.given_back);
                       }));
    CHECK(a.pieces >= 1);
    context.run();
    CHECK(called);
    CHECK(a.pieces == a.given_back);
}

TEST_CASE("law 6: a coroutine that is abandoned takes no further step") {
    asio::io_context context;
    bool went_on = false;
    outlast::pipeline p{outlast::timeout{20ms}};
    asio::steady_timer deaf{context, 100ms};
    std::optional<result<void>> got;
    outlast::async_run(
        context.get_executor(), p,
        [&](outlast::call&) -> asio::awaitable<void> {
            // As a name lookup does: it ignores what it is told.
            co_await deaf.async_wait(
                asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
            asio::steady_timer next{context, 0ms};
            co_await next.async_wait(asio::use_awaitable);
            went_on = true;
        },
        [&](result<void> r) { got = std::move(r); });
    context.run_one_for(10s);
    while (!got)
        context.run_one_for(10s);
    CHECK(got->error().why() == refusal::timed_out);
    CHECK(outlast::abandoned().running == 1);
    context.run();
    CHECK(outlast::abandoned().running == 0);
    CHECK(!went_on);
}

TEST_CASE("cancellation reaches a call through a coroutine's operators") {
    using namespace asio::experimental::awaitable_operators;
    asio::io_context context;
    outlast::pipeline p{outlast::retry{}};
    bool done = false;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
            asio::steady_timer never{context, 1h};
            asio::steady_timer soon{context, 5ms};
            const auto wait = [&](auto token) { return never.async_wait(std::move(token)); };
            auto first = co_await (outlast::async_run(p, wait, asio::use_awaitable) ||
                                   soon.async_wait(asio::use_awaitable));
            done = first.index() == 1;
        },
        asio::detached);
    context.run();
    CHECK(done);
}

TEST_CASE(
    "memory: that of a type-erased handler is gone with it, and its abandoned work has its own") {
    asio::io_context context;
    asio::steady_timer deaf{context, 30ms};
    outlast::pipeline p{outlast::timeout{5ms}};
    int called = 0;
    auto alive = std::make_shared<int>(0);
    asio::any_completion_handler<void(result<int>)> erased{
        asio::bind_allocator(std::allocator<char>{}, [&called, alive](const result<int>& r) {
            ++called;
            CHECK(r.error().why() == refusal::timed_out);
        })};
    outlast::async_run(
        context.get_executor(), p,
        [&](auto token) {
            return asio::async_initiate<decltype(token), void(int)>(
                [&](auto h) {
                    deaf.async_wait([h = std::move(h)](error_code) mutable { std::move(h)(1); });
                },
                token);
        },
        asio::bind_executor(context.get_executor(), std::move(erased)));
    while (called == 0)
        context.run_one_for(10s);
    CHECK(outlast::abandoned().running == 1);
    CHECK(alive.use_count() == 1);
    context.run();
    CHECK(called == 1);
    CHECK(outlast::abandoned().running == 0);
}
