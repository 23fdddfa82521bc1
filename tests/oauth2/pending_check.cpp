// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/pending_check.hpp>

#include "support/catch.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

struct ledger {
    int pieces = 0;
    int found = 0; ///< pieces given back with the token in them
};

constexpr std::string_view token = "this-must-not-be-left-in-memory";

/// Looks at what it gets back.
template <class T>
struct looking {
    using value_type = T;
    ledger* notes;

    explicit looking(ledger& l) noexcept : notes(&l) {}
    template <class U>
    looking(const looking<U>& other) noexcept : notes(other.notes) {}
    T* allocate(std::size_t n) {
        ++notes->pieces;
        return static_cast<T*>(::operator new(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t n) noexcept {
        --notes->pieces;
        const std::string_view bytes{reinterpret_cast<const char*>(p), n * sizeof(T)};
        notes->found += bytes.find(token) != bytes.npos;
        ::operator delete(p);
    }
    template <class U>
    friend bool operator==(const looking& a, const looking<U>& b) noexcept {
        return a.notes == b.notes;
    }
};

/// Decides as a test wants it.
struct decider {
    decision d{};
    decision decided(outlast::result<knowledge>,
                     const outlast::report&,
                     const requirements&,
                     const sender&,
                     const query& about) const {
        CHECK(about.token == token);
        return d;
    }
};

} // namespace

TEST_CASE("pending_check: the token lies where it stays, and is wiped with the check") {
    ledger notes;
    const auto api = std::make_shared<const decider>();
    const requirements route;
    auto handler = boost::asio::bind_allocator(looking<int>{notes}, [](const decision&) {});
    using check = outlast::oauth2::detail::pending_check<decider, decltype(handler)>;
    for (const std::size_t size : {std::size_t{0}, token.size(), std::size_t{4096}}) {
        std::string about{token};
        about.resize(size, 'a');
        auto made = check::make(decltype(handler){handler}, api, route, {}, nullptr, about);
        CHECK(made->token() == about);
        CHECK(notes.pieces == 1);
    }
    CHECK(notes.pieces == 0);
    CHECK(notes.found == 0);
}

TEST_CASE("S13 pending_check: it is gone, token and all, before its handler is called") {
    ledger notes;
    const auto api = std::make_shared<const decider>(decider{.d = {.status = 403}});
    const requirements route;
    outlast::report facts;
    int told = 0;
    auto handler = boost::asio::bind_allocator(looking<int>{notes}, [&](const decision& d) {
        told = d.status;
        CHECK(notes.pieces == 0);
    });
    using handler_type = decltype(handler);
    auto made = outlast::oauth2::detail::pending_check<decider, handler_type>::make(
        std::move(handler), api, route, {}, &facts, token);
    made->facts.attempts = 7;
    outlast::oauth2::detail::check_done<decider, handler_type> done{std::move(made)};
    done(knowledge{});
    CHECK(told == 403);
    CHECK(facts.attempts == 7);
    CHECK(notes.found == 0);
}

TEST_CASE(
    "pending_check: a call that goes on without its handler keeps the token and the endpoint") {
    ledger notes;
    auto api = std::make_shared<const decider>(decider{.d = {.status = 503}});
    const requirements route;
    int told = 0;
    auto handler = boost::asio::bind_allocator(looking<int>{notes},
                                               [&](const decision& d) { told = d.status; });
    using handler_type = decltype(handler);
    auto made = outlast::oauth2::detail::pending_check<decider, handler_type>::make(
        std::move(handler), std::move(api), route, {}, nullptr, token);
    made->endpoint = 1;
    {
        const outlast::oauth2::detail::pending_query about{query{.max_age = outlast::duration{5}},
                                                           made};
        outlast::oauth2::detail::check_done<decider, handler_type> done{std::move(made)};
        done(outlast::failure{outlast::refusal::cancelled});
        CHECK(told == 503);
        CHECK(notes.pieces == 1);
        CHECK(about.token == token);
        CHECK(*about.endpoint == 1);
        CHECK(about.max_age == outlast::duration{5});
        *about.endpoint = 0; // as the next one is asked
        CHECK(notes.found == 0);
    }
    CHECK(notes.pieces == 0);
    CHECK(notes.found == 0);
}

TEST_CASE("pending_check: what is associated with the handler is the end's too") {
    boost::asio::io_context context;
    const auto api = std::make_shared<const decider>();
    const requirements route;
    auto handler = boost::asio::bind_executor(context, [](const decision&) {});
    using handler_type = decltype(handler);
    const outlast::oauth2::detail::check_done<decider, handler_type> done{
        outlast::oauth2::detail::pending_check<decider, handler_type>::make(
            std::move(handler), api, route, {}, nullptr, token)};
    CHECK(boost::asio::get_associated_executor(done) == context.get_executor());
}
