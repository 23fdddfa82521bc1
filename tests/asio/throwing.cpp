// SPDX-License-Identifier: BSL-1.0
//
// Operations that throw while they are started, and what their handlers say afterwards.
#include <outlast/asio.hpp>
#include <outlast/outlast.hpp>

#include "asio/support/virtual_loop.hpp"
#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using outlast::refusal;
using outlast::result;
using outlast_tests::hand_clock;
using outlast_tests::virtual_loop;

namespace {

struct outcome {
    std::optional<result<int>> got{};
    int times = 0;
    auto handler() {
        return [this](result<int> r) {
            got = std::move(r);
            ++times;
        };
    }
};

/// Completes with `value` at once, later or never, as `when` says, and throws in the first attempt.
enum class answer_when { never, at_once, later };

struct throwing {
    virtual_loop* loop;
    answer_when when;
    int* begun;

    template <class Token>
    auto operator()(Token&& token) const {
        return asio::async_initiate<Token, void(int)>(
            [*this](auto handler) {
                const int n = ++*begun;
                if (n > 1)
                    return std::move(handler)(100 + n);
                if (when == answer_when::at_once)
                    std::move(handler)(n);
                if (when == answer_when::later) {
                    auto kept = std::make_shared<decltype(handler)>(std::move(handler));
                    loop->in(50ms, [kept, n]() mutable { std::move (*kept)(n); });
                }
                throw std::runtime_error("on purpose");
            },
            token);
    }
};

/// Completes in its initiation.
struct one_at_once {
    template <class Token>
    auto operator()(Token&& token) const {
        return asio::async_initiate<Token, void(int)>([](auto h) { std::move(h)(1); }, token);
    }
};

} // namespace

TEST_CASE("throwing: what is thrown after an answer changes nothing") {
    virtual_loop loop;
    outcome o;
    int begun = 0;
    outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(10ms)}}};
    outlast::async_run<hand_clock>(loop.context().get_executor(), p,
                                   throwing{&loop, answer_when::at_once, &begun}, o.handler());
    loop.run();
    CHECK(o.times == 1);
    CHECK(o.got.value().value() == 1);
    CHECK(begun == 1);
}

TEST_CASE("throwing: one whose start throws has failed, whoever has its handler still") {
    virtual_loop loop;
    outcome o;
    int begun = 0;
    const auto when = GENERATE(answer_when::never, answer_when::later);
    SECTION("and is retried") {
        outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(10ms)}},
                            outlast::timeout{1s}};
        outlast::async_run<hand_clock>(loop.context().get_executor(), p,
                                       throwing{&loop, when, &begun}, o.handler());
        loop.run();
        CHECK(o.got.value().value() == 102);
        CHECK(begun == 2);
    }
    SECTION("or is the answer") {
        outlast::pipeline<> p;
        outlast::async_run<hand_clock>(loop.context().get_executor(), p,
                                       throwing{&loop, when, &begun}, o.handler());
        loop.advance(0ms);
        CHECK(o.got.value().error().why() == refusal::threw);
        loop.run();
    }
    CHECK(o.times == 1);
    CHECK(outlast::abandoned().running == 0);
}

TEST_CASE("throwing: a value is judged once, in the plain case too") {
    virtual_loop loop;
    outcome o;
    int judged = 0;
    outlast::pipeline p{outlast::retry{{.backoff = outlast::constant(10ms)}}};
    outlast::async_run<hand_clock>(
        loop.context().get_executor(), p,
        outlast::judged{one_at_once{}, [&](int) { return ++judged == 2; }}, o.handler());
    loop.run();
    CHECK(o.got.value().value() == 1);
    CHECK(judged == 2);
}
