// SPDX-License-Identifier: BSL-1.0
//
// The callbacks with libcurl and nobody else: they alone must hold back a request that is too late.
#include "outlast/http/curl_exchange.hpp"

#include "support/catch.hpp"
#include "support/server.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <utility> // std::move

using namespace outlast::http;
using namespace std::chrono_literals;
using outlast_tests::always;
using outlast_tests::ok;
using outlast_tests::server;

namespace {

using clock_type = std::chrono::steady_clock;

// One call in the hands of libcurl alone: nobody looks at the time but the callbacks.
struct bare_call {
    request asked{.method = "POST", .url = {}, .headers = {}, .body = "token=SECRET"};
    curl_options options;
    limits until;
    curl_target target;
    server peer{always(ok("x"))};
    std::unique_ptr<CURL, void (*)(CURL*)> easy{curl_easy_init(), &curl_easy_cleanup};

    explicit bare_call(limits l) : until(std::move(l)) {
        asked.url = peer.url();
        target = *read_target(asked.url, false);
    }

    CURLcode run(curl_exchange& call) {
        curl_easy_setopt(easy.get(), CURLOPT_CURLU, target.url.get());
        curl_easy_setopt(easy.get(), CURLOPT_PROXY, "");
        curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, asked.body.c_str());
        curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETFUNCTION, &curl_exchange::on_open_socket);
        curl_easy_setopt(easy.get(), CURLOPT_OPENSOCKETDATA, &call);
        curl_easy_setopt(easy.get(), CURLOPT_PREREQFUNCTION, &curl_exchange::on_connected);
        curl_easy_setopt(easy.get(), CURLOPT_PREREQDATA, &call);
        curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &curl_exchange::on_header);
        curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &call);
        curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &curl_exchange::on_body);
        curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &call);
        return curl_easy_perform(easy.get());
    }
};

} // namespace

TEST_CASE("curl exchange: the callbacks alone carry a call through") {
    bare_call bare{{.by = clock_type::now() + 60s}};
    curl_exchange call{bare.asked, bare.target, bare.options, bare.until};
    CHECK(bare.run(call) == CURLE_OK);
    CHECK(call.times_sent == 1);
    CHECK(call.has_address);
    CHECK_FALSE(call.refusal);
    CHECK(std::move(call.reader).take().body == "x");
}

TEST_CASE("curl exchange: connected after the deadline, nothing is written") {
    bare_call bare{{.by = clock_type::now()}};
    curl_exchange call{bare.asked, bare.target, bare.options, bare.until};
    CHECK(bare.run(call) == CURLE_ABORTED_BY_CALLBACK);
    CHECK(call.refusal == errc::deadline_passed);
    CHECK(call.times_sent == 0);
    CHECK(bare.peer.eventually([&] { return bare.peer.connections() == 1; }));
    bare.easy.reset();
    CHECK(bare.peer.received().empty());
}

TEST_CASE("curl exchange: connected after a stop, nothing is written") {
    std::stop_source stop;
    stop.request_stop();
    bare_call bare{{.by = clock_type::now(), .stop = stop.get_token()}};
    curl_exchange call{bare.asked, bare.target, bare.options, bare.until};
    CHECK(bare.run(call) == CURLE_ABORTED_BY_CALLBACK);
    CHECK(call.refusal == errc::cancelled); // it wins over the deadline
    bare.easy.reset();
    CHECK(bare.peer.received().empty());
}

TEST_CASE("curl exchange: a request is written twice at most, and not again after the deadline") {
    bare_call bare{{.by = clock_type::now() + 60s}};
    curl_exchange call{bare.asked, bare.target, bare.options, bare.until};
    const auto connected = [&] {
        return curl_exchange::on_connected(&call, nullptr, nullptr, 0, 0);
    };
    CHECK(connected() == CURL_PREREQFUNC_OK);
    SECTION("twice") {
        CHECK(connected() == CURL_PREREQFUNC_OK);
        CHECK(connected() == CURL_PREREQFUNC_ABORT);
        CHECK(call.refusal == errc::closed_early);
    }
    SECTION("late") {
        bare.until.by = clock_type::now();
        CHECK(connected() == CURL_PREREQFUNC_ABORT);
        CHECK(call.refusal == errc::answer_timeout); // and not `deadline_passed`: one was written
    }
}

TEST_CASE("curl exchange: plain http goes to a loopback address, whatever the name led to") {
    bare_call bare{{.by = clock_type::now() + 60s}};
    const auto opened = [&](curl_exchange& call, const char* host) {
        curl_sockaddr address{};
        address.family = AF_INET;
        address.socktype = SOCK_STREAM;
        auto& four = reinterpret_cast<sockaddr_in&>(address.addr);
        four.sin_family = AF_INET;
        ::inet_pton(AF_INET, host, &four.sin_addr);
        const curl_socket_t fd = curl_exchange::on_open_socket(&call, CURLSOCKTYPE_IPCXN, &address);
        if (fd != CURL_SOCKET_BAD)
            ::close(fd);
        return fd != CURL_SOCKET_BAD;
    };
    curl_exchange plain{bare.asked, bare.target, bare.options, bare.until};
    CHECK(opened(plain, "127.0.0.1"));
    CHECK_FALSE(opened(plain, "192.0.2.1"));
    CHECK(plain.refusal == errc::bad_request);

    bare.options.allow_plain_http = true;
    curl_exchange allowed{bare.asked, bare.target, bare.options, bare.until};
    CHECK(opened(allowed, "192.0.2.1"));
    CHECK_FALSE(allowed.refusal);
}
