// SPDX-License-Identifier: BSL-1.0
//
// Ten thousand calls at once to a server that accepts and never answers: who is answered when, and what
// memory a call that waits takes, beside the bare read that it guards. Prints JSON.
#include <outlast/asio.hpp>
#include <outlast/bulkhead.hpp>
#include <outlast/outlast.hpp>
#include <outlast/threads.hpp>

#include <boost/asio.hpp>

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <functional>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using clock_type = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto limit = 200ms;
constexpr auto latest = 260ms; // of an answer that came in time

/// A server of its own process, which keeps every connection and says nothing.
class silent_server {
public:
    explicit silent_server(asio::io_context& context) {
        tcp::acceptor door{context, tcp::endpoint{asio::ip::address_v4::loopback(), 0}};
        door.listen(4096);
        where_ = door.local_endpoint();
        context.notify_fork(asio::io_context::fork_prepare);
        child_ = fork();
        if (child_ != 0) {
            context.notify_fork(asio::io_context::fork_parent);
            return;
        }
        std::vector<int> kept;
        for (int s; (s = ::accept(door.native_handle(), nullptr, nullptr)) >= 0;)
            kept.push_back(s);
        _exit(0);
    }
    ~silent_server() { stop(); }
    silent_server(const silent_server&) = delete;
    silent_server& operator=(const silent_server&) = delete;

    [[nodiscard]] const tcp::endpoint& where() const noexcept { return where_; }
    void stop() {
        if (child_ <= 0)
            return;
        kill(child_, SIGKILL);
        waitpid(std::exchange(child_, 0), nullptr, 0);
    }

private:
    tcp::endpoint where_;
    pid_t child_ = 0;
};

/// How many connections this process may have, once it has asked for as many as it is given.
std::size_t most_connections() {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur > 100 ? static_cast<std::size_t>(files.rlim_cur) - 100 : 0;
}

struct measured {
    std::size_t calls = 0;
    std::size_t answered = 0;
    std::size_t in_bounds = 0;
    std::size_t timed_out = 0;
    double longest_ms = 0;
    std::size_t bytes = 0; // of the heap, while all wait
};

struct request {
    tcp::socket socket;
    char reply[1];
};

/// Reads what never comes; of its own it needs nothing but the handler.
constexpr auto read_reply = [](request* r, auto token) {
    return asio::async_initiate<decltype(token), void(error_code, std::size_t)>(
        [r](auto handler) {
            r->socket.async_read_some(asio::buffer(r->reply), std::move(handler));
        },
        token);
};

template <class Start>
measured measure(asio::io_context& context, std::vector<request>& all, Start start) {
    measured m{.calls = all.size()};
    const std::size_t before = mallinfo2().uordblks;
    std::size_t begun = 0;
    std::function<void()> next = [&] { // one by one, so that the loop gets to what is due
        request& r = all[begun];
        const auto since = clock_type::now();
        start(r, [&m, since](bool expired) {
            const auto took = clock_type::now() - since;
            ++m.answered;
            m.timed_out += expired;
            m.in_bounds += took >= limit && took <= latest;
            m.longest_ms =
                std::max(m.longest_ms, std::chrono::duration<double, std::milli>(took).count());
        });
        if (++begun == all.size())
            m.bytes = mallinfo2().uordblks - before;
        else
            asio::post(context, next);
    };
    asio::post(context, next);
    context.restart();
    context.run();
    return m;
}

} // namespace

int main() {
    asio::io_context context{1};
    silent_server server{context};
    const std::size_t calls = std::min<std::size_t>(10'000, most_connections());
    std::vector<request> all;
    all.reserve(calls);
    for (std::size_t i = 0; i != calls; ++i) {
        all.push_back({tcp::socket{context}, {}});
        all.back().socket.connect(server.where());
    }

    // The same reads without outlast, for their bytes; they end by being cancelled.
    asio::steady_timer enough{context, 1s};
    enough.async_wait([&](error_code) {
        for (request& r : all)
            r.socket.cancel();
    });
    const measured bare = measure(context, all, [&](request& r, auto done) {
        read_reply(&r, [done](error_code, std::size_t) mutable { done(false); });
    });

    outlast::bulkhead door{{.permits = 10'000}};
    outlast::circuit_breaker breaker{{.window = outlast::consecutive(100'000)}};
    outlast::pipeline guarded{std::ref(breaker), std::ref(door), outlast::timeout{limit}};
    const measured m = measure(context, all, [&](request& r, auto done) {
        outlast::async_run(
            context, guarded, read_reply,
            [done](const outlast::result<std::size_t>& got) mutable {
                done(!got && got.error().why() == outlast::refusal::timed_out);
            },
            &r);
    });
    server.stop();
    const bool nothing_left = door.counts().running == 0 && outlast::abandoned().running == 0;

    std::printf("{\"async_hung_calls\": %zu, \"async_hung_answered\": %zu, "
                "\"async_hung_answered_in_bounds\": %.4f, \"async_hung_longest_ms\": %.1f, "
                "\"async_pending_bytes\": %.1f, \"async_pending_bytes_bare\": %.1f, "
                "\"async_hung_nothing_left\": %d}\n",
                m.calls, m.timed_out,
                static_cast<double>(m.in_bounds) / static_cast<double>(m.calls), m.longest_ms,
                static_cast<double>(m.bytes - std::min(m.bytes, bare.bytes)) /
                    static_cast<double>(m.calls),
                static_cast<double>(bare.bytes) / static_cast<double>(m.calls), nothing_left);
    return m.answered == m.calls ? 0 : 1;
}
