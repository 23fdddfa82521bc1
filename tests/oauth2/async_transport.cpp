// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/async_transport.hpp>

#include "support/catch.hpp"

#include <boost/asio.hpp>

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace asio = boost::asio;
namespace http = outlast::http;
using namespace outlast::oauth2;

namespace {

using signature = void(boost::system::error_code, http::response);
using exchange = outlast::detail::completion<signature>;

struct body_of {
    template <class Answered>
    outlast::result<std::string> operator()(Answered& answered) const {
        if (!answered)
            return answered.error();
        if (answered.value().body.empty())
            throw std::runtime_error{"empty"};
        return answered.value().body;
    }
};

} // namespace

TEST_CASE("read_answer: the handler is told what the reader made of it, also when that threw") {
    std::optional<outlast::result<std::string>> got;
    const auto done = [&](outlast::result<std::string> r) { got.emplace(std::move(r)); };
    const auto complete = [&](boost::system::error_code ec, http::response r) {
        detail::read_answer<exchange, std::string, body_of, decltype(done)>{done, {}}(ec,
                                                                                      std::move(r));
        return *std::exchange(got, std::nullopt);
    };
    CHECK(complete({}, {.status = 200, .body = "x"}).value() == "x");
    CHECK(complete(asio::error::connection_reset, {}).error().code() ==
          std::errc::connection_reset);
    CHECK(complete({}, {.status = 200}).error().why() == outlast::refusal::threw);
}

TEST_CASE("read_answer: is to Asio what the handler is") {
    asio::cancellation_signal stop;
    const auto bound =
        asio::bind_cancellation_slot(stop.slot(), [](outlast::result<std::string>) {});
    const detail::read_answer<exchange, std::string, body_of, std::remove_const_t<decltype(bound)>>
        reader{bound, {}};
    CHECK(asio::get_associated_cancellation_slot(reader) == stop.slot());
}
