// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

#include "coroutine_server.hpp"

#include <utility>

namespace rehearsal {

namespace {

/// The API: `GET /orders`, for those whom the guard lets through.
bool is_for_orders(const http_request& request) {
    return request.target == "/orders" && request.method == "GET";
}

reply nothing_here() { return {.status = 404, .headers = {}, .body = {}, .how = {}}; }

reply orders(reply out) {
    if (out.status == 200) {
        out.headers.emplace_back("Content-Type", "application/json");
        out.body = R"({"orders":[{"id":1,"item":"lamp"},{"id":2,"item":"rope"}]})";
    }
    out.headers.emplace_back("Answer-Rests-On", out.how); // for the rehearsal's count
    return out;
}

boost::asio::awaitable<reply> orders_later(async_guard allowed, http_request request) {
    if (!is_for_orders(request)) {
        co_return nothing_here();
    }
    co_return orders(co_await allowed(std::move(request.authorization)));
}

std::unique_ptr<listener> api_behind(const guarded& door) {
    if (door.answer_later) {
        return std::make_unique<coroutine_server>(
            door.where, [allowed = door.answer_later](http_request request) {
                return orders_later(allowed, std::move(request));
            });
    }
    return std::make_unique<http_server>(
        std::uint16_t{0}, [allowed = door.answer](const http_request& request) {
            return is_for_orders(request) ? orders(allowed(request.authorization)) : nothing_here();
        });
}

} // namespace

std::size_t threads_for(double per_second, const guard_settings& settings) {
    const std::chrono::duration<double> wait = settings.attempt_timeout;
    return 8 + static_cast<std::size_t>(2 * per_second * wait.count());
}

stage::side_of_stage::side_of_stage(const guarded& d,
                                    const token_book& tokens,
                                    const request_stream& stream,
                                    std::size_t threads)
    : door{d},
      api{api_behind(door)},
      users{"http://127.0.0.1:" + std::to_string(api->port()) + "/orders", tokens, stream,
            threads} {}

stage::stage(both<guarded> doors,
             const token_book& tokens,
             const request_stream& stream,
             std::size_t threads)
    : sides_{side_of_stage{doors[bare_side], tokens, stream, threads},
             side_of_stage{doors[outlast_side], tokens, stream, threads}} {}

void stage::open(steady::time_point at) {
    for (side_of_stage& side : sides_) {
        side.users.start(at);
    }
}

void stage::close() {
    for (side_of_stage& side : sides_) {
        side.users.stop();
    }
}

both<std::uint64_t> stage::calls() const {
    return {sides_[bare_side].door.server_calls(), sides_[outlast_side].door.server_calls()};
}

moment stage::now() const { return {calls(), sides_[outlast_side].door.breaker()}; }

} // namespace rehearsal
