// SPDX-License-Identifier: BSL-1.0
//
// Calls to a server that accepts, never answers, and dies. Real sockets, and real time in wide bounds.
#include <outlast/asio.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/outlast.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/// As many connections as the limit on open files allows, both ends of each in this process.
std::size_t connections_allowed(std::size_t wanted) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return std::min<std::size_t>(wanted, (static_cast<std::size_t>(files.rlim_cur) - 64) / 2);
}

struct connection {
    tcp::socket near_end;
    tcp::socket far_end;
    std::array<char, 1> reply{};
    int answers = 0;
};

} // namespace

TEST_CASE("a server that accepts and never answers: each call is answered in time, once") {
    asio::io_context context;
    tcp::acceptor door{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
    const std::size_t calls = connections_allowed(1'000);
    std::vector<connection> all;
    all.reserve(calls);
    for (std::size_t i = 0; i != calls; ++i) {
        tcp::socket s{context};
        s.connect(door.local_endpoint());
        all.push_back({std::move(s), door.accept()});
    }
    outlast::bulkhead limit{{.permits = 2'000}};
    outlast::circuit_breaker breaker{{.window = outlast::consecutive(100'000)}};
    outlast::pipeline guarded{std::ref(breaker), std::ref(limit), outlast::timeout{200ms}};
    std::size_t timed_out = 0;
    std::size_t too_early = 0;
    std::size_t too_late = 0;
    std::size_t deaf = 0; // do not notice that they are cancelled, until the server dies
    const auto read = [&](connection* c, auto token) {
        return asio::async_initiate<decltype(token), void(error_code, std::size_t)>(
            [&, c](auto handler) {
                if (++deaf % 2 == 0)
                    return c->near_end.async_read_some(asio::buffer(c->reply), std::move(handler));
                const auto executor = asio::get_associated_executor(handler);
                c->near_end.async_read_some(
                    asio::buffer(c->reply),
                    asio::bind_executor(
                        executor, [h = std::move(handler)](error_code e, std::size_t n) mutable {
                            std::move(h)(e, n);
                        }));
            },
            token);
    };
    for (connection& c : all)
        outlast::async_run(
            context, guarded, read,
            [&, &c = c,
             since = std::chrono::steady_clock::now()](const outlast::result<std::size_t>& r) {
                const auto took = std::chrono::steady_clock::now() - since;
                ++c.answers;
                timed_out += !r && r.error().why() == outlast::refusal::timed_out;
                too_early += took < 200ms;
                too_late += took > 60s;
                if (timed_out == calls) { // the server dies
                    CHECK(limit.counts().running >= calls / 2 - 1);
                    for (connection& each : all)
                        each.far_end.close();
                }
            },
            &c);
    context.run();
    CHECK(timed_out == calls);
    CHECK(too_early == 0);
    CHECK(too_late == 0);
    CHECK(std::all_of(all.begin(), all.end(), [](const connection& c) { return c.answers == 1; }));
    CHECK(limit.counts().running == 0);
    CHECK(outlast::abandoned().running == 0);
    CHECK(breaker.window(outlast::steady::now()).failed == calls);
}
