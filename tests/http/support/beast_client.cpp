// SPDX-License-Identifier: BSL-1.0
#include "support/beast_client.hpp"

#include "outlast/http/beast.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <optional>
#include <thread>
#include <vector>

namespace outlast_tests {

namespace asio = boost::asio;

struct beast_client::parts {
    parts(outlast::http::beast_options options, int threads)
        : transport(io.get_executor(), std::move(options)), work(io.get_executor()) {
        for (int i = 0; i < threads; ++i)
            running.emplace_back([this] { io.run(); });
    }
    ~parts() {
        work.reset();
        for (std::thread& each : running)
            each.join();
    }

    mutable asio::io_context io;
    outlast::http::beast_transport transport;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::vector<std::thread> running;
};

namespace {

// One call: it begins, is cancelled and ends on a strand of its own.
struct one_call : std::enable_shared_from_this<one_call> {
    explicit one_call(asio::io_context& io) : strand(asio::make_strand(io)) {}

    asio::strand<asio::io_context::executor_type> strand;
    asio::cancellation_signal signal;
    std::promise<beast_client::result_type> promise;

    void cancel() {
        asio::post(strand, [self = shared_from_this()] {
            self->signal.emit(asio::cancellation_type::total);
        });
    }
};

} // namespace

beast_client::beast_client(outlast::http::beast_options options, int threads)
    : parts_(std::make_shared<parts>(std::move(options), threads)) {}

std::future<beast_client::result_type>
beast_client::begin(outlast::http::request asked, const outlast::http::limits& until) const {
    const auto call = std::make_shared<one_call>(parts_->io);
    auto answer = call->promise.get_future();
    auto on_stop = [weak = std::weak_ptr{call}] {
        if (const auto alive = weak.lock())
            alive->cancel();
    };
    auto stopper = std::make_shared<std::optional<std::stop_callback<decltype(on_stop)>>>();
    asio::post(call->strand, [=, send = parts_->transport, asked = std::move(asked)]() mutable {
        send.async_ask(
            std::move(asked), until.by,
            asio::bind_cancellation_slot(call->signal.slot(),
                                         asio::bind_executor(call->strand, [=](result_type got) {
                                             stopper->reset();
                                             call->promise.set_value(std::move(got));
                                         })));
        stopper->emplace(until.stop, on_stop);
    });
    return answer;
}

beast_client::result_type beast_client::operator()(outlast::http::request asked,
                                                   const outlast::http::limits& until) const {
    return begin(std::move(asked), until).get();
}

} // namespace outlast_tests
