// SPDX-License-Identifier: BSL-1.0
#include "stage.hpp"

namespace rehearsal {

namespace {

/// The API: `GET /orders`, for those whom the guard lets through.
http_server::handler orders(const guard& allowed) {
    return [allowed](const http_request& request) -> reply {
        if (request.target != "/orders" || request.method != "GET") {
            return {.status = 404, .headers = {}, .body = {}, .how = {}};
        }
        reply out = allowed(request.authorization);
        if (out.status == 200) {
            out.headers.emplace_back("Content-Type", "application/json");
            out.body = R"({"orders":[{"id":1,"item":"lamp"},{"id":2,"item":"rope"}]})";
        }
        out.headers.emplace_back("Answer-Rests-On", out.how); // for the rehearsal's count
        return out;
    };
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
      api{0, orders(door.answer)},
      users{"http://127.0.0.1:" + std::to_string(api.port()) + "/orders", tokens, stream, threads} {
}

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
